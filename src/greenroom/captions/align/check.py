"""Whether a voice said its text: its own times against what an aligner hears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.captions.align.link import CannotAlign, NotWhatIsSaid
from greenroom.captions.align.soundswallower import SoundSwallower
from greenroom.errors import quoted
from greenroom.progress import silent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.captions.align.link import Aligner, Span
    from greenroom.media.audio import Audio
    from greenroom.progress import Step

# A voice that said its text is 15 ms away (median) and at most 180 ms for one word.
MOST_MEDIAN_S = 0.060
MOST_S = 0.250


@dataclass(frozen=True, slots=True)
class Check:
    """How far two timings of the same words are apart.

    agrees: None if nobody could check.  reason: why not, or why it could not be checked; empty if they agree.
    words: compared.  median_s, p95_s, max_s: over their starts and ends, None without any.
    """

    agrees: bool | None
    reason: str
    words: int = 0
    median_s: float | None = None
    p95_s: float | None = None
    max_s: float | None = None


def check(
    audio: Audio,
    words: Sequence[str],
    own: Sequence[Span | None],
    *,
    language: str = "en-us",
    aligner: Aligner | None = None,
    step: Step = silent,
) -> Check:
    """Listen whether the sound is these words at these times.

    words: as spoken.  own: the voice's times, one a word.  aligner: who listens, SoundSwallower if not given.
    Raises only what ``step`` raises.
    """
    pairs = [(word, span) for word, span in zip(words, own, strict=True) if any(map(str.isalnum, word))]
    if not pairs:
        return Check(None, "nothing is said")
    words, own = [word for word, _ in pairs], [span for _, span in pairs]
    try:
        heard = (aligner or SoundSwallower()).align(audio, words, language, step)
    except NotWhatIsSaid as error:
        return Check(False, error.message)
    except CannotAlign as error:
        return Check(None, f"not checked: {error.message}")
    return compare(words, own, heard)


def compare(words: Sequence[str], own: Sequence[Span | None], heard: Sequence[Span | None]) -> Check:
    """Compare two timings of ``words``; a word that has times in ``own`` alone was not heard."""
    missing = [word for word, ours, theirs in zip(words, own, heard, strict=True) if ours and not theirs]
    pairs = [(word, ours, theirs) for word, ours, theirs in zip(words, own, heard, strict=True) if ours and theirs]
    if not pairs:
        return Check(False if missing else None, _unheard(missing) if missing else "no word has two times")
    apart = [
        (abs(one - other), word)
        for word, ours, theirs in pairs
        for one, other in ((ours.start, theirs.start), (ours.end, theirs.end))
    ]
    apart.sort(key=lambda pair: pair[0])
    median, p95 = (apart[int(share * (len(apart) - 1))][0] for share in (0.5, 0.95))
    most, word = apart[-1]
    reason = ""
    if missing:
        reason = _unheard(missing)
    elif median > MOST_MEDIAN_S:
        reason = f"words are {median * 1000:.0f} ms apart (median), more than {MOST_MEDIAN_S * 1000:.0f}"
    elif most > MOST_S:
        reason = f"{quoted(word)} is {most * 1000:.0f} ms apart, more than {MOST_S * 1000:.0f}"
    return Check(not reason, reason, len(pairs), median, p95, most)


def _unheard(missing: Sequence[str]) -> str:
    shown = ", ".join(map(quoted, missing[:3]))
    return f"{len(missing)} words were not heard: {shown}{' and more' if len(missing) > 3 else ''}"
