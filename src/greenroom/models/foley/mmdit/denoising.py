"""One request on its way from noise to latents: a step that reads and writes tensors which stay where they are.

A step does only what changes with it. Nothing in it waits for the host or depends on values, so that on a GPU it is
recorded once and started as one (``greenroom.runtime.graphs``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from greenroom.models.foley.mmdit.schedule import guided, stepped

if TYPE_CHECKING:
    from torch import Tensor

    from greenroom.models.foley.mmdit.course import Course, Moment
    from greenroom.models.foley.mmdit.fixed import Fixed
    from greenroom.models.foley.mmdit.transformer import MMDiT


class Denoising:
    """latents: float32 (samples, channels, length), of the request, where it stands."""

    @torch.inference_mode()
    def __init__(self, network: MMDiT, fixed: Fixed, course: Course) -> None:
        self._network = network
        self._course = course
        self.fixed = fixed
        self.latents = torch.zeros(fixed.samples, network.architecture.latent, fixed.length, device=network.device)
        self._strength = torch.ones((), device=network.device)

    @torch.inference_mode()
    def begin(self, noise: Tensor, guidance: float) -> None:
        """Stand at the noise, as ``latents`` is. guidance: see ``guided``; without effect on one condition alone."""
        self.latents.copy_(noise)
        self._strength.fill_(guidance)

    @torch.inference_mode()
    def velocity(self) -> Tensor:
        """What guidance makes of the predictions for the next step: float32, as ``latents`` is."""
        return self._guided(self._course.now())

    @torch.inference_mode()
    def advance(self) -> None:
        """An Euler step."""
        moment = self._course.now()
        self.latents.copy_(stepped(self.latents, self._guided(moment), moment.length))
        self._course.advance()

    def _guided(self, moment: Moment) -> Tensor:
        predicted = velocities(self._network, self.latents, self.fixed, moment).float()
        if len(predicted) == 1:
            return predicted[0]
        unconditional, conditional = predicted
        return guided(unconditional, conditional, self._strength)


def velocities(network: MMDiT, latents: Tensor, fixed: Fixed, moment: Moment) -> Tensor:
    """What ``MMDiT.forward`` gives, at one time, of what was made before: (conditions, samples, channels, length)."""
    x = fixed.sync[fixed.shows] + network.audio_embedder(latents).repeat(fixed.conditions, 1, 1)
    seen = fixed.visual
    for layer, (triple, said) in enumerate(zip(network.triples, fixed.said, strict=True)):
        x, seen = triple(x, seen, moment.triple[:, layer], said, fixed.places)
    condition = fixed.sync + moment.time
    for single in network.singles:
        x = single(x, single.terms(condition), fixed.shows, fixed.places.alone)
    out: Tensor = network.final_layer(x)
    return out.view(fixed.conditions, fixed.samples, *out.shape[1:])
