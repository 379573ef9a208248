"""Where tokens stand."""

from __future__ import annotations

import torch

from greenroom.models.steadydancer.dancer.rotary import Grid, tables_of
from tests.models.steadydancer.networks import FRAMES, HEIGHT, WIDTH, latents_of

GRID = Grid(4, 3, 2)


def test_a_grid_is_of_patches() -> None:
    grid = Grid.of(latents_of())
    assert grid == (FRAMES, HEIGHT // 2, WIDTH // 2)
    assert grid.video == FRAMES * HEIGHT * WIDTH // 4
    assert grid.tokens == (FRAMES + 2) * HEIGHT * WIDTH // 4


def test_each_axis_has_its_pairs() -> None:
    cos, sin = tables_of(GRID, 128)
    assert cos.shape == sin.shape == (GRID.tokens, 64)
    assert cos.dtype == torch.float32
    angles = torch.atan2(sin, cos).view(6, 3, 2, 64)
    torch.testing.assert_close(cos.view(6, 3, 2, 64)[:, 0, 0, 0], torch.arange(6.0).cos())
    assert (angles[:, :, :, :22] == angles[:, :1, :1, :22]).all()
    assert (angles[:, :, :, 22:43] == angles[:1, :, :1, 22:43]).all()
    assert (angles[:, :, :, 43:] == angles[:1, :1, :, 43:]).all()
    torch.testing.assert_close(angles[0, 1, 0, 22:43], 10_000.0 ** -(torch.arange(21) / 21))


def test_heads_that_do_not_divide_give_the_rest_to_time() -> None:
    cos, _ = tables_of(GRID, 16)
    still = (cos.view(6, 3, 2, 8) == cos.view(6, 3, 2, 8)[:1]).all((0, 1, 2))
    assert still.tolist() == [False] * 4 + [True] * 4
