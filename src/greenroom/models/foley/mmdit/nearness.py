"""How far a denoiser's velocities are from another's: what fewer bits cost, before anybody listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.foley.architecture import LATENTS_PER_SECOND, SYNC_GROUP
from greenroom.models.foley.watching.lengths import PICTURE_RATE

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.models.foley.mmdit.transformer import MMDiT

_TIMES = (950.0, 500.0, 50.0)
_SYNC = 23  # tokens of each second, as of a clip of 8 s
_WORDS = 20  # tokens of the text


@torch.inference_mode()
def apart(network: MMDiT, exact: MMDiT, *, seconds: int = 8) -> float:
    """Root mean square of the difference, over that of what ``exact`` gives; of random features and three times.

    Both have the same architecture; where they are and in what type does not matter.
    """
    of = exact.architecture
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(len(_TIMES), *shape, generator=generator)

    latents, text = normal(of.latent, seconds * LATENTS_PER_SECOND), normal(_WORDS, of.text_in)
    visual = normal(seconds * PICTURE_RATE, of.visual_in)
    sync = normal(seconds * _SYNC // SYNC_GROUP * SYNC_GROUP, of.sync_in)

    def velocity(one: MMDiT) -> Tensor:
        times = torch.tensor(_TIMES)
        out: Tensor = one(latents.to(one.device), times.to(one.device), text, visual, sync)
        return out.float().cpu()

    wanted = velocity(exact)
    return float((velocity(network) - wanted).square().mean().sqrt() / wanted.square().mean().sqrt())
