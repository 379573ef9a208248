"""What a request for speech gives, whichever model speaks: a sound file, captions beside it, and facts about both."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenroom.captions.options import CaptionInputs
from greenroom.captions.publish import CaptionFiles, publish_captions
from greenroom.errors import InputInvalid, quoted
from greenroom.media.audio import AUDIO_FORMATS, AudioFormat, audio_format, media_type
from greenroom.media.loudness import measure
from greenroom.models.model import MadeFile

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from greenroom.captions.align.chain import Alignment, PassedOver
    from greenroom.captions.align.link import Aligner
    from greenroom.files import Publication
    from greenroom.media.audio import Audio
    from greenroom.models.model import Work
    from greenroom.models.speech import Heard
    from greenroom.recipes.inputs.speech import SpeechFileInputs

STEM = "speech"
"""Files of a served request are named so; their endings tell them apart."""

_CAPTION_TYPES = {
    "srt": "application/x-subrip",
    "vtt": "text/vtt",
    "ass": "text/x-ssa",
    "csv": "text/csv",
    "json": "application/json",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The files that are wanted.

    output: the file for the sound; not looked at when the sound is streamed.  form: name of the audio format; None
    takes the ending of ``output``.  captions: formats to write beside the sound, under its stem.
    aligners: asked for the times of words where the voice does not tell, in order.
    """

    output: Path
    form: str | None = None
    captions: tuple[str, ...] = ()
    caption_options: CaptionInputs = field(default_factory=CaptionInputs)
    aligners: tuple[Aligner, ...] = ()

    @classmethod
    def of(cls, inputs: SpeechFileInputs, work: Work, aligners: tuple[Aligner, ...]) -> Wanted:
        """What a served request wants; a stream has no captions."""
        return cls(
            output=work.folder / f"{STEM}.{inputs.format}",
            form=inputs.format,
            captions=() if work.hand_on else inputs.caption_formats,
            aligners=aligners,
        )

    def file_format(self) -> AudioFormat:
        """The format of the file. Raises InputInvalid, UnknownName, also where a caption would have its name."""
        form = _format_of_file(self.output, self.form)
        # Captions stand beside the sound under its stem: a sound that ends like one of them would be lost.
        if self.output.name in {f"{self.output.stem}.{caption}" for caption in self.captions}:
            raise InputInvalid(
                f"the sound and its captions would both be named {quoted(self.output.name)}", mend="choose another -o"
            )
        return form

    def stream_format(self) -> AudioFormat:
        """The format of a stream, WAV if none is named. Raises InputInvalid, UnknownName."""
        if self.captions:
            raise InputInvalid("captions need a name to stand beside", mend="give -o FILE, or leave out --captions")
        return audio_format(self.form or "wav")

    def write_captions(
        self, out: Publication, timed: Alignment, language: str, seconds: float, *, glued: bool = False
    ) -> CaptionFiles:
        """Stage the captions beside the sound. glued: the words are written without spaces between them."""
        options = self.caption_options.for_language(language)
        if glued and "join" not in options.model_fields_set:
            options = options.model_copy(update={"join": ""})
        return publish_captions(out, self.output.stem, self.captions, timed.words, options, seconds)


@dataclass(frozen=True, slots=True)
class SpeakResult:
    """What was made.

    seconds, loudness_lufs, true_peak_dbtp: of the sound before a lossy codec; loudness is None for silence.
    words: written ones.  terms: of the voice, in plain words.  timing: the link of the chain that gave the times of
    the words, None without captions.  passed_over: the links before it.  heard: the check.  removed: what was taken
    out of the text because nobody sees it.
    """

    audio: Path
    format: AudioFormat
    seconds: float
    rate: int
    loudness_lufs: float | None
    true_peak_dbtp: float
    words: int
    language: str
    seed: int
    voice: str
    terms: tuple[str, ...]
    captions: CaptionFiles | None
    timing: str | None
    passed_over: tuple[PassedOver, ...]
    heard: Heard | None
    removed: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def files(self) -> tuple[MadeFile, ...]:
        """The sound first, then its captions."""
        captions: Mapping[str, Path] = self.captions.files if self.captions else {}
        return (
            MadeFile(self.audio, media_type(self.format)),
            *(MadeFile(path, _CAPTION_TYPES[form]) for form, path in captions.items()),
        )

    @property
    def facts(self) -> dict[str, object]:
        """What was made, in JSON, without a path."""
        return {
            "seconds": self.seconds,
            "rate": self.rate,
            "format": self.format,
            "loudness_lufs": self.loudness_lufs,
            "true_peak_dbtp": self.true_peak_dbtp,
            "words": self.words,
            "language": self.language,
            "seed": self.seed,
            "timing": self.timing,
            "removed": list(self.removed),
            "warnings": list(self.warnings),
            "terms": list(self.terms),
        }


def measured(audio: Audio) -> tuple[float | None, float]:
    """Integrated loudness in LUFS, None for silence, and true peak in dBTP, as results show them."""
    loudness = measure(audio)
    return None if loudness.integrated is None else round(loudness.integrated, 1), round(loudness.true_peak, 1)


class HandedOn(io.BytesIO):
    """Hands on at each flush what was written since the last; never from inside FFmpeg, which loses what is raised."""

    def __init__(self, hand_on: Callable[[bytes], None]) -> None:
        super().__init__()
        self._hand_on = hand_on

    def flush(self) -> None:
        made = self.getvalue()
        if made:
            self.seek(0)
            self.truncate()
            self._hand_on(made)


def _format_of_file(output: Path, form: str | None) -> AudioFormat:
    if form is not None:
        return audio_format(form)
    if not output.suffix:
        raise InputInvalid(
            f"-o {quoted(output)} has no ending to tell the format by",
            mend=f"name it .{', .'.join(AUDIO_FORMATS)}, or give --format",
        )
    return audio_format(output.suffix)
