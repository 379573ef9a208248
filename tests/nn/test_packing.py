"""Weights as one row of bytes: they come back as they were, laid out as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from torch import Tensor, nn

from greenroom.nn import packing
from greenroom.nn.packing import HostLane, Packed


def weights() -> list[Tensor]:
    innermost = torch.randn(3, 4, 5).transpose(1, 2).contiguous().transpose(1, 2)
    return [
        nn.Parameter(torch.randn(7)),
        nn.Parameter(innermost),
        torch.randint(0, 255, (33,), dtype=torch.uint8),
        torch.randn(6, 6).bfloat16(),
        torch.randn(4, 4).to(torch.float8_e4m3fn),
        torch.tensor(2.5),
        torch.randn(700),
        torch.randn(8)[::2],  # with gaps
        torch.randn(1).expand(5),
    ]


@pytest.mark.parametrize("piece", [64, 1 << 10, packing.PIECE])
def test_they_come_back_as_they_were(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "PIECE", piece)
    given = weights()
    before = [(weight.detach().clone(), weight.stride()) for weight in given]
    packed = Packed(given, HostLane())
    assert all(weight.numel() == 0 for weight in given)
    assert packed.held == packed.length == sum(len(held) for held in packed.pieces)
    assert all(len(held) <= piece for held in packed.pieces)
    row = torch.full((packed.length + 99,), 0xA5, dtype=torch.uint8)
    HostLane().send(packed.pieces, row)
    packed.point(packed.views(row))
    for weight, (wanted, stride) in zip(given, before, strict=True):
        assert weight.dtype == wanted.dtype
        assert torch.equal(weight.float(), wanted.float())
        assert weight.untyped_storage().data_ptr() == row.data_ptr()
        if 0 not in stride and 2 not in stride[-1:]:
            assert weight.stride() == stride
    assert given[1].transpose(1, 2).is_contiguous()
    packed.empty()
    assert all(weight.numel() == 0 for weight in given)


def test_memory_is_told_as_torch_pins_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "PIECE", 1024)
    packed = Packed([torch.zeros(1500, dtype=torch.uint8)], HostLane())
    assert packed.held == 1500
    monkeypatch.setattr(torch.Tensor, "is_pinned", lambda self: True)
    assert packed.held == 1024 + 512


def test_a_module_without_weights_has_an_empty_row() -> None:
    packed = Packed([], HostLane())
    assert (packed.length, packed.held, packed.views(torch.empty(0, dtype=torch.uint8))) == (0, 0, [])


def test_copies_to_a_gpu_wait_for_its_work_and_its_work_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this order, whatever a device does: without one, streams and events only tell what they are asked."""
    told: list[str] = []

    class Stream:
        def __init__(self, name: object) -> None:
            self.name = "work" if name == "work" else "copies"

        def wait_stream(self, other: Stream) -> None:
            told.append(f"{self.name} wait for all of {other.name}")

        def wait_event(self, event: Event) -> None:
            told.append(f"{self.name} waits for {event.at}")

    class Event:
        at = ""

        def record(self, stream: Stream) -> None:
            self.at = f"the end of {stream.name}"
            told.append(f"{self.at} is marked")

    @contextmanager
    def stream(of: Stream) -> Iterator[None]:
        told.append(f"{of.name} begin")
        yield
        told.append(f"{of.name} are asked for")

    monkeypatch.setattr(torch.cuda, "Stream", Stream)
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "stream", stream)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _device: Stream("work"))
    monkeypatch.setattr(Tensor, "record_stream", lambda _self, of: told.append(f"memory is kept for {of.name}"))
    recorded: list[bool] = []
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: bool(recorded))
    lane = packing.lane_to(torch.device("cuda:0"))
    target = torch.zeros(5, dtype=torch.uint8)
    sent = lane.send([torch.tensor([1, 2, 3]).byte(), torch.tensor([4]).byte()], target)
    assert target.tolist() == [1, 2, 3, 4, 0]
    assert told == [
        "copies wait for all of work",
        "memory is kept for copies",
        "copies begin",
        "the end of copies is marked",
        "copies are asked for",
    ]
    lane.wait(sent)
    assert told[5:] == ["work waits for the end of copies"]
    # Of a graph torch is not told: a replay is of the stream that it is started on.
    before = [line for line in told if "kept" not in line]
    told.clear()
    recorded.append(True)
    lane.wait(lane.send([torch.tensor([1, 2, 3]).byte(), torch.tensor([4]).byte()], target))
    assert told == before


def test_gathered_weights_are_what_they_were_side_by_side() -> None:
    convolution = nn.Conv1d(3, 5, 3)
    network, laid = nn.Sequential(convolution, nn.BatchNorm1d(5)), convolution.weight
    laid.data = laid.data.transpose(1, 2).contiguous().transpose(1, 2)
    before, strides = {name: tensor.clone() for name, tensor in network.state_dict().items()}, laid.stride()
    weights = [*network.parameters(), *network.buffers()]
    with torch.inference_mode():
        packing.gather(weights)
    after = network.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert laid.stride() == strides
    assert len({weight.untyped_storage().data_ptr() for weight in weights}) == 1
    assert not any(weight.is_inference() for weight in weights)
    packing.gather([])
