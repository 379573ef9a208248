"""Speech edit: some stretches of a recording are spoken anew, with other words, and the rest stays.

The model fills the gaps of a spectrogram. The plan says which frames are kept, and how many the new words get.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from greenroom.errors import InputInvalid
from greenroom.models.f5tts.durations import HOP, RATE

if TYPE_CHECKING:
    from collections.abc import Sequence


class EditInvalid(InputInvalid):
    """The stretches to speak anew do not lie in the recording one after another."""

    code = "edit-invalid"


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of the recording, in seconds, that is spoken anew. seconds: for the new words, None for as long as it
    was; 0 leaves the stretch out."""

    start: float
    end: float
    seconds: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class EditPlan:
    """conditioning: log mel with zeros where speech is made, shape (frames, bands).  keep: boolean, shape (frames,),
    where the conditioning is given."""

    conditioning: Tensor
    keep: Tensor

    @property
    def frames(self) -> int:
        """Frames that are sampled: at least one more than are given."""
        return len(self.conditioning) + 1


def plan_edit(mel: Tensor, edits: Sequence[Edit], *, rate: int = RATE, hop: int = HOP) -> EditPlan:
    """Put gaps into a recording's log mel, shape (frames, bands).

    edits: in the order of time, not overlapping. Raises EditInvalid.
    """
    parts: list[Tensor] = []
    keep: list[Tensor] = []
    position = 0
    for edit in edits:
        start, end, gap = _frames(edit, rate, hop)
        if not position <= start <= end <= len(mel):
            raise EditInvalid(
                f"the stretch {edit.start:g} s to {edit.end:g} s is not behind the one before it "
                f"and within the recording's {len(mel) * hop / rate:.2f} s",
                mend="give start and end of each stretch in seconds, in the order of time",
            )
        parts += [mel[position:start], mel.new_zeros(gap, mel.shape[1])]
        keep += [torch.ones(start - position, dtype=torch.bool), torch.zeros(gap, dtype=torch.bool)]
        position = end
    parts.append(mel[position:])
    keep.append(torch.ones(len(mel) - position, dtype=torch.bool))
    return EditPlan(torch.cat(parts), torch.cat(keep).to(mel.device))


def _frames(edit: Edit, rate: int, hop: int) -> tuple[int, int, int]:
    """Start, end and new length in frames, each rounded for itself."""
    seconds = edit.end - edit.start if edit.seconds is None else edit.seconds
    if not all(map(math.isfinite, (edit.start, edit.end, seconds))) or seconds < 0:
        raise EditInvalid(
            f"{edit.start:g} s to {edit.end:g} s, made {seconds:g} s long, is no stretch of time",
            mend="give start, end and new length in seconds, the end behind the start",
        )
    start, end, gap = (round(time * rate / hop) for time in (edit.start, edit.end, seconds))
    return start, end, gap
