"""HunyuanVideo-Foley rehearsed: invented frames, invented weights of the published shapes, and the real rest.

What comes out is noise of the right length, so nobody listens to it; it is put under pictures and read again.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from greenroom.models.foley.watching.lengths import PICTURE_RATE, SYNC_RATE
from greenroom.models.rehearsal import (
    Conditions,
    Did,
    Library,
    Rehearsal,
    RehearsalFailed,
    Size,
    Stage,
    encode_and_read_back,
    load_libraries,
    open_device,
)
from greenroom.runtime.device import CPU, device_memory
from greenroom.runtime.residency import MemoryShort

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.media.audio import Audio
    from greenroom.models.foley.engine import Engine, Seen
    from greenroom.models.foley.towers.encoders import Texts
    from greenroom.models.foley.watching.pictures import Pictures
    from greenroom.recipes.recipe import Recipe

_NEEDED = (
    Library("torch", "torch", "models"),
    Library("transformers", "transformers", "models"),
    Library("safetensors", "safetensors", "models"),
    Library("tokenizers", "tokenizers", "models"),
    Library("av", "av", "models"),
    Library("numpy", "numpy", "models"),
)
# Seconds and samples, the least memory first: windows of a longer clip are done one after another.
_CLIPS = {"1s": (1, 1), "8s": (8, 1), "15s": (15, 1), "8sx4": (8, 4), "60sx4": (60, 4)}
# The published number; enough to know what memory it takes; and what a CPU does in reasonable time.
_STEPS, _FEW_STEPS, _STEPS_ON_CPU = 50, 2, 1
_SEED = 1
_PROMPT, _NEGATIVE = "steps on gravel, and a dog that barks far away", "noisy, harsh"


class FoleyRehearsal(Rehearsal):
    """A published model of the family, without its files."""

    sizes = tuple(
        Size(
            name,
            f"{seconds} s of video{f', {samples} samples' if samples > 1 else ''}",
            min(seconds, 15) * samples + seconds / 100,
        )
        for name, (seconds, samples) in _CLIPS.items()
    )

    # What the stages leave for those behind them.
    _engine: Engine
    _clip: list[Pictures]
    _seen: Seen
    _texts: Texts
    _latents: Tensor
    _sounds: list[Audio]

    def __init__(self, known: Recipe, conditions: Conditions) -> None:
        super().__init__(known, conditions)
        self._on_cpu = conditions.device == CPU

    @classmethod
    def precisions(cls, device: str) -> tuple[str, ...]:
        """Half precision is for GPUs: on a CPU it is no faster."""
        return ("fp32",) if device == CPU else ("bf16",)

    @classmethod
    def usual_size(cls, device: str) -> str:
        """What the recipe's figures are of, or the least where that takes minutes."""
        return "1s" if device == CPU else "8s"

    @property
    def precision(self) -> str:
        """Of the denoiser, the only one of the device."""
        return self.precisions(self.conditions.device)[0]

    def prepare(self) -> tuple[Stage, ...]:
        """Libraries, device, weights."""
        return (
            Stage("libraries", lambda: load_libraries(_NEEDED)),
            Stage("device", lambda: open_device(self.conditions.device)),
            Stage("weights", self._make_weights, invents=True),
        )

    def request(self, size: Size, *, hurried: bool) -> tuple[Stage, ...]:
        """A clip from frames to a file."""
        seconds, samples = _CLIPS[size.name]
        steps = _STEPS_ON_CPU if self._on_cpu else _FEW_STEPS if hurried else _STEPS
        stages = (
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
        import torch

        from greenroom.models.foley.architecture import PUBLISHED
        from greenroom.models.foley.engine import Engine
        from greenroom.models.foley.parts import Sizes
        from greenroom.models.foley.parts_synthetic import synthetic_parts, tiny_sizes

        architecture = PUBLISHED[self.known.architecture or self.known.name]
        if self._on_cpu and not self.conditions.tiny:
            self._refuse_small_host()
        sizes = tiny_sizes(architecture) if self.conditions.tiny else Sizes(architecture)
        parts = synthetic_parts(sizes, torch.device(self.conditions.device))
        self._engine = Engine(parts)
        count = sum(weight.numel() for weight in parts.denoiser.parameters())
        return Did(f"{count / 1e6:,.4g} million random parameters in {self.precision}, and four parts beside them")

    def _refuse_small_host(self) -> None:
        """A process that fills the host is killed without a word. Raises MemoryShort."""
        memory = device_memory(CPU)
        needs = (self.known.parameters or 0) * 4  # bytes a parameter in float32
        if memory is not None and needs > memory.free:
            raise MemoryShort(self.known.name, needs, CPU, memory.free)

    def _invent(self, seconds: int) -> Did:
        import torch

        from greenroom.models.foley.mmdit.windows import grid_end
        from greenroom.models.foley.watching.pictures import Pictures
        from greenroom.models.foley.watching.preprocess import PICTURE_SIDE, SYNC_SIDE

        drawn = torch.Generator().manual_seed(_SEED)
        end = Fraction(seconds)
        held = grid_end(end)

        def frames(count: int, side: int) -> Tensor:
            return torch.randint(0, 256, (count, 3, side, side), dtype=torch.uint8, generator=drawn)

        # As a clip is watched: 15 s, and 15 s more, none of which has to be there with the others.
        self._clip, start = [], Fraction(0)
        while start < held:
            stop = min(start + 15, held)
            pictures, sync = (
                frames(-(-stop * rate // 1) - -(-start * rate // 1), side)
                for rate, side in ((PICTURE_RATE, PICTURE_SIDE), (SYNC_RATE, SYNC_SIDE))
            )
            self._clip.append(Pictures(pictures, sync, end))
            start = stop
        return Did(f"{seconds} s of noise")

    def _see(self) -> Did:
        self._seen = self._engine.watch(self._clip, self.conditions.step)
        return Did(f"{len(self._seen.visual)} pictures, {len(self._seen.sync)} tokens of motion")

    def _read(self) -> Did:
        self._texts = self._engine.read(_PROMPT, _NEGATIVE)
        return Did(f"{len(self._texts.prompt)} tokens")

    def _sample(self, samples: int, steps: int) -> Did:
        from greenroom.models.foley.engine import Sampling, Scene, windows_of

        sampling = Sampling(steps=steps, samples=samples, seed=_SEED)
        self._latents = self._engine.sample(self._seen, self._texts, sampling, self.conditions.step)
        windows = windows_of(self._seen, [Scene(0, self._texts)])
        pieces = f", {windows} windows" if windows > 1 else ""
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

        self._sounds = [mixed(sound, None, "replace", LOUDNESS_LUFS) for sound in self._sounds]
        return Did(f"{LOUDNESS_LUFS:g} LUFS")

    def _encode(self) -> Did:
        did = Did()
        for sound in self._sounds:
            did = encode_and_read_back(sound, self.conditions.folder)
        return did
