"""What can keep weights from being fetched, before a byte moves.

GreenroomError
├── HubRefused             the model hub does not give it
│   ├── RepositoryUnknown  there is no such repository, or it is private
│   ├── RepositoryGated    its terms are to be accepted on its page
│   ├── RevisionUnknown    the repository has no such commit, branch or tag
│   ├── HubFileUnknown     the commit has no such file
│   └── HubAnswerInvalid   what answers is not a model hub
├── HubUnreachable         nobody answers, or says to come again
├── WeightsOffline         something is missing, and nothing may be fetched
├── LicenceNotAccepted     a restriction was not accepted
├── DiskShort              it does not fit
├── PublishedDiffers       the hub has other bytes under the name than the recipe says
└── OwnFileDamaged         a file in a folder that greenroom does not write to is not the published one
"""

from __future__ import annotations

from greenroom.errors import FileUnreadable, GreenroomError, OutputUnwritable


class HubRefused(GreenroomError):
    """The model hub does not give what was asked for."""

    code = "hub-refused"


class RepositoryUnknown(HubRefused):
    """There is no repository of that name, or it is private."""

    code = "hub-repository-unknown"


class RepositoryGated(HubRefused):
    """A repository's terms must be accepted on its page first."""

    code = "hub-repository-gated"


class RevisionUnknown(HubRefused):
    """A repository has no such commit, branch or tag."""

    code = "hub-revision-unknown"


class HubFileUnknown(HubRefused):
    """A commit has no file of that path."""

    code = "hub-file-unknown"


class HubAnswerInvalid(HubRefused):
    """What answers does not answer as a model hub does."""

    code = "hub-answer-invalid"


class HubUnreachable(GreenroomError):
    """The model hub does not answer, or says to come again later."""

    code = "hub-unreachable"
    retryable = True


class WeightsOffline(GreenroomError):
    """Files are missing, and nothing may be fetched."""

    code = "weights-offline"


class LicenceNotAccepted(GreenroomError):
    """A model's restrictions were not accepted."""

    code = "licence-not-accepted"


class DiskShort(OutputUnwritable):
    """What is to be fetched does not fit on the disk."""

    code = "disk-short"


class PublishedDiffers(GreenroomError):
    """The hub has other bytes under a name than the recipe says."""

    code = "weights-published-differs"


class OwnFileDamaged(FileUnreadable):
    """A file in a folder that greenroom does not write to is not the published one."""

    code = "weights-own-file-damaged"
