"""WebVTT (.vtt), as browsers read it in <track>. Source: W3C WebVTT, on cue text, voice spans and cue timestamps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.captions.clock import fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.captions.cues import Cue
    from greenroom.captions.write import Captions

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def write(captions: Captions) -> str:
    """The captions as the text of a .vtt file, with the voice of each cue, and with times of words for karaoke."""
    options = captions.options
    join = options.join.translate(_ESCAPES)
    cues = [
        f"\n{_time(cue.start)} --> {_time(cue.end)}\n"
        f"{_voice(cue)}{_timed(cue, join) if options.karaoke else cue.text.translate(_ESCAPES)}\n"
        for cue in captions.cues
    ]
    return "".join(["WEBVTT\n", *cues])


def _voice(cue: Cue) -> str:
    return f"<v {cue.who.translate(_ESCAPES)}>" if cue.who else ""


def _timed(cue: Cue, join: str) -> str:
    marks = _marks(cue)
    lines = [join.join(f"{next(marks)}{word.translate(_ESCAPES)}" for word in line.words) for line in cue.lines]
    return "\n".join(lines)


def _marks(cue: Cue) -> Iterator[str]:
    """For each word its time, if the standard takes it: after the mark before, and strictly inside the cue."""
    latest = cue.start
    for line in cue.lines:
        for begin in line.begins:
            if latest < begin < cue.end:
                latest = begin
                yield f"<{_time(begin)}>"
            else:
                yield ""


def _time(ms: int) -> str:
    hours, minutes, seconds, ms = fields(ms)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{ms:03}"
