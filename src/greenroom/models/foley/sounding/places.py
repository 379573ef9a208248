"""Where the results of a request go: one file a sample, known, named and tried before the work begins."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.errors import InputInvalid, UnknownName, quoted
from greenroom.files import try_writing
from greenroom.media.audio import AUDIO_FORMATS, AudioFormat, audio_format
from greenroom.media.video.errors import EncodingImpossible
from greenroom.media.video.opening import is_still
from greenroom.media.video.soundtrack import require_held, require_sound
from greenroom.models.foley.sounding.sounded import VIDEO_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.models.foley.sounding.sources import Source
    from greenroom.recipes.inputs.foley import FoleyFileInputs, FoleyInputs

_STREAMS = ("pcm",)  # without a header a file says nothing of its rate


@dataclass(frozen=True, slots=True)
class Place:
    """Of a sample. output: a video where ``form`` is None, else sound in that format.  wav: of the sound alone."""

    output: Path
    form: AudioFormat | None
    wav: Path | None


def places(output: Path, source: Source, inputs: FoleyInputs, *, wav: bool, tried: bool = True) -> tuple[Place, ...]:
    """A place for each sample: of several, ``out-1.mp4`` and so on for ``out.mp4``.

    wav: sound alone stands beside each.  tried: whether they can be written.  Raises InputInvalid, EncodingImpossible,
    TimesMissing, FileUnreadable, OutputUnwritable.
    """
    form = form_of(output, source)
    if form is None and source.facts is not None:
        require_held(source.facts, output)
    if wav and form == "wav" and inputs.mix == "replace":
        raise InputInvalid(f"-o {quoted(output)} is what --wav would give beside it", mend="leave out --wav")
    several = inputs.samples > 1
    stems = [f"{output.stem}-{number + 1}" if several else output.stem for number in range(inputs.samples)]
    found = tuple(
        Place(output.with_name(f"{stem}{output.suffix}"), form, _beside(output, stem, form) if wav else None)
        for stem in stems
    )
    _refuse_source(found, inputs)
    if tried:
        try_writing([path for place in found for path in (place.output, place.wav) if path])
    return found


def require_own_sound(source: Source, inputs: FoleyInputs) -> None:
    """Refuse now a video's own sound that is wanted, and broken. Raises FileUnreadable."""
    if inputs.mix != "replace" and source.facts is not None:
        require_sound(source.facts)


def usual_output(source: Source, video: Path | None) -> Path:
    """Where the result goes if nobody says: a video in the container of the source where that can be written.

    Where Matroska does not hold its pictures either, the sound alone. Raises TimesMissing, FileUnreadable.
    """
    if source.facts is not None and video is not None:
        own = video.suffix.lower()
        for suffix in (own, ".mkv") if own in VIDEO_TYPES else (".mkv",):
            usual = Path(f"foley{suffix}")
            with contextlib.suppress(EncodingImpossible):
                require_held(source.facts, usual)
                return usual
    return Path("foley.wav")


def form_of(output: Path, source: Source) -> AudioFormat | None:
    """The format of a sound file by its ending, None for a video. Raises InputInvalid."""
    suffix = output.suffix.lower()
    if suffix in VIDEO_TYPES:
        if source.kind != "video":
            what = "a picture" if source.kind == "picture" else "words alone"
            raise InputInvalid(
                f"-o {quoted(output)} is a video, and there is none to go with it: the sound is of {what}",
                mend="name it .wav",
            )
        return None
    sounds = [f".{form}" for form in AUDIO_FORMATS if form not in _STREAMS]
    mend = f"name it {', '.join([*VIDEO_TYPES, *sounds] if source.kind == 'video' else sounds)}"
    if not suffix:
        raise InputInvalid(f"-o {quoted(output)} has no ending to tell the format by", mend=mend)
    try:
        form = audio_format(suffix)
    except UnknownName:
        raise InputInvalid(f"-o {quoted(output)} has an ending that cannot be written", mend=mend) from None
    if form in _STREAMS:
        raise InputInvalid(f"-o {quoted(output)} would not say its own rate", mend=mend)
    return form


def _beside(output: Path, stem: str, form: AudioFormat | None) -> Path:
    """Of what was made alone: a mix in WAV has the shorter name already."""
    return output.with_name(f"{stem}-alone.wav" if form == "wav" else f"{stem}.wav")


def _refuse_source(found: Sequence[Place], inputs: FoleyInputs) -> None:
    if inputs.video is None:
        return
    source = Path(inputs.video).resolve()
    for place in found:
        if source in (place.output.resolve(), place.wav and place.wav.resolve()):
            raise InputInvalid(f"-o {quoted(place.output)} is the source itself", mend="choose another -o")


def fitting(inputs: FoleyFileInputs) -> str:
    """The ending of a served request's files: as asked, but WAV where there is no video to go with the sound.

    Raises FileUnreadable.
    """
    there = inputs.video is not None and not is_still(Path(inputs.video))
    return "wav" if f".{inputs.format}" in VIDEO_TYPES and not there else inputs.format
