"""What is to be made, and what makes it, as a plan counts both."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Self

from greenroom.models.foley.architecture import PUBLISHED
from greenroom.models.foley.dac.config import DacConfig
from greenroom.models.foley.mmdit.windows import Window, evenly, windows
from greenroom.models.foley.planning.weights import OTHERS, around_blocks, blocks
from greenroom.models.foley.precision import SMALL, USUAL
from greenroom.models.foley.watching.lengths import (
    LONGEST_LATENTS,
    SEGMENT,
    SYNC_RATE,
    frames_beside,
    segments,
    sync_tokens,
)
from greenroom.runtime.device import is_host

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from greenroom.models.foley.architecture import Architecture
    from greenroom.recipes.recipe import Recipe

HALF, FLOAT, BYTE = 2, 4, 1
"""Bytes of a number."""

ON_GPU = {"siglip2": HALF, "synchformer": HALF, "clap": FLOAT, "vae": FLOAT}
"""Bytes of a number of what is loaded beside the denoiser, on a GPU. On a CPU all is in float32."""

_WIDENED = 1 + 2  # bytes that go through memory for each number of eight bits: read, and written twice as wide
_CONDITIONS = 2  # with guidance


@dataclass(frozen=True, slots=True)
class Networks:
    """What does the work.

    denoiser: bytes of its weights on the device, without ``modulation``, which is there only while a schedule is set.
    others: of "siglip2", "synchformer", "clap" and "vae".  itemsize: bytes of a number that the denoiser computes with.
    precision: "bf16", or "fp8" where the blocks' weights stay in eight bits and are dequantised at each use.
    """

    name: str
    architecture: Architecture
    denoiser: int
    modulation: int
    others: Mapping[str, int]
    itemsize: int = HALF
    precision: str = USUAL
    config: DacConfig = field(default_factory=DacConfig)

    @classmethod
    def published(cls, known: Recipe, precision: str = USUAL) -> Self:
        """Of a recipe, on a GPU, before anything is here."""
        return cls.of(known.name, PUBLISHED[known.architecture or known.name], precision)

    @classmethod
    def of(cls, name: str, architecture: Architecture, precision: str = USUAL, itemsize: int = HALF) -> Self:
        """Of an architecture, with the published encoders and autoencoder. itemsize: 4 for a CPU."""
        of_matrix = BYTE if precision == SMALL else itemsize
        all_blocks = blocks(architecture)
        width = {part: FLOAT if itemsize == FLOAT else ON_GPU[part] for part in OTHERS}
        return cls(
            name=name,
            architecture=architecture,
            denoiser=sum(block.stays(of_matrix, itemsize) for block in all_blocks)
            + itemsize * around_blocks(architecture),
            modulation=itemsize * sum(block.modulation for block in all_blocks),
            others={part: numbers * width[part] for part, numbers in OTHERS.items()},
            itemsize=itemsize,
            precision=precision,
        )

    @property
    def weights(self) -> int:
        """Bytes of all of them."""
        return self.denoiser + self.modulation + sum(self.others.values())

    @property
    def blocks(self) -> int:
        """Of the denoiser, of both kinds."""
        return self.architecture.triple + self.architecture.single

    @property
    def is_small(self) -> bool:
        """The blocks' weights stay in eight bits."""
        return self.precision == SMALL

    def in_eight_bits(self) -> Self:
        """The same with weights that stay so."""
        small = self.of(self.name, self.architecture, SMALL, self.itemsize)
        return replace(small, others=self.others, config=self.config)

    def streamed(self, resident: int | None) -> tuple[int, ...]:
        """Bytes of each block that comes from the host for each step, where so many stay, as ``Streaming`` keeps them.

        None for all.
        """
        small = BYTE if self.is_small else self.itemsize
        return () if resident is None else _streamed(self.architecture, small, self.itemsize, resident)

    @property
    def unpacking(self) -> int:
        """Bytes that the largest matrix of a block takes while it is dequantised; 0 where none is."""
        largest = max(max(block.matrices) for block in {*blocks(self.architecture)})
        return largest * self.itemsize if self.is_small else 0

    @property
    def largest_block(self) -> int:
        """Bytes of the block that takes most, as it is loaded: with its modulation, and not in eight bits."""
        return self.itemsize * max(block.numbers for block in {*blocks(self.architecture)})

    @property
    def widened(self) -> int:
        """About how many bytes go through the device's memory for each step to dequantise weights; 0 if none are."""
        return _WIDENED * self.denoiser if self.is_small else 0


@lru_cache(maxsize=256)
def _streamed(architecture: Architecture, small: int, whole: int, resident: int) -> tuple[int, ...]:
    """small, whole: bytes of a number of matrices, and of the rest."""
    all_blocks = blocks(architecture)
    count = len(all_blocks)
    away = [at for at in range(count) if (at + 1) * resident // count == at * resident // count]
    return tuple(all_blocks[at].travels(small, whole) for at in away)


def networks_on(device: str, networks: Networks) -> Networks:
    """Published networks as a device computes them: a CPU in float32, where eight bits stay eight bits."""
    if not is_host(device) or networks.itemsize == FLOAT:
        return networks
    return Networks.of(networks.name, networks.architecture, networks.precision, FLOAT)


class Batch(NamedTuple):
    """Rows that are denoised at once. latents: of each window.

    rows: windows of samples.  windows, texts: different ones among them.
    """

    latents: int
    rows: int
    windows: int = 1
    texts: int = 1


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be made.

    latents: of the whole clip, on the grid where it is cut into windows.  samples: different sounds.  guided: guidance
    is above 1, so that there are two conditions.  sections: where scenes begin, in latents.  pictures: that SigLIP 2
    sees.  frames: that Synchformer watches; both are 0 for words alone.
    """

    latents: int
    samples: int = 1
    guided: bool = True
    steps: int = 50
    sections: tuple[int, ...] = (0,)
    pictures: int = 0
    frames: int = 0

    @property
    def conditions(self) -> int:
        """That each step is computed for."""
        return _CONDITIONS if self.guided else 1

    @property
    def scenes(self) -> int:
        """That have texts of their own."""
        return len(self.sections)

    @property
    def is_whole(self) -> bool:
        """No longer than the original takes, and of one scene."""
        return self.scenes == 1 and self.latents <= LONGEST_LATENTS

    @property
    def segments(self) -> int:
        """That Synchformer watches."""
        return segments(self.frames) if self.frames >= SEGMENT else 0

    def windows(self) -> tuple[Window, ...]:
        """That the clip is denoised in."""
        return (Window(0, self.latents),) if self.is_whole else windows(self.latents, self.sections)

    def batches(self, together: int) -> tuple[tuple[Batch, int], ...]:
        """Those of a step, as the sampler makes them of as many rows as may go on together; how many of each.

        Of a clip that is denoised as a whole they follow each other through all steps.
        """
        return _batches(self, together)


@lru_cache(maxsize=32)
def _batches(job: Job, together: int) -> tuple[tuple[Batch, int], ...]:
    alike: dict[int, list[Window]] = {}
    for window in job.windows():
        alike.setdefault(window.length, []).append(window)
    counts = Counter(
        batch for latents, found in alike.items() for batch in _batches_of(latents, found, job.samples, together)
    )
    return tuple(counts.items())


def _batches_of(latents: int, found: list[Window], samples: int, together: int) -> Iterator[Batch]:
    """Of windows of one length: all samples of the first, then those of the next."""
    first = 0
    for rows in evenly(len(found) * samples, together):
        here = found[first // samples : (first + rows - 1) // samples + 1]
        mixed = len({window.section for window in here}) > 1
        yield Batch(latents, rows, len(here), rows if mixed else 1)
        first += rows


def sync_tokens_of(latents: int) -> int:
    """Synchformer's tokens beside so many latents, at most."""
    return sync_tokens(max(frames_beside(latents, SYNC_RATE), SEGMENT))
