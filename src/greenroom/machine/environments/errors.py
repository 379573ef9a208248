"""What can go wrong while an environment is made.

GreenroomError
├── InstallRefused          nothing was begun
│   ├── FolderUnfit         the folder is no place for environments
│   ├── DiskShort           there is too little room
│   └── NothingToUndo       there is no earlier environment
├── InstallerMissing        neither uv nor pip is here
├── RequirementsUnresolved  no set of releases fits all that is asked for
│   └── IndexUnreachable    the index does not answer
├── InstallFailed           a package could not be fetched or unpacked
│   ├── PackageUnfit        a package is not what the lock says, or cannot be built
│   └── DiskFull            the disk filled up on the way
├── EnvironmentDamaged      files still differ from their RECORD after they were installed anew
├── ImportsFailed           what is needed does not import
└── PackDamaged             a packed environment is not what its note says
FileUnreadable
└── LockInvalid             a file is no lock, or one for another Python
"""

from __future__ import annotations

from greenroom.errors import FileUnreadable, GreenroomError


class InstallRefused(GreenroomError):
    """It would not end well, so nothing was begun."""

    code = "install-refused"


class FolderUnfit(InstallRefused):
    """The folder cannot hold environments."""

    code = "environment-folder-unfit"


class DiskShort(InstallRefused):
    """The file system has less room than the environment needs."""

    code = "environment-disk-short"


class NothingToUndo(InstallRefused):
    """There is no earlier environment to go back to."""

    code = "nothing-to-undo"


class InstallerMissing(GreenroomError):
    """Neither uv nor pip is in reach."""

    code = "installer-missing"


class RequirementsUnresolved(GreenroomError):
    """The index has no set of releases that fits the requirements."""

    code = "requirements-unresolved"


class IndexUnreachable(RequirementsUnresolved):
    """The index does not answer, or breaks off."""

    code = "index-unreachable"
    retryable = True


class InstallFailed(GreenroomError):
    """Packages could not be fetched or unpacked, and may be when it is tried again."""

    code = "install-failed"
    retryable = True


class PackageUnfit(InstallFailed):
    """A package is not what the lock says, or cannot be built: trying again does not mend it."""

    code = "package-unfit"
    retryable = False


class DiskFull(InstallFailed):
    """The disk filled up on the way."""

    code = "environment-disk-full"
    retryable = False


class EnvironmentDamaged(GreenroomError):
    """Installed files are not those of their RECORD, also after they were installed anew."""

    code = "environment-damaged"


class ImportsFailed(GreenroomError):
    """A package that a model needs does not import."""

    code = "imports-failed"


class PackDamaged(GreenroomError):
    """A packed environment is cut short, or has other bytes than its note says."""

    code = "pack-damaged"


class LockInvalid(FileUnreadable):
    """A file is no lock, has no hashes, or has nothing for this Python."""

    code = "lock-invalid"
