"""Strict readers of the five formats, written from their descriptions and not from greenroom's writers.

Each gives the cues that a viewer would see; ``Unreadable`` says what a reader could trip over.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
from dataclasses import dataclass, field
from typing import Any

import pysubs2
import webvtt

WORD_JOINER = "\u2060"


class Unreadable(ValueError):
    """The file is not what its format says."""


@dataclass(frozen=True)
class Shown:
    """A cue as its reader shows it; times in seconds, rounded to the milliseconds that they are written in."""

    start: float
    end: float
    text: str
    who: str | None = None
    marks: tuple[float, ...] = ()  # WebVTT: times inside the text
    parts: tuple[tuple[int, str], ...] = ()  # ASS: hundredths and what lights up with them
    flags: frozenset[str] = field(default_factory=frozenset)

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n")


def read(form: str, content: str) -> list[Shown]:
    return {"srt": read_srt, "vtt": read_vtt, "ass": read_ass, "csv": read_csv, "json": read_json}[form](content)


def _demand(holds: object, what: str) -> None:
    if not holds:
        raise Unreadable(what)


def _seconds(hours: str, minutes: str, seconds: str, fraction: str) -> float:
    _demand(int(minutes) < 60 and int(seconds) < 60, f"{minutes}:{seconds} is no clock time")
    return round(int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}"), 3)


def _two_digit_hours(cues: list[Shown]) -> bool:
    """All that pysubs2 reads."""
    return all(cue.end < 360_000 for cue in cues)


def read_srt(content: str) -> list[Shown]:
    cues: list[Shown] = []
    if content == "\n":
        return cues
    _demand(content.endswith("\n") and not content.endswith("\n\n"), "the last cue ends with one line end")
    time = r"(\d{2,}):(\d{2}):(\d{2}),(\d{3})"
    for number, block in enumerate(content[:-1].split("\n\n"), 1):
        lines = block.split("\n")
        _demand(lines[0] == str(number), f"cue {number} has number {lines[0]!r}")
        found = re.fullmatch(f"{time} --> {time}", lines[1])
        _demand(found, f"time line {lines[1]!r}")
        assert found
        _demand(len(lines) > 2 and all(line.strip() for line in lines[2:]), f"cue {number} has an empty line")
        for line in lines[2:]:
            _demand(not re.search(r"\d:\d+:\d+\S*\s*-->\s*\d+:\d+:\d", line), f"{line!r} reads as a time line")
        text = "\n".join(lines[2:])
        cues.append(Shown(_seconds(*found.groups()[:4]), _seconds(*found.groups()[4:]), text))
    # A lax reader sees the same cues; but pysubs2 finds one in any line with two times.
    times = [re.findall(r"\d:\d+:\d+[.,]\d", line) for cue in cues for line in cue.lines]
    if _two_digit_hours(cues) and all(len(found) < 2 for found in times):
        lax = pysubs2.SSAFile.from_string(content, format_="srt", keep_html_tags=True)
        _demand(len(lax) == len(cues), f"pysubs2 sees {len(lax)} cues of {len(cues)}")
    return cues


_VTT_TIME = r"(\d{2,}):(\d{2}):(\d{2})\.(\d{3})"


def read_vtt(content: str) -> list[Shown]:
    blocks = content.split("\n\n")
    _demand(blocks[0].rstrip("\n") == "WEBVTT", f"signature {blocks[0]!r}")
    cues = []
    for block in blocks[1:]:
        lines = block.rstrip("\n").split("\n")
        found = re.fullmatch(f"{_VTT_TIME} --> {_VTT_TIME}", lines[0])
        _demand(found, f"time line {lines[0]!r}")
        assert found
        payload = "\n".join(lines[1:])
        _demand(all(line.strip() for line in lines[1:]) and len(lines) > 1, f"empty line in {block!r}")
        _demand("-->" not in payload, f"arrow in {payload!r}")
        _demand("\x00" not in payload, "NUL")
        who = re.match(r"<v ([^<>]+)>", payload)
        body = payload[who.end() :] if who else payload
        marks = tuple(_seconds(*mark) for mark in re.findall(f"<{_VTT_TIME}>", body))
        bare = re.sub(f"<{_VTT_TIME}>", "", body)
        _demand("<" not in bare and ">" not in bare, f"a tag in {body!r}")
        _demand(not re.search(r"&(?!(amp|lt|gt);)", bare), f"a bare ampersand in {body!r}")
        start, end = _seconds(*found.groups()[:4]), _seconds(*found.groups()[4:])
        cues.append(Shown(start, end, html.unescape(bare), html.unescape(who[1]) if who else None, marks))
    _demand(len(webvtt.from_string(content).captions) == len(cues), "webvtt-py sees other cues")
    return cues


def read_ass(content: str) -> list[Shown]:
    _demand(content.startswith("[Script Info]\n"), "no script info")
    for section in ("\nScriptType: v4.00+\n", "\n[V4+ Styles]\nFormat: ", "\nStyle: Default,", "\n[Events]\nFormat: "):
        _demand(section in content, f"{section!r} is missing")
    time = r"(\d+):(\d{2}):(\d{2})\.(\d{2})"
    cues = []
    for line in content.partition("\n[Events]\n")[2].split("\n")[1:-1]:
        found = re.fullmatch(rf"Dialogue: 0,{time},{time},Default,([^,]*),0,0,0,,(.*)", line)
        _demand(found, f"event {line!r}")
        assert found
        raw = found[10]
        commands = re.findall(r"\{([^}]*)\}", raw)
        _demand(all(re.fullmatch(r"\\k\d+", command) for command in commands), f"commands {commands}")
        bare = re.sub(r"\{[^}]*\}", "", raw)
        _demand("{" not in bare and "}" not in bare, f"a brace in {raw!r}")
        _demand(not re.search(rf"\\(?![N{WORD_JOINER}])", bare), f"a backslash in {raw!r}")
        parts = tuple((int(length), _ass_text(text)) for length, text in re.findall(r"\{\\k(\d+)\}([^{]*)", raw))
        start, end = _seconds(*found.groups()[:4]), _seconds(*found.groups()[4:8])
        cues.append(Shown(start, end, _ass_text(bare), found[9] or None, parts=parts))
    if _two_digit_hours(cues):
        _demand(len(pysubs2.SSAFile.from_string(content, format_="ass")) == len(cues), "pysubs2 sees other cues")
    return cues


def _ass_text(raw: str) -> str:
    return raw.replace("\\N", "\n").replace("\\n", "\n")


def read_csv(content: str) -> list[Shown]:
    _demand(not content.startswith("\ufeff"), "byte order mark")
    try:
        rows = list(csv.reader(io.StringIO(content, newline=""), strict=True))
    except csv.Error as error:
        raise Unreadable(str(error)) from error
    _demand(rows[0] == ["start", "end", "text"], f"header {rows[0]}")
    for row in rows[1:]:
        _demand(len(row) == 3 and all(re.fullmatch(r"\d+\.\d{3}", time) for time in row[:2]), f"row {row}")
    return [Shown(float(start), float(end), text) for start, end, text in rows[1:]]


def load_json(content: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(content)
    _demand(set(loaded) == {"words", "cues"}, f"keys {set(loaded)}")
    for word in loaded["words"]:
        _demand({"w", "s", "e"} <= set(word) <= {"w", "s", "e", "estimated", "who"}, f"word {word}")
        _demand(word.get("estimated", True) is True, f"flag of {word}")
    for cue in loaded["cues"]:
        keys = set(cue)
        _demand({"start", "end", "text"} <= keys <= {"start", "end", "text", "fast", "long", "who"}, f"cue {cue}")
        _demand(all(cue.get(flag, True) is True for flag in ("fast", "long")), f"flags of {cue}")
    return loaded


def read_json(content: str) -> list[Shown]:
    return [
        Shown(cue["start"], cue["end"], cue["text"], cue.get("who"), flags=frozenset({"fast", "long"} & set(cue)))
        for cue in load_json(content)["cues"]
    ]
