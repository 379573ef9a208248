"""Speech edit plans; the published answers are in the golden case ``speech_edit_plan``."""

from __future__ import annotations

import pytest
import torch

from greenroom.models.f5tts.edit import Edit, EditInvalid, plan_edit

MEL = torch.arange(1.0, 201.0)[:, None].repeat(1, 4)  # 200 frames, 2.13 s


def test_gaps_take_the_place_of_stretches() -> None:
    plan = plan_edit(MEL, [Edit(0.16, 0.32, 0.48), Edit(1.6, 1.92)])
    # 15..30 become 45 frames, 150..180 stay 30.
    assert len(plan.conditioning) == len(plan.keep) == 200 + 30
    assert plan.frames == 231
    assert plan.keep.tolist() == [True] * 15 + [False] * 45 + [True] * 120 + [False] * 30 + [True] * 20
    assert not plan.conditioning[~plan.keep].any()
    kept = torch.cat([MEL[:15], MEL[30:150], MEL[180:]])
    assert torch.equal(plan.conditioning[plan.keep], kept)


def test_without_edits_all_is_kept() -> None:
    plan = plan_edit(MEL, [])
    assert plan.keep.all()
    assert torch.equal(plan.conditioning, MEL)


def test_a_stretch_can_be_left_out_and_words_put_between() -> None:
    assert len(plan_edit(MEL, [Edit(0.16, 0.32, 0)]).conditioning) == 185
    inserted = plan_edit(MEL, [Edit(0.16, 0.16, 0.32)])
    assert int((~inserted.keep).sum()) == 30


@pytest.mark.parametrize(
    "edits",
    [
        [Edit(0.5, 0.4)],
        [Edit(-0.1, 0.4)],
        [Edit(0.5, 5.0)],
        [Edit(0.5, 0.8), Edit(0.7, 0.9)],
        [Edit(0.5, 0.8), Edit(0.1, 0.2)],
        [Edit(0.5, 0.8, -1.0)],
        [Edit(float("nan"), 0.8)],
        [Edit(0.5, float("inf"))],
        [Edit(0.5, 0.8, float("nan"))],
    ],
)
def test_stretches_that_are_none_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(EditInvalid) as refused:
        plan_edit(MEL, edits)
    assert refused.value.mend
