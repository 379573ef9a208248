"""How far a denoiser's velocities are from another's: what fewer bits cost, before anybody listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.models.foley.mmdit.transformer import MMDiT

_TIMES = (950.0, 500.0, 50.0)
_PICTURES, _SYNC, _LATENTS = 8, 23, 50  # of each second, as of a clip of 8 s


@torch.inference_mode()
def apart(network: MMDiT, exact: MMDiT, *, seconds: int = 8, words: int = 20, seed: int = 0) -> float:
    """Root mean square of the difference, over that of what ``exact`` gives; of random features and three times.

    Both have the same architecture; where they are and in what type does not matter. words: tokens of the text.
    """
    of = exact.architecture
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(len(_TIMES), *shape, generator=generator)

    latents, text = normal(of.latent, seconds * _LATENTS), normal(words, of.text_in)
    visual, sync = normal(seconds * _PICTURES, of.visual_in), normal(seconds * _SYNC // 8 * 8, of.sync_in)

    def velocity(one: MMDiT) -> Tensor:
        times = torch.tensor(_TIMES)
        out: Tensor = one(latents.to(one.device), times.to(one.device), text, visual, sync)
        return out.float().cpu()

    wanted = velocity(exact)
    return float((velocity(network) - wanted).square().mean().sqrt() / wanted.square().mean().sqrt())
