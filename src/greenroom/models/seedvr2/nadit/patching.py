"""Between latents and tokens: two rows and two columns of a latent frame are one token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from greenroom.errors import InputInvalid
from greenroom.models.seedvr2.architecture import PATCH

if TYPE_CHECKING:
    from greenroom.models.seedvr2.nadit.windows import Grid


class Projection(nn.Module):
    """A linear layer by its published name: from a patch's numbers to the stream, or back."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.proj = nn.Linear(inputs, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """x: (tokens, inputs) to (tokens, outputs)."""
        out: Tensor = self.proj(x)
        return out


def grid_of(latent: Tensor) -> Grid:
    """Tokens in time, height and width. latent: (time, height, width, channels).  Raises InputInvalid."""
    frames, height, width, _ = latent.shape
    if height % PATCH or width % PATCH:
        raise InputInvalid(
            f"a latent of {height}x{width} cannot be cut into patches of {PATCH}x{PATCH}",
            mend=f"crop the frames to multiples of {8 * PATCH} pixels",
        )
    return frames, height // PATCH, width // PATCH


def patches(latent: Tensor) -> Tensor:
    """Each token's numbers: by row in the patch, column in the patch, channel.

    latent: (time, height, width, channels).  Returns (tokens, 4 * channels), in (time, height, width) order.
    """
    frames, height, width = grid_of(latent)
    cells = latent.view(frames, height, PATCH, width, PATCH, -1).permute(0, 1, 3, 2, 4, 5)
    return cells.reshape(frames * height * width, -1)


def latent_of(tokens: Tensor, grid: Grid) -> Tensor:
    """The latent of patches, (time, height, width, channels). tokens: (tokens, 4 * channels)."""
    frames, height, width = grid
    cells = tokens.view(frames, height, width, PATCH, PATCH, -1).permute(0, 1, 3, 2, 4, 5)
    return cells.reshape(frames, height * PATCH, width * PATCH, -1)
