"""What each stage of a way through the networks takes of memory: added up from the sizes of what it holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from greenroom.models.planned import pinned_row
from greenroom.models.steadydancer.planning import footprint
from greenroom.models.steadydancer.planning.footprint import StepFootprint
from greenroom.models.steadydancer.planning.weights import FLOAT, HALF, POSING, SLOTS, matrices
from greenroom.models.steadydancer.vae.footprint import WanVaeFootprint
from greenroom.runtime.device import is_host, members

if TYPE_CHECKING:
    from greenroom.models.steadydancer.planning.costs import Job, Networks
    from greenroom.models.steadydancer.planning.way import Way

# Of the largest matrix of a block, numbers of four bytes that are there while small changes are added to it.
_CHANGING = 4
_COLOURS = 3
_PIECES = 2  # frames that were decoded, and those behind them


@dataclass(frozen=True, slots=True)
class Costs:
    """Bytes in each stage. on_host: the device is a CPU, where nothing is moved anywhere.  ranks: devices that make the
    denoiser's passes together, each with all of its weights; they have what is computed once on the first one's.

    The pose networks are no stage: on the processor, where ``onnxruntime`` has them, they stay beside all of them, and
    are counted of the host, also for skeletons that are drawn already. An ``onnxruntime-gpu`` has them on the device
    instead, before the first stage, and they are gone by then: what it takes there nobody has measured.
    """

    networks: Networks
    job: Job
    on_host: bool
    ranks: int = 1

    @classmethod
    def of(cls, networks: Networks, job: Job, device: str) -> Self:
        """Of a job on a device."""
        return cls(networks, job, is_host(device), len(members(device)))

    def device(self, way: Way) -> int:
        """Of the device at most, over all stages."""
        return max(self.stages(way).values())

    def stages(self, way: Way) -> dict[str, int]:
        """Of the device at most, in each stage, in their order."""
        others = self.networks.others
        base, everybody = self._always(way), sum(other.weights for other in others.values())
        beside = {name: base + (other.working if way.parked else everybody) for name, other in others.items()}
        nobody = base + (0 if way.parked else everybody)
        posing = footprint.resizing(self.job.poses, self.job.picture)
        return {
            "loading": self._loading(way),
            "reading": beside["umt5"] + self.networks.reading,
            "seeing": beside["clip"] + self.networks.seeing + posing,
            "encoding": beside["vae"] + posing + self._encoding(way),
            "denoising": nobody + self._slots(way) + self._denoising(way),
            "decoding": beside["vae"] + self._decoding(way),
        }

    def host(self, way: Way) -> int:
        """Of the host: what waits there, what lies between the stages, and what finds poses; of a CPU beside
        ``device``."""
        job, size = self.job, self.job.size
        between = 2 * footprint.sampled(self._channels, job.sampled, *size.latent)
        picture = _COLOURS * job.picture[0] * job.picture[1]
        poses = _COLOURS * job.poses[0] * job.poses[1]
        return POSING + between + picture + 2 * poses + self._frames(self._decoded(way)) + self._waiting(way)

    def pass_bytes(self, way: Way) -> int:
        """That come from the host for each pass."""
        made = sum(self.networks.hearing) if way.hears_from_host and not way.keeps_said else 0
        return sum(self.networks.streamed(way.resident)) + made

    def request_bytes(self, way: Way) -> int:
        """That come from the host for a request beside its passes: the encoders and the autoencoder each time that
        they are asked, which is for the picture, each set of poses and the frames; and what makes keys and values."""
        others, shown = self.networks.others, 1 + self.job.pose_sets
        asked = {"umt5": 1, "clip": shown, "vae": shown + 1}
        parked = sum(times * others[name].weights for name, times in asked.items()) if way.parked else 0
        return parked + (sum(self.networks.hearing) if way.hears_from_host and way.keeps_said else 0)

    def _waiting(self, way: Way) -> int:
        """Weights on the host, pinned."""
        if self.on_host:
            return 0
        parked = sum(other.pinned for other in self.networks.others.values()) if way.parked else 0
        heard = sum(map(pinned_row, self.networks.hearing)) if way.hears_from_host else 0
        return parked + self.ranks * (heard + sum(map(pinned_row, self.networks.streamed(way.resident))))

    def _always(self, way: Way) -> int:
        """Of the denoiser what is on the device in any stage."""
        away = sum(self.networks.streamed(way.resident)) + (sum(self.networks.hearing) if way.hears_from_host else 0)
        return self.networks.denoiser - away

    def _slots(self, way: Way) -> int:
        streamed = self.networks.streamed(way.resident)
        heard = self.networks.hearing if way.hears_from_host else ()
        return sum(min(SLOTS, len(sizes)) * max(sizes, default=0) for sizes in (streamed, heard))

    def _loading(self, way: Way) -> int:
        """The encoders and the autoencoder come first, the latter in float32 for the moment, and those that are parked
        leave one by one.

        Of the denoiser a block comes after another, at its full width, and is laid out anew or changed; what is not to
        stay of it leaves at once.
        """
        networks, itemsize = self.networks, self.networks.itemsize
        others = networks.others
        numbers = [matrix.numbers for matrix in matrices(networks.architecture)]
        coming = sum(numbers) * itemsize + max(sum(numbers) * itemsize, _CHANGING * FLOAT * max(numbers))
        denoiser = self._always(way) + coming
        vae = others["vae"].weights * (1 + (1 if self.on_host else FLOAT // HALF))
        if way.parked:
            return max(others["umt5"].working, others["clip"].weights, vae, denoiser)
        return sum(other.weights for other in others.values()) + max(denoiser, vae)

    def _encoding(self, way: Way) -> int:
        """A window of frames at once, which goes through the encoder in slices, and what comes of them."""
        size, frames = self.job.size, self.job.window_frames
        at_once = self._vae(WanVaeFootprint.encoder(self.networks.config, self._sums), way, frames)
        encoded = footprint.sampled(self._channels, self.job.window, *size.latent)
        return footprint.clip(frames, size.height, size.width) + at_once + encoded

    def _denoising(self, way: Way) -> int:
        job, footprint_ = self.job, self.step(way)
        latents = footprint.sampled(self._channels, job.sampled, *job.size.latent)
        fixed = footprint_.fixed + (job.windows - 1) * footprint_.further
        return latents + fixed + footprint_.step + self.networks.unpacking

    def _decoding(self, way: Way) -> int:
        """Frames leave a few at a time, and some are still there when the next are made."""
        frames = self.job.frames
        at_once = self._vae(WanVaeFootprint.decoder(self.networks.config, self._sums), way, frames)
        latents = footprint.sampled(self._channels, self.job.latents, *self.job.size.latent)
        return latents + at_once + _PIECES * FLOAT * self._frames(self._decoded(way))

    def step(self, way: Way) -> StepFootprint:
        """A pass over a window."""
        networks, job = self.networks, self.job
        height, width = job.size.latent
        return StepFootprint(
            architecture=networks.architecture,
            frames=job.window,
            height=height,
            width=width,
            texts=job.texts,
            pose_sets=job.pose_sets,
            itemsize=networks.itemsize,
            precision=networks.precision,
            at_once=way.at_once,
            keeps_said=way.keeps_said,
            on_host=self.on_host,
        )

    def _vae(self, of: WanVaeFootprint, way: Way, frames: int) -> int:
        size = self.job.size
        return of.bytes(size.height, size.width, way.slices, FLOAT if self.on_host else HALF, frames)

    def _decoded(self, way: Way) -> int:
        """Frames at a time."""
        return min(way.slices.frames, self.job.frames)

    def _frames(self, count: int) -> int:
        """Bytes of so many, of one byte a colour."""
        return count * _COLOURS * self.job.size.height * self.job.size.width

    @property
    def _sums(self) -> int:
        """How many times as wide sums of the autoencoder are as what its convolutions take."""
        return 1 if self.on_host else FLOAT // HALF

    @property
    def _channels(self) -> int:
        return self.networks.architecture.latent
