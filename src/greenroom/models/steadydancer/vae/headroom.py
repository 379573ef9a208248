"""Room for large numbers in float16, which ends at 65,504: nobody promises that no frame passes it between norms.

Norms take out again whatever frames are multiplied by. So all that is summed between them is made at a 32nd of its
size, by the weights that make it: in exact arithmetic nothing changes, and in float16 only what is too small to
matter. The original computes in TF32, whose numbers are no finer than float16's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from greenroom.models.steadydancer.vae.blocks import Attention, Resnet
from greenroom.models.steadydancer.vae.resampling import Down, Up

if TYPE_CHECKING:
    from torch import Tensor, nn

    from greenroom.models.steadydancer.vae.decoder import Decoder
    from greenroom.models.steadydancer.vae.encoder import Encoder

_SIZE = 2.0**-5


def give_headroom(half: Encoder | Decoder) -> None:
    """Change its weights, before others are made of them."""
    # What makes frames of something else is made smaller, what takes frames is left: of that the bias alone is.
    makers: list[nn.Module] = [half.conv1]
    takers: list[nn.Module | None] = []
    for module in half.modules():
        if isinstance(module, Resnet):
            makers += [module.residual["2"], module.residual["6"]]
            takers.append(module.shortcut)
        elif isinstance(module, Attention):
            makers.append(module.proj)
        elif isinstance(module, (Down, Up)):
            takers += [module.spatial, module.time_conv]
    for maker in makers:
        _make_smaller(cast("Tensor", maker.weight))
    for conv in (*makers, *takers):
        if conv is not None:
            _make_smaller(cast("Tensor", conv.bias))


def _make_smaller(weight: Tensor) -> None:
    weight.data = weight.data * _SIZE
