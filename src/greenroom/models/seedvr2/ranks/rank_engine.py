"""An engine that does a share of a shot, as one rank of a gang; and what ranks but the first do of each stage.

The transformer: ``shares.py``. The autoencoder: slices of time are dealt out in turns, and convolutions hand what they
remember to the next rank (``handed_memory.py``), so that ranks work side by side, each one convolution behind the one
before it.

Both networks are in every rank, since each does a part of every block and every layer. To have the transformer's blocks
in one rank each, its owner would send 212 MB of the 3B, or 458 of the 7B, to all before every block: half a millisecond
by NVLink, but tens by PCIe, where blocks take as long. Where the weights stand in the way they are parked on the host,
in each rank. Files are mapped, so that the host's page cache has them once; each rank loads its own copy from there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from greenroom.models.seedvr2.engine import Engine, resized
from greenroom.models.seedvr2.ranks.dealing import rounds
from greenroom.models.seedvr2.ranks.handed_memory import HandedMemory
from greenroom.models.seedvr2.vae.streaming import encode_slice, fine
from greenroom.nn.pieces import computing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from greenroom.models.seedvr2.frames.framing import Framing
    from greenroom.models.seedvr2.planning.way import Way
    from greenroom.models.seedvr2.ranks.dealing import Turn
    from greenroom.nn.slices import Slices
    from greenroom.runtime.gang.rank import Member
    from greenroom.runtime.gang.ranks import Ranks

Make = Callable[[str], "RankEngine"]
"""Loads an engine onto a device; a function of a module, which another process can import."""


class RankEngine(Engine):
    """Both networks, of which this rank uses a share at a time."""

    def be_among(self, ranks: Ranks) -> None:
        """Go through clips together with other ranks from now on."""
        self._transformer.ranks = ranks

    def encode_turn(
        self, ranks: Ranks, turn: Turn, frames: Sequence[NDArray[Any]], framing: Framing, cut: Slices
    ) -> tuple[Tensor, HandedMemory]:
        """The moments of a turn, float32. frames: of the source."""
        vae = self._vae
        pixels = [framing.filled(resized(frame, framing, vae.device)).to(vae.dtype) for frame in frames]
        memory = HandedMemory(ranks, begins=turn.begins, ends=turn.ends)
        with computing():
            return encode_slice(vae, torch.cat(pixels), cut.frames, memory, last=True).float(), memory

    def decode_turn(
        self, ranks: Ranks, turn: Turn, latent: Tensor, cut: Slices
    ) -> tuple[Iterator[Tensor], HandedMemory]:
        """The frames of a turn, float32, in pieces, each computed when it is asked for. latent: of the whole window."""
        vae = self._vae
        memory = HandedMemory(ranks, begins=turn.begins, ends=turn.ends)
        with computing():
            memory.last = True
            coarse = vae.decoder.coarse(latent[turn.first : turn.stop].to(vae.device, vae.dtype), memory)
        return (piece.float() for piece in fine(vae.decoder, coarse, cut.frames, memory, last=True)), memory

    def follow_encoding(self, member: Member, framing: Framing, way: Way, dealt: Sequence[Turn]) -> None:
        """Encode this rank's turns."""
        self._park(way)
        for turn, frames in _own(member, dealt):
            moments, _ = self.encode_turn(member.ranks, turn, frames, framing, way.encode)
            member.ranks.deliver(moments)

    def follow_sampling(self, member: Member, way: Way, shape: tuple[int, ...]) -> None:
        """Go through the transformer with rank 0, which says what the latent and the noise are."""
        latent, noise = (self._told(member, shape) for _ in range(2))
        self._sampled(latent, noise, way, lambda _: member.gate())

    def follow_decoding(self, member: Member, way: Way, shape: tuple[int, ...], dealt: Sequence[Turn]) -> None:
        """Decode this rank's turns."""
        latent = self._told(member, shape)
        for turn, _ in _own(member, dealt):
            pieces, _ = self.decode_turn(member.ranks, turn, latent, way.decode)
            for frame in (frame for piece in pieces for frame in piece):
                member.ranks.deliver(frame)

    def _told(self, member: Member, shape: tuple[int, ...]) -> Tensor:
        return member.ranks.broadcast(torch.empty(shape, device=self._vae.device))


def made_among(make: Make, member: Member) -> RankEngine:
    """An engine in a rank, which goes through clips with the others."""
    engine = make(str(member.ranks.device))
    engine.be_among(member.ranks)
    return engine


def encode_rank(member: Member, engine: RankEngine, framing: Framing, way: Way, dealt: Sequence[Turn]) -> None:
    """See ``RankEngine.follow_encoding``."""
    engine.follow_encoding(member, framing, way, dealt)


def sample_rank(member: Member, engine: RankEngine, way: Way, shape: tuple[int, ...]) -> None:
    """See ``RankEngine.follow_sampling``."""
    engine.follow_sampling(member, way, shape)


def decode_rank(member: Member, engine: RankEngine, way: Way, shape: tuple[int, ...], dealt: Sequence[Turn]) -> None:
    """See ``RankEngine.follow_decoding``."""
    engine.follow_decoding(member, way, shape, dealt)


def _own(member: Member, dealt: Sequence[Turn]) -> Iterator[tuple[Turn, Any]]:
    """This rank's turns, each when rank 0 lets all begin the round, with what is given for it."""
    for beside in rounds(dealt, member.ranks.size):
        given = member.gate()
        yield from ((turn, given) for turn in beside if turn.rank == member.ranks.rank)
        member.ranks.settle()
