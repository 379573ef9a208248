"""What each stage of a way through the networks takes of memory: added up from the sizes of what it holds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING, NamedTuple, Self

from greenroom.models.foley.architecture import SYNC_GROUP, TEXT_TOKENS
from greenroom.models.foley.mmdit.limits import KEPT, KEPT_OF_A_CLIP, MOST_STEPS, TEXT_ROOM
from greenroom.models.foley.planning import footprint
from greenroom.models.foley.planning.costs import FLOAT, ON_GPU, sync_tokens_of
from greenroom.models.foley.planning.footprint import VECTORS_OF_TRIPLE, StepFootprint
from greenroom.models.foley.watching.lengths import (
    MOST_FRAMES,
    MOST_PICTURES,
    PICTURE_RATE,
    SEGMENT,
    frames_beside,
    segments,
)
from greenroom.models.planned import pinned_row
from greenroom.runtime.device import is_host

if TYPE_CHECKING:
    from greenroom.models.foley.architecture import Architecture
    from greenroom.models.foley.planning.costs import Job, Networks
    from greenroom.models.foley.planning.way import Way

_SLOTS = 2  # of the device's memory, for blocks that come from the host
_WORDS = TEXT_ROOM * ceil(TEXT_TOKENS / TEXT_ROOM)  # that a text has room for
_LATENTS = 4  # of the whole clip in float32, that live at once around the windows
_BETWEEN = 3 * 12  # bytes of a latent's places in its windows, and of its shares
_TWICE = 2  # what comes in pieces, and is then put together; and a block whose weights are laid out anew
_PINNED = 2  # torch takes a power of two of pinned memory for each tensor
# Of a sound's length, channels in float32 on the host while one is mixed: the video's own sound, both together, and
# these made as loud as asked, of two channels each, once more while the limiter collects them.
_MIXING = 8


@dataclass(frozen=True, slots=True)
class Costs:
    """Bytes in each stage. on_host: the device is a CPU, where nothing is moved anywhere."""

    networks: Networks
    job: Job
    on_host: bool

    @classmethod
    def of(cls, networks: Networks, job: Job, device: str) -> Self:
        """Of a job on a device."""
        return cls(networks, job, is_host(device))

    def device(self, way: Way) -> int:
        """Of the device at most, over all stages."""
        return max(self.stages(way).values())

    def stages(self, way: Way) -> dict[str, int]:
        """Of the device at most, in each stage."""
        others = self.networks.others
        base = self._always(way)
        beside = {name: base + (size if way.parked else sum(others.values())) for name, size in others.items()}
        nobody = base + (0 if way.parked else sum(others.values()))
        reading = footprint.reading(self._width("clap"))
        return {
            "loading": self._loading(way),
            "seeing": beside["siglip2"] + self._seeing(way),
            "watching": beside["synchformer"] + self._watching(way),
            "reading": beside["clap"] + reading,
            "denoising": nobody + max(self._setting, self._denoising(way)),
            "decoding": beside["vae"] + self._decoding(way),
        }

    def host(self, way: Way) -> int:
        """Of the host: what waits there, what was looked at, and what was made; of a CPU beside ``device``."""
        job = self.job
        made = job.latents * self.networks.config.hop * FLOAT * (job.samples + _MIXING)
        drawn = self._of_latents(job.samples)
        looked_at = footprint.frames_on_host(self._pictures_at_once, self._frames_at_once)
        return max(made, looked_at) + drawn + self._waiting(way)

    def _waiting(self, way: Way) -> int:
        """Weights on the host, pinned."""
        if self.on_host:
            return 0
        parked = _PINNED * sum(self.networks.others.values()) if way.parked else 0
        layers = 2 * self.networks.architecture.triple
        modulations = layers * pinned_row(self.networks.modulation // layers)
        return parked + modulations + sum(pinned_row(block) for block in self.networks.streamed(way.resident))

    def _loading(self, way: Way) -> int:
        """The encoders and the autoencoder come first, and those that are parked leave one by one.

        Of the denoiser a block comes after another, and what is not to stay of it leaves at once; while its weights are
        laid out anew, some of them are there twice.
        """
        networks = self.networks
        denoiser = networks.denoiser - sum(networks.streamed(way.resident)) + _TWICE * networks.largest_block
        if self.on_host:
            denoiser += networks.modulation
        if way.parked:
            return max(*networks.others.values(), denoiser)
        return sum(networks.others.values()) + denoiser

    def _seeing(self, way: Way) -> int:
        pictures = self._pictures_at_once
        at_once = footprint.seeing(min(way.pictures, pictures), self._width("siglip2"))
        return footprint.shown(pictures) + at_once

    def _watching(self, way: Way) -> int:
        frames, width = self._frames_at_once, self._width("synchformer")
        if not frames:
            return 0
        at_once = min(way.segments, segments(max(frames, SEGMENT)))
        return footprint.normalised(frames, width) + footprint.watching(at_once, width)

    def _denoising(self, way: Way) -> int:
        """The clip's latents, what stays of its windows, and a step.

        Graphs have memory for a step beside that: one is done before it is recorded, and where there are too many.
        """
        windows = self.windows(way)
        latents = _LATENTS * self._of_latents(self.job.samples)
        if self.job.is_whole:
            made = latents
        else:
            # What windows have alone is gone when those of a batch are put together, before the clip's latents come.
            made = max(windows.alone, latents + self.job.samples * self.job.latents * _BETWEEN)
        return windows.kept + made + windows.step + self.networks.unpacking

    def _decoding(self, way: Way) -> int:
        """Pieces leave one by one, and one is still there when the next is made."""
        config = self.networks.config
        piece = min(way.piece + sum(config.reach), self.job.latents)
        sound = piece * config.hop * FLOAT
        return self._of_latents(self.job.samples) + sound + footprint.decoding(piece, config)

    def windows(self, way: Way) -> WindowCosts:
        """What the windows take as they go on together."""
        return _window_costs(self.networks.architecture, self.networks.itemsize, self.job, way.together)

    def _always(self, way: Way) -> int:
        """What is on the device in any stage."""
        networks = self.networks
        streamed = networks.streamed(way.resident)
        denoiser = networks.denoiser - sum(streamed) + min(_SLOTS, len(streamed)) * max(streamed, default=0)
        if self.on_host:
            denoiser += networks.modulation
        graphs = 0
        if not self.on_host:  # recorded steps keep memory, also those of requests before
            windows = self.windows(way)
            graphs = windows.graphs + windows.step + networks.unpacking
        return denoiser + self._tables + self._features + graphs

    @property
    def _tables(self) -> int:
        """What modulates every triple block at each step of a schedule."""
        architecture = self.networks.architecture
        vectors = architecture.triple * VECTORS_OF_TRIPLE + 1
        return MOST_STEPS * vectors * architecture.width * self.networks.itemsize

    @property
    def _setting(self) -> int:
        """Of a block's modulations those that are there while a schedule is set: one, and the next on its way."""
        return 0 if self.on_host else ceil(self.networks.modulation / self.networks.architecture.triple)

    def _of_latents(self, samples: int) -> int:
        """So many samples of the clip, in float32."""
        return samples * self.job.latents * self.networks.architecture.latent * FLOAT

    @property
    def _features(self) -> int:
        """What was seen of the whole clip, in float32; in pieces first."""
        architecture = self.networks.architecture
        seen = frames_beside(self.job.latents, PICTURE_RATE) * architecture.visual_in
        return _TWICE * FLOAT * (seen + sync_tokens_of(self.job.latents) * architecture.sync_in)

    @property
    def _pictures_at_once(self) -> int:
        """That are on the device to be seen: of a stretch of a long video."""
        return min(self.job.pictures, MOST_PICTURES)

    @property
    def _frames_at_once(self) -> int:
        """The same, with those that reach over from the stretch before."""
        return min(self.job.frames, MOST_FRAMES + SEGMENT)

    def _width(self, part: str) -> int:
        return FLOAT if self.on_host else ON_GPU[part]


class WindowCosts(NamedTuple):
    """Bytes of a clip's windows.

    step: that live at once in a step.  kept: of all of them, over all steps.  alone: of each window by itself, before
    those of a batch are put together.  graphs: of memory that recorded steps have for what stays of a request.
    """

    step: int
    kept: int
    alone: int
    graphs: int


def work(architecture: Architecture, itemsize: int, job: Job, together: int) -> list[tuple[StepFootprint, int]]:
    """The batches of a step, and how many there are of each."""
    unsynced = SYNC_GROUP if job.guided else 0
    return [
        (
            StepFootprint(
                architecture=architecture,
                conditions=job.conditions,
                given=batch.rows,
                latents=batch.latents,
                frames=frames_beside(batch.latents, PICTURE_RATE),
                words=_WORDS,
                sync=batch.windows * (sync_tokens_of(batch.latents) + unsynced),
                itemsize=itemsize,
                texts=batch.texts,
            ),
            count,
        )
        for batch, count in job.batches(together)
    ]


@lru_cache(maxsize=64)
def _window_costs(architecture: Architecture, itemsize: int, job: Job, together: int) -> WindowCosts:
    batches = work(architecture, itemsize, job, together)
    # A batch in which different texts are heard has them for itself; the others have those of their scene.
    kept = sum(count * (own.seen + (own.said if own.texts > 1 else 0)) for own, count in batches)
    # Where all stand is there once for batches of equal shapes.
    kept += sum({(own.rows, own.latents): own.places for own, _ in batches}.values())
    each = [own for own, _ in work(architecture, itemsize, replace(job, samples=1), 1)]
    windows = Counter(window.length for window in job.windows())
    alone = sum(windows[own.latents] * own.seen for own in each)
    alone += sum({own.latents: own.places for own in each}.values())
    groups = sum(count for _, count in batches) if len(batches) <= KEPT_OF_A_CLIP else 0
    return WindowCosts(
        step=max(own.step for own, _ in batches),
        kept=kept + job.scenes * each[0].said,
        alone=alone,
        graphs=max(KEPT, min(groups, KEPT_OF_A_CLIP)) * max(own.seen + own.said + own.places for own, _ in batches),
    )
