"""What of a clip is finished, in a folder that outlives a crash: who was found, where sampling stands, the latents.

Latents are there before a frame of them is decoded: whatever goes wrong with frames, files or sound costs no step.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from greenroom.errors import InputInvalid, OutputUnwritable, quoted
from greenroom.files import Publication, writing_to
from greenroom.models.identities import differences
from greenroom.models.journals import BOOK, CannotGoOn, WorkRunning, drop, hold, read_book, short_name, write_book
from greenroom.models.steadydancer.animating import finds
from greenroom.models.steadydancer.animating.posing import DRIVER, PICTURE
from greenroom.models.steadydancer.sampling.standing import StandingDiffers, keep, kept

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from torch import Tensor

    from greenroom.models.steadydancer.sampling.standing import Standing

_STANDING, _LATENTS = "standing.safetensors", "latents.safetensors"
PICTURES = "pictures"
"""The stem of the clip without sound, while it is written."""

_LAYOUT = 1
# What lies here is ours by its name; anything else is not touched.
_UNFINISHED = re.compile(rf"\.[0-9a-f]{{12}}\.part|{PICTURES}\.[a-z0-9]+")


class AnimationRunning(WorkRunning):
    """Another process makes a clip under the same name."""

    code = "animation-running"


class WorkDiffers(CannotGoOn, InputInvalid):
    """What an earlier run has done belongs to another request. reason: what differs."""

    code = "work-differs"

    def __init__(self, output: Path, differ: Sequence[str]) -> None:
        self.reason = ", ".join(differ)
        super().__init__(
            f"an earlier run of {quoted(output)} was another: {self.reason}",
            mend="ask for the same, or throw away what it has done: --restart",
        )


@dataclass(frozen=True, slots=True)
class Begun:
    """How a clip was begun.

    identity: what its latents depend on, but for seeds that nobody said.  seed, pose_seed: those that were drawn then.
    sampled: what is told of the latents; None until they are there.
    """

    identity: Mapping[str, Any]
    seed: int
    pose_seed: int
    sampled: Mapping[str, float] | None = None


@dataclass(slots=True)
class Journal:
    """The folder of one clip, held by one process.

    >>> with Journal(folder, output) as journal:
    ...     begun = journal.begun(identity) or journal.begin(Begun(identity, 7, 8))
    ...     standing = journal.standing(begun)  # None: nothing was sampled
    ...     journal.finish()

    Left with an error, what is worth it stays: steps, and who was found. Raises AnimationRunning, OutputUnwritable.
    """

    folder: Path
    output: Path
    _handle: int | None = field(default=None, init=False)
    _finished: bool = field(default=False, init=False)
    _absent: list[Path] = field(default_factory=list, init=False)

    def __enter__(self) -> Self:
        with writing_to(self.folder), contextlib.ExitStack() as held:
            self._absent = [one for one in self.folder.parents if not one.exists()]
            try:
                handle = hold(self.folder)
            except BlockingIOError as error:
                raise AnimationRunning.at(self.output) from error
            held.callback(os.close, handle)
            for entry in self.folder.iterdir():
                if _UNFINISHED.fullmatch(entry.name):
                    entry.unlink(missing_ok=True)
            held.pop_all()
        self._handle = handle
        return self

    def begun(self, identity: Mapping[str, Any]) -> Begun | None:
        """What an earlier run of the same request began; None where there is none, or it did nothing yet that counts.

        Raises WorkDiffers.
        """
        found = self._read()
        differ = () if found is None else differences(found.identity, json.loads(json.dumps(dict(identity))))
        if differ and self.sampled:
            raise WorkDiffers(self.output, differ)
        if found is None or differ:
            self.clear()
            return None
        return found

    def begin(self, begun: Begun) -> Begun:
        """Note how it is begun, or what has become of it. Raises OutputUnwritable."""
        write_book(self.folder, _LAYOUT, asdict(begun))
        return begun

    @property
    def sampled(self) -> bool:
        """Whether a step of sampling is worth keeping."""
        return any((self.folder / name).exists() for name in (_STANDING, _LATENTS))

    @property
    def found(self) -> bool:
        """Whether the driver was gone through, which takes minutes where it is long."""
        return (self.folder / finds.names(DRIVER)[0]).exists()

    def standing(self, begun: Begun) -> Standing | None:
        """Where sampling stood; None where it did not begin."""
        try:
            return kept(self.folder / _STANDING, _belongs(begun))
        except StandingDiffers:  # its book was written anew by another version
            return None

    def stand(self, standing: Standing, begun: Begun) -> None:
        """Keep where sampling stands. Raises OutputUnwritable."""
        keep(self.folder / _STANDING, standing, _belongs(begun))

    def latents(self, begun: Begun) -> Tensor | None:
        """Those that are finished; None before, and where they cannot be read."""
        if begun.sampled is None:
            return None
        try:
            with safe_open(self.folder / _LATENTS, "pt") as file:
                found: Tensor = file.get_tensor("latents")
        except (OSError, SafetensorError):
            return None
        return found

    def keep_latents(self, latents: Tensor, begun: Begun) -> None:
        """Keep what sampling led to, before anything is made of it. Raises OutputUnwritable."""
        with Publication(self.folder) as out:
            out.write(_LATENTS, save({"latents": latents.detach().cpu().contiguous()}))
        self.begin(begun)  # without it in the book the file counts for nothing
        with writing_to(self.folder):
            (self.folder / _STANDING).unlink(missing_ok=True)

    def finish(self) -> None:
        """The clip is there: throw away everything. Raises OutputUnwritable."""
        self._finished = True
        self._remove()

    def clear(self) -> None:
        """Throw away what is done. Raises OutputUnwritable."""
        people = [name for one in (PICTURE, DRIVER) for name in finds.names(one)]
        with writing_to(self.folder):
            for name in (BOOK, _LATENTS, _STANDING, *people):
                (self.folder / name).unlink(missing_ok=True)

    def _remove(self) -> None:
        self.clear()
        drop(self.folder)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            # A request that cannot be as it is leaves nothing, since it will be another.
            kept = self.sampled or (self.found and not isinstance(error, InputInvalid))
            if error is not None and not kept and not self._finished:
                with contextlib.suppress(OSError, OutputUnwritable):  # what ended it is to be said, and not this
                    self._remove()
                    for one in self._absent:
                        one.rmdir()
        finally:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None

    def _read(self) -> Begun | None:
        told = read_book(self.folder, _LAYOUT)
        try:
            return None if told is None else Begun(**told)
        except TypeError:
            return None  # without it nobody knows what the rest is of


def journal_folder(output: Path) -> Path:
    """The hidden folder beside an output in which its work waits."""
    return output.with_name(f".{short_name(output)}.work")


def _belongs(begun: Begun) -> dict[str, Any]:
    """What a standing is of."""
    digest = hashlib.sha256(json.dumps(dict(begun.identity), sort_keys=True).encode()).hexdigest()
    return {"request": digest, "seed": begun.seed, "pose_seed": begun.pose_seed}
