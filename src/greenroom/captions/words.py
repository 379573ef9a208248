"""A word and when it is said; transcripts of words, read from JSON and checked."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Never

from greenroom.errors import InputInvalid, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

# A thousand hours. More is not a time in seconds: most often it is milliseconds, or a clock time.
LATEST_S = 3_600_000.0

# An aligner may give a word to its neighbour's first sounds; more than this backwards is another order.
SAME_VOICE_BACK_S = 0.25

# Two people talk at once for this long at most; a list that goes further back is not in the order of speech.
OTHER_VOICE_BACK_S = 5.0

# Lengths of the same sound differ by a few frames between containers; more is another sound.
BEYOND_END_S = 0.5

# Zero-width spaces are layout of the source; NUL ends the text in players written in C, and WebVTT forbids it.
_DROPPED = re.compile("[\u200b\ufeff\x00]")

# Letters that show nothing by themselves: soft hyphen, direction marks, joiners, tags.
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0001-\U000e007f]*"
)

_TIME_MEND = "a time is seconds from the beginning of the sound, 0 or more; null where nobody could place the word"
_WORD_MEND = 'a word is {"w": "text", "s": begin, "e": end}, and may have "who"; times are seconds or null'


@dataclass(frozen=True, slots=True)
class Word:
    """One written word.

    start and end: seconds from the beginning of the sound, None when nobody could place the word.
    who: the voice that says it.  estimated: the times are a guess between neighbours, not a measurement.
    """

    text: str
    start: float | None = None
    end: float | None = None
    who: str | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Transcript:
    """Words as they were read: not yet cleaned or placed.

    audio_end: length of the sound in seconds, None when nobody knows it.
    options: what the transcript asks of its captions, as written there; ``CaptionInputs.check`` reads it.
    """

    words: tuple[Word, ...]
    audio_end: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


class WordsInvalid(InputInvalid):
    """Words or times that cannot be what was said; the message has the place (from 1) and text of the first."""

    code = "words-invalid"
    exit_code = 1  # the command line may be right: it is the file that is not


def read_words(data: object) -> Transcript:
    """Read a transcript from parsed JSON.

    data: ``{"words": [{"w", "s", "e", "who"?, "estimated"?}], "options"?: {...}, "audio_end"?: seconds}``. Other keys
    are left alone, so the JSON that greenroom writes can be read again, as can that of tools that say more.
    Raises WordsInvalid when something is missing or of the wrong kind. What the values mean together is checked by
    ``checked_words``, which also serves words that come from an aligner.
    """
    if not isinstance(data, Mapping):
        raise WordsInvalid(f"a transcript is an object with a list of words, not {quoted(data)}", mend=_WORD_MEND)
    items = data.get("words")
    if not isinstance(items, Sequence) or isinstance(items, str):
        raise WordsInvalid(f"words is {quoted(items)}, not a list", mend=_WORD_MEND)
    options = data.get("options")
    if options is not None and not isinstance(options, Mapping):
        raise WordsInvalid(f"options is {quoted(options)}, not an object", mend='options is {"max_chars": 42, ...}')
    words = tuple(_read_word(item, place) for place, item in enumerate(items, 1))
    return Transcript(words, _read_audio_end(data.get("audio_end")), dict(options or {}))


def checked_words(words: Iterable[Word], audio_end: float | None = None) -> list[Word]:
    """Clean the texts, drop words without text, and refuse what cannot have been said.

    Cleaning: zero-width spaces go, a run of white space (line and paragraph separators too) becomes one space, the
    ends are stripped. Nothing else in a text changes.

    Refused, with WordsInvalid, because every repair would be a guess about which number is wrong:

    - a time that is not finite, negative or beyond ``LATEST_S``; an end before its begin;
    - a word that begins more than ``SAME_VOICE_BACK_S`` before the word before it in the same voice, or more than
      ``OTHER_VOICE_BACK_S`` before the word before it in another voice: the words are not in the order of speech;
    - a word that begins more than ``BEYOND_END_S`` after the end of the sound: it belongs to another sound;
    - half of a surrogate pair, which no file can hold.

    Kept as given, and dealt with where captions get their times (``track``, ``timing``): words that overlap, one
    voice by a little or two voices in earnest; words without duration; a last word that ends beyond the sound.
    """
    check_audio_end(audio_end)
    begun: dict[str | None, float] = {}
    before = 0.0
    kept = []
    for place, given in enumerate(words, 1):
        word = _cleaned(given, place)
        if not word.text:
            continue
        _check_times(word, place)
        known = word.end if word.start is None else word.start
        if known is not None:
            if audio_end is not None and known > audio_end + BEYOND_END_S:
                _refuse_after_end(word, place, known, audio_end)
            spoken = begun.get(word.who, 0.0)
            if known < spoken - SAME_VOICE_BACK_S or known < before - OTHER_VOICE_BACK_S:
                _refuse_order(word, place, known, max(spoken, before))
            begun[word.who] = before = known
        kept.append(word)
    return kept


def check_audio_end(audio_end: float | None) -> None:
    """Raise WordsInvalid unless ``audio_end`` is a time in seconds, or None."""
    if audio_end is not None and not 0 <= audio_end <= LATEST_S:
        raise WordsInvalid(
            f"audio_end is {quoted(audio_end)}, not the length of a sound",
            mend=f"audio_end is seconds, 0 to {LATEST_S:.0f}, or left out",
        )


def clean_text(text: str) -> str:
    """The text of a word as captions hold it; empty when nothing of it would be seen."""
    text = " ".join(_DROPPED.sub("", text).split())
    return text if text.isascii() or not _INVISIBLE.fullmatch(text) else ""


def _read_word(item: object, place: int) -> Word:
    if not isinstance(item, Mapping):
        raise WordsInvalid(f"word {place} is {quoted(item)}, not an object", mend=_WORD_MEND)
    text, who = item.get("w"), item.get("who")
    if not isinstance(text, str):
        problem = f"w is {quoted(text)}, not a text" if "w" in item else f"w is missing from {quoted(dict(item))}"
        raise WordsInvalid(f"word {place}: {problem}", mend=_WORD_MEND)
    if who is not None and not isinstance(who, str):
        raise WordsInvalid(f"word {place} {quoted(text)}: who is {quoted(who)}, not a name", mend=_WORD_MEND)
    estimated = item.get("estimated", False)
    if not isinstance(estimated, bool):
        raise WordsInvalid(f"word {place} {quoted(text)}: estimated is {quoted(estimated)}", mend="true, or left out")
    return Word(text, _read_time(item, "s", text, place), _read_time(item, "e", text, place), who, estimated)


def _read_time(item: Mapping[str, Any], key: str, text: str, place: int) -> float | None:
    value = item.get(key)
    if value is None or type(value) is float:
        return value
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) <= LATEST_S:
        raise WordsInvalid(f"word {place} {quoted(text)}: {key} is {quoted(value)}, not a time", mend=_TIME_MEND)
    return float(value)


def _read_audio_end(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise WordsInvalid(f"audio_end is {quoted(value)}, not a number", mend="audio_end is seconds, or left out")
    check_audio_end(value)
    return float(value)


def _cleaned(word: Word, place: int) -> Word:
    text, who = clean_text(word.text), word.who and (clean_text(word.who) or None)
    if not (text.isascii() and (who is None or who.isascii())):
        _check_encodable(text, who, place)
    if text == word.text and who == word.who:
        return word
    return dataclasses.replace(word, text=text, who=who)


def _check_encodable(text: str, who: str | None, place: int) -> None:
    try:
        (text + (who or "")).encode()
    except UnicodeEncodeError:
        raise WordsInvalid(
            f"word {place} {quoted(text)} has half of a surrogate pair, which is no letter",
            mend="write the letter itself, or both halves",
        ) from None


def _check_times(word: Word, place: int) -> None:
    for value in (word.start, word.end):
        if value is not None and not 0 <= value <= LATEST_S:
            raise WordsInvalid(f"word {place} {quoted(word.text)}: {value:.9g} s is not a time", mend=_TIME_MEND)
    # Half a millisecond is what arithmetic on the way here may have cost; no format can write it.
    if word.start is not None and word.end is not None and word.end < word.start - 0.0005:
        raise WordsInvalid(
            f"word {place} {quoted(word.text)} ends at {word.end:.9g} s, before it begins at {word.start:.9g} s",
            mend="correct its times; null for both lets greenroom place it between its neighbours",
        )


def _refuse_order(word: Word, place: int, known: float, before: float) -> Never:
    raise WordsInvalid(
        f"word {place} {quoted(word.text)} is said at {known:.9g} s, and a word before it at {before:.9g} s",
        mend="give the words in the order in which they are said",
    )


def _refuse_after_end(word: Word, place: int, known: float, audio_end: float) -> Never:
    raise WordsInvalid(
        f"word {place} {quoted(word.text)} is said at {known:.9g} s, after the end of the sound at {audio_end:.9g} s",
        mend="is this the transcript of this sound? else leave audio_end out",
    )
