"""How a request goes through all of the networks: what a plan chooses, and what an engine does."""

from __future__ import annotations

from dataclasses import dataclass

from greenroom.nn.slices import CUTS, Slices


@dataclass(frozen=True, slots=True)
class Way:
    """One way from a picture and poses to a video. But for rounding the result does not depend on it.

    parked: the encoders and the autoencoder are on the host while they have nothing to do, and the text encoder's
    blocks come one by one.  apart: so do the denoiser's layers that make keys and values of texts and pictures, a
    quarter of its weights.  keeps_said: these keys and values are made once for a request; otherwise for each pass, by
    those layers, wherever they are.  at_once: tokens that go through an MLP together, 0 for all.  resident: how many of
    the denoiser's blocks stay on the device, spread evenly; the others come from the host for each pass, and ``apart``
    holds; None for all.  slices: of the autoencoder.
    """

    parked: bool = False
    apart: bool = False
    keeps_said: bool = True
    at_once: int = 0
    resident: int | None = None
    slices: Slices = CUTS[0]

    @property
    def reading(self) -> int | None:
        """How many of the text encoder's blocks stay on the device; None for all."""
        return 0 if self.parked else None

    @property
    def hears_from_host(self) -> bool:
        """The layers that make keys and values come from the host."""
        return self.apart or self.resident is not None
