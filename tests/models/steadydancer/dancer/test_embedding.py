"""What goes into the stream and comes out of it."""

from __future__ import annotations

import torch
from torch.nn import functional

from greenroom.models.steadydancer.dancer.embedding import PatchEmbedding, laid_out, sinusoids
from greenroom.models.steadydancer.dancer.rotary import Grid
from tests.models.steadydancer.networks import TINY, dancer_of, normal

NETWORK = dancer_of()


@torch.inference_mode()
def test_patches_are_a_convolution() -> None:
    layer, x = NETWORK.patch_embedding_ref_c, normal(TINY.latent, 2, 4, 6)
    wanted = functional.conv3d(x[None], layer.weight, layer.bias, layer.stride)[0].flatten(1).t()
    torch.testing.assert_close(layer(x), wanted)
    out = torch.zeros(len(wanted) + 1, TINY.width)
    layer.write(x, out[1:])
    torch.testing.assert_close(out[1:], wanted)
    assert not out[0].any()
    layer.write(x, out[:3], slice(2, 5))
    torch.testing.assert_close(out[:3], wanted[2:5])
    assert isinstance(layer, PatchEmbedding)


def test_the_time_in_waves() -> None:
    waves = sinusoids(637, 8)
    wanted = [637 * 10_000 ** -(at / 4) for at in range(4)]
    torch.testing.assert_close(waves, torch.tensor([*wanted, *wanted], dtype=torch.float64).cos().where(
        torch.arange(8) < 4, torch.tensor([*wanted, *wanted], dtype=torch.float64).sin()))  # fmt: skip


@torch.inference_mode()
def test_the_end_lays_channels_innermost() -> None:
    grid = Grid(2, 2, 3)
    normed = normal(grid.video, TINY.width)
    made = laid_out(NETWORK.head(normed), grid)
    assert made.shape == (TINY.latent, 2, 4, 6)
    numbers = NETWORK.head.head(normed)
    token = grid.width * (grid.height * 1 + 1) + 2  # of the second frame, second row, third column
    assert torch.equal(made[:, 1, 3, 4], numbers[token].view(2, 2, -1)[1, 0])
