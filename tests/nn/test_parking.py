"""Weights that leave and come back."""

from __future__ import annotations

import pytest
import torch

from greenroom.nn import parking as module
from greenroom.nn.parking import Parking


def test_what_is_kept_is_told_as_torch_pins_it(monkeypatch: pytest.MonkeyPatch) -> None:
    network = torch.nn.Linear(3, 5, bias=True)  # 60 and 20 bytes
    parking = Parking(network)
    assert (parking.weights, parking.pinned) == (80, 64 + 32)
    assert parking.held == 0
    parking.leave()
    assert parking.held == 0  # on a CPU nothing is copied
    monkeypatch.setattr(torch.Tensor, "is_pinned", lambda self: True)
    assert parking.held == 64 + 32
    parking.come_back()
    assert parking.held == 64 + 32


def test_of_weights_that_stay_the_host_keeps_no_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    network = torch.nn.Linear(3, 5)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    parking, given_back = Parking(network), []
    monkeypatch.setattr(torch.Tensor, "is_pinned", lambda self: True)
    monkeypatch.setattr(module, "_give_back_pinned", lambda: given_back.append(parking.held))
    parking.stay()
    assert given_back == [], "there is none"
    for _ in range(2):
        parking.leave()
        parking.stay()
        parking.stay()
        assert (parking.away, parking.held) == (False, 0)
    assert given_back == [0, 0]
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_pinned_memory_is_given_back_once_nobody_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: asked.append("wait"))
    monkeypatch.setattr(torch._C, "_host_emptyCache", lambda: asked.append("give back"), raising=False)
    module._give_back_pinned()
    monkeypatch.delattr(torch._C, "_host_emptyCache")
    module._give_back_pinned()
    assert asked == ["wait", "give back", "wait"]


def test_weights_that_are_laid_out_for_a_kernel_come_back_so(monkeypatch: pytest.MonkeyPatch) -> None:
    weight = torch.randn(5, 3, 3, 3).contiguous(memory_format=torch.channels_last)
    like = torch.empty_like
    monkeypatch.setattr(torch, "empty_like", lambda given, **_: like(given))
    monkeypatch.setattr(torch.Tensor, "device", torch.device("cuda"))
    held = module._on_host(weight)
    assert held.stride() == weight.stride() != weight.contiguous().stride()
    assert torch.equal(held, weight)


def test_weights_leave_and_come_back_as_they_were() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.BatchNorm1d(5))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    parking = Parking(network)
    seen = [parking.away]
    for _ in range(2):
        parking.leave()
        parking.leave()
        seen.append(parking.away)
        assert sum(tensor.numel() for tensor in network.state_dict().values()) == 0
        with torch.inference_mode():
            parking.come_back()
        parking.come_back()
        seen.append(parking.away)
        after = network.state_dict()
        assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert not any(parameter.is_inference() for parameter in network.parameters())
    assert seen == [False, True, False, True, False]


def test_what_finds_no_room_is_away_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    network = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Linear(5, 4))
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    parking, came = Parking(network), []

    def to(self: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
        came.append(self)
        if len(came) == 3:
            raise torch.OutOfMemoryError("out of memory")
        return self

    parking.leave()
    with monkeypatch.context() as patch:
        patch.setattr(torch.Tensor, "to", to)
        with pytest.raises(torch.OutOfMemoryError):
            parking.come_back()
    assert parking.away
    assert sum(tensor.numel() for tensor in network.state_dict().values()) == 0
    parking.leave()
    parking.come_back()
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
