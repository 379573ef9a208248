"""One request on its way from noise to latents: a step that reads and writes tensors which stay where they are.

A step does only what changes with it. Nothing in it waits for the host or depends on values, so that on a GPU it is
recorded once and started as one (``greenroom.runtime.graphs``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

from greenroom.models.foley.mmdit.schedule import guided, stepped
from greenroom.models.foley.mmdit.triple_block import streams
from greenroom.nn.adaptive_layer_norm import Stream

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
    both = streams(_joined(network, latents, fixed), fixed.places)
    for layer, (triple, said) in enumerate(zip(network.triples, fixed.said, strict=True)):
        both = triple(both, moment.triple[:, layer], said, fixed.places)
    stream = Stream(both.settled().transpose(0, 1).contiguous(), fixed.shows)
    condition = functional.silu(fixed.sync + moment.time)
    for single in network.singles:
        stream = single(stream, condition, fixed.places.alone)
    out: Tensor = network.final_layer(stream.settled())
    return out.view(fixed.samples, fixed.conditions, *out.shape[1:]).transpose(0, 1)


def _joined(network: MMDiT, latents: Tensor, fixed: Fixed) -> Tensor:
    """Video and audio in front of the first block: (frames + tokens, rows, width)."""
    heard = network.audio_embedder(latents)
    frames, rows, width = fixed.visual.shape
    x = fixed.visual.new_empty(frames + fixed.length, rows, width)
    x[:frames] = fixed.visual
    shown = fixed.sync[fixed.shows.t()].view(fixed.length, fixed.samples, fixed.conditions, width)
    torch.add(shown, heard.transpose(0, 1)[:, :, None], out=x[frames:].view(shown.shape))
    return x
