"""SteadyDancer rehearsed: an invented picture and poses, invented weights of the published shapes, and the real rest.

What comes out is noise of the right size, so nobody looks at it; it is encoded and read again as a result is. Nobody is
looked for: the networks that find poses are small, and run beside.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from greenroom.models.rehearsal import (
    Did,
    Library,
    Rehearsal,
    RehearsalFailed,
    Size,
    Stage,
    prepared,
    write_and_read_back,
)
from greenroom.models.steadydancer.architecture import FAMILY
from greenroom.models.steadydancer.conditions.lengths import RATE
from greenroom.models.steadydancer.conditions.sizes import Size as Pixels
from greenroom.models.steadydancer.dancer.precision import PRECISIONS, PRODUCTS, SMALL, USUAL
from greenroom.models.steadydancer.planning.costs import Job, Networks, networks_on
from greenroom.models.steadydancer.planning.plan import plan
from greenroom.models.steadydancer.planning.way import Way
from greenroom.runtime.device import CPU
from greenroom.runtime.residency import in_gigabytes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from greenroom.models.steadydancer.engine import Engine
    from greenroom.models.steadydancer.given import Pictured, Posed, Texts
    from greenroom.models.steadydancer.planning.plan import Plan

_NEEDED = (
    Library("torch", "torch", "models"),
    Library("transformers", "transformers", "models"),
    Library("onnxruntime", "onnxruntime", "animate"),
    Library("cv2", "opencv-python-headless", "animate"),
    Library("ftfy", "ftfy", "animate"),
    Library("safetensors", "safetensors", "models"),
    Library("tokenizers", "tokenizers", "models"),
    Library("av", "av", "models"),
    Library("numpy", "numpy", "models"),
)
# Width, height and frames, the least memory first.
_CLIPS = {
    "64x64x5": (64, 64, 5),
    "832x480x5": (832, 480, 5),
    "832x480x81": (832, 480, 81),
    "832x480x161": (832, 480, 161),
    "1024x576x81": (1024, 576, 81),
    "1280x720x81": (1280, 720, 81),
}
# The published number; and so few that other poses guide in one of them, which takes as much memory.
_STEPS, _FEW_STEPS = 40, 4
_FULL = "fp32"
_SEED = 1
_PROMPT, _NEGATIVE = "a woman in a red coat dances on a wet street at night", "blurred, distorted"
_CANVAS = 2  # pixels of a drawn pose for each of the picture


def _job(width: int, height: int, frames: int, steps: int) -> Job:
    """The work on a clip, whose picture has its size."""
    poses = (_CANVAS * height, _CANVAS * width)
    return Job(Pixels(height, width), frames, steps, picture=(height, width), poses=poses)


def _load(width: int, height: int, frames: int) -> float:
    """What memory grows with: cells of a window, and a little of all there are."""
    job = _job(width, height, frames, _STEPS)
    cells = job.size.latent[0] * job.size.latent[1]
    return cells * (job.window + job.sampled / 100)


class SteadyDancerRehearsal(Rehearsal):
    """A published model of the family, without its files."""

    sizes = tuple(
        Size(name, f"{frames} frames of {width}x{height}", _load(width, height, frames))
        for name, (width, height, frames) in _CLIPS.items()
    )

    # What the stages leave for those behind them.
    _engine: Engine
    _plan: Plan
    _picture: NDArray[np.uint8]
    _poses: NDArray[np.uint8]
    _texts: Texts
    _pictured: Pictured
    _posed: tuple[Posed, Posed]
    _latents: Tensor
    _frames: list[NDArray[np.uint8]]

    @classmethod
    def precisions(cls, device: str) -> tuple[str, ...]:
        """Of the denoiser's blocks. Half precision is for GPUs: on a CPU it is no faster."""
        return (SMALL, PRODUCTS, _FULL if device == CPU else USUAL)

    @classmethod
    def usual_size(cls, device: str) -> str:
        """What the recipe's figures are of, or the least where that takes hours."""
        return "64x64x5" if device == CPU else "832x480x81"

    @property
    def precision(self) -> str:
        """Of the denoiser's blocks: whole ones unless others are asked for."""
        return self.conditions.precision or self.precisions(self.conditions.device)[-1]

    def prepare(self) -> tuple[Stage, ...]:
        """Libraries, device, weights."""
        return prepared(_NEEDED, self.conditions.device, FAMILY, self._make_weights)

    def request(self, size: Size, *, hurried: bool) -> tuple[Stage, ...]:
        """A clip from pictures to a file; a few steps of it in any case, since all take minutes."""
        width, height, frames = _CLIPS[size.name]
        stages = (
            Stage("plan", lambda: self._choose(_job(width, height, frames, _FEW_STEPS))),
            Stage("pictures", lambda: self._invent(width, height, frames), invents=True),
            Stage("reading", self._read),
            Stage("seeing", self._see),
            Stage("posing", self._pose),
            Stage("sampling", self._sample),
            Stage("decoding", self._decode),
        )
        return stages if hurried else (*stages, Stage("file", self._write))

    def forget(self) -> None:
        """Give back slots, and frames."""
        self._frames = []
        if hasattr(self, "_engine"):
            self._engine.forget()

    def _make_weights(self) -> Did:
        """Raises MemoryShort: a process that fills the host is killed without a word."""
        import torch

        from greenroom.models.steadydancer.animating.outlook import way_to_load
        from greenroom.models.steadydancer.architecture import PUBLISHED
        from greenroom.models.steadydancer.engine import Engine
        from greenroom.models.steadydancer.parts import Sizes
        from greenroom.models.steadydancer.parts_synthetic import synthetic_parts, tiny_sizes
        from greenroom.runtime.rooms import room_beside

        device, asked = self.conditions.device, self.conditions.precision
        precision = asked if asked in PRECISIONS else USUAL
        architecture = PUBLISHED[self.known.architecture or self.known.name]
        sizes, way = tiny_sizes(architecture), Way()
        if not self.conditions.tiny:
            networks = networks_on(device, Networks.published(self.known, precision))
            sizes, way = Sizes(architecture), way_to_load(networks, room_beside(device))
        self._engine = Engine(synthetic_parts(sizes, torch.device(device), way, precision), way)
        count = self.known.parameters or 0
        made = "a few" if self.conditions.tiny else f"{count / 1e6:,.5g} million"
        return Did(f"{made} random parameters in {self.precision}, and three parts beside them")

    def _choose(self, job: Job) -> Did:
        self._plan = plan(self._engine.networks(self.known.name), job, self._engine.room())
        self._engine.arrange(self._plan.way)
        return Did("; ".join([f"{in_gigabytes(self._plan.bytes)} at most", *self._plan.notes]))

    def _invent(self, width: int, height: int, frames: int) -> Did:
        import numpy as np

        drawn = np.random.default_rng(_SEED)
        self._picture = drawn.integers(0, 256, (height, width, 3), np.uint8)
        self._poses = drawn.integers(0, 256, (frames, _CANVAS * height, _CANVAS * width, 3), np.uint8)
        self._engine.forget()  # what is known of a picture that was there before
        return Did(f"{frames} of noise")

    def _read(self) -> Did:
        self._texts = self._engine.read(_PROMPT, _NEGATIVE, self.conditions.step)
        return Did(f"{len(self._texts.prompt)} and {len(self._texts.negative)} tokens")

    def _see(self) -> Did:
        job = self._plan.job
        self._pictured = self._engine.picture(self._picture, job.size, job.frames, self.conditions.step)
        return Did(f"{len(self._pictured.image)} vectors")

    def _pose(self) -> Did:
        job, poses = self._plan.job, self._poses
        driving, others = (
            self._engine.poses([*shown], job.picture, job.size, self.conditions.step) for shown in (poses, poses[::-1])
        )
        self._posed = driving, others
        return Did(f"twice {job.frames} poses")

    def _sample(self) -> Did:
        from greenroom.models.steadydancer.engine import Sampling

        sampling = Sampling(steps=self._plan.job.steps, seed=_SEED)
        made = self._engine.sample(self._texts, self._pictured, *self._posed, sampling, self.conditions.step)
        self._latents = made.latents
        pieces = f" over each of {self._plan.windows} windows" if self._plan.windows > 1 else ""
        return Did(f"{made.passes} of {sampling.guidance.count(_STEPS)} passes{pieces}")

    def _decode(self) -> Did:
        self._frames = [frame for some in self._engine.decode(self._latents, self.conditions.step) for frame in some]
        size = self._plan.job.size
        found = {frame.shape[:2] for frame in self._frames}
        if len(self._frames) != self._plan.job.frames or found != {(size.height, size.width)}:
            raise RehearsalFailed(
                f"{len(self._frames)} frames were made, and {self._plan.job.frames} of {size} asked for",
                mend="report this to greenroom",
            )
        return Did(f"{len(self._frames)} frames")

    def _write(self) -> Did:
        return write_and_read_back(self._frames, Fraction(RATE), self.conditions.folder)
