"""The packed way equals the plain one, by Triton's interpreter, in fp32 on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from greenroom.errors import Cancelled
from greenroom.models.f5tts import packed_sampler, packed_text, packing
from greenroom.models.f5tts.architecture import PUBLISHED, Architecture
from greenroom.models.f5tts.flow import Flow
from greenroom.models.f5tts.packed_dit import PackedDiT, is_packable
from greenroom.models.f5tts.packed_sampler import PackedSampler
from greenroom.models.f5tts.rows import Row, Sampling, sample_rows
from greenroom.nn.conv_position import ConvPosition
from tests.models.f5tts.networks import BASE, V1, flow_of
from tests.models.f5tts.recorded import Repeated

# The interpreter takes milliseconds for each program of a kernel: one layer, one step where that is enough.
_V1, _BASE = replace(V1, depth=1), replace(BASE, depth=1)
_SAMPLING = Sampling(steps=1)


# The convolutions along the frames have 31 taps as published, which take the interpreter six seconds a step.
_TAPS, _FEW_TAPS = ConvPosition.KERNEL, 5


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "_FINEST", 16)
    monkeypatch.setattr(ConvPosition, "KERNEL", _FEW_TAPS)


def _sampler(flow: Flow, *, graphs: bool = False) -> PackedSampler:
    network = flow.transformer
    packed = PackedDiT(
        flow.architecture, network.state_dict(), torch.device("cpu"), dtype=torch.float32, steps=4, positions=64
    )
    return PackedSampler(packed, network.text_embed, graphs=graphs)


def _row(reference: int, tokens: int, frames: int, seed: int, keep: torch.Tensor | None = None) -> Row:
    generator = torch.Generator().manual_seed(seed)
    mel = torch.randn(reference, 20, generator=generator)
    ids = tuple(torch.randint(0, 40, (tokens,), generator=generator).tolist())
    return Row(mel, ids, frames, reference, seed, keep)


@pytest.mark.parametrize(("architecture", "taps"), [(_V1, _TAPS), (_BASE, _FEW_TAPS)], ids=["v1", "base"])
def test_rows_equal_what_they_are_alone_by_the_plain_way(
    architecture: Architecture, taps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ConvPosition, "KERNEL", taps)
    flow = flow_of(architecture)
    rows = [_row(6, 5, 10, 1), _row(3, 4, 6, 2, keep=torch.tensor([True, False, True]))]
    made = _sampler(flow).sample(rows, _SAMPLING)
    for row, mel in zip(rows, made, strict=True):
        wanted = sample_rows(flow, [row], _SAMPLING)[0]
        torch.testing.assert_close(mel, wanted, atol=1e-5, rtol=1e-5)


def test_a_second_schedule_takes_the_place_of_the_first() -> None:
    flow, row = flow_of(_V1), _row(6, 3, 12, 4)
    sampler = _sampler(flow)
    for sampling in (_SAMPLING, Sampling(steps=2, guidance=0.0, sway=None)):
        wanted = sample_rows(flow, [row], sampling)[0]
        torch.testing.assert_close(sampler.sample([row], sampling)[0], wanted, atol=1e-5, rtol=1e-5)


def test_it_stops_between_steps() -> None:
    stages: list[tuple[str, float, float]] = []

    def step(stage: str, done: float, total: float) -> None:
        stages.append((stage, done, total))
        if done == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        _sampler(flow_of(_V1)).sample([_row(4, 3, 9, 5)], Sampling(steps=2), step)
    assert stages == [("sampling", 0, 2), ("sampling", 1, 2)]


def test_which_networks_can_be_packed() -> None:
    assert is_packable(PUBLISHED["f5tts-v1-base"])
    assert is_packable(PUBLISHED["f5tts-base"])
    assert not is_packable(PUBLISHED["e2tts-base"])
    for other in (
        {"dim_head": 128},
        {"qk_norm": "rms_norm"},
        {"long_skip_connection": True},
        {"dim": 768, "heads": 12},
    ):
        assert not is_packable(replace(PUBLISHED["f5tts-v1-base"], **other))


def test_a_graph_is_recorded_from_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    flow = flow_of(_V1)
    rows = [_row(4, 3, 9, 1), _row(4, 3, 17, 2)]  # a bucket each
    wanted = [sample_rows(flow, [row], Sampling(steps=2))[0] for row in rows]
    first: list[int] = []

    class Noted(Repeated[None]):
        def __init__(self, work: Callable[[], None], pool: object) -> None:
            first.append(int(sampler._network.step))
            super().__init__(work, pool)

    monkeypatch.setattr(packed_sampler, "Recorded", Noted)
    monkeypatch.setattr(packed_text, "Recorded", Repeated)
    sampler = _sampler(flow, graphs=True)
    for row, mel in zip(rows, wanted, strict=True):
        torch.testing.assert_close(sampler.sample([row], Sampling(steps=2))[0], mel, atol=1e-5, rtol=1e-5)
    assert first == [0, 0]


def test_buckets_are_kept_up_to_their_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_sampler, "_KEPT_FRAMES", 48)
    sampler = _sampler(flow_of(_V1))
    kept = []
    for frames in (10, 20, 40):
        sampler._prepare(packing.Bucket.of([frames]))
        kept.append([bucket.frames for bucket in sampler._prepared])
    assert kept == [[16], [16, 32], [48]]
    sampler.forget()
    assert not sampler._prepared
