r"""SubRip (.srt): number, time line, text, empty line.

There is no standard and no escape. Players find a cue by its time line, so text that looks like one is made not to.
Many also read <b>, <i>, <u>, <s>, <font>, {\an8} and \N in a text as commands, and hide all that is in braces; others,
and all that search or translate subtitles, read letters. So the letters are written as they are (as YouTube writes
them: PeerTube issue 2116), unless ``srt_guard`` asks for what makes players show them: an invisible word joiner
(U+2060), and wide braces.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.captions.clock import fields

if TYPE_CHECKING:
    from greenroom.captions.write import Captions

WORD_JOINER = "\u2060"

_TIME_LINE = re.compile(r"(\d+:\d+:\d+[.,]?\d*\s*--)(>\s*\d+:\d+:\d+)")
_COMMAND = re.compile(r"<(?=[/!?\s]*[A-Za-z])|\\(?=[Nnh])")
_WIDE_BRACES = str.maketrans({"{": "\uff5b", "}": "\uff5d"})


def write(captions: Captions) -> str:
    """The captions as the text of an .srt file; without cues it is an empty line."""
    guard = captions.options.srt_guard
    cues = [
        f"{number}\n{_time(cue.start)} --> {_time(cue.end)}\n{_shown(cue.text, guard=guard)}\n"
        for number, cue in enumerate(captions.cues, 1)
    ]
    return "\n".join(cues) or "\n"


def _shown(text: str, *, guard: bool) -> str:
    if "-->" in text:
        text = _TIME_LINE.sub(rf"\1{WORD_JOINER}\2", text)
    return _COMMAND.sub(lambda found: found[0] + WORD_JOINER, text).translate(_WIDE_BRACES) if guard else text


def _time(ms: int) -> str:
    hours, minutes, seconds, ms = fields(ms)
    return f"{hours:02}:{minutes:02}:{seconds:02},{ms:03}"
