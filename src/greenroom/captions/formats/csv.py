"""Comma-separated values (.csv) as RFC 4180 quotes them: ``start,end,text``, seconds with three decimals.

A text that begins with =, + or @ is left as it is: a leading quote would be text to every reader but a spreadsheet.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.captions.write import Captions


def write(captions: Captions) -> str:
    """The captions as the text of a .csv file; a cue of several lines is one quoted field."""
    file = io.StringIO(newline="")
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(("start", "end", "text"))
    rows.writerows((_seconds(cue.start), _seconds(cue.end), cue.text) for cue in captions.cues)
    return file.getvalue()


def _seconds(ms: int) -> str:
    return f"{ms // 1000}.{ms % 1000:03}"
