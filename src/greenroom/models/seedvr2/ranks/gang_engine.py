"""Frames to restored frames on several devices at once: an engine whose stages are shared with the ranks of a gang.

>>> engine = GangEngine.load(PUBLISHED["seedvr2-3b"], files, "cuda:0+cuda:1")

This process is rank 0. It reads, draws noise, brings colours back and hands frames on, as one device would do it, so
that the result is the same but for rounding; the networks' work is done by all (``rank_engine.py``). Squares of a
frame, where it does not fit, are rank 0's alone.

What it costs, told from sizes for the 3B in bfloat16, 1080p and 101 frames, two GPUs with NVLink, 450 GB/s a way, and
the rates that one H200 was measured at. Two have not been measured:

- Transformer: 38.5 TFLOP a block, 33 ms for each of two at 577 TFLOP/s; windows are dealt within 1 % of even. Between
  blocks 5.8 % of 209 040 rows go each way, 62 MB or 0.14 ms. Heads in place of windows would send 3/4 and 1/4 of the
  stream's 1.07 GB each way, 2.4 ms, and need as many heads as ranks go into.
- Autoencoder: 1 917 and 4 962 TFLOP; 101 frames are dealt as 49 and 52. A slice's convolutions hand on 8.0 GB in the
  encoder, 18 ms, and 14.0 in the decoder, 31 ms, however long the slice is: a latent frame of it takes 136 and 266 ms.
- Decoded frames, 25 MB each in float32, come to rank 0; source frames go to the others through a socket, as bytes.

Of one device's 13.6 s (3.9, 2.1, 7.6) two would take 7.0 to 7.1, 1.9 times as fast; colours and reading are rank 0's,
and what NCCL's waiting kernels take from others is not in it. Of memory a rank has its own copy of the weights and of
the latent, half of the transformer's stream and of what a block holds (4.4 GB, not 8.7), and its slice of time.
"""

from __future__ import annotations

import weakref
from collections import deque
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor

from greenroom.models.seedvr2.engine import checked
from greenroom.models.seedvr2.frames.preprocess import padded
from greenroom.models.seedvr2.ranks.dealing import rounds, turns
from greenroom.models.seedvr2.ranks.rank_engine import RankEngine, decode_rank, encode_rank, made_among, sample_rank
from greenroom.runtime.device import is_host
from greenroom.runtime.gang.crew import Crew
from greenroom.runtime.rooms import room_beside

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from numpy.typing import NDArray

    from greenroom.models.seedvr2.architecture import Architecture
    from greenroom.models.seedvr2.engine import Pixels, Read, Shot
    from greenroom.models.seedvr2.engines import Files
    from greenroom.models.seedvr2.planning.costs import Networks
    from greenroom.models.seedvr2.planning.way import Way
    from greenroom.models.seedvr2.ranks.dealing import Turn
    from greenroom.models.seedvr2.ranks.handed_memory import HandedMemory
    from greenroom.models.seedvr2.ranks.rank_engine import Make
    from greenroom.progress import Step
    from greenroom.runtime.gang.gang import Gang, Section
    from greenroom.runtime.gang.ranks import Coming, Ranks
    from greenroom.runtime.rooms import Room

_FLOAT = torch.float32


class GangEngine(RankEngine):
    """Rank 0's engine, and those of the other ranks, which are loaded anew where one was lost. Made by ``among``."""

    _gang: Gang
    _crew: Crew
    # What is under way between ranks and nobody has asked for yet.
    _open: weakref.ref[Generator[Tensor, None, None]] | None = None

    @classmethod
    def load(cls, architecture: Architecture, files: Files, device: str = "cpu+cpu", *, small: bool = False) -> Self:
        """Load both networks onto each device, at the same time. See ``Engine.load``.

        Raises GangInvalid, DeviceTwice, DevicesMixed, GangTaken, RankLost, WeightsUnreadable, WeightsUnfit.
        """
        own = super().load  # of one device
        return cls.among(
            device, partial(own, architecture, files, small=small), partial(_load, architecture, files, small)
        )

    @classmethod
    def among(cls, device: str, own: Callable[[str], Self], make: Make) -> Self:
        """An engine on devices that work together. own: loads rank 0's.  make: loads that of another rank."""
        crew, engine = Crew.begun(device, "seedvr2", partial(made_among, make), own)
        engine._crew, engine._gang = crew, crew.gang
        engine.be_among(crew.ready())
        return engine

    def networks(self, name: str) -> Networks:
        """See ``Engine.networks``; of one rank."""
        return replace(super().networks(name), ranks=len(self._gang.devices))

    def room(self) -> Room:
        """What a plan may take of each device: of the one that has the least, and of the host."""
        devices = self._gang.devices
        device = "+".join(devices)
        if is_host(device):
            return room_beside(device, self._taken)
        self._ready()
        return self._crew.least(super().room())

    def finished(self, pieces: Iterable[Tensor], shot: Shot) -> Iterator[Pixels]:
        """See ``Engine.finished``. Raises RankLost, too: what a lost rank was to send is nothing to hand on."""
        for frame in super().finished(pieces, shot):
            self._gang.check()
            yield frame

    def _moments(self, read: Read, shot: Shot, way: Way, span: tuple[int, int], step: Step) -> Iterator[Tensor]:
        config, inner = self._vae.config, shot.framing.inner
        ranks = self._ready()
        dealt = turns(config.latent_frames(len(padded(span[1] - span[0]))), ranks.size, way.encode.latents)
        frames = self._given(read, shot, span, step)
        cells = inner.height // config.space, inner.width // config.space, 2 * config.latent

        def given(turn: Turn) -> list[NDArray[Any]]:
            own = list(islice(frames, turn.frames(config.time)))
            return own if not turn.ends else [*own, *frames]  # nothing more, and whether there is more is found out

        def made(turn: Turn, source: list[NDArray[Any]]) -> tuple[list[Tensor], HandedMemory]:
            moments, memory = self.encode_turn(ranks, turn, source, shot.framing, way.encode)
            return [moments], memory

        def coming(turn: Turn) -> list[tuple[Tensor, Coming]]:
            return [self._collected(ranks, turn.rank, (turn.stop - turn.first, *cells))]

        begin = partial(self._crew.together, encode_rank, shot.framing, way, dealt)
        return self._opened(self._in_rounds(ranks, begin, dealt, given, made, coming))

    def _sampled(self, latent: Tensor, noise: Tensor, way: Way, told: Callable[[int], None]) -> Tensor:
        ranks = self._ready()

        with self._crew.together(sample_rank, way, tuple(latent.shape)) as section:

            def all_told(layer: int) -> None:
                with section.between():
                    told(layer)
                section.go()

            given = [ranks.broadcast(tensor.contiguous()) for tensor in (latent, noise)]
            return super()._sampled(given[0], given[1], way, all_told)

    def _frames(self, latent: Tensor, shot: Shot, way: Way) -> Iterator[Tensor]:
        ranks, config, inner = self._ready(), self._vae.config, shot.framing.inner
        dealt = turns(len(latent), ranks.size, way.decode.latents)
        whole = latent.contiguous()

        def made(turn: Turn, _: None) -> tuple[list[Tensor], HandedMemory]:
            pieces, memory = self.decode_turn(ranks, turn, whole, way.decode)
            return list(pieces), memory

        def coming(turn: Turn) -> list[tuple[Tensor, Coming]]:
            frame = 1, inner.height, inner.width, 3
            return [self._collected(ranks, turn.rank, frame) for _ in range(turn.frames(config.time))]

        @contextmanager
        def begin() -> Iterator[Section]:
            with self._crew.together(decode_rank, way, tuple(whole.shape), dealt) as section:
                ranks.broadcast(whole)
                yield section

        return self._opened(self._in_rounds(ranks, begin, dealt, lambda _: None, made, coming))

    def _in_rounds(
        self,
        ranks: Ranks,
        begin: Callable[[], AbstractContextManager[Section]],
        dealt: Sequence[Turn],
        given: Callable[[Turn], Any],
        made: Callable[[Turn, Any], tuple[list[Tensor], HandedMemory]],
        coming: Callable[[Turn], list[tuple[Tensor, Coming]]],
    ) -> Generator[Tensor, None, None]:
        """What all turns make, in order. What a round made is handed on once the next one is under way.

        begin: has the others begin.  given: what the rank of a turn is given for it.  made: does a turn of this rank.
        coming: has what another rank makes come here.
        """
        behind = _Round()
        with begin() as section:
            for beside in rounds(dealt, ranks.size):
                with section.between(partial(_drained, ranks, behind)):
                    own, *others = [given(turn) for turn in beside]
                section.go(*others, *[None] * (ranks.size - len(beside)))
                pieces, memory = made(beside[0], own)
                now = _Round(pieces, [piece for turn in beside[1:] for piece in coming(turn)], memory, beside[-1].ends)
                ranks.settle()
                drain = partial(_drained, ranks, behind, now)
                for piece in behind.arrived():
                    with section.between(drain):
                        yield piece
                behind = now
        try:
            yield from behind.arrived()
        finally:  # what nobody asks for, such as frames that only filled up, is under way all the same
            _drained(ranks, behind)

    def _given(self, read: Read, shot: Shot, span: tuple[int, int], step: Step) -> Iterator[NDArray[Any]]:
        """The frames of the source, the last one repeated to 4n + 1."""
        frames = span[1] - span[0]
        last: NDArray[Any] | None = None
        for place, last in enumerate(checked(read, span)):
            step("encoding", span[0] + place, shot.frames)
            yield last
        if last is not None:
            yield from [last] * (len(padded(frames)) - frames)

    def _collected(self, ranks: Ranks, rank: int, shape: tuple[int, ...]) -> tuple[Tensor, Coming]:
        out = torch.empty(shape, dtype=_FLOAT, device=self._vae.device)
        return out, ranks.collect(out, rank)

    def _opened(self, made: Generator[Tensor, None, None]) -> Generator[Tensor, None, None]:
        self._open = weakref.ref(made)
        return made

    def _ready(self) -> Ranks:
        """This rank, among others that have their networks and do nothing: what nobody goes on with is stopped."""
        unfinished = None if self._open is None else self._open()
        if unfinished is not None:
            unfinished.close()
        self._open = None
        ranks = self._crew.ready()
        self.be_among(ranks)
        return ranks


class _Round:
    """What was made side by side. own: by this rank.  coming: by the others, in the order of their turns.

    memory: of this rank's turn.  ends: whether the clip ends with the round.  left: else the last rank leaves for this
    one the like of what this one has left for the next.
    """

    def __init__(
        self,
        own: Sequence[Tensor] = (),
        coming: Sequence[tuple[Tensor, Coming]] = (),
        memory: HandedMemory | None = None,
        ends: bool = True,
    ) -> None:
        self._own = own
        self._coming = deque(coming)
        self.left = [] if ends or memory is None else memory.given

    def arrived(self) -> Iterator[Tensor]:
        """All of it in order; the device waits for what is still under way."""
        yield from self._own
        while self._coming:
            piece, coming = self._coming.popleft()
            coming.wait()
            yield piece


def _drained(ranks: Ranks, *made: _Round) -> None:
    """Take what is under way to this rank of the last rounds, so that nothing is left between ranks."""
    for each in made:
        for _ in each.arrived():
            pass
    for left in made[-1].left:
        ranks.take(torch.empty_like(left, device=ranks.device))


def _load(architecture: Architecture, files: Files, small: bool, device: str) -> RankEngine:
    """Another rank's."""
    return RankEngine.load(architecture, files, device, small=small)
