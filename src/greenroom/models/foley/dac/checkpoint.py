"""The published autoencoder into a network: strictly, by one rule for names, its normed weights made plain.

Its convolutions are stored as directions and lengths (weight normalisation, arXiv 1602.07868). Making sound does not
train them, so each is multiplied out once, here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn

from greenroom.models.foley.dac.vae import DacVAE
from greenroom.models.foley.recognising import recognise
from greenroom.weights.fitting import check_fit, shapes_of
from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from torch import Tensor

    from greenroom.models.foley.dac.config import DacConfig
    from greenroom.weights.fitting import Shape

# The rule. Where the weights stand in a torch file; beside them is what the network was made with, which their shapes
# tell too: a kernel is twice as long as its stride.
SECTIONS = ("state_dict",)
# What a file holds besides, for making latents of sound: left out unless that is asked for.
ENCODING = ("encoder.", "quant_conv.")
LENGTH, DIRECTION = "weight_g", "weight_v"
# The same two by the names of newer releases of torch.
RENAMED = {"parametrizations.weight.original0": LENGTH, "parametrizations.weight.original1": DIRECTION}

_NETWORK = "dac-vae"
_NOT_NORMED = ("quant_conv", "post_quant_conv")


def load_dac_vae(
    path: Path, config: DacConfig | None = None, *, device: torch.device | str = "cpu", encoder: bool = False
) -> DacVAE:
    """Load the autoencoder, strictly and in float32, onto a device.

    encoder: the half that makes latents of sound too; without it the file may lack it.
    Raises WeightsUnreadable, WeightsUnfit.
    """
    with torch.device("meta"):
        vae = DacVAE(config, encoder=encoder)
    wanted = published_layout(vae)

    weights = open_weights(path, SECTIONS)
    sources = sources_of(weights.tensors, encoder=encoder)
    stored = {name: weights.tensors[source] for name, source in sources.items()}
    recognised = recognise(weights.tensors, wanted="decoder.model.")
    check_fit(weights.name, _NETWORK, wanted, stored, recognised=recognised)

    tensors = read_weights(weights, {name: sources[name] for name in wanted}, device, torch.float32)
    vae.load_state_dict(fused(tensors), assign=True)
    return vae.eval().requires_grad_(False)


def sources_of(names: Iterable[str], *, encoder: bool) -> dict[str, str]:
    """The rule applied: the published name of each tensor that is taken from a file, and the file's own.

    A second tensor that would get the same name gets one that no network has, so that it is refused as unknown.
    """
    sources: dict[str, str] = {}
    for source in names:
        if not encoder and source.startswith(ENCODING):
            continue
        ending = next((ending for ending in RENAMED if source.endswith(ending)), None)
        name = source.removesuffix(ending) + RENAMED[ending] if ending else source
        sources[f"{name} a second time" if name in sources else name] = source
    return sources


def published_layout(vae: DacVAE) -> dict[str, Shape]:
    """Names and shapes of a network's tensors as they are published, with two in place of each normed weight."""
    shapes: dict[str, Shape] = {}
    normed = {f"{name}.weight": f"{name}." for name, module in vae.named_modules() if _is_normed(name, module)}
    for name, shape in shapes_of(vae).items():
        if name in normed:
            # Of a transposed convolution too a length belongs to a row of the first axis: there, to an input's channel.
            shapes[normed[name] + LENGTH] = (shape[0], *(1 for _ in shape[1:]))
            shapes[normed[name] + DIRECTION] = shape
        else:
            shapes[name] = shape
    return shapes


def fused(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors by published names to those of the network: a direction made as long as its length says."""
    state: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.endswith(DIRECTION):
            length = tensors[name.removesuffix(DIRECTION) + LENGTH]
            own = torch.linalg.vector_norm(tensor, dim=tuple(range(1, tensor.ndim)), keepdim=True)
            state[f"{name.removesuffix(DIRECTION)}weight"] = tensor * (length / own)
        elif not name.endswith(LENGTH):
            state[name] = tensor
    return state


def _is_normed(name: str, module: nn.Module) -> bool:
    return isinstance(module, nn.Conv1d | nn.ConvTranspose1d) and name not in _NOT_NORMED
