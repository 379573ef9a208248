"""Sound from a request to files: looked at, planned, watched once, drawn, mixed, made as loud as asked, published.

>>> sounder = Sounder(engine, "hunyuanvideo-foley-xxl")
>>> made = sounder.sound(FoleyInputs(video="in.mp4", prompt="steps on gravel"), Wanted(Path("out.mp4")))
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from greenroom.errors import OutputUnwritable
from greenroom.files import Publication, writing_to
from greenroom.media import audio
from greenroom.media.audio import AudioWriter
from greenroom.media.mixing import Mix, mixed
from greenroom.media.video import soundtrack
from greenroom.media.video.soundtrack import replace_sound, sound_beside
from greenroom.models.foley.engine import Sampling, Scene
from greenroom.models.foley.mmdit.windows import cuts_on_grid
from greenroom.models.foley.planning.plan import facts_of
from greenroom.models.foley.sounding.outlook import Told, Untold, plan_sounding
from greenroom.models.foley.sounding.places import places
from greenroom.models.foley.sounding.sounded import FoleyResult, Sample
from greenroom.models.foley.sounding.sources import look, shots_of
from greenroom.models.foley.sounding.wording import worded
from greenroom.models.foley.watching.lengths import LONGEST_S, PICTURE_RATE, SYNC_RATE, frames_until
from greenroom.models.foley.watching.pictures import Pictures, picture_of, stretches
from greenroom.models.foley.watching.pictures import look as look_at
from greenroom.models.foley.watching.preprocess import PICTURE_SIDE, SYNC_SIDE
from greenroom.models.stages import Stages
from greenroom.progress import Step, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from greenroom.media.audio import Audio
    from greenroom.models.foley.engine import Engine, Seen
    from greenroom.models.foley.planning.plan import Plan
    from greenroom.models.foley.sounding.places import Place
    from greenroom.models.foley.sounding.sources import Source
    from greenroom.models.foley.towers.encoders import Texts
    from greenroom.recipes.inputs.foley import FoleyInputs

WRITING = "writing"

_MISSED_LU = 0.5  # below what was asked for, which is said


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where the results go. output: a video or a sound file, by its ending; of several samples each has a number.

    wav: what was made alone stands beside each, before it was mixed.
    """

    output: Path
    wav: bool = False


class Sounder:
    """An engine with the model's name and terms. Used by one thread at a time.

    notes: what its weights do to all sounds, in sentences.
    """

    def __init__(self, engine: Engine, name: str, terms: tuple[str, ...] = (), notes: tuple[str, ...] = ()) -> None:
        self.engine = engine
        self.name = name
        self.terms = terms
        self.notes = notes

    def sound(
        self,
        inputs: FoleyInputs,
        wanted: Wanted,
        step: Step = silent,
        told: Told | None = None,
        *,
        small: bool = False,
    ) -> FoleyResult:
        """Make the sounds of a request, each a file that is whole or absent.

        small: memory ran out, so take less of it. Raises FileUnreadable, InputInvalid, MemoryShort, OutputUnwritable,
        EncodingImpossible, SoundNotFinite, and what ``step`` raises.
        """
        source = look(inputs)
        beside = self._beside(source, inputs)
        found = places(wanted.output, source, inputs, wav=wanted.wav)
        stages = Stages(step)
        begins = shots_of(source, inputs, stages)
        planned = self._planned(source, begins, inputs, small=small)
        (told or Untold()).planned(planned)
        self.engine.arrange(planned.way)
        texts, cut = self._read(inputs)
        seen = self._seen(source, inputs, stages, sections=len(begins))
        cuts = cuts_on_grid(begins[1:], seen.latents)
        scenes = [Scene(begin, own) for begin, own in zip(cuts, texts, strict=True)]
        sampling = Sampling(inputs.steps, inputs.guidance, inputs.samples, inputs.seed)
        made = self.engine.sound(seen, scenes, sampling, stages)
        written = _Writing(source, inputs, beside, stages).all(made, found)
        stages.end()
        return FoleyResult(
            samples=written.samples,
            source=source.kind,
            length_s=made[0].seconds,
            rate=self.engine.rate,
            shots=len(begins),
            windows=planned.windows,
            mix=beside.mix,
            seed=inputs.seed,
            steps=inputs.steps,
            guidance=inputs.guidance,
            model=self.name,
            precision=self.engine.precision,
            plan=facts_of(planned),
            seconds=stages.seconds,
            notes=tuple(dict.fromkeys((*source.notes, *planned.notes, *cut, *written.notes))),
            terms=self.terms,
        )

    def warm(self) -> None:
        """Make the sound of a second in the dark, so that the first user does not wait for kernels."""
        import torch

        engine, end = self.engine, Fraction(1)
        pictures, frames = (
            torch.zeros(frames_until(end, rate), 3, side, side, dtype=torch.uint8)
            for rate, side in ((PICTURE_RATE, PICTURE_SIDE), (SYNC_RATE, SYNC_SIDE))
        )
        engine.sound(engine.see(Pictures(pictures, frames, end)), engine.read("", ""), Sampling(steps=1))

    def _beside(self, source: Source, inputs: FoleyInputs) -> _Beside:
        """What is mixed with; read before anything is made, since it may be broken."""
        if inputs.mix == "replace":
            return _Beside("replace")
        own, lost = (None, ()) if source.facts is None else sound_beside(source.facts, self.engine.rate, source.end)
        if own is None or not own.samples.any():
            return _Beside("replace", notes=("there is no sound to mix with: what was made is heard alone",))
        return _Beside(inputs.mix, own, lost)

    def _planned(self, source: Source, begins: Sequence[Fraction], inputs: FoleyInputs, *, small: bool) -> Plan:
        networks, room = self.engine.networks(self.name), self.engine.room()
        return plan_sounding(networks, room, source, begins, inputs, small=small, notes=self.notes)

    def _read(self, inputs: FoleyInputs) -> tuple[tuple[Texts, ...], tuple[str, ...]]:
        """What should be heard in each shot, and what of it was cut."""
        own = inputs.prompts_of_shots
        names = [f"prompt of shot {number + 1}" for number in range(len(own))] if own else ["prompt"]
        tokenizer = self.engine.tokenizer
        prompts = [worded(text, tokenizer, name) for text, name in zip(own or (inputs.prompt,), names, strict=True)]
        negative = worded(inputs.negative_prompt, tokenizer, "negative prompt")
        texts = {prompt.text: self.engine.read(prompt.text, negative.text) for prompt in prompts}
        cut = dict.fromkeys(wording.note for wording in (*prompts, negative) if wording.note)
        if inputs.video is not None and not any(prompt.text for prompt in prompts):
            cut["there is no prompt: the pictures alone say what is heard"] = None
        return tuple(texts[prompt.text] for prompt in prompts), tuple(cut)

    def _seen(self, source: Source, inputs: FoleyInputs, step: Step, *, sections: int) -> Seen:
        if source.reader is None:
            picture = None if source.picture is None else picture_of(source.picture)
            return self.engine.imagine(source.end, picture)
        frames, total, pinned = source.reader.decoded(), source.reader.facts.frames, self.engine.pins
        if inputs.exact and (source.end > LONGEST_S or sections > 1):
            pieces = stretches(frames, source.end, step=step, total=total, pinned=pinned)
            return self.engine.watch(pieces, step)
        return self.engine.see(look_at(frames, exact=inputs.exact, step=step, total=total, pinned=pinned), step)


@dataclass(frozen=True, slots=True, eq=False)
class _Beside:
    """A video's own sound, None where what is made is heard alone. notes: on what is lost of it, in sentences."""

    mix: Mix
    own: Audio | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Written:
    """notes: on what was lost, and what is not as asked, in sentences."""

    samples: tuple[Sample, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Writing:
    """From sounds to files."""

    source: Source
    inputs: FoleyInputs
    beside: _Beside
    step: Step

    def all(self, made: Sequence[Audio], found: Sequence[Place]) -> _Written:
        """Write each sample to its place."""
        self.step(WRITING, 0, len(made))
        notes = dict.fromkeys(self.beside.notes)
        samples: list[Sample] = []
        for sound, place in zip(made, found, strict=True):
            try:
                sample, told = self._one(sound, place)
            except OutputUnwritable as error:
                raise _beside_whole(error, samples) from error
            notes |= dict.fromkeys(told)
            samples.append(sample)
            self.step(WRITING, len(samples), len(made))
        return _Written(tuple(samples), tuple(notes))

    def _one(self, sound: Audio, place: Place) -> tuple[Sample, tuple[str, ...]]:
        """Write one, and say what was lost."""
        wanted, name = self.inputs.loudness, place.output.name
        # A video's sound is heard from both sides, which reads 3 LU more: it is levelled as it is heard.
        channels = 2 if place.form is None else 1
        made = mixed(sound, self.beside.own, self.beside.mix, wanted, channels=channels, coded=_codec(place))
        notes = self._write(made.audio, place)
        if place.wav:
            _write_sound(place.wav, mixed(sound, None, "replace", wanted).audio)
        if made.held.integrated is None:
            return Sample(place.output, place.wav, None, None), (*notes, f"{name} is silent")
        loudness, peak = round(made.held.integrated, 1), round(made.held.true_peak, 1)
        if loudness < wanted - _MISSED_LU:
            notes += (f"{name} has {loudness:g} LUFS: for {wanted:g} its peaks would be held down too far",)
        return Sample(place.output, place.wav, loudness, peak), notes

    def _write(self, heard: Audio, place: Place) -> tuple[str, ...]:
        facts = self.source.facts
        if place.form is None and facts is not None:
            return replace_sound(facts, heard, place.output)
        _write_sound(place.output, heard)
        return ()


def _codec(place: Place) -> Callable[[Audio], Audio] | None:
    """What a file's lossy codec does to sound; None where it keeps all."""
    if place.form is None:
        return lambda sound: soundtrack.as_heard(sound, place.output)
    form = place.form
    return (lambda sound: audio.as_heard(sound, form)) if audio.is_lossy(form) else None


def _beside_whole(error: OutputUnwritable, samples: Sequence[Sample]) -> OutputUnwritable:
    """The error, with the names of what was written before it."""
    if not samples:
        return error
    names = ", ".join(sample.output.name for sample in samples)
    return OutputUnwritable(f"{error}; whole and in its place: {names}", mend=error.mend)


def _write_sound(path: Path, sound: Audio) -> None:
    form = audio.audio_format(path.suffix)
    with Publication(path.parent) as out, writing_to(path), out.open(path.name) as file:
        with AudioWriter(file, form, sound.rate, channels=len(sound.samples)) as writer:
            writer.write(sound.samples)
        file.flush()
