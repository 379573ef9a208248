"""A latent restored: the transformer asked along the diffusion's path, once for SeedVR2."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.seedvr2.nadit.condition import condition, model_input
from greenroom.models.seedvr2.nadit.schedule import restore, times
from greenroom.models.seedvr2.nadit.work import WHOLE, Work

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.models.seedvr2.nadit.transformer import NaDiT


class Sampler:
    """A transformer with its prompt and its steps, for any number of clips: what these fix is made once.

    text: (length, text_in), the encoded prompt.
    """

    @torch.inference_mode()
    def __init__(self, network: NaDiT, text: Tensor, steps: int = 1) -> None:
        self._network = network
        self._text = text.to(network.device, network.dtype)
        self._steps = steps
        self._at = {time: network.modulations(time) for time in times(steps).tolist()}

    @torch.inference_mode()
    def restore(self, latent: Tensor, noise: Tensor, work: Work = WHOLE) -> Tensor:
        """The latent of the restored clip.

        latent: (time, height, width, channels), float32, of the clip as it is; height and width even.  noise: normal
        numbers, as the latent is.  work: how the transformer goes through the clip.
        Between steps everything is in the noise's type, whatever the transformer is in.  Raises InputInvalid.
        """
        given = condition(latent)

        def velocity(state: Tensor, time: float) -> Tensor:
            answer: Tensor = self._network(model_input(state, given), self._text, self._at[time], work)
            return answer.to(state.dtype)

        return restore(velocity, noise, self._steps)
