"""A video and texts to sound on one device: features made once, latents drawn along the schedule, these made sound.

>>> engine = Engine.load(Sizes(PUBLISHED["hunyuanvideo-foley-xl"]), files, "cuda:0")
>>> seen = engine.see(look(VideoReader(path).frames(), exact=True))
>>> texts = engine.read("rain on a tin roof", "noisy, harsh")
>>> sounds = engine.sound(seen, texts, Sampling(samples=4, seed=7))

What was seen and read serves any number of sounds.
"""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Self

import torch

from greenroom.errors import GreenroomError, InputInvalid
from greenroom.media.audio import Audio
from greenroom.models.foley.architecture import LATENTS_PER_SECOND
from greenroom.models.foley.dac.pieces import decode
from greenroom.models.foley.draws import noise
from greenroom.models.foley.mmdit.fixed import Features
from greenroom.models.foley.mmdit.sampler import Part, Sampler
from greenroom.models.foley.mmdit.windows import grid_end, on_grid, windows
from greenroom.models.foley.parts import load_parts
from greenroom.models.foley.towers.encoders import Texts, read_texts, see_pictures
from greenroom.models.foley.watching.lengths import (
    LONGEST_S,
    PICTURE_RATE,
    SEGMENT,
    SEGMENT_STEP,
    SYNC_RATE,
    frames_until,
    latents,
    latents_until,
    segments,
    sync_tokens,
)
from greenroom.models.foley.watching.preprocess import normalised
from greenroom.progress import Step, silent
from greenroom.runtime.memory import is_out_of_memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from contextlib import AbstractContextManager

    from torch import Tensor

    from greenroom.models.foley.parts import Files, Parts, Sizes
    from greenroom.models.foley.towers.encoders import Tokenizer
    from greenroom.models.foley.watching.pictures import Pictures


class SoundNotFinite(GreenroomError):
    """The model computed something that is no number."""

    code = "sound-not-finite"


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the encoders say of a clip, on the device, and how long its sound is.

    visual: (pictures, width).  sync: (tokens, width).  latents, samples: of the sound, of which more may be decoded.
    A clip of more than one window has features and latents up to the grid of ``windows``.
    """

    visual: Tensor
    sync: Tensor
    latents: int
    samples: int


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A section of a clip that has texts of its own.

    begin: in latents, on the grid of ``windows``; the first one's 0.
    """

    begin: int
    texts: Texts


@dataclass(frozen=True, slots=True)
class Sampling:
    """How sounds are drawn.

    steps: 1 to 100.  guidance: 1 or less for none, which takes half the time.  samples: different sounds of one seed,
    each the same however many are drawn with it.  seed: 0 or more. Raises InputInvalid.
    """

    steps: int = 50
    guidance: float = 4.5
    samples: int = 1
    seed: int = 1

    def __post_init__(self) -> None:
        for name, value, least in (("samples", self.samples, 1), ("seed", self.seed, 0)):
            if value < least:
                raise InputInvalid(f"{name} is {value}", mend=f"give {least} or more")


class Engine:
    """All parts on one device. Used by one thread at a time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._device = parts.denoiser.device
        self._sampler = Sampler(parts.denoiser)

    @classmethod
    def load(cls, sizes: Sizes, files: Files, device: str = "cpu", *, quantised: bool = False) -> Self:
        """See ``load_parts``, also for what it raises."""
        target = torch.device(device)
        with _current(target):
            return cls(load_parts(sizes, files, target, quantised=quantised))

    @property
    def tokenizer(self) -> Tokenizer:
        """Of the texts."""
        return self._parts.tokenizer

    @property
    def rate(self) -> int:
        """Samples a second."""
        return self._parts.vae.config.rate

    @torch.inference_mode()
    def see(self, clip: Pictures, step: Step = silent) -> Seen:
        """What is to be known of a clip. Raises ClipTooShort, and what ``step`` raises."""
        parts = self._parts
        with _current(self._device):
            step("seeing", 0, 2)
            visual = see_pictures(clip.pictures.to(self._device), parts.pictures)
            step("seeing", 1, 2)
            sync = parts.synchformer.features(normalised(clip.frames.to(self._device)))
            step("seeing", 2, 2)
        if clip.end is None:
            length = latents(len(clip.frames))
            return Seen(visual, sync, length, length * parts.vae.config.hop)
        return Seen(visual, sync, latents_until(clip.end), round(clip.end * self.rate))

    @torch.inference_mode()
    def watch(self, clip: Iterable[Pictures], step: Step = silent) -> Seen:
        """The same of a clip of any length, in pieces that follow each other (``stretches``).

        Raises ClipTooShort, and what ``step`` and reading the pieces raise.
        """
        parts, before = self._parts, torch.zeros(0)
        visual, sync = [], []
        end, watched = Fraction(0), 0
        for piece in clip:
            end = piece.end or end
            with _current(self._device):
                if len(piece.pictures):
                    visual.append(see_pictures(piece.pictures.to(self._device), parts.pictures))
                # Segments reach over from one piece into the next.
                frames = torch.cat((before, piece.frames)) if len(before) else piece.frames
                if len(frames) >= SEGMENT:
                    sync.append(parts.synchformer.features(normalised(frames.to(self._device))))
                    before = frames[SEGMENT_STEP * segments(len(frames)) :]
                else:
                    before = frames
            watched += len(piece.frames)
            total = float(end * SYNC_RATE)
            step("seeing", min(watched, total), total)
        segments(watched)
        length = on_grid(latents_until(end))
        return Seen(torch.cat(visual), torch.cat(sync), length, round(end * self.rate))

    @torch.inference_mode()
    def imagine(self, seconds: Fraction, picture: Tensor | None = None) -> Seen:
        """What is to be known where there is no video: of a picture what is in it, and never when something happens.

        picture: uint8 (1, 3, 512, 512). Raises ClipTooShort.
        """
        denoiser, length = self._parts.denoiser, latents_until(seconds)
        until = seconds
        if seconds > LONGEST_S:
            length, until = on_grid(length), grid_end(seconds)
        with _current(self._device):
            vector: Tensor = denoiser.empty_clip_feat
            if picture is not None:
                vector = see_pictures(picture.to(self._device), self._parts.pictures)
        unsynced = denoiser.empty_sync_feat.expand(sync_tokens(frames_until(until, SYNC_RATE)), -1)
        shown = vector.expand(frames_until(until, PICTURE_RATE), -1)
        return Seen(shown, unsynced, length, round(seconds * self.rate))

    @torch.inference_mode()
    def read(self, prompt: str, negative: str) -> Texts:
        """What should be heard and what should not; the two belong together. Raises TextTooLong."""
        with _current(self._device):
            return read_texts(prompt, negative, self._parts.tokenizer, self._parts.texts)

    @torch.inference_mode()
    def sound(self, seen: Seen, texts: Texts | Sequence[Scene], sampling: Sampling, step: Step = silent) -> list[Audio]:
        """As many mono sounds as samples are asked for, each of the clip's length.

        texts: of the whole clip, or scene by scene; for more than one scene the clip was watched, or imagined to be
        longer than 15 s.

        Raises SoundNotFinite, InputInvalid, and what ``step`` raises. When memory runs out, the next call has what the
        graphs held.
        """
        try:
            with _current(self._device):
                return self._decoded(self.sample(seen, texts, sampling, step), seen, step)
        except Exception as error:
            if is_out_of_memory(error):
                self.forget()
            raise

    @torch.inference_mode()
    def sample(self, seen: Seen, texts: Texts | Sequence[Scene], sampling: Sampling, step: Step = silent) -> Tensor:
        """The latents of sounds, float32 (samples, channels, latents), on the device. Raises as ``sound``."""
        scenes = (Scene(0, texts),) if isinstance(texts, Texts) else texts
        channels = self._parts.denoiser.architecture.latent
        drawn = noise(sampling.seed, sampling.samples, channels, seen.latents)
        steps, guidance = sampling.steps, sampling.guidance
        with _current(self._device):
            if _is_whole(seen, scenes):
                own = scenes[0].texts
                features = Features(own.prompt, own.negative, seen.visual, seen.sync)
                return self._sampler.sample(features, drawn, steps=steps, guidance=guidance, step=step)
            parts = _parts(seen, scenes)
            return self._sampler.sample_parts(parts, drawn, steps=steps, guidance=guidance, step=step)

    def forget(self) -> None:
        """Give back the memory of all graphs; they are recorded again when they are needed."""
        self._sampler.forget()

    @torch.inference_mode()
    def decode(self, made: Tensor, seen: Seen, step: Step = silent) -> list[Audio]:
        """The sounds of ``sample``. Raises SoundNotFinite, and what ``step`` raises."""
        with _current(self._device):
            return self._decoded(made, seen, step)

    def _decoded(self, made: Tensor, seen: Seen, step: Step) -> list[Audio]:
        # One by one: a second of sound is much larger on its way through the decoder than anything before it.
        sounds: list[Audio] = []
        step("decoding", 0, len(made))
        for latent in made:
            sounds.append(self._heard(decode(self._parts.vae, latent[None])[0, :, : seen.samples]))
            step("decoding", len(sounds), len(made))
        return sounds

    def _heard(self, wave: Tensor) -> Audio:
        """wave: (1, samples). Raises SoundNotFinite."""
        samples = wave.float().cpu()
        if not bool(samples.isfinite().all()):
            raise SoundNotFinite(
                "the model computed sound that is no number",
                mend="check the weights with their published hash; on a GPU, try another or run on the CPU",
            )
        return Audio(samples.numpy(), self.rate)


def _current(device: torch.device) -> AbstractContextManager[object]:
    """Make a device the thread's own for a while: kernels of ours, streams and graphs go to no other."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def windows_of(seen: Seen, scenes: Sequence[Scene]) -> int:
    """In how many pieces a clip is denoised."""
    return 1 if _is_whole(seen, scenes) else len(_parts(seen, scenes))


def _is_whole(seen: Seen, scenes: Sequence[Scene]) -> bool:
    """Whether a clip is no longer than the original takes, and one thing is said of it."""
    return len(scenes) == 1 and seen.latents <= LONGEST_S * LATENTS_PER_SECOND


def _parts(seen: Seen, scenes: Sequence[Scene]) -> list[Part]:
    """The windows of a clip, each with its features."""
    parts: list[Part] = []
    for window in windows(seen.latents, [scene.begin for scene in scenes]):
        texts = scenes[window.section].texts
        visual, sync = seen.visual[window.pictures(len(seen.visual))], seen.sync[window.sync]
        parts.append(Part(window, Features(texts.prompt, texts.negative, visual, sync)))
    return parts
