"""Scripts: text with marks for who speaks, where to pause, and how a character is read.

The published tools have two forms, for voices only: ``[name]`` on the command line, ``{name}`` or a JSON object on the
web page. Ours is ``parse``:

    [narrator] He said: [pause 0.5s] [town speed=0.8 seed=3] I live by the {银行|yin2 hang2}.

``[name]`` is the command line's; speed and seed are the web page's. Pauses and readings may also be written as SSML has
them, ``<break time="500ms"/>`` and ``<phoneme alphabet="pinyin" ph="hang2">行</phoneme>``, which other tools write.
A backslash before ``[``, ``{`` or ``<`` takes its meaning away.
Source: SSML 1.1, W3C recommendation, sections 3.1.10 and 3.2.3.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from greenroom.errors import InputInvalid, UnknownName, quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Container, Iterable, Iterator, Mapping

LONGEST_PAUSE_S = 30.0
"""A longer pause is more likely a slip (seconds for milliseconds) than meant."""

_FIRST_READING, _LAST_READING = 0xE000, 0xF8FF
_PRIVATE = re.compile("[\ue000-\uf8ff]")

_MARK = re.compile(
    r"\\(?P<literal>[\[{<])"
    r"|\[pause\b(?P<pause>[^\[\]]*)\]"
    r"|<break\b(?P<break>[^<>]*)>(?:\s*</break>)?"
    r"|\{(?:(?P<written>[^{}|]*)\|)?(?P<pinyin>\s*[a-zA-ZüÜ]+[1-5](?:\s+[a-zA-ZüÜ]+[1-5]?)*\s*)\}"
    r"|<phoneme\b(?P<phoneme>[^<>]*)>(?P<base>[^<>]*)</phoneme>"
    r"|\[(?P<voice>\w+)(?P<options>(?:\s+\w+=[^\s\[\]]*)*)\s*\]"
)
_TIME = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(ms|s)\s*")
_ATTRIBUTE = re.compile(r"""(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")


class MarkInvalid(InputInvalid):
    """A mark in a script is not written as it should be."""

    code = "mark-invalid"


@dataclass(frozen=True, slots=True)
class Reading:
    """What stands in the text, and the pinyin syllable that is said for it, as the vocabulary writes it."""

    written: str
    syllable: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """Text in one voice. voice: None is the one that speaks when no other is named.  speed, seed: None where the
    script does not say."""

    text: str
    voice: str | None = None
    speed: float | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Silence in the speech."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Script:
    """What is said and when nothing is.

    A character that is read as told stands in the text of a span as one private-use character, the key of
    ``readings``; it counts and divides as a Chinese character does.
    """

    spans: tuple[Spoken | Pause, ...]
    readings: Mapping[str, Reading] = field(default_factory=dict)

    def tokens(self, tokens: Iterable[str]) -> list[str]:
        """Tokens of a span's text with each reading in its place, a space before it as before any syllable."""
        said: list[str] = []
        for token in tokens:
            said += (" ", self.readings[token].syllable) if token in self.readings else (token,)
        return said

    def written(self, text: str) -> str:
        """A span's text as it is shown."""
        return _PRIVATE.sub(lambda found: self.readings[found[0]].written, text) if self.readings else text


def parse(text: str, voices: Collection[str] = (), syllables: Container[str] | None = None) -> Script:
    """Read a script.

    voices: which names there are; without any, ``[name]`` is text as any other.  syllables: those that can be said, a
    vocabulary; None takes any.

    Private-use characters of the text are left out: they have no sound, and mean something here.
    Raises MarkInvalid, UnknownName for a voice that there is not.

    >>> parse("Well. [pause 0.5s] Go on.").spans
    (Spoken(text='Well.', voice=None, speed=None, seed=None), Pause(seconds=0.5), \
Spoken(text='Go on.', voice=None, speed=None, seed=None))
    """
    reader = _Reader(voices, syllables)
    text = _PRIVATE.sub("", text)
    position = 0
    for mark in _MARK.finditer(text):
        reader.say(text[position : mark.start()])
        reader.obey(mark)
        position = mark.end()
    reader.say(text[position:])
    return reader.script()


class _Reader:
    """Gathers the spans of a script, mark by mark."""

    def __init__(self, voices: Collection[str], syllables: Container[str] | None) -> None:
        self._voices = voices
        self._syllables = syllables
        self._spans: list[Spoken | Pause] = []
        self._speaking = Spoken("")
        self._said: list[str] = []
        self._keys: dict[Reading, str] = {}

    def say(self, text: str) -> None:
        self._said.append(text)

    def obey(self, mark: re.Match[str]) -> None:
        if mark["literal"]:
            self.say(mark["literal"])
        elif mark["pause"] is not None:
            self._pause(_seconds(mark["pause"], mark[0]))
        elif mark["break"] is not None:
            self._pause(_seconds(_attributes(mark["break"]).get("time", ""), mark[0]))
        elif mark["pinyin"] is not None:
            self._read(mark["written"], mark["pinyin"], mark[0])
        elif mark["phoneme"] is not None:
            self._phoneme(mark)
        elif self._voices:
            self._switch(mark)
        else:
            self.say(mark[0])

    def script(self) -> Script:
        self._end_span()
        return Script(tuple(self._spans), {key: reading for reading, key in self._keys.items()})

    def _end_span(self) -> None:
        text = "".join(self._said).strip()
        self._said = []
        if text:
            now = self._speaking
            self._spans.append(Spoken(text, now.voice, now.speed, now.seed))

    def _pause(self, seconds: float) -> None:
        self._end_span()
        if seconds:
            self._spans.append(Pause(seconds))

    def _switch(self, mark: re.Match[str]) -> None:
        if mark["voice"] not in self._voices:
            unknown = UnknownName("voice", mark["voice"], self._voices)
            unknown.mend += r" (or write \[ where the sign itself is meant)"
            raise unknown
        self._end_span()
        self._speaking = Spoken("", mark["voice"], **_options(mark["options"], mark[0]))

    def _phoneme(self, mark: re.Match[str]) -> None:
        attributes = _attributes(mark["phoneme"])
        if attributes.get("alphabet", "").removeprefix("x-") != "pinyin":
            raise MarkInvalid(
                f"{quoted(mark[0])} has no pinyin", mend='<phoneme alphabet="pinyin" ph="hang2">行</phoneme>'
            )
        self._read(mark["base"], attributes.get("ph", ""), mark[0])

    def _read(self, written: str | None, pinyin: str, mark: str) -> None:
        syllables = [_spelt(syllable) for syllable in pinyin.split()]
        characters = list(written.strip()) if written is not None else syllables
        if not syllables or len(characters) != len(syllables):
            raise MarkInvalid(
                f"{quoted(mark)} has {len(characters)} characters and {len(syllables)} syllables",
                mend="give a syllable for each character: {银行|yin2 hang2}",
            )
        for character, syllable in zip(characters, syllables, strict=True):
            if self._syllables is not None and syllable not in self._syllables:
                raise MarkInvalid(
                    f"{quoted(mark)}: there is no syllable {quoted(syllable)}",
                    mend="write pinyin with the tone behind, such as hang2, lv4, de",
                )
            self.say(self._key(Reading(character, syllable)))

    def _key(self, reading: Reading) -> str:
        code = _FIRST_READING + len(self._keys)
        if reading not in self._keys and code > _LAST_READING:
            raise MarkInvalid(f"more than {code - _FIRST_READING} different readings", mend="send the text in parts")
        return self._keys.setdefault(reading, chr(code))


def _spelt(syllable: str) -> str:
    """Pinyin as the vocabulary has it: lower case, v for ü, the neutral tone without a number."""
    return syllable.lower().replace("ü", "v").removesuffix("5")


def _seconds(text: str, mark: str) -> float:
    found = _TIME.fullmatch(text)
    if not found:
        raise MarkInvalid(f"{quoted(mark)} does not say how long", mend="[pause 0.5s] or [pause 500ms]")
    seconds = float(found[1]) / (1000 if found[2] == "ms" else 1)
    if seconds > LONGEST_PAUSE_S:
        raise MarkInvalid(f"{quoted(mark)} is over {LONGEST_PAUSE_S:g} s", mend="give a shorter pause, or several")
    return seconds


def _attributes(text: str) -> dict[str, str]:
    return {name: double or single for name, double, single in _ATTRIBUTE.findall(text)}


def _options(text: str, mark: str) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for option in text.split():
        name, _, value = option.partition("=")
        try:
            options[name] = {"speed": _speed, "seed": _seed}[name](value)
        except (KeyError, ValueError):
            raise MarkInvalid(
                f"{quoted(mark)} has {quoted(option)}", mend="[name], [name speed=0.8], [name speed=0.8 seed=3]"
            ) from None
    return options


def _speed(value: str) -> float:
    speed = float(value)
    if not 0.3 <= speed <= 2.0:  # the bounds of the input ``speed``
        raise ValueError(value)
    return speed


def _seed(value: str) -> int:
    seed = int(value)
    if not 0 <= seed < 2**31:
        raise ValueError(value)
    return seed


_COMMAND_LINE_CUT = re.compile(r"(?=\[\w+\])")
_COMMAND_LINE_TAG = re.compile(r"\[(\w+)\]")


def published_command_line(text: str, voices: Collection[str]) -> Iterator[tuple[str, str]]:
    """Voice and text of each segment as the published command line has them; ``main`` for what is in no voice.

    A segment of a tag alone has an empty text.
    """
    for segment in _COMMAND_LINE_CUT.split(text):
        if segment.strip():
            tag = _COMMAND_LINE_TAG.match(segment)
            voice = tag[1] if tag and tag[1] in voices else "main"
            yield voice, _COMMAND_LINE_TAG.sub("", segment).strip()


_WEB_TAG = re.compile(r"(\{.*?\})")


def published_web(text: str) -> list[dict[str, Any]]:
    """Segments as the published web page has them: ``name``, ``seed`` (-1 is any), ``speed`` and ``text``.

    What the tag says of a voice is kept as it is written.
    """
    segments: list[dict[str, Any]] = []
    speaking: dict[str, Any] = {"name": "Regular", "seed": -1, "speed": 1.0}
    for place, part in enumerate(_WEB_TAG.split(text)):
        if place % 2:
            try:
                speaking = json.loads(part)
            except json.JSONDecodeError:
                speaking = {"name": part[1:-1], "seed": -1, "speed": 1.0}
        elif part.strip():
            segments.append({**speaking, "text": part.strip()})
    return segments
