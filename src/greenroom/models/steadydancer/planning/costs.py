"""What is to be made, and what makes it, as a plan counts both."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from greenroom.models.steadydancer.architecture import PUBLISHED
from greenroom.models.steadydancer.conditions.lengths import latents_of, pictures_of
from greenroom.models.steadydancer.dancer.precision import PRODUCTS, SMALL, USUAL
from greenroom.models.steadydancer.planning.weights import (
    FLOAT,
    HALF,
    ON_CPU,
    ON_GPU,
    READING,
    SEEING,
    around_blocks,
    blocks,
    matrices,
)
from greenroom.models.steadydancer.sampling.guidance import Guidance
from greenroom.models.steadydancer.sampling.windows import LONGEST, sampled_length, windows
from greenroom.models.steadydancer.vae.config import WanVaeConfig
from greenroom.runtime.device import is_host

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.models.steadydancer.architecture import Architecture
    from greenroom.models.steadydancer.conditions.sizes import Size
    from greenroom.models.steadydancer.planning.weights import BlockBytes, Other
    from greenroom.recipes.recipe import Recipe

# Of a matrix in a file's blocks while it is dequantised, beside itself: bytes of each number of a step, and of the step
# before, as ``weights.quantised`` takes steps of so many numbers on a GPU and on a CPU.
_UNPACKING, _UNPACKED = 14, 4
_UNPACKED_AT_ONCE, _UNPACKED_ON_CPU = 1 << 25, 1 << 17


@dataclass(frozen=True, slots=True)
class Networks:
    """What does the work.

    around, blocks: bytes of the denoiser's weights.  others: "umt5", "clip" and "vae".  itemsize: bytes of a number
    that the denoiser computes with.  precision: of its blocks, see ``dancer.precision``.  unpacking: bytes that a
    matrix takes while it is dequantised.  reading, seeing: that the towers take at work.  stored: see
    ``weights.blocks``, which has counted it.
    """

    name: str
    architecture: Architecture
    around: int
    blocks: tuple[BlockBytes, ...]
    others: Mapping[str, Other]
    itemsize: int = HALF
    precision: str = USUAL
    unpacking: int = 0
    reading: int = READING
    seeing: int = SEEING
    config: WanVaeConfig = field(default_factory=WanVaeConfig)
    stored: Mapping[str, int] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def published(cls, known: Recipe, precision: str = USUAL, stored: Mapping[str, int] | None = None) -> Self:
        """Of a recipe, on a GPU, before anything is loaded. stored: see ``weights.blocks``."""
        return cls.of(known.name, PUBLISHED[known.architecture or known.name], precision, stored=stored)

    @classmethod
    def of(
        cls,
        name: str,
        architecture: Architecture,
        precision: str = USUAL,
        itemsize: int = HALF,
        stored: Mapping[str, int] | None = None,
    ) -> Self:
        """Of an architecture, with the published encoders and autoencoder. itemsize: 4 for a CPU."""
        on_cpu = itemsize == FLOAT
        return cls(
            name=name,
            architecture=architecture,
            around=around_blocks(architecture, itemsize),
            blocks=blocks(architecture, precision, itemsize, stored),
            others=ON_CPU if on_cpu else ON_GPU,
            itemsize=itemsize,
            precision=precision,
            unpacking=_unpacking(architecture, precision, itemsize, stored or {}),
            seeing=SEEING * itemsize // HALF,
            stored=stored or {},
        )

    @property
    def denoiser(self) -> int:
        """Bytes of its weights, wherever they lie."""
        return self.around + sum(block.whole for block in self.blocks)

    @property
    def hearing(self) -> tuple[int, ...]:
        """Bytes of each layer that makes keys and values of texts and pictures."""
        return tuple(size for block in self.blocks for size in block.hears)

    @property
    def weights(self) -> int:
        """Bytes of all networks."""
        return self.denoiser + sum(other.weights for other in self.others.values())

    @property
    def is_small(self) -> bool:
        """The matrices of blocks are as small as they are stored, or are rounded to eight bits."""
        return self.precision in (SMALL, PRODUCTS)

    def in_eight_bits(self, precision: str = SMALL) -> Self:
        """The same with blocks in eight bits."""
        small = self.of(self.name, self.architecture, precision, self.itemsize)
        own = {"others": self.others, "reading": self.reading, "seeing": self.seeing, "config": self.config}
        return replace(small, **own)  # type: ignore[arg-type]  # each is of its field's type

    def streamed(self, resident: int | None) -> tuple[int, ...]:
        """Bytes of each block that comes from the host for each pass, where so many stay, as ``Streaming`` keeps them.

        None for all.
        """
        count = len(self.blocks)
        if resident is None:
            return ()
        away = (at for at in range(count) if (at + 1) * resident // count == at * resident // count)
        return tuple(self.blocks[at].travels for at in away)


def networks_on(device: str, networks: Networks) -> Networks:
    """Published networks as a device computes them: a CPU in float32, where what is small stays as small."""
    if not is_host(device) or networks.itemsize == FLOAT:
        return networks
    return Networks.of(networks.name, networks.architecture, networks.precision, FLOAT, networks.stored)


def _unpacking(architecture: Architecture, precision: str, itemsize: int, stored: Mapping[str, int]) -> int:
    """Of the largest matrix that is dequantised to be used."""
    if precision == USUAL:
        return 0
    used = [matrix for matrix in matrices(architecture) if matrix.heard or precision == SMALL]
    largest = max(matrix.numbers for matrix in used)
    # By its names: a file may have others in eight bits, too.
    own = {f"blocks.{at}.{matrix.name}.weight": matrix.numbers for at in range(architecture.layers) for matrix in used}
    if all(stored.get(name, numbers) == numbers for name, numbers in own.items()):
        return largest * itemsize
    at_once = _UNPACKED_ON_CPU if itemsize == FLOAT else _UNPACKED_AT_ONCE
    before = _UNPACKED if largest > at_once else 0
    return largest * itemsize + min(largest, at_once) * (_UNPACKING + before)


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be made.

    size: of the video.  frames: 4n + 1.  picture, poses: height and width of the reference picture and of pictures of
    poses as they come.
    """

    size: Size
    frames: int = 81
    steps: int = 40
    guidance: Guidance = field(default_factory=Guidance)
    picture: tuple[int, int] = (1184, 864)
    poses: tuple[int, int] = (1792, 1312)

    @property
    def latents(self) -> int:
        """Of the clip, in time."""
        return latents_of(self.frames)

    @property
    def sampled(self) -> int:
        """Latents in time that are sampled, the heads of windows among them."""
        return sampled_length(self.latents)

    @property
    def windows(self) -> int:
        """That the clip is sampled in."""
        return len(windows(self.latents))

    @property
    def window(self) -> int:
        """Latents of each, in time."""
        return min(self.latents, LONGEST)

    @property
    def window_frames(self) -> int:
        """Frames of each."""
        return pictures_of(self.window)

    @property
    def passes(self) -> int:
        """Of the whole schedule, over each window."""
        return self.guidance.count(self.steps)

    @property
    def texts(self) -> int:
        """That are heard."""
        return 1 if self.guidance.text == 1 else 2

    @property
    def pose_sets(self) -> int:
        """That are seen: the driving poses, and others where these guide."""
        return 1 if self.passes == self.texts * self.steps else 2
