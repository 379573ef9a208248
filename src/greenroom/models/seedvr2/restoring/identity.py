"""What a restoration depends on: two runs of which all this is the same make the same pixels."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING, Any

from greenroom import __version__
from greenroom.errors import FileUnreadable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from greenroom.models.seedvr2.planning.costs import Networks
    from greenroom.models.seedvr2.planning.plan import Room
    from greenroom.models.seedvr2.restoring.encodings import Form
    from greenroom.models.seedvr2.restoring.sources import Source
    from greenroom.progress import Step
    from greenroom.recipes.inputs.seedvr2 import RestoreInputs

LOOKING = "looking at the source"
_BLOCK = 1 << 22
_NUMBER = re.compile(r":\d+")  # which of several devices says nothing
# What these are says nothing to anyone.
_ANOTHER = {"source": "the source is another", "weights": "the weights are others"}
_LIBRARIES = ("av", "torch")
# Where the source lies says nothing; the rest of these are said by what becomes of them.
_BESIDE = ("source", "format", "codec", "quality", "bits")


def identity(
    source: Source, inputs: RestoreInputs, form: Form, networks: Networks, weights: str, room: Room, step: Step
) -> dict[str, Any]:
    """As JSON holds it. Reads all of the source. Raises FileUnreadable, and what ``step`` raises."""
    asked = inputs.model_dump(mode="json")
    encoding = asdict(form.encoding) if form.encoding else {"format": form.image}
    return {
        "source": fingerprint(source, step),
        **{name: value for name, value in asked.items() if name not in _BESIDE},
        "model": networks.name,
        "weights": weights,
        "size": str(form.size),
        **encoding,
        "device": room.gpu or _NUMBER.sub("", room.device),
        "devices": networks.ranks,
        "greenroom": __version__,
        **{name: metadata.version(name) for name in _LIBRARIES},
    }


def fingerprint(source: Source, step: Step) -> str:
    """The length and the SHA-256 of what a source is read from. Raises FileUnreadable, and what ``step`` raises."""
    total, read = sum(path.stat().st_size for path in source.files), 0
    digest = hashlib.sha256()
    for path in source.files:
        if len(source.files) > 1:
            digest.update(f"{path.name}\0{path.stat().st_size}\0".encode())
        for block in _blocks(path):
            step(LOOKING, read, total)
            digest.update(block)
            read += len(block)
    return f"{read} bytes, {digest.hexdigest()}"


def weights_identity(path: Path) -> str:
    """What tells one file of weights from another without reading all of it: its name, its length, its time."""
    found = path.stat()
    return f"{path.name}, {found.st_size} bytes, {found.st_mtime_ns}"


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
