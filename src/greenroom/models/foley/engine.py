"""A video and texts to sound on one device: features made once, latents drawn along the schedule, these made sound.

>>> engine = Engine.load(Sizes(PUBLISHED["hunyuanvideo-foley-xl"]), files, "cuda:0")
>>> seen = engine.see(look(VideoReader(path).frames(), exact=True))
>>> texts = engine.read("rain on a tin roof", "noisy, harsh")
>>> sounds = engine.sound(seen, texts, Sampling(samples=4, seed=7))

What was seen and read serves any number of sounds. Where everything lies and how much is done at once is the ``Way``.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Self

import numpy as np
import torch

from greenroom.errors import InputInvalid
from greenroom.media.audio import Audio
from greenroom.models.finite import finite
from greenroom.models.foley.architecture import FAMILY
from greenroom.models.foley.dac.pieces import decoded
from greenroom.models.foley.draws import noise
from greenroom.models.foley.mmdit.fixed import Features
from greenroom.models.foley.mmdit.sampler import Part, Sampler
from greenroom.models.foley.mmdit.windows import grid_end, on_grid, windows
from greenroom.models.foley.parts import load_parts
from greenroom.models.foley.planning.costs import Networks
from greenroom.models.foley.planning.way import Way
from greenroom.models.foley.precision import SMALL, USUAL
from greenroom.models.foley.towers.encoders import Texts, read_texts, see_pictures
from greenroom.models.foley.watching.lengths import (
    LONGEST_LATENTS,
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
from greenroom.nn.parking import Parking
from greenroom.nn.quantised import QuantisedLayer
from greenroom.progress import Step, silent
from greenroom.runtime.current import current
from greenroom.runtime.memory import is_out_of_memory
from greenroom.runtime.rooms import pinned, require_bfloat16, room_beside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from greenroom.models.foley.parts import Files, Parts, Sizes
    from greenroom.models.foley.towers.encoders import Tokenizer
    from greenroom.models.foley.watching.pictures import Pictures
    from greenroom.runtime.rooms import Room


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
    """All parts, for one device. Used by one thread at a time.

    way: as ``arrange`` takes it; None for the widest.
    """

    def __init__(self, parts: Parts, way: Way | None = None) -> None:
        self._parts = parts
        self._device = parts.denoiser.device
        self._sampler = Sampler(parts.denoiser)
        self._parkings = {name: parts.parkings.get(name) or Parking(own) for name, own in parts.others.items()}
        self._way = way or Way()
        self._lay_out()

    @classmethod
    def load(
        cls, sizes: Sizes, files: Files, device: str = "cpu", *, way: Way | None = None, precision: str = USUAL
    ) -> Self:
        """See ``load_parts``, also for what it raises beside BFloat16Missing."""
        target = torch.device(device)
        if target.type == "cuda":
            require_bfloat16(device, FAMILY)
        with current(target):
            return cls(load_parts(sizes, files, target, way=way, precision=precision), way)

    def arrange(self, way: Way) -> None:
        """Have everything where a way says, and work by it from now on."""
        before, self._way = self._way, way
        if (before.parked, before.resident, before.together) != (way.parked, way.resident, way.together):
            self.forget()  # weights lie elsewhere then, and what was recorded takes memory that is counted on
        self._lay_out()

    def _lay_out(self) -> None:
        """Also where earlier work broke off and left something on the device."""
        way, streaming = self._way, self._parts.denoiser.streaming
        with current(self._device):
            if way.parked:
                for parking in self._parkings.values():
                    parking.leave()
            if streaming.resident != way.resident:
                streaming.keep(way.resident)
            if not way.parked:
                for parking in self._parkings.values():
                    parking.stay()

    @contextmanager
    def _using(self, *names: str) -> Iterator[None]:
        """Have parts on the device, and behind that where the way has them."""
        with current(self._device):
            for name in names:
                self._parkings[name].come_back()
            yield
            if self._way.parked:
                for name in names:
                    self._parkings[name].leave()

    @property
    def precision(self) -> str:
        """Of the denoiser's weights, see ``precision``."""
        small = any(isinstance(module, QuantisedLayer) for module in self._parts.denoiser.modules())
        return SMALL if small else USUAL

    def networks(self, name: str) -> Networks:
        """What a plan counts on, wherever it is now. name: of the model."""
        denoiser = self._parts.denoiser
        others = {part: parking.weights for part, parking in self._parkings.items()}
        counted = Networks.of(name, denoiser.architecture, self.precision, denoiser.dtype.itemsize)
        return replace(counted, others=others, config=self._parts.vae.config)

    def room(self) -> Room:
        """What a plan may take: of the device and of the host, what this engine has there included."""
        return room_beside(str(self._device), self.networks("").weights, self.held)

    @property
    def held(self) -> int:
        """Bytes of the host that stay taken between two requests, and that the next one takes again."""
        denoiser = self._parts.denoiser
        streamed = denoiser.streaming.held + denoiser.modulations.held
        return max(streamed + sum(parking.held for parking in self._parkings.values()), pinned())

    @property
    def tokenizer(self) -> Tokenizer:
        """Of the texts."""
        return self._parts.tokenizer

    @property
    def rate(self) -> int:
        """Samples a second."""
        return self._parts.vae.config.rate

    @property
    def pins(self) -> bool:
        """Whether frames come fastest from pinned memory."""
        return self._device.type == "cuda"

    @torch.inference_mode()
    def see(self, clip: Pictures, step: Step = silent) -> Seen:
        """What is to be known of a clip. Raises ClipTooShort, and what ``step`` raises."""
        step("seeing", 0, 2)
        visual = self._pictured(clip.pictures)
        step("seeing", 1, 2)
        sync = self._synced(clip.frames)
        step("seeing", 2, 2)
        if clip.end is None:
            length = latents(len(clip.frames))
            return Seen(visual, sync, length, length * self._parts.vae.config.hop)
        return Seen(visual, sync, latents_until(clip.end), round(clip.end * self.rate))

    @torch.inference_mode()
    def watch(self, clip: Iterable[Pictures], step: Step = silent) -> Seen:
        """The same of a clip of any length, in pieces that follow each other (``stretches``).

        Raises ClipTooShort, and what ``step`` and reading the pieces raise.
        """
        before = torch.zeros(0)
        visual, sync = [], []
        end, watched = Fraction(0), 0
        for piece in clip:
            end = piece.end or end
            if len(piece.pictures):
                visual.append(self._pictured(piece.pictures))
            # Segments reach over from one piece into the next.
            frames = torch.cat((before, piece.frames)) if len(before) else piece.frames
            if len(frames) >= SEGMENT:
                sync.append(self._synced(frames))
                before = frames[SEGMENT_STEP * segments(len(frames)) :].clone()
            else:
                before = frames
            watched += len(piece.frames)
            total = float(end * SYNC_RATE)
            step("seeing", min(watched, total), total)
            del piece, frames  # the next is made before they would be let go
        segments(watched)
        length = on_grid(latents_until(end))
        return Seen(torch.cat(visual), torch.cat(sync), length, round(end * self.rate))

    def _pictured(self, pictures: Tensor) -> Tensor:
        """A vector of each, see ``see_pictures``."""
        with self._using("siglip2"):
            shown = pictures.to(self._device, non_blocking=True)
            return see_pictures(shown, self._parts.pictures, at_once=self._way.pictures)

    def _synced(self, frames: Tensor) -> Tensor:
        """The tokens of their segments, see ``Synchformer.features``. Raises ClipTooShort."""
        with self._using("synchformer"):
            shown = normalised(frames.to(self._device, non_blocking=True))
            return self._parts.synchformer.features(shown, at_once=self._way.segments)

    @torch.inference_mode()
    def imagine(self, seconds: Fraction, picture: Tensor | None = None) -> Seen:
        """What is to be known where there is no video: of a picture what is in it, and never when something happens.

        picture: uint8 (1, 3, 512, 512). Raises ClipTooShort.
        """
        denoiser, length = self._parts.denoiser, latents_until(seconds)
        until = seconds
        if seconds > LONGEST_S:
            length, until = on_grid(length), grid_end(seconds)
        vector: Tensor = denoiser.empty_clip_feat
        if picture is not None:
            with self._using("siglip2"):
                vector = see_pictures(picture.to(self._device), self._parts.pictures)
        unsynced = denoiser.empty_sync_feat.expand(sync_tokens(frames_until(until, SYNC_RATE)), -1)
        shown = vector.expand(frames_until(until, PICTURE_RATE), -1)
        return Seen(shown, unsynced, length, round(seconds * self.rate))

    @torch.inference_mode()
    def read(self, prompt: str, negative: str) -> Texts:
        """What should be heard and what should not; the two belong together. Raises TextTooLong."""
        with self._using("clap"):
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
            return self.decode(self.sample(seen, texts, sampling, step), seen, step)
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
        steps, guidance, together = sampling.steps, sampling.guidance, self._way.together
        with current(self._device):
            if _is_whole(seen, scenes):
                own = scenes[0].texts
                features = Features(own.prompt, own.negative, seen.visual, seen.sync)
                return self._sampler.sample(
                    features, drawn, steps=steps, guidance=guidance, step=step, together=together
                )
            parts = _parts(seen, scenes)
            return self._sampler.sample_parts(
                parts, drawn, steps=steps, guidance=guidance, step=step, together=together
            )

    def forget(self) -> None:
        """Give back the memory of all graphs, and of slots for weights; both are there again when they are needed."""
        self._sampler.forget()
        self._parts.denoiser.streaming.forget()
        self._parts.denoiser.modulations.forget()

    @torch.inference_mode()
    def decode(self, made: Tensor, seen: Seen, step: Step = silent) -> list[Audio]:
        """The sounds of ``sample``. Raises SoundNotFinite, and what ``step`` raises."""
        # One by one: a second of sound is much larger on its way through the decoder than anything before it.
        sounds: list[Audio] = []
        step("decoding", 0, len(made))
        with self._using("vae"):
            for latent in made:
                sounds.append(Audio(finite(self._heard(latent, seen.samples)), self.rate))
                step("decoding", len(sounds), len(made))
        return sounds

    def _heard(self, latent: Tensor, samples: int) -> NDArray[np.float32]:
        """A sound on the host, (1, samples), to which each piece of it goes once it is there."""
        vae, done = self._parts.vae, 0
        wave = np.empty((1, min(samples, latent.shape[1] * vae.config.hop)), np.float32)
        for piece in decoded(vae, latent[None], self._way.piece):
            own = piece[0, :, : samples - done].float().cpu().numpy()
            wave[:, done : done + own.shape[1]] = own
            done += own.shape[1]
        return wave


def _is_whole(seen: Seen, scenes: Sequence[Scene]) -> bool:
    """Whether a clip is no longer than the original takes, and one thing is said of it."""
    return len(scenes) == 1 and seen.latents <= LONGEST_LATENTS


def _parts(seen: Seen, scenes: Sequence[Scene]) -> list[Part]:
    """The windows of a clip, each with its features."""
    parts: list[Part] = []
    for window in windows(seen.latents, [scene.begin for scene in scenes]):
        texts = scenes[window.section].texts
        visual, sync = seen.visual[window.pictures(len(seen.visual))], seen.sync[window.sync]
        parts.append(Part(window, Features(texts.prompt, texts.negative, visual, sync)))
    return parts
