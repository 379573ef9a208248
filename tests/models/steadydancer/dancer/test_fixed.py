"""What stays of a job, and the velocities of its passes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from greenroom.errors import InputInvalid
from greenroom.models.steadydancer.dancer.embedding import laid_out
from greenroom.models.steadydancer.dancer.fixed import Fixed, Share, fix, numbers, tokens_of, velocity
from greenroom.models.steadydancer.sampling.guidance import Pass
from greenroom.nn.attention import attend
from tests.models.steadydancer.networks import FRAMES, HEIGHT, TINY, WIDTH, conditions_of, dancer_of, latents_of, normal

NETWORK = dancer_of()
GIVEN = conditions_of()
FIXED = fix(NETWORK, GIVEN)


def asked(which: Pass = Pass.CONDITIONAL, fixed: Fixed = FIXED, time: int = 637, **options: Any) -> Tensor:
    return velocity(NETWORK, fixed, latents_of(), time, which, **options)


def test_a_velocity_is_of_the_latents_and_leaves_them() -> None:
    latents = latents_of()
    made = velocity(NETWORK, FIXED, latents, 637, Pass.CONDITIONAL)
    assert torch.equal(latents, latents_of())
    assert made.shape == latents.shape
    assert made.dtype == torch.float32
    assert made.isfinite().all()
    assert torch.equal(asked(), made)
    assert not torch.equal(asked(time=636), made)


def test_each_pass_hears_and_sees_its_own() -> None:
    negative = fix(NETWORK, replace(GIVEN, text=GIVEN.negative, negative=None))  # type: ignore[arg-type]  # there is one
    torch.testing.assert_close(asked(Pass.UNCONDITIONAL), asked(fixed=negative))
    others = fix(NETWORK, replace(GIVEN, pose=GIVEN.negative_pose, negative_pose=None))  # type: ignore[arg-type]  # see above
    torch.testing.assert_close(asked(Pass.OTHER_POSE), asked(fixed=others))
    answers = [asked(which) for which in Pass]
    assert all(not torch.equal(first, second) for first, second in pairwise(answers))


@pytest.mark.parametrize("rows", [slice(0, 7), slice(7, 20), slice(10, 30), slice(20, 30), slice(0, 30)], ids=str)
@torch.inference_mode()
def test_a_share_of_the_tokens_is_that_of_all(rows: slice) -> None:
    """Of 18 of the video, then 12 of references."""
    whole = tokens_of(NETWORK, FIXED, latents_of(), FIXED.poses[0])
    torch.testing.assert_close(tokens_of(NETWORK, FIXED, latents_of(), FIXED.poses[0], rows), whole[rows])
    seen: list[torch.Size] = []

    def attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        seen.append(query.shape)
        return attend(query, key, value)

    made = numbers(NETWORK, FIXED, latents_of(), 637, Pass.CONDITIONAL, share=Share(rows, attention))
    assert made.shape == (len(range(18)[rows]), TINY.outputs)
    assert seen == [(1, TINY.heads, len(range(30)[rows]), TINY.head_dim)] * TINY.layers
    if rows == slice(0, 30):
        assert torch.equal(laid_out(made, FIXED.grid), asked())


@pytest.mark.parametrize("name", ["text", "image", "pose_image", "y", "ref_x", "ref_c", "pose"])
def test_everything_that_is_given_matters(name: str) -> None:
    other = replace(GIVEN, **{name: getattr(GIVEN, name) + 0.5})
    assert not torch.equal(asked(fixed=fix(NETWORK, other)), asked())


def test_what_is_said_need_not_be_kept() -> None:
    lean = fix(NETWORK, GIVEN, keeps_said=False)
    for which in Pass:
        torch.testing.assert_close(asked(which, lean), asked(which))


def test_what_is_seen_is_kept_once_beside_both_texts() -> None:
    first, second = (heard[0] for heard in FIXED.heard)
    assert first.image_key is second.image_key  # type: ignore[union-attr]  # keys are kept
    assert first.text_key.data_ptr() != second.text_key.data_ptr()  # type: ignore[union-attr]  # see above


@torch.inference_mode()
def test_the_picture_behind_the_video_is_given_whole() -> None:
    picture = torch.cat((GIVEN.ref_x, torch.ones(4, 1, HEIGHT, WIDTH), GIVEN.ref_x))
    tokens = HEIGHT * WIDTH // 4
    torch.testing.assert_close(FIXED.references[:tokens], NETWORK.patch_embedding(picture))
    torch.testing.assert_close(FIXED.references[tokens:], NETWORK.patch_embedding_ref_c(GIVEN.ref_c))


def test_windows_hear_the_same() -> None:
    other = replace(GIVEN, pose=GIVEN.pose + 1, text=GIVEN.text + 1)
    made = fix(NETWORK, other, like=FIXED)
    assert made.heard is FIXED.heard
    wanted = fix(NETWORK, replace(other, text=GIVEN.text))
    torch.testing.assert_close(asked(fixed=made), asked(fixed=wanted))


def test_a_few_tokens_at_once_give_the_same() -> None:
    torch.testing.assert_close(asked(at_once=5), asked())


@pytest.mark.parametrize("which", [Pass.UNCONDITIONAL, Pass.OTHER_POSE])
def test_a_pass_that_lacks_what_it_needs_is_refused(which: Pass) -> None:
    with pytest.raises(InputInvalid, match=which.value):
        asked(which, fix(NETWORK, conditions_of(guided=False)))


def test_a_clip_of_one_frame_is_a_clip() -> None:
    one = replace(
        conditions_of(guided=False),
        y=GIVEN.y[:, :1],
        pose=GIVEN.pose[:, :1],
    )
    made = velocity(NETWORK, fix(NETWORK, one), latents_of()[:, :1], 999, Pass.CONDITIONAL)
    assert made.shape == (TINY.latent, 1, HEIGHT, WIDTH)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("y", normal(TINY.latent, FRAMES, HEIGHT, WIDTH)),
        ("negative_pose", normal(TINY.latent, FRAMES + 1, HEIGHT, WIDTH)),
        ("ref_c", normal(TINY.latent, FRAMES, HEIGHT, WIDTH)),
        ("image", normal(TINY.image_tokens + 1, TINY.image_in)),
        ("text", normal(TINY.text_tokens + 1, TINY.text_in)),
        ("negative", normal(3, TINY.text_in + 1)),
        ("pose", normal(TINY.latent, FRAMES, HEIGHT, WIDTH + 1)),
    ],
)
def test_what_does_not_fit_is_named(name: str, given: Tensor) -> None:
    with pytest.raises(InputInvalid) as caught:
        fix(NETWORK, replace(GIVEN, **{name: given}))
    assert caught.value.mend


def test_latents_are_as_the_poses() -> None:
    with pytest.raises(InputInvalid, match="latents"):
        velocity(NETWORK, FIXED, latents_of()[:, :2], 637, Pass.CONDITIONAL)


def test_in_half_precision_adapters_are_exact() -> None:
    half = dancer_of(dtype=torch.bfloat16)
    assert half.condition_embedding_align.proj_p.weight.dtype == torch.float32
    assert half.head.head.weight.dtype == torch.bfloat16
    made = velocity(half, fix(half, GIVEN), latents_of(), 637, Pass.CONDITIONAL)
    assert made.dtype == torch.float32
    whole = dancer_of()
    whole.load_state_dict({name: value.float() for name, value in half.state_dict().items()})
    wanted = velocity(whole, fix(whole, GIVEN), latents_of(), 637, Pass.CONDITIONAL)
    assert (made - wanted).norm() < 0.02 * wanted.norm()
