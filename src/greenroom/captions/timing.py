"""When a cue comes and goes: with its words, long enough to be read, and never over the next."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from greenroom.captions.clock import milliseconds
from greenroom.captions.words import WordsInvalid

if TYPE_CHECKING:
    from greenroom.captions.options import CaptionInputs
    from greenroom.captions.phrases import Span
    from greenroom.captions.track import Track

# The least a cue lasts, in milliseconds: ASS cannot write less, and one hundredth stays one however it is rounded.
LEAST = 10

_NEVER = 1 << 60


def show_times(track: Track, cues: list[Span], options: CaptionInputs) -> list[tuple[int, int]]:
    """Begin and end of each cue in whole milliseconds: begins rise, and no cue overlaps the next.

    cues: the first and last word of each.  Raises WordsInvalid when the sound is too short to show them one by one.
    """
    begins = _begins(track, cues, options)
    following = [*begins[1:], None]
    return [
        (begin, _end(track, cue, begin, after, options))
        for cue, begin, after in zip(cues, begins, following, strict=True)
    ]


def _begins(track: Track, cues: list[Span], options: CaptionInputs) -> list[int]:
    """A cue begins with its first word, unless the cue before it would then not be seen."""
    shortest = milliseconds(options.min_s)
    begins: list[int] = []
    for at, (first, _) in enumerate(cues):
        begin = track.begins[first]
        if begins:
            # Two voices at once: the first is cut when the second sets in, but stays readable while it still speaks.
            spoken = track.ends[cues[at - 1][1]]
            held = min(spoken, begins[-1] + shortest) if begin < spoken else 0
            begin = max(begin, held, begins[-1] + LEAST)
        begins.append(begin)
    begins = _share_crowded(begins, track, shortest)
    return begins if track.sound_end is None else _before_end(begins, track.sound_end)


def _share_crowded(begins: list[int], track: Track, shortest: int) -> list[int]:
    """Cues whose words all have the same time, as aligners give to what they lost, share the time to the next one."""
    shared = list(begins)
    first = 0
    while first < len(begins):
        last = first
        while last + 1 < len(begins) and begins[last + 1] - begins[last] <= LEAST:
            last += 1
        count = last - first + 1
        if count > 1:
            free = begins[last + 1] if last + 1 < len(begins) else track.sound_end
            step = shortest if free is None else min(shortest, (free - begins[first]) // count)
            for place in range(count):
                shared[first + place] = begins[first] + place * max(LEAST, step)
        first = last + 1
    return shared


def _before_end(begins: list[int], sound_end: int) -> list[int]:
    """Move back what would begin too late to be shown before the sound ends."""
    begins = list(begins)
    latest = sound_end - LEAST
    for at in range(len(begins) - 1, -1, -1):
        if begins[at] <= latest:
            break
        begins[at] = latest
        latest -= LEAST
    if begins and begins[0] < 0:
        raise WordsInvalid(
            f"a sound of {sound_end / 1000:g} s is too short to show {len(begins)} captions",
            mend="is this the transcript of this sound? else leave audio_end out",
        )
    return begins


def _end(track: Track, cue: Span, begin: int, following: int | None, options: CaptionInputs) -> int:
    """With the last word, or later where reading needs it and there is room."""
    sound_end = _NEVER if track.sound_end is None else track.sound_end
    next_begin = _NEVER if following is None else following
    spoken = max(begin + LEAST, min(track.ends[cue[1]], next_begin, sound_end))
    before_next = next_begin - milliseconds(options.gap_s)
    room = max(spoken, min(before_next, sound_end, begin + milliseconds(options.max_s)))
    lingering = spoken + milliseconds(options.tail_s)
    # A hundredth more than needed, which ASS may round away.
    to_be_read = begin + math.ceil(1000 * track.width(*cue) / options.max_cps) + LEAST
    end = max(spoken, begin + milliseconds(options.min_s), min(to_be_read, lingering))
    if next_begin - end < milliseconds(options.chain_s) and next_begin - spoken < milliseconds(options.break_pause_s):
        end = max(end, min(before_next, lingering))
    return min(room, end)
