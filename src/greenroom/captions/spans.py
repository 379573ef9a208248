"""Which phrases make a cue: the cheapest way through the transcript, found from its end to its begin.

Each phrase looks ahead as far as one cue can reach, so time and memory grow with the transcript and not with its
square.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from greenroom.captions.clock import milliseconds

if TYPE_CHECKING:
    from greenroom.captions.options import CaptionInputs
    from greenroom.captions.phrases import Span
    from greenroom.captions.track import Track

# Costs, in the unit of ``breaks``. A cue more than needed:
CUE = 60
# A sentence end inside a cue: two sentences are better in two cues, unless they are short ones.
SENTENCE_INSIDE = 115
# ... and worst when the cue then stops in the middle of the second.
SENTENCE_BEGUN = 220
# A part of a sentence that leaves its cue empty; by the square, so that parts become equally long.
EMPTY = 200
# A cue that has no time at all to be seen; in proportion when it has some of ``min_s``.
UNSEEN = 500
# A letter more than can be read in the time.
LETTER_TOO_MANY = 12

_FOREVER = 1 << 60


def choose_spans(
    track: Track, phrases: list[Span], costs: list[int], sentences: list[bool], options: CaptionInputs
) -> list[Span]:
    """The first and last phrase of each cue.

    costs, sentences: of the break behind each word (``break_costs``). Every cue fits ``max_lines`` lines of
    ``max_chars`` and ``max_s``, except one that is a single phrase too large for them.
    """
    columns = _columns(track, phrases, costs, sentences, options)
    choice = _cheapest(columns, _farthest(columns, options), options)
    spans = []
    first = 0
    while first < len(phrases):
        spans.append((first, choice[first]))
        first = choice[first] + 1
    return spans


@dataclass(frozen=True, slots=True)
class _Columns:
    """What a cue costs, taken apart into what depends on its first phrase and what on its last."""

    begins: list[int]  # of the first word, milliseconds
    ends: list[int]  # of the last word, milliseconds
    heads: list[int]  # letters before the phrase
    tails: list[int]  # letters before its end
    closed: list[bool]  # a cue must end behind it
    rooms: list[int]  # when the next cue wants the screen, milliseconds
    untils: list[int]  # how long the cue would stay to be read, milliseconds
    breaks: list[int]  # cost of the break behind it
    insides: list[int]  # sentences that end before it
    complete: list[bool]  # a sentence ends behind it


def _columns(
    track: Track, phrases: list[Span], costs: list[int], sentences: list[bool], options: CaptionInputs
) -> _Columns:
    gap, tail = milliseconds(options.gap_s), milliseconds(options.tail_s)
    lasts = [last for _, last in phrases]
    closed = [track.closed[last] for last in lasts]
    complete = [must or sentences[last] for must, last in zip(closed, lasts, strict=True)]
    ends = [track.ends[last] for last in lasts]
    nexts = [track.begins[last + 1] - gap for last in lasts[:-1]]
    nexts.append(_FOREVER if track.sound_end is None else track.sound_end)
    rooms = [max(end, room) for end, room in zip(ends, nexts, strict=True)]
    return _Columns(
        begins=[track.begins[first] for first, _ in phrases],
        ends=ends,
        heads=[track.edges[first] for first, _ in phrases],
        tails=[track.edges[last + 1] - track.join for last in lasts],
        closed=closed,
        rooms=rooms,
        untils=[min(room, end + tail) for end, room in zip(ends, rooms, strict=True)],
        breaks=[0 if must else costs[last] for must, last in zip(closed, lasts, strict=True)],
        insides=[0, *accumulate(complete)][:-1],
        complete=complete,
    )


def _farthest(columns: _Columns, options: CaptionInputs) -> list[int]:
    """For each phrase, the last that a cue can hold which begins with it."""
    line = _reach(columns.heads, columns.tails, columns.closed, options.max_chars)
    time = _reach(columns.begins, columns.ends, columns.closed, milliseconds(options.max_s))
    farthest = []
    for last, limit in zip(line, time, strict=True):
        for _ in range(1, options.max_lines):
            if last >= limit or columns.closed[last]:
                break
            last = line[last + 1]  # noqa: PLW2901 - the next line of the same cue
        farthest.append(min(last, limit))
    return farthest


def _reach(before: list[int], behind: list[int], closed: list[bool], limit: int) -> list[int]:
    """For each phrase, the last within ``limit`` of its begin, itself if nothing more is; no cue end is crossed."""
    reach = []
    last = 0
    for first, begin in enumerate(before):
        last = max(first, last)
        while not closed[last] and behind[last + 1] - begin <= limit:
            last += 1
        reach.append(last)
    return reach


def _cheapest(columns: _Columns, farthest: list[int], options: CaptionInputs) -> list[int]:
    """For each phrase, the last of the cue that would best begin with it."""
    full = options.max_chars * options.max_lines
    empty = EMPTY / full**2
    shortest = milliseconds(options.min_s)
    unseen = UNSEEN / max(1, shortest)
    pace = options.max_cps / 1000
    complete, insides, rooms, tails = columns.complete, columns.insides, columns.rooms, columns.tails
    # Letters less those that can be read until the end; the same sum for the begin is taken off in the loop.
    loads = [tail - pace * until for tail, until in zip(tails, columns.untils, strict=True)]
    onward = [0.0] * len(farthest)  # the cost of all that follows a cue which ends here, and of ending it here
    choice = [0] * len(farthest)
    after = 0.0
    for first in range(len(farthest) - 1, -1, -1):
        onward[first] = after + CUE + columns.breaks[first] + SENTENCE_INSIDE * insides[first]
        head, begun = columns.heads[first], insides[first]
        whole = first == 0 or complete[first - 1]
        load = head - pace * columns.begins[first]
        wanted = columns.begins[first] + shortest
        least = math.inf
        for last in range(first, farthest[first] + 1):
            cost = onward[last]
            if complete[last]:
                if not whole and (spare := full + head - tails[last]) > 0:
                    cost += empty * spare * spare
            else:
                if (spare := full + head - tails[last]) > 0:
                    cost += empty * spare * spare
                if insides[last] > begun:
                    cost += SENTENCE_BEGUN
            if (excess := loads[last] - load) > 0:
                cost += LETTER_TOO_MANY * excess
            if (missing := wanted - rooms[last]) > 0:
                cost += unseen * missing
            if cost < least:
                least = cost
                choice[first] = last
        after = least - SENTENCE_INSIDE * begun
    return choice
