"""HunyuanVideo-Foley rehearsed: invented frames, invented weights of the published shapes, and the real rest.

What comes out is noise of the right length, so nobody listens to it; it is put under pictures and read again.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from greenroom.models.foley.architecture import FAMILY
from greenroom.models.foley.mmdit.windows import Window, grid_end, on_grid, windows
from greenroom.models.foley.planning.costs import Job, Networks, networks_on
from greenroom.models.foley.planning.plan import plan
from greenroom.models.foley.planning.way import Way
from greenroom.models.foley.precision import SMALL, USUAL
from greenroom.models.foley.sounding.outlook import way_to_load
from greenroom.models.foley.watching.lengths import (
    LONGEST_LATENTS,
    LONGEST_S,
    PICTURE_RATE,
    SYNC_RATE,
    frames_until,
    latents_until,
)
from greenroom.models.rehearsal import (
    Did,
    Library,
    Rehearsal,
    RehearsalFailed,
    Size,
    Stage,
    encode_and_read_back,
    prepared,
)
from greenroom.runtime.device import CPU
from greenroom.runtime.residency import in_gigabytes

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.media.audio import Audio
    from greenroom.models.foley.engine import Engine, Seen
    from greenroom.models.foley.towers.encoders import Texts
    from greenroom.models.foley.watching.pictures import Pictures

_NEEDED = (
    Library("torch", "torch", "models"),
    Library("transformers", "transformers", "models"),
    Library("safetensors", "safetensors", "models"),
    Library("tokenizers", "tokenizers", "models"),
    Library("av", "av", "models"),
    Library("numpy", "numpy", "models"),
)
# Seconds and samples, the least memory first.
_CLIPS = {"1s": (1, 1), "8s": (8, 1), "15s": (15, 1), "8sx4": (8, 4), "60sx4": (60, 4)}
# The published number; enough to know what memory it takes; and what a CPU does in reasonable time.
_STEPS, _FEW_STEPS, _STEPS_ON_CPU = 50, 2, 1
_FULL = "fp32"
_SEED = 1
_PROMPT, _NEGATIVE = "steps on gravel, and a dog that barks far away", "noisy, harsh"


def _job(seconds: int, samples: int, steps: int) -> Job:
    """The work on a clip, with windows as it is done in."""
    end = Fraction(seconds)
    length = latents_until(end) if end <= LONGEST_S else on_grid(latents_until(end))
    pictures, frames = frames_until(end, PICTURE_RATE), frames_until(end, SYNC_RATE)
    return Job(length, samples, steps=steps, pictures=pictures, frames=frames)


def _load(seconds: int, samples: int) -> float:
    """What memory grows with: latents that are denoised at once, and a little of all there are."""
    length = _job(seconds, samples, _STEPS).latents
    cut = windows(length) if length > LONGEST_LATENTS else (Window(0, length),)
    return min(Way().together, len(cut) * samples) * cut[0].length + length / 100


class FoleyRehearsal(Rehearsal):
    """A published model of the family, without its files."""

    sizes = tuple(
        Size(name, f"{seconds} s of video{f', {samples} samples' if samples > 1 else ''}", _load(seconds, samples))
        for name, (seconds, samples) in _CLIPS.items()
    )

    # What the stages leave for those behind them.
    _engine: Engine
    _windows: int
    _clip: list[Pictures]
    _seen: Seen
    _texts: Texts
    _latents: Tensor
    _sounds: list[Audio]

    @classmethod
    def precisions(cls, device: str) -> tuple[str, ...]:
        """Of the denoiser's weights. Half precision is for GPUs: on a CPU it is no faster."""
        return (SMALL, _FULL if device == CPU else USUAL)

    @classmethod
    def usual_size(cls, device: str) -> str:
        """What the recipe's figures are of, or the least where that takes minutes."""
        return "1s" if device == CPU else "8s"

    @property
    def precision(self) -> str:
        """Of the denoiser's weights: whole ones unless eight bits are asked for."""
        return self.conditions.precision or self.precisions(self.conditions.device)[-1]

    def prepare(self) -> tuple[Stage, ...]:
        """Libraries, device, weights."""
        return prepared(_NEEDED, self.conditions.device, FAMILY, self._make_weights)

    def request(self, size: Size, *, hurried: bool) -> tuple[Stage, ...]:
        """A clip from frames to a file."""
        seconds, samples = _CLIPS[size.name]
        steps = _STEPS_ON_CPU if self.on_cpu else _FEW_STEPS if hurried else _STEPS
        stages = (
            Stage("plan", lambda: self._choose(_job(seconds, samples, steps))),
            Stage("frames", lambda: self._invent(seconds), invents=True),
            Stage("seeing", self._see),
            Stage("text", self._read),
            Stage("sampling", lambda: self._sample(samples, steps)),
            Stage("decoding", self._decode),
        )
        return stages if hurried else (*stages, Stage("level", self._level), Stage("encode", self._encode))

    def forget(self) -> None:
        """Give back graphs and latents."""
        self._clip, self._sounds = [], []
        if hasattr(self, "_engine"):
            self._engine.forget()

    def _make_weights(self) -> Did:
        """Raises MemoryShort: a process that fills the host is killed without a word."""
        import torch

        from greenroom.models.foley.architecture import PUBLISHED
        from greenroom.models.foley.engine import Engine
        from greenroom.models.foley.parts import Sizes
        from greenroom.models.foley.parts_synthetic import synthetic_parts, tiny_sizes
        from greenroom.runtime.rooms import room_beside

        device, precision = self.conditions.device, SMALL if self.precision == SMALL else USUAL
        architecture = PUBLISHED[self.known.architecture or self.known.name]
        sizes, way = tiny_sizes(architecture), Way()
        if not self.conditions.tiny:
            networks = networks_on(device, Networks.published(self.known, precision))
            sizes, way = Sizes(architecture), way_to_load(networks, room_beside(device))
        parts = synthetic_parts(sizes, torch.device(device), way, precision)
        self._engine = Engine(parts, way)
        count = self.known.parameters or 0
        made = "a few" if self.conditions.tiny else f"{count / 1e6:,.4g} million"
        return Did(f"{made} random parameters in {self.precision}, and four parts beside them")

    def _choose(self, job: Job) -> Did:
        planned = plan(self._engine.networks(self.known.name), job, self._engine.room())
        self._engine.arrange(planned.way)
        self._windows = planned.windows
        return Did("; ".join([f"{in_gigabytes(planned.bytes)} at most", *planned.notes]))

    def _invent(self, seconds: int) -> Did:
        from greenroom.models.foley.watching.synthetic import synthetic_clip

        end = Fraction(seconds)
        self._clip = synthetic_clip(end, grid_end(end), _SEED)
        return Did(f"{seconds} s of noise")

    def _see(self) -> Did:
        self._seen = self._engine.watch(self._clip, self.conditions.step)
        return Did(f"{len(self._seen.visual)} pictures, {len(self._seen.sync)} tokens of motion")

    def _read(self) -> Did:
        self._texts = self._engine.read(_PROMPT, _NEGATIVE)
        return Did(f"{len(self._texts.prompt)} tokens")

    def _sample(self, samples: int, steps: int) -> Did:
        from greenroom.models.foley.engine import Sampling

        sampling = Sampling(steps=steps, samples=samples, seed=_SEED)
        self._latents = self._engine.sample(self._seen, self._texts, sampling, self.conditions.step)
        pieces = f", {self._windows} windows" if self._windows > 1 else ""
        return Did(f"{self._seen.latents:,} latents{pieces}, {steps} of {_STEPS} steps")

    def _decode(self) -> Did:
        self._sounds = self._engine.decode(self._latents, self._seen, self.conditions.step)
        found = {len(sound.samples[0]) for sound in self._sounds}
        if found != {self._seen.samples}:
            raise RehearsalFailed(
                f"{sorted(found)} samples were made, and {self._seen.samples} asked for",
                mend="report this to greenroom",
            )
        return Did(f"{self._sounds[0].seconds:g} s of sound")

    def _level(self) -> Did:
        from greenroom.media.mixing import mixed
        from greenroom.recipes.inputs.foley import LOUDNESS_LUFS

        self._sounds = [mixed(sound, None, "replace", LOUDNESS_LUFS).audio for sound in self._sounds]
        return Did(f"{LOUDNESS_LUFS:g} LUFS")

    def _encode(self) -> Did:
        did = Did()
        for sound in self._sounds:
            did = encode_and_read_back(sound, self.conditions.folder)
        return did
