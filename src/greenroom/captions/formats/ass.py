"""Advanced SubStation Alpha (.ass), as libass and VSFilter read it. Source: libass ass_parse.c and its format guide.

Braces enclose commands, and not every renderer reads libass's escape ``\\{``, so wide look-alikes stand for them. A
backslash may begin a line break and cannot be escaped at all; an invisible word joiner behind it makes it text.
"""

from __future__ import annotations

import re
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from greenroom.captions.clock import fields, hundredths

if TYPE_CHECKING:
    from greenroom.captions.cues import Cue
    from greenroom.captions.write import Captions

_ESCAPES = str.maketrans({"{": "\uff5b", "}": "\uff5d", "\\": "\\\u2060"})

# The name stands between commas.
_NAME_ESCAPES = str.maketrans({",": "\uff0c"})

_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff\U0001e800-\U0001efff]")

# White on a dark outline at a fifteenth of the height, 42 letters of which fill two thirds of the width; a margin of
# 5 % at the sides and below, inside what every screen shows. Words not yet sung are grey.
_HEADER = """\
[Script Info]
; written by greenroom
ScriptType: v4.00+
PlayResX: 1920
PlayResY: 1080
WrapStyle: 0
ScaledBorderAndShadow: yes
YCbCr Matrix: TV.709

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, \
StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Arial,72,&H00FFFFFF,&H00A0A0A0,&H00101010,&H80000000,0,0,0,0,100,100,0,0,1,4,1,2,96,96,54,{encoding}

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""

# libass (ass_resolve_base_direction) takes -1 for "the text says in which direction it runs", all else for "to the
# right"; 1 is the default character set.
_BY_TEXT, _DEFAULT = -1, 1


def write(captions: Captions) -> str:
    """The captions as the text of an .ass file; with karaoke each word lights up when it begins."""
    karaoke = captions.options.karaoke
    join = captions.options.join.translate(_ESCAPES)
    events = [
        f"Dialogue: 0,{_time(cue.start)},{_time(cue.end)},Default,{(cue.who or '').translate(_NAME_ESCAPES)},0,0,0,,"
        f"{_timed(cue, join) if karaoke else _shown(cue)}\n"
        for cue in captions.cues
    ]
    encoding = _BY_TEXT if any(_RIGHT_TO_LEFT.search(event) for event in events) else _DEFAULT
    return "".join([_HEADER.format(encoding=encoding), *events])


def _shown(cue: Cue) -> str:
    return "\\N".join([line.text.translate(_ESCAPES) for line in cue.lines])


def _timed(cue: Cue, join: str) -> str:
    """Each word behind the hundredths until the next; silence belongs to the word before it, or stands in front."""
    parts = iter(_parts(cue))
    silence = next(parts)
    lines = [
        join.join(f"{{\\k{part}}}{word.translate(_ESCAPES)}" for word, part in zip(line.words, parts, strict=False))
        for line in cue.lines
    ]
    return (f"{{\\k{silence}}}" if silence else "") + "\\N".join(lines)


def _parts(cue: Cue) -> list[int]:
    """Hundredths of silence before the first word, then of each word; the sum is the length of the cue."""
    start, end = hundredths(cue.start), hundredths(cue.end)
    marks = [
        min(max(start, hundredths(begin)), end) for begin in chain.from_iterable(line.begins for line in cue.lines)
    ]
    return [until - since for since, until in pairwise([start, *marks, end])]


def _time(ms: int) -> str:
    hours, minutes, seconds, ms = fields(10 * hundredths(ms))
    return f"{hours}:{minutes:02}:{seconds:02}.{ms // 10:02}"
