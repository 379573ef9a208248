"""What lies in a folder that is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.errors import FileUnreadable, quoted

if TYPE_CHECKING:
    from pathlib import Path


def is_folder(path: Path) -> bool:
    """Whether a path leads to a folder; not where nothing can have such a name, or nobody may look."""
    try:
        return path.is_dir()
    except OSError:
        return False


def in_folder(folder: Path, *, hidden: bool = False) -> list[Path]:
    """What lies there, by name. hidden: also what begins with a dot.

    Raises FileUnreadable, as where there is no such folder, or no right to look.
    """
    try:
        return sorted(path for path in folder.iterdir() if hidden or not path.name.startswith("."))
    except (FileNotFoundError, NotADirectoryError):
        raise FileUnreadable(f"there is no folder {quoted(folder)}", mend="check the path") from None
    except OSError as error:
        message = f"{quoted(folder)} cannot be read: {error.strerror or error}"
        raise FileUnreadable(message, mend="check its rights") from error
