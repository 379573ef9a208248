"""Noise of a seed."""

from __future__ import annotations

import pytest
import torch

from greenroom.errors import InputInvalid, UnknownName
from greenroom.models.steadydancer.sampling.draws import draw

CPU = torch.device("cpu")


def test_a_longer_clip_begins_as_a_shorter_one() -> None:
    short, long = draw(7, 3, 4, 6, CPU), draw(7, 5, 4, 6, CPU)
    assert short.shape == (16, 3, 4, 6)
    assert torch.equal(long[:, :3], short)
    assert not torch.equal(long[:, 3], long[:, 4])
    assert not torch.equal(draw(8, 3, 4, 6, CPU), short)


def test_numbers_are_normal() -> None:
    drawn = draw(0, 5, 30, 40, CPU)
    assert drawn.dtype == torch.float32
    assert abs(float(drawn.mean())) < 0.01
    assert abs(float(drawn.std()) - 1) < 0.01


def test_noise_of_a_gpu_needs_one() -> None:
    with pytest.raises(InputInvalid, match="cpu"):
        draw(7, 1, 2, 2, CPU, "gpu")
    with pytest.raises(UnknownName):
        draw(7, 1, 2, 2, CPU, "tpu")  # type: ignore[arg-type]  # as from a file


def test_noise_of_a_gpu_is_that_of_its_generator(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the original asks for it: all of it at once, in float32, of a generator on the device."""
    asked: list[object] = []

    class Generator:
        def __init__(self, device: torch.device) -> None:
            asked.append(device)

        def manual_seed(self, seed: int) -> Generator:
            asked.append(seed)
            return self

    def randn(shape: tuple[int, ...], **how: object) -> torch.Tensor:
        asked.append((shape, how["dtype"], how["device"], type(how["generator"])))
        return torch.zeros(shape)

    monkeypatch.setattr(torch, "Generator", Generator)
    monkeypatch.setattr(torch, "randn", randn)
    device = torch.device("cuda")
    draw(106060, 2, 4, 6, device, "gpu")
    assert asked == [device, 106060, ((16, 2, 4, 6), torch.float32, device, Generator)]
