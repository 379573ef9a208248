"""What a run that ended before its end has left of a file, by the room that its disk gave for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.weights.store.expecting import of_recipe

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.recipes.recipe import ModelFile
    from greenroom.weights.store.places import Store

_BLOCK = 512  # what st_blocks counts in, whatever the file system's own block is


def allocated(file: Path) -> int:
    """Bytes that a file takes on its disk: room is set aside before it is written. 0 where there is none."""
    try:
        return file.lstat().st_blocks * _BLOCK
    except OSError:
        return 0


def unfinished(into: Path) -> Path:
    """Where the bytes of a file stand until all of them are right. into: where they go then."""
    return into.with_name(f"{into.name}.part")


def begun(file: ModelFile, store: Store) -> int:
    """Bytes that the disk has given already for a file of the hub whose hash its recipe knows; else 0.

    The hub's cache names files by that hash. Others are known once the hub was asked.
    """
    known = of_recipe(file)
    if file.host != "huggingface" or known is None:
        return 0
    return allocated(unfinished(store.repository(file.repository).blob(known.digest.value)))
