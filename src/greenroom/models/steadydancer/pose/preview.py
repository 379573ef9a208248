"""An alignment to look at: skeletons over the picture, limbs by their ratios, and warnings."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from greenroom.models.steadydancer.conditions.lengths import RATE
from greenroom.models.steadydancer.pose.checking import SANE, findings_of
from greenroom.models.steadydancer.pose.drawing import TWICE, drawn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.findings import Finding
    from greenroom.models.steadydancer.pose.aligning import Aligned, Ratios
    from greenroom.models.steadydancer.pose.persons import Person
    from greenroom.models.steadydancer.pose.pictures import Picture
    from greenroom.models.steadydancer.pose.watching import Found

_SIDE = 768  # pixels of the longer side of the picture
_TILE = 256  # the same in the sheet
_PANEL = 420  # pixels beside the picture
_LINE, _MARGIN = 22, 14
_FONT, _FONT_SIZE = cv2.FONT_HERSHEY_SIMPLEX, 0.45
_LETTERS = 50  # to a line
_INK, _FAINT, _GOOD, _BAD = (235, 235, 235), (120, 120, 120), (110, 190, 120), (240, 110, 90)
_BACKGROUND = 24
_DARK = (_BACKGROUND,) * 3
_NUMBER_AT, _BAR_AT, _BAR_WIDE, _BAR_ENDS = 130, 190, 200, 3.0  # a ratio of 3 fills the bar
_DARKER = 0.55  # the picture behind skeletons

Ink = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """What there is to look at. picture: the deciding frame's skeleton over the picture, ratios and warnings beside it.

    sheet: several frames over the picture, from left to right.  Both are RGB, uint8.  ratios and findings: the same as
    data.
    """

    picture: Picture
    sheet: Picture
    ratios: Ratios
    findings: tuple[Finding, ...]


def preview(picture: Picture, reference: Found, driver: Found, aligned: Aligned, *, frames: int = 8) -> Preview:
    """Draw a preview. picture: the reference picture, RGB, uint8, of any size.  frames: of the sheet, at most."""
    findings = (
        *reference.findings,
        *driver.findings,
        *findings_of(reference.poses, driver.poses, aligned),
    )
    whole = _over(picture, aligned, aligned.frame, _SIDE)
    beside = _panel(aligned, findings, whole.shape[0])
    height = max(len(whole), len(beside))
    together = np.concatenate([_taller(whole, height), _taller(beside, height)], axis=1)
    return Preview(together, _sheet(picture, driver, aligned, frames), aligned.ratios, findings)


def with_people(picture: Picture, people: Sequence[Person]) -> Picture:
    """A picture with the numbered box of everybody who was found in it, so that one can be chosen."""
    shown = picture.copy()
    thick = max(2, max(shown.shape) // 400)
    for person in people:
        left, top, right, bottom = (round(edge) for edge in person.box)
        cv2.rectangle(shown, (left, top), (right, bottom), _BAD, thickness=thick)
        # Boxes may begin outside of the picture, and numbers may not, which have a ground of their own to be seen on.
        left, top, number = max(left, 0), max(top, 0), str(person.number)
        (wide, _), _ = cv2.getTextSize(number, _FONT, 0.45 * thick, thick)
        cv2.rectangle(shown, (left, top), (left + wide + 4 * thick, top + 18 * thick), _BAD, thickness=-1)
        corner = (left + 2 * thick, top + 14 * thick)
        cv2.putText(shown, number, corner, _FONT, 0.45 * thick, _DARK, thickness=thick, lineType=cv2.LINE_AA)
    return shown


def _over(picture: Picture, aligned: Aligned, frame: int, side: int) -> Picture:
    """A frame's skeleton over the picture, whose longer side becomes ``side`` pixels."""
    wide, tall = TWICE * aligned.width, TWICE * aligned.height
    skeleton = drawn(aligned.skeletons, frame, wide, tall)
    behind: Any = cv2.resize(picture, (wide, tall), interpolation=cv2.INTER_AREA)
    covered = skeleton.any(axis=2, keepdims=True)
    # Limbs are drawn dim for the model; over a picture they have to be seen.
    bright = np.minimum(skeleton.astype(np.float32) / 0.6, 255)
    laid = np.where(covered, bright, behind * np.float32(_DARKER)).astype(np.uint8)
    scale = side / max(wide, tall)
    made: Any = cv2.resize(laid, (round(wide * scale), round(tall * scale)), interpolation=cv2.INTER_AREA)
    return np.asarray(made, np.uint8)


def _panel(aligned: Aligned, findings: Sequence[Finding], height: int) -> Picture:
    lines = [line for finding in findings for line in _lines(finding)]
    rows = len(aligned.ratios.items()) + len(lines) + 4
    panel = np.full((max(height, rows * _LINE + 2 * _MARGIN), _PANEL, 3), _BACKGROUND, np.uint8)
    at = _MARGIN + _LINE
    _write(panel, f"picture to frame {aligned.frame}", at, _INK)
    for name, ratio in aligned.ratios.items():
        at += _LINE
        _ratio(panel, name, ratio, at)
    at += 2 * _LINE
    _write(panel, "no warnings" if not lines else "warnings", at, _INK)
    for line, ink in lines:
        at += _LINE
        _write(panel, line, at, ink)
    return panel


def _ratio(panel: Picture, name: str, ratio: float, at: int) -> None:
    low, high = SANE
    ink = _GOOD if low <= ratio <= high else _BAD
    _write(panel, name, at, ink)
    _write(panel, f"{ratio:.2f}", at, ink, _NUMBER_AT)
    left, top = _BAR_AT, at - 9
    scale = _BAR_WIDE / _BAR_ENDS
    filled = round(min(ratio, _BAR_ENDS) * scale)
    cv2.rectangle(panel, (left, top), (left + filled, top + 8), ink, thickness=-1)
    for mark in (low, 1.0, high):
        x = left + round(mark * scale)
        cv2.line(panel, (x, top - 3), (x, top + 11), _INK if mark == 1 else _FAINT, thickness=1)


def _lines(finding: Finding) -> list[tuple[str, Ink]]:
    """A finding as lines; letters that the font lacks become question marks."""
    ink = _BAD if finding.severity != "note" else _FAINT
    return [(line, ink) for line in wrap(f"- {finding.message}", _LETTERS, subsequent_indent="  ")]


def _write(canvas: Picture, text: str, at: int, ink: Ink, left: int = _MARGIN) -> None:
    shown = text.encode("ascii", "replace").decode("ascii")
    cv2.putText(canvas, shown, (left, at), _FONT, _FONT_SIZE, ink, thickness=1, lineType=cv2.LINE_AA)


def _sheet(picture: Picture, driver: Found, aligned: Aligned, frames: int) -> Picture:
    """Frames from the first to the last, as far from one another as there is."""
    count = len(aligned.skeletons)
    chosen = sorted({round(place) for place in np.linspace(0, count - 1, max(1, min(frames, count)))})
    missing = set(driver.poses.missing)
    tiles = []
    for frame in chosen:
        tile = _over(picture, aligned, frame, _TILE)
        caption = np.full((_LINE, tile.shape[1], 3), _BACKGROUND, np.uint8)
        said = "nobody seen" if frame in missing else f"{frame / RATE:.2f} s"
        _write(caption, f"{frame}: {said}", _LINE - 7, _BAD if frame in missing else _INK, 4)
        tiles.append(np.concatenate([tile, caption]))
    columns = min(len(tiles), 4)
    empty = np.full_like(tiles[0], _BACKGROUND)
    tiles += [empty] * (columns * ceil(len(tiles) / columns) - len(tiles))
    rows = [np.concatenate(tiles[start : start + columns], axis=1) for start in range(0, len(tiles), columns)]
    return np.concatenate(rows)


def _taller(picture: Picture, height: int) -> Picture:
    below = np.full((height - len(picture), *picture.shape[1:]), _BACKGROUND, np.uint8)
    return np.concatenate([picture, below])
