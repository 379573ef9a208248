"""Open a checkpoint and see what is in it, before any of its tensors is read.

Files are told apart by what they begin with and not by their names. All but torch's old format are mapped into memory,
so that a tensor is paged in when it is read and never lies on the host a second time.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.weights.errors import (
    AGAIN,
    NotACheckpoint,
    WeightsPage,
    WeightsPointer,
    WeightsTruncated,
    WeightsUnreadable,
)
from greenroom.weights.formats.gguf_file import MAGIC, open_gguf
from greenroom.weights.formats.safetensors_file import is_safetensors, open_safetensors
from greenroom.weights.formats.shards import Shards, name_of_set, read_index
from greenroom.weights.formats.torch_file import PICKLE, ZIP, open_torch
from greenroom.weights.fp8 import with_scales

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.weights.contents import WeightsFile

_LFS = b"version https://git-lfs"
_PAGES = (b"<!doctype", b"<html", b"<?xml", b"<head")


def open_weights(path: Path | Sequence[Path], sections: Sequence[str] = ()) -> WeightsFile:
    """Open a checkpoint, whatever its name ends in: safetensors, GGUF, a torch file, an index of files, or several.

    sections: where a torch file holds several sets of weights, the keys of those wanted, the best first.
    Tensors that scale those of an fp8 file are not listed; ``Stored.scale`` names them.
    Raises WeightsUnreadable: WeightsPointer, WeightsPage, WeightsTruncated, NotACheckpoint.
    """
    paths = [path] if isinstance(path, Path) else list(path)
    files = [_open(one, sections) for one in paths]
    return with_scales(files[0] if len(files) == 1 else Shards(name_of_set(paths), files))


def _open(path: Path, sections: Sequence[str], *, indexed: bool = True) -> WeightsFile:
    """One file. indexed: it may be an index of others."""
    try:
        with path.open("rb") as file:
            start = file.read(512)
            _refuse_what_stands_in_place(path.name, start)
            # Before the others: the lowest byte of its header's length may be what they begin with.
            if is_safetensors(start):
                return open_safetensors(path, file)
            if start.startswith(MAGIC):
                return open_gguf(path)
            if start.startswith((ZIP, PICKLE)):
                return open_torch(path, sections, zipped=start.startswith(ZIP))
            if not (start.startswith(b"{") and indexed):
                raise NotACheckpoint(
                    f"{path.name} is neither safetensors, GGUF nor a torch file",
                    mend=f"name a checkpoint; if it is one, {AGAIN}",
                )
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise WeightsUnreadable(f"{path.name} cannot be read: {reason}", mend="check the file and its rights") from None
    return _open_index(path)


def _open_index(path: Path) -> WeightsFile:
    index = read_index(path)
    shards = Shards(path.name, [_open(path.with_name(name), (), indexed=False) for name in sorted(set(index.values()))])
    shards.check_index(index)
    return shards


def _refuse_what_stands_in_place(name: str, start: bytes) -> None:
    if start.startswith(_LFS):
        raise WeightsPointer(
            f"{name} is a Git LFS pointer, {len(start)} bytes that stand for the file",
            mend="run `git lfs pull` where it was cloned, or download the file itself",
        )
    if start.lstrip().lower().startswith(_PAGES):
        raise WeightsPage(
            f"{name} is a web page, not a checkpoint", mend="download the file itself, not the page that shows it"
        )
    if not start:
        raise WeightsTruncated(f"{name} is empty", mend=AGAIN)
