"""A picture and drawn poses to a video on one device: what is given is encoded once, latents are drawn along the
schedule, these made frames.

>>> engine = Engine.load(Sizes(PUBLISHED["steadydancer-14b"]), files, "cuda:0")
>>> texts = engine.read("a woman dances in the rain", NEGATIVE_PROMPT)
>>> pictured = engine.picture(picture, size, len(poses))
>>> posed, others = engine.poses(poses, picture.shape[:2], size), engine.poses(jittered, picture.shape[:2], size)
>>> made = engine.sample(texts, pictured, posed, others, Sampling(seed=7))
>>> for frames in engine.decode(made.latents):
...     out.write(frames)

Where everything lies and how much is done at once is the ``Way``. What stands between the stages is on the host.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor

from greenroom.errors import InputInvalid
from greenroom.models.steadydancer.architecture import FAMILY
from greenroom.models.steadydancer.conditions.building import poses_of, reference_of
from greenroom.models.steadydancer.conditions.lengths import latents_of, pictures_of
from greenroom.models.steadydancer.conditions.pictures import like_pillow, pixels
from greenroom.models.steadydancer.conditions.showing import Shown, tensor_of
from greenroom.models.steadydancer.dancer.arranging import arranged, fixed_of
from greenroom.models.steadydancer.dancer.fixed import velocity
from greenroom.models.steadydancer.dancer.precision import USUAL
from greenroom.models.steadydancer.decoding import Decoding
from greenroom.models.steadydancer.given import Pictured, Posed, Texts, conditions_of
from greenroom.models.steadydancer.parts import load_parts, networks_of
from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.sampling.blending import Windowed
from greenroom.models.steadydancer.sampling.caching import Caching
from greenroom.models.steadydancer.sampling.draws import draw
from greenroom.models.steadydancer.sampling.guidance import Guidance, Pass
from greenroom.models.steadydancer.sampling.sampler import sample
from greenroom.models.steadydancer.sampling.schedule import Schedule
from greenroom.models.steadydancer.sampling.telling import Telling
from greenroom.models.steadydancer.sampling.windows import LONGEST, sampled_length, windows
from greenroom.nn.parking import Parking
from greenroom.progress import Step, silent
from greenroom.runtime.current import current
from greenroom.runtime.memory import is_out_of_memory
from greenroom.runtime.rooms import pinned, require_bfloat16, room_beside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from greenroom.models.steadydancer.conditions.showing import Picture
    from greenroom.models.steadydancer.conditions.sizes import Size
    from greenroom.models.steadydancer.dancer.fixed import Conditions
    from greenroom.models.steadydancer.lora.merging import Lora
    from greenroom.models.steadydancer.parts import Files, Parts, Sizes
    from greenroom.models.steadydancer.planning.costs import Networks
    from greenroom.models.steadydancer.sampling.draws import NoiseSource
    from greenroom.models.steadydancer.sampling.sampler import Ahead, Sampled, VelocityOf
    from greenroom.models.steadydancer.sampling.schedule import SolverName
    from greenroom.models.steadydancer.sampling.standing import Standing
    from greenroom.models.steadydancer.sampling.windows import Window
    from greenroom.runtime.rooms import Room

_KEPT = 8  # texts, and pictures, of which it is remembered what the encoders say


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a video is drawn. seed: 0 or more.  noise: who draws it.  caching: the relative change that answers of the
    network are used again for, 0 for none. Raises InputInvalid."""

    steps: int = 40
    solver: SolverName = "unipc"
    shift: float = 5.0
    guidance: Guidance = field(default_factory=Guidance)
    seed: int = 1
    noise: NoiseSource = "cpu"
    caching: float = 0.0

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise InputInvalid(f"seed is {self.seed}", mend="give 0 or more")
        _ = self.schedule, Caching(self.caching)

    @property
    def schedule(self) -> Schedule:
        """The steps."""
        return Schedule.of(self.solver, self.steps, self.shift)

    @property
    def poses_guide(self) -> bool:
        """Whether any step needs other poses."""
        every = range(self.steps)
        return any(Pass.OTHER_POSE in self.guidance.passes(at, self.steps) for at in every)


class Engine:
    """All parts, for one device. Used by one thread at a time.

    way: as ``arrange`` takes it; None for the widest.
    """

    def __init__(self, parts: Parts, way: Way | None = None) -> None:
        self._parts = parts
        self._device = parts.denoiser.device
        self._parkings = {name: parts.parkings.get(name) or Parking(own) for name, own in parts.waiting.items()}
        self._texts: dict[str, Tensor] = {}
        self._pictures: dict[tuple[object, ...], Pictured] = {}
        self._way = way or Way()
        self._decoding = Decoding(parts.vae, self._parkings["vae"], self._device)
        self._lay_out()

    @classmethod
    def load(
        cls,
        sizes: Sizes,
        files: Files,
        device: str = "cpu",
        *,
        way: Way | None = None,
        precision: str = USUAL,
        loras: Sequence[Lora] = (),
    ) -> Self:
        """See ``load_parts``, also for what it raises beside BFloat16Missing."""
        target = torch.device(device)
        if target.type == "cuda":
            require_bfloat16(device, FAMILY)
        with current(target):
            return cls(load_parts(sizes, files, target, way=way, precision=precision, loras=loras), way)

    def arrange(self, way: Way) -> None:
        """Have everything where a way says, and work by it from now on."""
        self._way = way
        self._lay_out()

    def _lay_out(self) -> None:
        """Also where earlier work broke off and left something on the device."""
        way, reading = self._way, self._parts.texts.streaming
        self._decoding.close()
        with current(self._device):
            self._let_go()
            if way.parked:
                for parking in self._parkings.values():
                    parking.leave()
                if reading.resident != 0:
                    reading.keep(0)
            arranged(self._parts.denoiser, way)
            if not way.parked:
                if reading.resident is not None:
                    reading.keep(None)
                for parking in self._parkings.values():
                    parking.stay()

    @contextmanager
    def _using(self, name: str) -> Iterator[None]:
        """Have a part on the device, and behind that where the way has it."""
        with current(self._device):
            self._parkings[name].come_back()
            yield
            if self._way.parked:
                self._let_go()
                self._parkings[name].leave()

    def _let_go(self) -> None:
        """Give back slots for weights; they are there again when they are needed."""
        for streaming in (self._parts.denoiser.streaming, self._parts.denoiser.hearing, self._parts.texts.streaming):
            streaming.forget()

    def forget(self) -> None:
        """Give back slots for weights, and what is remembered of texts and pictures."""
        self._let_go()
        self._texts.clear()
        self._pictures.clear()

    @property
    def precision(self) -> str:
        """Of the denoiser's blocks, see ``dancer.precision``."""
        return self._parts.precision

    def networks(self, name: str) -> Networks:
        """What a plan counts on, wherever it is now. name: of the model."""
        return networks_of(self._parts, self._parkings, name)

    def room(self) -> Room:
        """What a plan may take: of the device and of the host, what this engine has there included."""
        return room_beside(str(self._device), self.networks("").weights, self.held)

    @property
    def held(self) -> int:
        """Bytes of the host that stay taken between two requests, and that the next one takes again."""
        denoiser = self._parts.denoiser
        streamed = denoiser.streaming.held + denoiser.hearing.held + self._parts.texts.streaming.held
        return max(streamed + sum(parking.held for parking in self._parkings.values()), pinned())

    @torch.inference_mode()
    def read(self, prompt: str, negative: str, step: Step = silent) -> Texts:
        """What is asked for and what is not. Stage "reading".

        A text that was read before is remembered. Raises ExtraMissing, and what ``step`` raises.
        """
        wanted = {"prompt": prompt, "negative prompt": negative}
        tokens = {what: self._parts.texts.tokenizer(text, what) for what, text in wanted.items()}
        new = {text: what for what, text in wanted.items() if text not in self._texts}
        step("reading", 0, 1)
        if new:
            with self._using("umt5"):
                for text, what in new.items():
                    self._texts[text] = self._parts.texts.encode(tokens[what].ids).cpu()
        step("reading", 1, 1)
        rows, others = (self._texts[text] for text in wanted.values())
        _limit(self._texts)
        return Texts(rows, others, tuple(cut.note for cut in tokens.values() if cut.note))

    @torch.inference_mode()
    def picture(self, picture: Picture, size: Size, frames: int, step: Step = silent) -> Pictured:
        """The reference picture, for a clip of so many frames. Stage "seeing".

        picture: uint8 (height, width, 3), of its own size; one that was seen before is remembered.  frames: 4n + 1.
        Raises InputInvalid, and what ``step`` raises.
        """
        given = tensor_of(picture).contiguous()
        window = pictures_of(min(latents_of(frames), LONGEST))
        key = blake2b(given.cpu().numpy().tobytes()).digest(), tuple(given.shape), size, window
        step("seeing", 0, 2)
        if key not in self._pictures:
            with self._using("clip"):
                image = self._parts.pictures.see(pixels(given.to(self._device))).cpu()
            step("seeing", 1, 2)
            with self._using("vae"):
                made = reference_of(given.to(self._device), window, size, self._encode)
            self._pictures[key] = Pictured(size, made.y.cpu(), made.ref_x.cpu(), image)
        step("seeing", 2, 2)
        found = self._pictures[key]
        _limit(self._pictures)
        return found

    @torch.inference_mode()
    def poses(self, poses: Sequence[Picture], picture: tuple[int, int], size: Size, step: Step = silent) -> Posed:
        """Drawn poses of a clip. Stage "posing", told in pictures.

        poses: uint8 (height, width, 3) each, 4n + 1 of them, taken one by one (some twice where windows overlap), so
        that a sequence may draw them as it is asked.  picture: height and width of the reference picture, through whose
        size they go.  Raises InputInvalid, and what the sequence and ``step`` raise.
        """
        cut = windows(latents_of(len(poses)))
        with self._using("clip"):
            first = tensor_of(poses[0]).to(self._device)
            image = self._parts.pictures.see(pixels(like_pillow(first, *picture))).cpu()
            del first
        total, done = sum(len(window.pictures) for window in cut), 0
        made: list[Tensor] = []
        with self._using("vae"):
            for window in cut:
                shown = Shown(poses, window.pictures, self._device, step, done, total)
                made.append(poses_of(shown, picture, size, self._encode).cpu())
                done += len(shown)
        step("posing", total, total)
        return Posed(len(poses), tuple(made), image)

    def _encode(self, clip: Tensor) -> Tensor:
        return self._parts.vae.encode(clip, self._way.slices)

    @torch.inference_mode()
    def sample(
        self,
        texts: Texts,
        pictured: Pictured,
        posed: Posed,
        negative: Posed | None,
        sampling: Sampling,
        step: Step = silent,
        *,
        resume: Standing | None = None,
        save: Callable[[Standing], None] | None = None,
    ) -> Sampled:
        """The latents of the clip, float32 (16, T, h, w), on the host, and how they came about. Stage "sampling".

        negative: other poses of as many frames; None where guidance by poses is off.  resume, save: see
        ``sampling.sampler.sample``; of long clips a standing has the heads of windows behind the clip's latents.
        Raises InputInvalid, VelocityNotFinite, and what ``step`` and ``save`` raise. When memory runs out, slots are
        given back.
        """
        others = negative if sampling.poses_guide else None
        if sampling.poses_guide and (negative is None or negative.frames != posed.frames):
            raise InputInvalid(
                f"poses guide away from others, which are {'missing' if negative is None else 'of another length'}",
                mend="give other poses, or take the pose guidance 0",
            )
        length = latents_of(posed.frames)
        unguided = sampling.guidance.text == 1
        conditions = conditions_of(texts, pictured, posed, others, guided=not unguided)
        told = Telling(step)
        try:
            with current(self._device):
                noise = draw(sampling.seed, sampled_length(length), *pictured.size.latent, self._device, sampling.noise)
                with self._asking(windows(length), [*conditions], told.again) as (velocity_of, ahead):
                    made = sample(
                        velocity_of,
                        noise,
                        sampling.schedule,
                        sampling.guidance,
                        told,
                        resume=resume,
                        save=save,
                        caching=Caching(sampling.caching),
                        ahead=ahead,
                    )
                return replace(made, latents=made.latents[:, :length].cpu())
        except Exception as error:
            if is_out_of_memory(error):
                self.forget()
            raise
        finally:
            self._let_go()

    @contextmanager
    def _asking(
        self, cut: Sequence[Window], conditions: Sequence[Conditions], gate: Callable[[], None]
    ) -> Iterator[tuple[VelocityOf, Ahead | None]]:
        """What the sampler asks of a clip, and who is told ahead. conditions: of each window.  gate: see ``Windowed``.

        Raises InputInvalid.
        """
        network, way = self._parts.denoiser, self._way
        fixed = fixed_of(network, conditions, way)

        def asked(place: int, latents: Tensor, time: int, which: Pass) -> Tensor:
            return velocity(network, fixed[place], latents, time, which, at_once=way.at_once)

        yield Windowed(cut, asked, gate), None

    def decode(self, latents: Tensor, step: Step = silent) -> Iterator[NDArray[np.uint8]]:
        """Frames of latents, uint8 (n, height, width, 3) at a time, while later ones are still to come. Stage
        "decoding", told in frames. What was being decoded before ends.

        Raises FramesNotFinite, and what ``step`` raises.
        """
        return self._decoding.frames(latents, self._way, step)


def _limit(remembered: dict[Any, Any]) -> None:
    """Forget what was put there first."""
    while len(remembered) > _KEPT:
        del remembered[next(iter(remembered))]
