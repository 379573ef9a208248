"""The properties of captions, as the corpus states them (tests/corpus/captions/README.md), checked from the files.

``violations(case, result)`` gives one sentence for everything that does not hold, an empty list when all does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import wcwidth

from tests.captions.caption_readers import WORD_JOINER, Shown, Unreadable, load_json, read

TOLERANCE = 0.011
LEAD = 0.25

DEFAULTS: dict[str, Any] = {
    "max_chars": 42,
    "max_lines": 2,
    "max_cps": 20.0,
    "min_s": 0.833,
    "max_s": 7.0,
    "gap_s": 0.083,
    "break_pause_s": 1.5,
    "tail_s": 1.0,
    "join": " ",
    "count": "graphemes",
    "karaoke": False,
    "srt_guard": False,
}


@dataclass(frozen=True)
class Result:
    """What a call gave: files by format, or the error; and the seconds it took."""

    files: Mapping[str, str]
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Timed:
    """A word as it should be read back."""

    text: str
    start: float | None
    end: float | None
    who: str | None


class Checked:
    """A case and what came of it, read."""

    def __init__(self, case: Mapping[str, Any], result: Result) -> None:
        self.case = case
        self.result = result
        self.options = DEFAULTS | case["options"]
        self.join: str = self.options["join"]
        self.audio_end: float | None = case.get("audio_end")

    @cached_property
    def cues(self) -> dict[str, list[Shown]]:
        return {form: read(form, content) for form, content in self.result.files.items()}

    @cached_property
    def json(self) -> dict[str, Any]:
        return load_json(self.result.files["json"])

    @cached_property
    def given(self) -> list[Timed]:
        """The words of the case, cleaned."""
        words = [
            Timed(clean(word["w"]), word["s"], word["e"], clean(word.get("who") or "") or None)
            for word in self.case["words"]
        ]
        return [word for word in words if word.text]

    @cached_property
    def words(self) -> list[Timed]:
        """The words, those without times as the JSON places them."""
        if (
            all(word.start is not None and word.end is not None for word in self.given)
            or "json" not in self.result.files
        ):
            return self.given
        return [
            Timed(word.text, placed["s"], placed["e"], word.who)
            for word, placed in zip(self.given, self.json["words"], strict=True)
        ]

    def one_line(self, cue: Shown) -> str:
        return cue.text.replace("\n", self.join)

    @cached_property
    def spans(self) -> dict[str, list[tuple[int, int]]]:
        """For each format, the first and last word of each cue."""
        return {form: list(self._spans(form)) for form in self.cues}

    def _spans(self, form: str) -> Iterator[tuple[int, int]]:
        first = 0
        for cue in self.cues[form]:
            wanted, so_far, last = fold(self.one_line(cue), form), "", first
            for last in range(first, len(self.words)):
                so_far += (self.join if last > first else "") + self.words[last].text
                if len(fold(so_far, form)) >= len(wanted):
                    break
            if fold(so_far, form) != wanted:
                raise Unreadable(f"{form}: {wanted!r} is not words {first}.. of the transcript")
            yield first, last
            first = last + 1

    def each(self) -> Iterator[tuple[str, list[Shown], list[tuple[int, int]]]]:
        for form, cues in self.cues.items():
            yield form, cues, self.spans[form]

    def letters(self, text: str) -> int:
        """Letters as said: what ASS shows wide counts as what it stands for, and an invisible joiner is none."""
        text = fold(text, "ass")
        if self.options["count"] == "cells":
            return sum(max(0, wcwidth.wcswidth(letter)) for letter in wcwidth.iter_graphemes(text))
        return sum(1 for _ in wcwidth.iter_graphemes(text))

    def marked(self, flag: str) -> list[bool]:
        """For each cue whether the JSON marks it; all false without a JSON."""
        if "json" not in self.cues:
            return [False] * max((len(cues) for cues in self.cues.values()), default=0)
        return [flag in cue.flags for cue in self.cues["json"]]

    def start_of(self, at: int) -> float:
        return self.words[at].start or 0.0

    def end_of(self, at: int) -> float:
        return self.words[at].end or 0.0


# Soft hyphen, joiners, direction marks and their like: a word of nothing else shows nothing.
UNSEEN = re.compile(
    "[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0001-\U000e007f]*"
)


def clean(text: str) -> str:
    text = re.sub("[\u200b\ufeff]", "", text)
    text = re.sub(r"\s+", " ", text).strip()
    return "" if UNSEEN.fullmatch(text) else text


def fold(text: str, form: str) -> str:
    """Text as compared: what ASS and a guarded SRT cannot write is as good as its stand-in."""
    if form not in {"ass", "srt"}:
        return text
    text = text.replace("\uff5b", "{").replace("\uff5d", "}").replace(WORD_JOINER, "")
    return text.replace("\uff3c", "\\") if form == "ass" else text


Property = Callable[[Checked, Mapping[str, Any]], Iterator[str]]
PROPERTIES: dict[str, Property] = {}


def _property(name: str) -> Callable[[Property], Property]:
    def add(check: Property) -> Property:
        PROPERTIES[name] = check
        return check

    return add


def violations(case: Mapping[str, Any], result: Result) -> list[str]:
    """What does not hold of ``case["expect"]``; an error that was not expected is one, and so is a lack of one."""
    expects_error = any(expected["p"] == "error" for expected in case["expect"])
    if result.error and not expects_error:
        return [f"refused: {result.error}"]
    checked = Checked(case, result)
    found = []
    for expected in case["expect"]:
        try:
            found += [f"{expected['p']}: {what}" for what in PROPERTIES[expected["p"]](checked, expected)]
        except (Unreadable, UnicodeError, ValueError, KeyError) as error:
            found.append(f"{expected['p']}: {error!r}")
    return found


@_property("only-formats")
def only_formats(it: Checked, expected: Mapping[str, Any]) -> Iterator[str]:
    wanted = set() if expected.get("none") else set(it.case["formats"])
    if set(it.result.files) != wanted:
        yield f"{sorted(it.result.files)} instead of {sorted(wanted)}"


@_property("not-made")
def not_made(it: Checked, expected: Mapping[str, Any]) -> Iterator[str]:
    if made := set(it.result.files) & set(expected["formats"]):
        yield f"{sorted(made)} made"


@_property("bytes")
def bytes_(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    for form, content in it.result.files.items():
        content.encode()
        if content.startswith("\ufeff"):
            yield f"{form}: byte order mark"
        if "\r" in content:
            yield f"{form}: carriage return"
        if not content.endswith("\n"):
            yield f"{form}: no line end at the end"


@_property("text")
def text(it: Checked, expected: Mapping[str, Any]) -> Iterator[str]:
    wanted = expected.get("is_", it.join.join(word.text for word in it.given))
    for form, cues in it.cues.items():
        got = it.join.join(it.one_line(cue) for cue in cues)
        if fold(got, form) != fold(wanted, form):
            yield f"{form}: {got!r} instead of {wanted!r}"


@_property("parses")
def parses(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    for form, cues in it.cues.items():
        if not cues:
            yield f"{form}: no cue"


@_property("order")
def order(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    for form, cues in it.cues.items():
        for cue in cues:
            if cue.end <= cue.start:
                yield f"{form}: ends at {cue.end}, begins at {cue.start}"
        for cue, after in pairwise(cues):
            if after.start <= cue.start:
                yield f"{form}: {after.start} follows {cue.start}"
            if after.start < cue.end:
                yield f"{form}: {cue.end} is over the next at {after.start}"


@_property("span")
def span(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    tail, shortest = it.options["tail_s"], it.options["min_s"]
    for form, cues, spans in it.each():
        for at, (cue, (first, last)) in enumerate(zip(cues, spans, strict=True)):
            begin, end = it.start_of(first), it.end_of(last)
            if not begin - LEAD - TOLERANCE <= cue.start <= begin + TOLERANCE:
                yield f"{form}: begins at {cue.start}, its first word at {begin}"
            limits = [cues[at + 1].start] if at + 1 < len(cues) else []
            limits += [] if it.audio_end is None else [it.audio_end]
            if cue.end < min([end, *limits]) - TOLERANCE:
                yield f"{form}: ends at {cue.end}, its last word at {end}"
            if cue.end > max(end + tail, cue.start + shortest) + TOLERANCE:
                yield f"{form}: ends at {cue.end}, long after its last word at {end}"


@_property("near")
def near(it: Checked, expected: Mapping[str, Any]) -> Iterator[str]:
    for form, cues, spans in it.each():
        for cue, (first, last) in zip(cues, spans, strict=True):
            for time, word in ((cue.start, it.start_of(first)), (cue.end, it.end_of(last))):
                if abs(time - word) > expected["tol"] + 1e-9:
                    yield f"{form}: {time} for a word at {word}"


@_property("lines")
def lines(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    for form, cues, _spans in it.each():
        for cue, long in zip(cues, it.marked("long"), strict=True):
            if len(cue.lines) > it.options["max_lines"]:
                yield f"{form}: {len(cue.lines)} lines"
            if not all(line.strip() for line in cue.lines):
                yield f"{form}: an empty line in {cue.text!r}"
            widths = [it.letters(line) for line in cue.lines]
            if max(widths) > it.options["max_chars"] and not long:
                yield f"{form}: {max(widths)} letters in {cue.text!r}"


@_property("duration")
def duration(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    shortest, longest, gap = it.options["min_s"], it.options["max_s"], it.options["gap_s"]
    for form, cues, _spans in it.each():
        for at, (cue, long) in enumerate(zip(cues, it.marked("long"), strict=True)):
            lasts = cue.end - cue.start
            in_the_way = at + 1 < len(cues) and cue.end >= cues[at + 1].start - gap - TOLERANCE
            at_the_end = it.audio_end is not None and cue.end >= it.audio_end - TOLERANCE
            if lasts < shortest - TOLERANCE and not in_the_way and not at_the_end:
                yield f"{form}: {lasts:.3f} s"
            if lasts > longest + TOLERANCE and not long:
                yield f"{form}: {lasts:.3f} s"


@_property("gap")
def gap(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    for form, cues, spans in it.each():
        for (cue, after), ((_first, last), (first, _last)) in zip(pairwise(cues), pairwise(spans), strict=True):
            left = max(0.0, it.start_of(first) - it.end_of(last))
            if after.start - cue.end < min(it.options["gap_s"], left) - TOLERANCE:
                yield f"{form}: {after.start - cue.end:.3f} s between cues"


@_property("cps")
def cps(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    for form, cues, _spans in it.each():
        for cue, fast in zip(cues, it.marked("fast"), strict=True):
            pace = it.letters(it.one_line(cue)) / (cue.end - cue.start)
            if pace > it.options["max_cps"] + 1e-6 and not fast:
                yield f"{form}: {pace:.2f} letters a second in {cue.text!r}"


@_property("fast-marked")
def fast_marked(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    if not any(it.marked("fast")):
        yield "no cue is marked"


@_property("long-marked")
def long_marked(it: Checked, expected: Mapping[str, Any]) -> Iterator[str]:
    for (first, last), long in zip(it.spans["json"], it.marked("long"), strict=True):
        if first <= expected["word"] <= last and not long:
            yield f"the cue of word {expected['word']} is not marked"


@_property("same-cues")
def same_cues(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    (first_form, first), *others = it.cues.items()
    for form, cues in others:
        if len(cues) != len(first):
            yield f"{len(cues)} cues in {form}, {len(first)} in {first_form}"
            continue
        for cue, same in zip(cues, first, strict=True):
            if fold(fold(cue.text, "ass"), "srt") != fold(fold(same.text, "ass"), "srt"):
                yield f"{cue.text!r} in {form}, {same.text!r} in {first_form}"
            if abs(cue.start - same.start) > TOLERANCE or abs(cue.end - same.end) > TOLERANCE:
                yield f"{cue.start} to {cue.end} in {form}, {same.start} to {same.end} in {first_form}"


@_property("count")
def count(it: Checked, expected: Mapping[str, Any]) -> Iterator[str]:
    for form, cues in it.cues.items():
        if not expected.get("min", 0) <= len(cues) <= expected.get("max", len(cues)):
            yield f"{form}: {len(cues)} cues"


@_property("break-at")
def break_at(it: Checked, expected: Mapping[str, Any]) -> Iterator[str]:
    for form, spans in it.spans.items():
        if expected["after"] not in {last for _, last in spans}:
            yield f"{form}: no cue ends with word {expected['after']}"


@_property("no-cover")
def no_cover(it: Checked, expected: Mapping[str, Any]) -> Iterator[str]:
    for form, cues in it.cues.items():
        for cue in cues:
            if cue.start < expected["end"] - TOLERANCE and cue.end > expected["start"] + TOLERANCE:
                yield f"{form}: {cue.start} to {cue.end}"


@_property("not-last-word")
def not_last_word(it: Checked, expected: Mapping[str, Any]) -> Iterator[str]:
    for form, cues in it.cues.items():
        shown = [cue.text.replace("\n", " ") for cue in cues]
        if expected.get("of") == "line":
            shown = [line for cue in cues for line in cue.lines]
        for piece in shown[:-1]:
            if piece.split()[-1].lower() in expected["words"]:
                yield f"{form}: {piece!r}"


@_property("not-first-letter")
def not_first_letter(it: Checked, expected: Mapping[str, Any]) -> Iterator[str]:
    for form, cues in it.cues.items():
        for line in (line for cue in cues for line in cue.lines):
            if line[0] in expected["letters"]:
                yield f"{form}: {line!r}"


@_property("whole-words")
def whole_words(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    """Each line is made of whole words: their ends are met by ends of lines."""
    for form, cues in it.cues.items():
        at = 0
        for line in (line for cue in cues for line in cue.lines):
            so_far = fold(it.words[at].text, form)
            while len(so_far) < len(fold(line, form)) and at + 1 < len(it.words):
                at += 1
                so_far += fold(it.join + it.words[at].text, form)
            if so_far != fold(line, form):
                yield f"{form}: {line!r} does not end with a word"
                break
            at += 1


@_property("vtt-escaped")
def vtt_escaped(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    yield from _reads_as_text(it, "vtt")


@_property("srt-safe")
def srt_safe(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    yield from _reads_as_text(it, "srt")


@_property("ass-inert")
def ass_inert(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    yield from _reads_as_text(it, "ass")


def _reads_as_text(it: Checked, form: str) -> Iterator[str]:
    """The strict readers refuse tags, commands, empty lines and text that reads as structure; every letter is there."""
    if form in it.result.files:
        got = it.join.join(it.one_line(cue) for cue in it.cues[form])
        wanted = it.join.join(word.text for word in it.words)
        if fold(got, form) != fold(wanted, form):
            yield f"{got!r} instead of {wanted!r}"


_TIME_FORMS = {
    "srt": r"\d{2,}:[0-5]\d:[0-5]\d,\d{3}",
    "vtt": r"\d{2,}:[0-5]\d:[0-5]\d\.\d{3}",
    "ass": r"\d+:[0-5]\d:[0-5]\d\.\d{2}",
    "csv": r"\d+\.\d{3}",
}


@_property("times")
def times(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    for form, content in it.result.files.items():
        if form not in _TIME_FORMS:
            continue
        time = _TIME_FORMS[form]
        line = {"ass": rf"(?m)^Dialogue: 0,{time},{time},", "csv": rf"(?m)^{time},{time},"}.get(
            form, rf"(?m)^{time} --> {time}$"
        )
        if len(re.findall(line, content)) < len(it.cues[form]):
            yield f"{form}: a time of another form"
    for cue in it.json["cues"] if "json" in it.result.files else []:
        if not (isinstance(cue["start"], int | float) and isinstance(cue["end"], int | float)):
            yield f"json: {cue}"


@_property("positive")
def positive(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    for form, cues in it.cues.items():
        for cue in cues:
            if cue.end - cue.start < 0.01 - 1e-6:
                yield f"{form}: {cue.end - cue.start:.3f} s"


@_property("karaoke")
def karaoke(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    if "ass" in it.cues:
        yield from _karaoke_ass(it)
    if "vtt" in it.cues:
        yield from _karaoke_vtt(it)


def _clamped(it: Checked, at: int, latest: float, cue: Shown) -> float:
    """When a word can light up: not before the one before it, and inside its cue."""
    return min(max(it.start_of(at), latest, cue.start), cue.end)


def _karaoke_ass(it: Checked) -> Iterator[str]:
    for cue, (first, last) in zip(it.cues["ass"], it.spans["ass"], strict=True):
        lasts = round(100 * (cue.end - cue.start))
        if sum(length for length, _ in cue.parts) != lasts:
            yield f"ass: the parts {cue.parts} are not {lasts} hundredths"
        now, latest, at = cue.start, cue.start, first
        for length, shown in cue.parts:
            if shown.strip():
                latest = _clamped(it, at, latest, cue)
                if abs(now - latest) > TOLERANCE:
                    yield f"ass: {shown!r} at {now:.2f}, said at {latest}"
                at += 1
            now += length / 100
        if at != last + 1:
            yield f"ass: {at - first} parts for {last + 1 - first} words"


def _karaoke_vtt(it: Checked) -> Iterator[str]:
    for cue, (first, last) in zip(it.cues["vtt"], it.spans["vtt"], strict=True):
        if any(after <= before for before, after in pairwise((cue.start, *cue.marks, cue.end))):
            yield f"vtt: {cue.marks} do not rise inside {cue.start} to {cue.end}"
        latest, wanted = cue.start, []
        for at in range(first, last + 1):
            time = round(_clamped(it, at, latest, cue), 3)
            if latest < time < cue.end:
                wanted.append(time)
            latest = max(latest, time)
        if len(wanted) != len(cue.marks) or any(
            abs(mark - time) > TOLERANCE for mark, time in zip(cue.marks, wanted, strict=True)
        ):
            yield f"vtt: marks {cue.marks} instead of {wanted}"


@_property("placed")
def placed(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    words = it.json["words"]
    latest = 0.0
    for at, (given, word) in enumerate(zip(it.given, words, strict=True)):
        missing = given.start is None or given.end is None
        if word["s"] is None or word["e"] is None or word["e"] < word["s"]:
            yield f"word {at}: {word}"
            continue
        if bool(word.get("estimated")) != missing:
            yield f"word {at} is {'not ' if missing else ''}marked: {word}"
        later = (known for after in it.given[at + 1 :] for known in (after.start, after.end) if known is not None)
        limit = min(next(later, 1e9), 1e9 if it.audio_end is None else it.audio_end)
        if given.start is None and word["s"] < min(latest, limit, word["e"]) - TOLERANCE:
            yield f"word {at} is placed from {word['s']}, before {latest}"
        if given.end is None and word["e"] > max(limit, word["s"]) + TOLERANCE:
            yield f"word {at} is placed until {word['e']}, after {limit}"
        latest = word["e"]


@_property("empty")
def empty(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    for form, cues in it.cues.items():
        if cues:
            yield f"{form}: {len(cues)} cues"


@_property("who")
def who(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    for form in {"vtt", "json"} & set(it.cues):
        for cue, (first, last) in zip(it.cues[form], it.spans[form], strict=True):
            voices = {word.who for word in it.words[first : last + 1]}
            if voices != {cue.who}:
                yield f"{form}: {cue.who!r} for words of {voices}"


@_property("no-marks")
def no_marks(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    marks = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"
    before = sorted(re.findall(marks, "".join(word["w"] + (word.get("who") or "") for word in it.case["words"])))
    for form, content in it.result.files.items():
        if set(re.findall(marks, content)) - set(before):
            yield f"{form}: a direction mark"


@_property("inside")
def inside(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    assert it.audio_end is not None
    for form, cues in it.cues.items():
        for cue in cues:
            if cue.end > it.audio_end + TOLERANCE:
                yield f"{form}: {cue.end} is after {it.audio_end}"


@_property("csv-round")
def csv_round(it: Checked, _: Mapping[str, Any]) -> Iterator[str]:
    got = it.join.join(it.one_line(cue) for cue in it.cues["csv"])
    wanted = it.join.join(word.text for word in it.words)
    if got != wanted:
        yield f"{got!r} instead of {wanted!r}"


@_property("seconds")
def seconds(it: Checked, expected: Mapping[str, Any]) -> Iterator[str]:
    if it.result.seconds > expected["max"]:
        yield f"{it.result.seconds:.1f} s"


@_property("error")
def error(it: Checked, expected: Mapping[str, Any]) -> Iterator[str]:
    message = it.result.error
    if not message:
        yield "not refused"
    elif "index" in expected:
        word = it.case["words"][expected["index"]]
        place = re.search(rf"\b{expected['index'] + 1}\b", message)
        if not place and str(word.get("w")) not in message:
            yield f"{message!r} names neither place nor text"
    for name in expected.get("names", ()):
        if name not in message:
            yield f"{message!r} does not name {name!r}"


def known(expects: Sequence[Mapping[str, Any]]) -> set[str]:
    return {expected["p"] for expected in expects}
