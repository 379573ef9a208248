"""How many frames a text gets: the model is told how long to speak, it does not find out.

A frame is 256 samples at 24 kHz. Lengths of texts are in UTF-8 bytes, as the published rule has them: a Chinese
character, three bytes, then takes about as long as three Latin letters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence

RATE = 24_000
"""Samples a second, of every published checkpoint."""

HOP = 256
"""Samples a frame."""

LONGEST_S = 30.0
"""The published limit of one go, the reference included: the model saw nothing longer."""

USUAL_S = 22.0
"""What the published chunk size aims at, the reference included."""

SHORTEST_FRAMES = 75
"""The least that a chunk is given, 0.8 s. A word said alone takes 0.4 to 0.6 s, and the model needs some silence around
it; given less, it skips the word or hurries into noise (issues 460, 586, 622 of the original)."""

_SHORT_BYTES = 10
_SHORT_SPEED = 0.3


class ReferenceTooLong(InputInvalid):
    """The reference leaves no room for speech in the time that one go may take."""

    code = "reference-too-long"


def size(text: str) -> int:
    """The length of a text as pace counts it: UTF-8 bytes."""
    return len(text.encode())


def frames_of(samples: int) -> int:
    """Whole frames in samples at 24 kHz; the mel of the same samples has one more."""
    return samples // HOP


def frames_in(seconds: float) -> int:
    """Whole frames in a time."""
    return int(seconds * RATE / HOP)


def seconds_of(frames: int) -> float:
    """How long frames last."""
    return frames * HOP / RATE


def samples_of(frames: int) -> int:
    """Samples that the vocoder makes of frames: it speaks from the middle of the first to the middle of the last."""
    return (frames - 1) * HOP


def prompt_text(reference_text: str) -> str:
    """The reference's text as it stands before the text to say: one more space behind a Latin ending.

    A text that ends in ``". "`` thus gets two spaces; the published checkpoints are used so.
    """
    return f"{reference_text} " if size(reference_text[-1:]) == 1 else reference_text


def requested_frames(text: str, prompt: str, reference_frames: int, speed: float = 1.0) -> int:
    """Frames that the published rule asks for, the reference included: the reference's pace, by bytes.

    prompt: from ``prompt_text``.  A text under ten bytes is spoken at 0.3 whatever speed is asked for.
    """
    if size(text) < _SHORT_BYTES:
        speed = _SHORT_SPEED
    return reference_frames + int(reference_frames / size(prompt) * size(text) / speed)


def fixed_frames(
    seconds: float, chunks: Sequence[str], reference_frames: int, cross_fade_s: float, *, shared: bool = True
) -> list[int]:
    """Frames of each chunk when reference and speech shall last ``seconds``, by the published rule.

    shared: chunks share the time by their bytes, and what the cross-fades swallow is added (since release 1.1.22);
    else each chunk gets all of it, as before. One chunk gets all of it either way.
    """
    if len(chunks) < 2 or not shared:
        return [frames_in(seconds) for _ in chunks]
    speech_s = seconds - seconds_of(reference_frames) + cross_fade_s * (len(chunks) - 1)
    whole = sum(map(size, chunks))
    return [frames_in(seconds_of(reference_frames) + speech_s * size(chunk) / whole) for chunk in chunks]


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one voice reads one text. The same for each chunk, so that the voice neither hurries nor drags.

    reference_frames: of the reference's samples.  frames_per_byte: what each byte of the text gets.
    """

    reference_frames: int
    frames_per_byte: float

    @classmethod
    def of(cls, prompt: str, reference_frames: int, speed: float = 1.0) -> Pace:
        """The reference's own pace, ``speed`` times as fast. prompt: from ``prompt_text``."""
        return cls(reference_frames, reference_frames / size(prompt) / speed)

    @property
    def most_frames(self) -> int:
        """Frames that a chunk may get behind the reference. Raises ReferenceTooLong where none are left."""
        left = frames_in(LONGEST_S) - self.reference_frames
        if left < SHORTEST_FRAMES:
            raise ReferenceTooLong(
                f"the reference lasts {seconds_of(self.reference_frames):.1f} s; "
                f"with the speech it may last {LONGEST_S:g} s",
                mend="give a reference of 3 to 12 seconds",
            )
        return left

    @property
    def most_bytes(self) -> int:
        """Bytes that a chunk may have, at least one: so many as ``USUAL_S`` hold. Raises ReferenceTooLong."""
        room = min(max(frames_in(USUAL_S) - self.reference_frames, SHORTEST_FRAMES), self.most_frames)
        return max(int(room / self.frames_per_byte), 1)

    def frames(self, text: str) -> int:
        """Frames for a chunk, the reference not included: by its bytes, not under the shortest nor over the longest."""
        wanted = round(size(text) * self.frames_per_byte)
        return min(max(wanted, SHORTEST_FRAMES), self.most_frames)


class DurationImpossible(InputInvalid):
    """The seconds asked for cannot hold the text, or the text cannot fill them."""

    code = "duration-impossible"


def exact_frames(seconds: float, chunks: Sequence[str], pace: Pace, cross_fade_samples: int) -> list[int]:
    """Frames of each chunk, the reference not included, so that the joined speech lasts ``seconds``.

    The chunks share the time by their bytes, but none gets less than the shortest: what it would lack, the longer ones
    give. Each is heard for ``samples_of`` its frames, and overlaps the one before by ``cross_fade_samples``. The joined
    speech is never shorter than asked for and less than a frame longer: cut at its end, it is exact to the sample.
    Raises DurationImpossible where the time is too short for so many chunks, or a chunk would be too long to be spoken.
    """
    samples = round(seconds * RATE) + cross_fade_samples * (len(chunks) - 1)
    whole = -(-samples // HOP) + len(chunks)
    sizes = [size(chunk) for chunk in chunks]
    frames = _shares(whole, sizes, SHORTEST_FRAMES) if whole >= SHORTEST_FRAMES * len(chunks) else None
    if frames is None or max(frames) > pace.most_frames:
        spoken = sum(sizes) * pace.frames_per_byte
        raise DurationImpossible(
            f"{seconds:g} s are asked for; at the voice's own pace the text takes {seconds_of(round(spoken)):.1f} s, "
            f"and each chunk of it ({len(chunks)} in all) may take {seconds_of(SHORTEST_FRAMES):.1f} to "
            f"{seconds_of(pace.most_frames):.1f} s",
            mend="ask for a length nearer to the voice's own pace, or leave it out and set the speed",
        )
    return frames


def _shares(whole: int, weights: Sequence[int], least: int) -> list[int]:
    """``whole`` divided by weights into whole numbers whose sum it is, none under ``least``, which all can have."""
    rest, weight = whole, sum(weights)
    smallest = 0  # the lightest that gets its share; those under it get the least
    for smallest in sorted(weights):
        if rest * smallest >= least * weight:
            break
        rest, weight = rest - least, weight - smallest
    shares: list[int] = []
    given = passed = 0
    for own in weights:
        if own < smallest:
            shares.append(least)
            continue
        passed += own
        upto = rest * passed // weight
        shares.append(upto - given)
        given = upto
    return shares
