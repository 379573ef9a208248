"""What windows share is sent once."""

from __future__ import annotations

from dataclasses import fields, replace

import torch

from greenroom.models.steadydancer.dancer.fixed import Conditions
from greenroom.models.steadydancer.ranks.handing import Outline, hand_out, outlined, taken
from tests.models.steadydancer.networks import conditions_of


class Wire:
    """Ranks, as far as one process can be two of them: what rank 0 sends is taken in its order."""

    device = torch.device("cpu")

    def __init__(self) -> None:
        self.sent: list[torch.Tensor] = []
        self.sends = True

    def broadcast(self, tensor: torch.Tensor) -> torch.Tensor:
        assert tensor.is_contiguous()
        if self.sends:
            self.sent.append(tensor)
            return tensor
        return tensor.copy_(self.sent.pop(0))


def test_others_take_what_rank_0_hands_out() -> None:
    first = replace(conditions_of(), text=conditions_of().text.to(torch.bfloat16), negative_pose=None)
    second = replace(first, pose=first.pose.flip(1), ref_c=first.pose[:, 1:2])
    outline, tensors = outlined([first, second])
    assert isinstance(outline, Outline)
    assert len(tensors) == 8 + 2
    wire = Wire()
    hand_out(wire, tensors)  # type: ignore[arg-type]  # all that is asked of ranks
    wire.sends = False
    found = taken(wire, outline)  # type: ignore[arg-type]  # likewise
    assert not wire.sent
    for ours, theirs in zip(found, (first, second), strict=True):
        for name in (each.name for each in fields(Conditions)):
            mine, wanted = getattr(ours, name), getattr(theirs, name)
            assert mine is wanted is None or (mine.dtype == wanted.dtype and torch.equal(mine, wanted))
    assert found[0].text is found[1].text
