"""SeedVR2 rehearsed: invented frames, invented weights of the published shapes, and the real rest.

What comes out is noise of the right size, so nobody looks at it; it is encoded and read again as a result is.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from greenroom.models.rehearsal import (
    Did,
    Library,
    Rehearsal,
    Size,
    Stage,
    prepared,
    write_and_read_back,
)
from greenroom.models.seedvr2.architecture import FAMILY
from greenroom.models.seedvr2.planning.costs import Job, Networks, least
from greenroom.models.seedvr2.planning.plan import plan
from greenroom.recipes.catalogue import recipe
from greenroom.runtime.device import CPU, device_memory
from greenroom.runtime.residency import MemoryShort, in_gigabytes

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.models.seedvr2.engine import Engine, Pixels, Shot
    from greenroom.models.seedvr2.planning.plan import Plan

_NEEDED = (
    Library("torch", "torch", "models"),
    Library("safetensors", "safetensors", "models"),
    Library("av", "av", "models"),
    Library("numpy", "numpy", "models"),
)
_MULTIPLE = 16
_ENLARGED = 2
_SEED = 666
_RATE = Fraction(25)
# Width, height and frames, the least memory first.
_CLIPS = {
    "96x64x5": (96, 64, 5),
    "640x360x21": (640, 360, 21),
    "1280x720x1": (1280, 720, 1),
    "1280x720x21": (1280, 720, 21),
    "1280x720x101": (1280, 720, 101),
    "1920x1080x21": (1920, 1080, 21),
    "3840x2160x21": (3840, 2160, 21),
}


def _job(width: int, height: int, frames: int) -> Job:
    """The work on a clip, whose source has half the sides."""
    inner_height, inner_width = (-(-side // _MULTIPLE) * _MULTIPLE for side in (height, width))
    return Job(inner_height, inner_width, (height // _ENLARGED, width // _ENLARGED), (frames,))


def _sizes() -> tuple[Size, ...]:
    networks = Networks.published(recipe("seedvr2-3b"))
    return tuple(
        Size(name, f"{frames} frame{'s' if frames > 1 else ''} of {width}x{height}", least(networks, _job(*clip)))
        for name, clip in _CLIPS.items()
        for width, height, frames in (clip,)
    )


class SeedVR2Rehearsal(Rehearsal):
    """A published model of the family, without its files."""

    sizes = _sizes()

    # What the stages leave for those behind them.
    _engine: Engine
    _plan: Plan
    _shot: Shot
    _source: list[Pixels]
    _latent: Tensor
    _made: list[Pixels]

    @classmethod
    def precisions(cls, device: str) -> tuple[str, ...]:
        """Half precision is for GPUs: on a CPU it is no faster."""
        return ("fp32",) if device == CPU else ("bf16",)

    @classmethod
    def usual_size(cls, device: str) -> str:
        """A CPU takes minutes for what a GPU does in a second."""
        return "96x64x5" if device == CPU else "1280x720x21"

    @property
    def precision(self) -> str:
        """The only one of the device."""
        return self.precisions(self.conditions.device)[0]

    def prepare(self) -> tuple[Stage, ...]:
        """Libraries, device, weights."""
        return prepared(_NEEDED, self.conditions.device, FAMILY, self._make_weights)

    def request(self, size: Size, *, hurried: bool) -> tuple[Stage, ...]:
        """A clip from frames to a file. It is one step in any case, so a hurried one leaves out the file alone."""
        width, height, frames = _CLIPS[size.name]
        stages = (
            Stage("plan", lambda: self._choose(width, height, frames)),
            Stage("frames", lambda: self._invent(width, height, frames), invents=True),
            Stage("encoding", self._encode),
            Stage("transformer", self._sample),
            Stage("decoding", self._decode),
        )
        return stages if hurried else (*stages, Stage("file", self._write))

    def _make_weights(self) -> Did:
        import torch

        from greenroom.models.seedvr2.architecture import PUBLISHED
        from greenroom.models.seedvr2.engine import Engine
        from greenroom.models.seedvr2.nadit.synthetic import synthetic_prompt, synthetic_transformer, tiny
        from greenroom.models.seedvr2.vae.synthetic import TINY, synthetic_vae

        device = torch.device(self.conditions.device)
        dtype = torch.float32 if self.on_cpu else torch.bfloat16
        architecture = PUBLISHED[self.known.architecture or self.known.name]
        if self.conditions.tiny:
            architecture = tiny(architecture)
        elif self.on_cpu:
            self._refuse_small_host(dtype.itemsize)
        transformer = synthetic_transformer(architecture, device, dtype)
        vae = synthetic_vae(device, dtype, TINY if self.conditions.tiny else None)
        self._engine = Engine(transformer, vae, synthetic_prompt(architecture))
        count = sum(weight.numel() for network in (transformer, vae) for weight in network.parameters())
        return Did(f"{count / 1e6:,.3g} million random parameters in {self.precision}")

    def _refuse_small_host(self, width: int) -> None:
        """A process that fills the host is killed without a word. width: bytes a parameter. Raises MemoryShort."""
        memory = device_memory(CPU)
        needs = (self.known.parameters or 0) * width
        if memory is not None and needs > memory.free:
            raise MemoryShort(self.known.name, needs, CPU, memory.free)

    def _choose(self, width: int, height: int, frames: int) -> Did:
        networks = self._engine.networks(self.known.name)
        self._plan = plan(networks, _job(width, height, frames), self._engine.room())
        seconds = self._plan.seconds
        time = "" if seconds is None else f", about {seconds:,.1f} s"
        return Did("; ".join([f"{in_gigabytes(self._plan.bytes)} at most{time}", *self._plan.notes]))

    def _invent(self, width: int, height: int, frames: int) -> Did:
        import numpy as np

        from greenroom.models.seedvr2.draws import Seeded
        from greenroom.models.seedvr2.engine import Shot
        from greenroom.models.seedvr2.frames.framing import Framing
        from greenroom.models.seedvr2.frames.sizes import Size as Pixels

        drawn = np.random.default_rng(_SEED)
        shape = (height // _ENLARGED, width // _ENLARGED, 3)
        self._source = [drawn.integers(0, 256, shape, np.uint8) for _ in range(frames)]
        self._shot = Shot(frames, Framing.whole(Pixels(height, width)), Seeded(_SEED))
        return Did(f"{frames} of noise")

    @property
    def _span(self) -> tuple[int, int]:
        return next(self._plan.way.spans(self._shot.frames))

    def _read(self, start: int, stop: int) -> list[Pixels]:
        return self._source[start:stop]

    def _encode(self) -> Did:
        self._latent = self._engine.encode(self._read, self._shot, self._plan.way, self._span, self.conditions.step)
        return Did(f"{len(self._latent)} latent frames")

    def _sample(self) -> Did:
        step = self.conditions.step
        self._latent = self._engine.sample(self._latent, self._shot, self._plan.way, step=step)
        return Did()

    def _decode(self) -> Did:
        step = self.conditions.step
        pieces = self._engine.decode(self._latent, self._read, self._shot, self._plan.way, self._span, step)
        self._made = list(self._engine.finished(pieces, self._shot))
        return Did(f"{len(self._made)} frames")

    def _write(self) -> Did:
        return write_and_read_back(self._made, _RATE, self.conditions.folder)
