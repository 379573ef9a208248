"""Published autoencoders into networks: strictly, by one rule for names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.seedvr2.nadit.checkpoint import recognise
from greenroom.models.seedvr2.vae.vae import VideoVAE
from greenroom.weights.fitting import check_fit, shapes_of
from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from greenroom.models.seedvr2.vae.config import VAEConfig

# The rule: an attention's linear layers have names of old and of new; the network has the new ones.
RENAMED = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}
_ATTENTION = ".attentions.0."


def load_vae(
    path: Path,
    config: VAEConfig | None = None,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
) -> VideoVAE:
    """Load an autoencoder, strictly, onto a device.

    dtype: to compute in; where it is None, bfloat16 on a GPU and float32 elsewhere. The weights are read in float32, as
    which the published ones take 1 GB of the device for the moment. Raises WeightsUnreadable, WeightsUnfit.
    """
    with torch.device("meta"):
        wanted = shapes_of(VideoVAE(config))

    weights = open_weights(path)
    sources = sources_of(weights.tensors)
    stored = {name: weights.tensors[source] for name, source in sources.items()}
    recognised = recognise({name: tensor.shape for name, tensor in stored.items()})
    known = recognise(wanted)
    check_fit(weights.name, known, wanted, stored, recognised="" if recognised == known else recognised)

    dtype = dtype or (torch.bfloat16 if torch.device(device).type == "cuda" else torch.float32)
    tensors = read_weights(weights, {name: sources[name] for name in wanted}, device, torch.float32)
    return VideoVAE.of(tensors, config, dtype)


def sources_of(names: Iterable[str]) -> dict[str, str]:
    """The rule applied: the network's name of each tensor in a file, and the file's own.

    A second tensor that would get the same name gets none of the network's, so that it is refused as unknown.
    """
    sources: dict[str, str] = {}
    for source in names:
        block, attention, layer = source.partition(_ATTENTION)
        old, dot, kind = layer.partition(".")
        name = f"{block}{attention}{RENAMED.get(old, old)}{dot}{kind}"
        sources[f"{name} a second time" if name in sources else name] = source
    return sources
