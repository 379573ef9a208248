"""LoRA files as users name them: ``four-steps.safetensors``, or ``four-steps.safetensors:0.8`` for less of it."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.errors import FileUnreadable, InputInvalid, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from greenroom.models.steadydancer.architecture import Architecture
    from greenroom.models.steadydancer.lora.merging import Lora


@dataclass(frozen=True, slots=True)
class LoraFile:
    """A file of small changes. strength: 1 as it was made.  sha256: of the file."""

    path: Path
    strength: float
    sha256: str

    def __str__(self) -> str:
        strength = "" if self.strength == 1 else f" at {self.strength:g}"
        return f"{self.path.name}{strength} (sha256 {self.sha256[:12]}…)"


def lora_file(said: str) -> LoraFile:
    """What one is called. Raises FileUnreadable, InputInvalid."""
    name, colon, number = said.rpartition(":")
    if not colon or _is_there(Path(said)):
        return _file(Path(said), 1.0)
    try:
        strength = float(number)
    except ValueError:
        return _file(Path(said), 1.0)
    if not math.isfinite(strength):
        raise InputInvalid(f"the strength of {quoted(name)} is {number}", mend="give a number; 1 is as it was made")
    return _file(Path(name), strength)


def named(said: str | None) -> tuple[LoraFile, ...]:
    """Several with commas between, as a setting names them. Raises FileUnreadable, InputInvalid."""
    return tuple(lora_file(one.strip()) for one in (said or "").split(",") if one.strip())


def opened(files: Iterable[LoraFile], architecture: Architecture) -> Sequence[Lora]:
    """Files that fit a network, all of them. Raises WeightsUnreadable, WeightsUnfit."""
    found = tuple(files)
    if not found:
        return ()
    from greenroom.models.steadydancer.dancer.checkpoint import without_weights
    from greenroom.models.steadydancer.lora.merging import open_lora
    from greenroom.weights.fitting import shapes_of

    shapes = shapes_of(without_weights(architecture))
    return [open_lora(one.path, shapes, one.strength) for one in found]


def _is_there(path: Path) -> bool:
    with contextlib.suppress(OSError):  # a name may be too long for any file
        return path.exists()
    return False


def _file(path: Path, strength: float) -> LoraFile:
    try:
        with path.open("rb") as file:
            return LoraFile(path, strength, file_digest(file, "sha256").hexdigest())
    except OSError as error:
        raise FileUnreadable(
            f"the LoRA file {quoted(path)} cannot be read: {error.strerror}", mend="check the path"
        ) from error
