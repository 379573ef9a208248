"""What the document of a plan claims of itself: totals that should be sums, files that should be there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.plan.activity import DONE
from greenroom.plan.blocks import Heading, Line, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.findings import Severity
    from greenroom.plan.place import Place
    from greenroom.plan.reading import Document

_ITEM = re.compile(r"(?:[0-9]+\.|[-*])[ \t]+`([^`]+)`.*")
_POINTS = re.compile(r"([0-9]{1,6})/([0-9]{1,6})")
_DELTA = re.compile(r"[+-][0-9]{1,6}")


def claims(document: Document, place: Place) -> tuple[Finding, ...]:
    """Points that cannot be, and files that are named as generated and absent."""
    known = place.standings(document.plan)
    is_over = all(
        phase.number in known and known[phase.number].state in (*DONE, "skipped") for phase in document.plan.phases
    )
    return (*scores(document), *_files(document, place, is_over=is_over))


def scores(document: Document, *, differences: bool = True) -> Iterator[Finding]:
    """Points above their maximum, totals that are not the sum, and differences that are others unless not asked for."""
    for title, lines in _sections(document).items():
        if "Score" in title.split():
            yield from _scores(lines, document, differences)


def generated(document: Document) -> Iterator[tuple[str, int]]:
    """The files that are named as generated, each with its line."""
    for line in _sections(document).get("Files Generated", []):
        if item := _ITEM.fullmatch(line.text.strip()):
            yield item[1], line.line


def _sections(document: Document) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    section = ""
    for block in blocks(document.text):
        match block:
            case Heading(level=1 | 2):
                section = block.text
            case Line() if block.text:
                found.setdefault(section, []).append(block)
    return found


def _scores(lines: list[Line], document: Document, differences: bool) -> Iterator[Finding]:
    """Rows whose points are above their maximum or not as far apart as it says, and a total that is not the sum."""
    sums: dict[int, list[int]] = {}
    for line in lines:
        cells = [cell.strip(" *") for cell in line.text.strip("|").split("|")]
        points = {
            column: (int(said[1]), int(said[2]))
            for column, cell in enumerate(cells)
            if (said := _POINTS.fullmatch(cell))
        }
        if not points:
            continue
        is_total = cells[0].upper() == "TOTAL"
        wrong = [
            f"{of}/{most} is above its maximum"
            for column, (of, most) in points.items()
            # A total that is the sum is so because a part is, and that is told there.
            if of > most and not (is_total and sums.get(column) == [of, most])
        ]
        for column, (of, most) in points.items():
            if is_total and column in sums and sums[column] != [of, most]:
                wrong.append(f"{of}/{most} is not the sum, which is {sums[column][0]}/{sums[column][1]}")
            elif not is_total:
                sum_of, sum_most = sums.get(column, (0, 0))
                sums[column] = [sum_of + of, sum_most + most]
        match list(points.values()), _DELTA.fullmatch(cells[-1]):
            case [(before, _), (after, _)], re.Match() as delta if differences and int(delta[0]) != after - before:
                wrong.append(f"from {before} to {after} it is {after - before:+}, and not {delta[0]}")
        if wrong:
            mend = "leave points out; greenroom plan score counts them"
            message = f"{cells[0]}: {'; '.join(wrong)}"
            yield Finding("plan-score", "error", message, mend, document.path, line.line)


def _files(document: Document, place: Place, *, is_over: bool) -> Iterator[Finding]:
    for path, line in generated(document):
        if not (place.folder / path).exists():
            severity: Severity = "error" if is_over else "note"
            message = f"{path} is named as generated, and is not there" + ("" if is_over else " yet")
            yield Finding("plan-output", severity, message, "run the plan, or take the line away", document.path, line)
