"""Rows in a batch are what they are alone: that is the promise of serving."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from greenroom.errors import Cancelled
from greenroom.models.f5tts.architecture import Architecture
from greenroom.models.f5tts.flow import Flow
from greenroom.models.f5tts.rows import Row, RowTooLong, Sampling, padded_tokens, sample_rows
from greenroom.models.f5tts.sampler import sample
from greenroom.models.golden import read_golden
from tests.models.f5tts.networks import BASE, E2, GOLDENS, V1, VARIANTS, flow_of, normal, row

ROWS = [
    row(150, reference=40, tokens=70, seed=1),
    row(18, reference=3, tokens=17, seed=2),
    row(61, reference=60, tokens=4, seed=1),
    row(33, reference=0, tokens=32, seed=4),
]
SAMPLING = Sampling(steps=7)
# In float32: products of other sizes add up in another order. Which, depends on the processor.
TOLERANCE = 1e-5
each_variant = pytest.mark.parametrize("architecture", VARIANTS, ids=lambda a: a.name)


def alone(flow: Flow, one: Row, sampling: Sampling = SAMPLING) -> torch.Tensor:
    [mel] = sample_rows(flow, [one], sampling)
    return mel


@pytest.mark.parametrize(
    "architecture",
    [
        *VARIANTS,
        replace(V1, name="upsampling", average_upsampling=True),
        replace(V1, name="qk-norm", qk_norm="rms_norm", long_skip_connection=True),
        replace(E2, name="e2-conv", conv_layers=2),
    ],
    ids=lambda a: a.name,
)
@pytest.mark.parametrize("guidance", [0.0, 2.0])
def test_a_row_in_a_batch_equals_the_row_alone(architecture: Architecture, guidance: float) -> None:
    flow = flow_of(architecture)
    sampling = Sampling(steps=7, guidance=guidance)
    for one, mel in zip(ROWS, sample_rows(flow, ROWS, sampling), strict=True):
        assert mel.shape == (one.frames, 20)
        torch.testing.assert_close(mel, alone(flow, one, sampling), atol=TOLERANCE, rtol=TOLERANCE)


@each_variant
def test_the_order_of_rows_does_not_matter(architecture: Architecture) -> None:
    flow = flow_of(architecture)
    forwards = sample_rows(flow, ROWS, SAMPLING)
    backwards = sample_rows(flow, ROWS[::-1], SAMPLING)[::-1]
    for one, other in zip(forwards, backwards, strict=True):
        torch.testing.assert_close(one, other, atol=TOLERANCE, rtol=TOLERANCE)


@each_variant
def test_a_row_alone_equals_the_published_sampler(architecture: Architecture) -> None:
    flow = flow_of(architecture)
    one = ROWS[0]
    published = sample(
        flow, one.conditioning[None], torch.tensor([one.tokens]), one.frames, steps=7, cfg_strength=2.0,
        sway_sampling_coef=-1.0, seed=one.seed,
    )  # fmt: skip
    torch.testing.assert_close(alone(flow, one), published.mel[0], atol=TOLERANCE, rtol=TOLERANCE)


@pytest.mark.parametrize(
    ("case", "architecture"), [("cfm_sample_v1", "v1"), ("cfm_sample_base", "base"), ("cfm_sample_e2", "e2")]
)
def test_a_row_equals_the_original_s_in_a_batch_of_one(case: str, architecture: str) -> None:
    golden = read_golden(GOLDENS / f"{case}.json")
    config = golden.config
    flow = Flow(
        Architecture.from_options(
            architecture, config["backbone"], config["arch"], mel_dim=config["mel_dim"],
            vocabulary=config["text_num_embeds"],
        )
    )  # fmt: skip
    flow.load_state_dict(golden.weights())
    call = golden.calls[0]
    args = golden.arguments(call)
    one = Row(args["cond"][0], tuple(args["text"][0].tolist()), args["duration"], start=24, seed=args["seed"])
    other = replace(one, frames=one.frames + 40, seed=99)
    sampling = Sampling(args["steps"], args["cfg_strength"], args["sway_sampling_coef"])
    mels = sample_rows(flow.eval(), [other, one], sampling)
    assert golden.compare("out", mels[1][None], call["outputs"]["out"]).passed


def test_a_seed_reproduces_a_row_and_another_gives_another() -> None:
    flow = flow_of(V1)
    one = ROWS[0]
    assert torch.equal(alone(flow, one), alone(flow, one))
    assert (alone(flow, replace(one, seed=9)) - alone(flow, one))[40:].abs().mean() > 0.1


def test_drawing_leaves_torch_s_own_generator_alone() -> None:
    flow = flow_of(V1)
    before = torch.get_rng_state()
    alone(flow, ROWS[1])
    assert torch.equal(torch.get_rng_state(), before)


def test_the_reference_comes_out_as_it_went_in() -> None:
    for one, mel in zip(ROWS, sample_rows(flow_of(BASE), ROWS, SAMPLING), strict=True):
        assert torch.equal(mel[: len(one.conditioning)], one.conditioning)


@each_variant
def test_frames_that_are_not_kept_are_made(architecture: Architecture) -> None:
    keep = torch.ones(40, dtype=torch.bool)
    keep[10:20] = False
    edited = row(60, reference=40, tokens=12, keep=keep)
    hidden = replace(edited, conditioning=edited.conditioning.masked_fill(~keep[:, None], 7.0))
    flow = flow_of(architecture)
    mel = sample_rows(flow, [ROWS[0], edited], SAMPLING)[1]
    assert torch.equal(mel[:40][keep], edited.conditioning[keep])
    assert torch.equal(sample_rows(flow, [ROWS[0], hidden], SAMPLING)[1], mel)


def test_each_row_has_its_own_guidance_of_none() -> None:
    flow = flow_of(V1)
    one = ROWS[0]
    assert (alone(flow, one, Sampling(7, guidance=0.0)) - alone(flow, one))[40:].abs().mean() > 0.01


@pytest.mark.parametrize(("dtype", "within"), [(torch.bfloat16, 0.25), (torch.float16, 0.03)])
def test_half_precision_is_near(dtype: torch.dtype, within: float) -> None:
    exact = sample_rows(flow_of(V1), ROWS, SAMPLING)
    halves = sample_rows(flow_of(V1).to(dtype), ROWS, SAMPLING)
    for one, other in zip(exact, halves, strict=True):
        assert other.dtype == torch.float32
        assert float((one - other).square().mean().sqrt()) < within


def test_steps_are_told_and_may_stop_the_work() -> None:
    told: list[tuple[str, float, float]] = []

    def step(stage: str, done: float, total: float) -> None:
        told.append((stage, done, total))
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        sample_rows(flow_of(V1), ROWS[:1], SAMPLING, step)
    assert told == [("sampling", done, 7) for done in (0, 1, 2)]


@pytest.mark.parametrize(("tokens", "reference"), [(20, 3), (3, 20)])
def test_a_row_too_short_for_what_it_holds_is_our_mistake(tokens: int, reference: int) -> None:
    with pytest.raises(ValueError, match="a row of 20 frames"):
        row(20, reference=reference, tokens=tokens)


def test_a_row_beyond_the_model_s_positions_is_refused() -> None:
    assert row(8192, reference=3, tokens=3).frames == 8192
    with pytest.raises(RowTooLong, match="87 s are the most") as caught:
        row(8193, reference=3, tokens=3)
    assert caught.value.code == "row-too-long"


def test_tokens_are_padded_behind_their_ends() -> None:
    rows = [Row(normal(1, 20), ids, 9, start=1, seed=0) for ids in ((3, 0), (), (1, 2, 3))]
    assert padded_tokens(rows).tolist() == [[3, 0, -1], [-1, -1, -1], [1, 2, 3]]
