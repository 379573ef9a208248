"""The kernel of Snake against torch, by Triton's interpreter."""

from __future__ import annotations

import pytest
import torch

from greenroom.nn import snake as plain
from greenroom.nn.kernels import snake


@pytest.mark.parametrize("steps", [1, 5, 64, 150])
def test_every_channel_has_its_own_pitch(steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snake, "_TILE", 64)
    generator = torch.Generator().manual_seed(steps)
    x = 3 * torch.randn(2, 5, steps, generator=generator)
    alpha = torch.rand(1, 5, 1, generator=generator) + 0.2
    alpha[0, 1], alpha[0, 2] = 0.0, -0.7
    torch.testing.assert_close(snake.snake(x, alpha), plain.snake(x, alpha))


def test_any_order_in_memory_is_taken() -> None:
    x, alpha = torch.randn(2, 7, 4).transpose(1, 2), torch.rand(1, 4, 1) + 0.2
    torch.testing.assert_close(snake.snake(x, alpha), plain.snake(x, alpha))
