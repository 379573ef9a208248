"""The first convolution of a video network, of pictures: three channels, which leave a library's convolution idle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.nn import pixels
from greenroom.nn.causal_conv import CausalConv3d, convolve

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.nn.causal_memory import CausalMemory, Window


class FromPixels(CausalConv3d):
    """A convolution over frames that see no later frame; on a GPU in half precision it is a kernel of ours."""

    def forward(self, window: Window, memory: CausalMemory) -> Tensor:
        """Read a window whose frames are written. Returns (frames, height, width, outputs), without the bias."""
        whole = memory.close(self, window, self.later)
        if pixels.fused(whole, len(self.weight)):
            from greenroom.nn.kernels.pixels import from_pixels

            return from_pixels(whole, self.weight)
        return convolve(whole, self.weight)
