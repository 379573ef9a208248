"""How a request goes through all of the networks: what a plan chooses, and what an engine does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Way:
    """One way from pictures and texts to sound. But for rounding the result does not depend on it.

    parked: the encoders and the autoencoder are on the host while they have nothing to do.  resident: how many of the
    denoiser's blocks stay on the device, spread evenly; the others come from the host for each step; None for all.
    together: how many windows of samples are denoised at once.  pictures: that SigLIP 2 takes at once.  segments: that
    Synchformer takes at once.  piece: latents that are decoded at once.
    """

    parked: bool = False
    resident: int | None = None
    together: int = 6
    pictures: int = 32
    segments: int = 48
    piece: int = 250
