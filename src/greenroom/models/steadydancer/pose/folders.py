"""What lies in a folder that is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.errors import FileUnreadable, quoted

if TYPE_CHECKING:
    from pathlib import Path


def in_folder(folder: Path) -> list[Path]:
    """What lies there, by name, without what is hidden. Raises FileUnreadable, as where there is no right to look."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise FileUnreadable(f"{quoted(folder)} cannot be read: {error.strerror}", mend="check its rights") from error
