"""Synchformer's published file into its visual encoder: strictly, by one rule for names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.foley.recognising import VISUAL, recognise
from greenroom.models.foley.synchformer.encoder import Synchformer
from greenroom.weights.fitting import check_fit, shapes_of
from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from greenroom.models.foley.synchformer.encoder import SynchformerConfig

# The rule: what looks at pictures begins with VISUAL, which is taken off. The file is of a network that also listens
# and compares the two; these parts of it are left out, and nothing else is.
OTHER_PARTS = ("afeat_extractor.", "vproj.", "aproj.", "transformer.")
# Besides, patches of single frames, which the makers' network has and never uses: it sees two frames at a time.
UNUSED = (f"{VISUAL}patch_embed.proj.weight", f"{VISUAL}patch_embed.proj.bias")

_NETWORK = "synchformer"


def load_synchformer(
    path: Path,
    config: SynchformerConfig | None = None,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
) -> Synchformer:
    """Load the visual encoder, strictly, onto a device.

    dtype: of the weights; where it is None, float16 on a GPU, as the original computes there, and float32 elsewhere.
    Raises WeightsUnreadable, WeightsUnfit.
    """
    with torch.device("meta"):
        network = Synchformer(config)
    wanted = shapes_of(network)

    weights = open_weights(path)
    sources = sources_of(weights.tensors)
    stored = {name: weights.tensors[source] for name, source in sources.items()}
    check_fit(weights.name, _NETWORK, wanted, stored, recognised=recognise(weights.tensors, wanted=VISUAL))

    dtype = dtype or (torch.float16 if torch.device(device).type == "cuda" else torch.float32)
    tensors = read_weights(weights, {name: sources[name] for name in wanted}, device, dtype)
    network.load_state_dict(tensors, assign=True)
    return network.eval().requires_grad_(False)


def sources_of(names: Iterable[str]) -> dict[str, str]:
    """The rule applied: the network's name of each tensor that is taken from a file, and the file's own.

    A name without the prefix keeps it missing, so that it is refused as unknown.
    """
    sources: dict[str, str] = {}
    for source in names:
        if source.startswith(OTHER_PARTS) or source in UNUSED:
            continue
        known = source.startswith(VISUAL)
        sources[source.removeprefix(VISUAL) if known else f"{source} (without {VISUAL[:-1]})"] = source
    return sources
