"""Snake by its formula."""

from __future__ import annotations

import torch

from greenroom.nn.snake import snake


def test_snake_is_its_formula_and_leaves_its_input() -> None:
    x, alpha = torch.randn(2, 3, 9), torch.tensor([0.3, -0.7, 2.0])[None, :, None]
    before = x.clone()
    torch.testing.assert_close(snake(x, alpha), x + torch.sin(alpha * x) ** 2 / (alpha + 1e-9))
    assert torch.equal(x, before)


def test_without_a_pitch_it_is_the_identity() -> None:
    x = torch.randn(1, 1, 5)
    assert torch.equal(snake(x, torch.zeros(1, 1, 1)), x)
