"""What long work depends on, so that nothing is gone on with that belongs to another request."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from greenroom.errors import FileUnreadable, quoted
from greenroom.progress import silent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from greenroom.progress import Step
    from greenroom.weights.store.places import Found

LOOKING = "looking at the source"
_BLOCK = 1 << 22
# What these are says nothing to anyone.
_ANOTHER = {
    "source": "the source is another",
    "picture": "the picture is another",
    "video": "the video is another",
    "weights": "the weights are others",
}


def fingerprint(files: Sequence[Path], step: Step) -> str:
    """The length and the SHA-256 of what a source is read from. Raises FileUnreadable, and what ``step`` raises."""
    total, read = sum(path.stat().st_size for path in files), 0
    digest = hashlib.sha256()
    for path in files:
        if len(files) > 1:
            digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        for block in _blocks(path):
            step(LOOKING, read, total)
            digest.update(block)
            read += len(block)
    return f"{read} bytes, {digest.hexdigest()}"


def weights_identity(files: Sequence[Found]) -> str:
    """What tells files of weights from others: of each its hash, where it was noted, else its name and length.

    One that was written to since it was hashed is read once more. Raises FileUnreadable.
    """
    return ", ".join(map(_of_weights, files))


def _of_weights(found: Found) -> str:
    if (record := found.record) is None:
        return f"{found.path.name} of {found.path.stat().st_size} bytes"
    if record.fits(found.path):
        return record.sha256
    return fingerprint([found.path], silent).partition(", ")[2]


def differences(was: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """What differs between two, in words: ``height was 720 and is 1080``."""
    return tuple(
        _ANOTHER[name] if name in _ANOTHER else f"{name} was {was.get(name)} and is {now.get(name)}"
        for name in dict.fromkeys((*was, *now))
        if was.get(name) != now.get(name)
    )


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block
    except OSError as error:
        message = f"{quoted(path)} cannot be read: {error.strerror or error}"
        raise FileUnreadable(message, mend="check its rights") from error
