"""A picture and drawn poses to a video on several devices at once: the denoiser's passes are shared with other ranks.

>>> engine = GangEngine.load(Sizes(PUBLISHED["steadydancer-14b"]), files, "cuda:0+cuda:1")

This process is rank 0. It reads, encodes, draws noise, goes along the schedule and decodes, as one device would do it;
the passes of a step are dealt out (``dealing.py``), and where a pass is shared, its tokens are (``shares.py``).

What it costs, told from sizes for 1024 x 576 and 81 frames in bfloat16, 52 992 tokens, 3600 TFLOP a pass: 6 s of one
H200 at the rates that it was measured at. Several GPUs have not been measured:

- Passes side by side send the latents and what the head gives, 12 MB each, once a step: nothing beside 6 s.
- A pass that is shared by n sends, of each block, queries, keys, values and what they see: 4 tensors of 543 MB / n,
  of which 1 - 1/n leave. Of two ranks 136 MB each way, 22 GB a pass: 48 ms by NVLink at 450 GB/s, 1.6 % of the 3 s
  that each computes; 0.9 s by PCIe at 25 GB/s, 29 %. Below 7 GB/s it would take as long as it saves. Nothing is
  computed meanwhile: heads would have to go in groups, and by NVLink there is little to be won.
- So passes are side by side wherever ranks can be dealt to them evenly, and shared where they cannot. 40 steps are 91
  passes: two ranks make 80 of them side by side and share 11, which is 45.5 of one device's, 2.0 times as fast by
  NVLink and 1.9 by PCIe; two that shared all 91 would be 1.97 times as fast by NVLink, and 1.55 by PCIe. Four ranks
  make them by two and share 11 by four.
- Without guidance, as distilled models go, there is one pass a step, and all of it is shared.

Encoders and the autoencoder are rank 0's alone: three encodings and a decoding take 1.1 PFLOP, some 2 s, beside the
273 s that two ranks take for 91 passes, and beside 12 s for 4 steps without guidance: there further ranks would do
better to take slices of time, as SeedVR2's do.

Of memory each rank has its own copy of the denoiser, 33 GB in 16 bits, and what a whole pass takes, since passes side
by side are whole.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Self

from greenroom.models.steadydancer.dancer.checkpoint import load_dancer, without_weights
from greenroom.models.steadydancer.dancer.precision import USUAL
from greenroom.models.steadydancer.engine import Engine
from greenroom.models.steadydancer.lora.merging import open_lora
from greenroom.models.steadydancer.ranks.rank_dancer import RankDancer, dealt
from greenroom.runtime.device import is_host
from greenroom.runtime.gang.crew import Crew
from greenroom.runtime.rooms import room_beside
from greenroom.weights.fitting import shapes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from greenroom.models.steadydancer.architecture import Architecture
    from greenroom.models.steadydancer.dancer.fixed import Conditions
    from greenroom.models.steadydancer.lora.merging import Lora
    from greenroom.models.steadydancer.parts import Files, Sizes
    from greenroom.models.steadydancer.planning.way import Way
    from greenroom.models.steadydancer.sampling.sampler import Ahead, VelocityOf
    from greenroom.models.steadydancer.sampling.windows import Window
    from greenroom.runtime.gang.crew import Make
    from greenroom.runtime.gang.rank import Member
    from greenroom.runtime.rooms import Room


class GangEngine(Engine):
    """Rank 0's engine, and the denoisers of others, which are loaded anew where a rank was lost. Made by ``among``."""

    _crew: Crew

    @classmethod
    def load(
        cls,
        sizes: Sizes,
        files: Files,
        device: str = "cpu+cpu",
        *,
        way: Way | None = None,
        precision: str = USUAL,
        loras: Sequence[Lora] = (),
    ) -> Self:
        """Load all parts in this process and the denoiser in each of the others, at the same time. See ``Engine.load``.

        Raises GangInvalid, DeviceTwice, DevicesMixed, GangTaken, RankLost, RanksApart, too.
        """
        load = super().load  # of one device
        own = partial(load, sizes, files, way=way, precision=precision, loras=loras)
        opened = [(lora.path, lora.strength) for lora in loras]
        # The denoiser's alone: others' options are no mapping that goes to another process.
        make = partial(_load, files.denoiser, sizes.denoiser, way, precision, opened)
        return cls.among(device, own, make)

    @classmethod
    def among(cls, device: str, own: Callable[[str], Self], make: Make) -> Self:
        """An engine on devices that work together. own: loads rank 0's.  make: a ``RankDancer`` in another rank."""
        crew, engine = Crew.begun(device, "steadydancer", make, own, lanes=True)
        engine._crew = crew
        return engine

    def room(self) -> Room:
        """What a plan may take of each device: of the one that has the least, and of the host."""
        device = "+".join(self._crew.gang.devices)
        if is_host(device):
            return room_beside(device, self.networks("").weights)
        return self._crew.least(super().room())

    @contextmanager
    def _asking(
        self, cut: Sequence[Window], conditions: Sequence[Conditions], gate: Callable[[], None]
    ) -> Iterator[tuple[VelocityOf, Ahead | None]]:
        """See ``Engine._asking``. Raises RankLost, RanksApart, too."""
        with dealt(self._crew, self._parts.denoiser, cut, conditions, self._way, gate) as asked:
            yield asked, asked.ahead


def _load(
    path: Path | Sequence[Path],
    architecture: Architecture,
    way: Way | None,
    precision: str,
    loras: Sequence[tuple[Path, float]],
    member: Member,
) -> RankDancer:
    """Another rank's. loras: files and strengths."""
    shapes = shapes_of(without_weights(architecture)) if loras else {}
    network = load_dancer(
        path,
        architecture,
        device=member.ranks.device,
        precision=precision,
        resident=None if way is None else way.resident,
        apart=way is not None and way.hears_from_host,
        loras=[open_lora(path, shapes, strength) for path, strength in loras],
    )
    return RankDancer(network)
