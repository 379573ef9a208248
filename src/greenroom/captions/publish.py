"""Caption files from a source: timed words in JSON, or sound and its text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenroom.captions.align.chain import Written, align
from greenroom.captions.options import CaptionInputs
from greenroom.captions.words import read_words
from greenroom.captions.write import make_captions
from greenroom.errors import FileUnreadable, InputInvalid, quoted
from greenroom.files import Publication
from greenroom.media.audio import read_audio
from greenroom.progress import Step, silent
from greenroom.text.clean import has_speech
from greenroom.text.normalise import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from greenroom.captions.align.chain import PassedOver
    from greenroom.captions.align.link import Aligner
    from greenroom.captions.words import Word

_NOT_JSON = 'give {"words": [...]} in a file, or sound together with --text FILE'


@dataclass(frozen=True, slots=True)
class CaptionFiles:
    """The caption files that were made.

    files: by format.  fast and long: how many cues break a limit, and are marked in the JSON.  estimated: how many
    words have times that are a guess.
    """

    files: dict[str, Path]
    cues: int
    words: int
    fast: int
    long: int
    estimated: int


def publish_captions(
    out: Publication,
    stem: str,
    formats: Iterable[str],
    words: Iterable[Word],
    options: CaptionInputs,
    audio_end: float | None,
) -> CaptionFiles:
    """Stage ``stem.FORMAT`` for each format asked for; see ``make_captions`` for errors. Raises OutputUnwritable."""
    captions = make_captions(words, options, audio_end)
    files = {form: out.write(f"{stem}.{form}", text.encode()) for form, text in captions.files(formats).items()}
    estimated = sum(word.estimated for word in captions.words)
    return CaptionFiles(files, len(captions.cues), len(captions.words), captions.fast, captions.long, estimated)


def caption_words(
    source: Path, formats: Sequence[str], folder: Path, stem: str, options: Mapping[str, Any]
) -> CaptionFiles:
    """Caption files from a JSON file of timed words.

    options: win over those in the file.
    Raises FileUnreadable, WordsInvalid, InputInvalid, UnknownName, OutputUnwritable.
    """
    _refuse_overwriting(source, formats, folder, stem)
    transcript = read_words(_read_json(source))
    chosen = CaptionInputs.check({**transcript.options, **options})
    with Publication(folder) as out:
        return publish_captions(out, stem, formats, transcript.words, chosen, transcript.audio_end)


def _refuse_overwriting(source: Path, formats: Iterable[str], folder: Path, stem: str) -> None:
    """A source is never replaced by what is made of it; a stem stays in its folder. Raises InputInvalid."""
    if not stem or Path(stem).name != stem:
        raise InputInvalid(f"the stem {quoted(stem)} is no file name", mend="name the folder with -o")
    for form in formats:
        if (folder / f"{stem}.{form}").resolve() == source.resolve():
            raise InputInvalid(
                f"{quoted(source)} would be replaced by its captions", mend="choose another --stem or -o"
            )


def _read_json(source: Path) -> object:
    try:
        return json.loads(source.read_bytes())
    except OSError as error:
        raise FileUnreadable(f"{quoted(source)} cannot be read: {error.strerror}", mend="check the path") from error
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise FileUnreadable(f"{quoted(source)} is not JSON: {error}", mend=_NOT_JSON) from error


@dataclass(frozen=True, slots=True)
class CaptionedAudio:
    """Captions of sound. source: the link of the chain that timed the words.  passed_over: the links before it."""

    captions: CaptionFiles
    seconds: float
    source: str
    passed_over: tuple[PassedOver, ...]


def caption_audio(
    sound: Path,
    text: str,
    formats: Sequence[str],
    folder: Path,
    stem: str,
    options: CaptionInputs,
    *,
    language: str,
    aligners: Sequence[Aligner],
    step: Step = silent,
) -> CaptionedAudio:
    """Caption files for a sound or video file whose words are known.

    text: what is said, as it should be shown; numbers and abbreviations are aligned as they are spoken.
    language: a tag such as en-us.  aligners: asked in order; an estimate stands behind the last.
    Raises InputInvalid for text without a word, FileUnreadable, OutputUnwritable, and what ``step`` raises.
    """
    if not has_speech(text):
        raise InputInvalid(
            "the text has no letter or number in it, so there is nothing to caption", mend="check --text"
        )
    _refuse_overwriting(sound, formats, folder, stem)
    written = tuple(Written(token.written, token.words) for token in normalise(text, language))
    audio = read_audio(sound)
    timed = align(audio, written, language=language, aligners=aligners, step=step)
    with Publication(folder) as out:
        made = publish_captions(out, stem, formats, timed.words, options.for_language(language), audio.seconds)
    return CaptionedAudio(made, round(audio.seconds, 3), timed.source, timed.passed_over)
