"""Small autoencoders, visual encoders and videos for the tests of the family's media."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache

import numpy as np
import torch

from greenroom.media.video.reading import Frame
from greenroom.models.foley.dac.config import DacConfig
from greenroom.models.foley.dac.synthetic import TINY, synthetic_dac_vae
from greenroom.models.foley.dac.vae import DacVAE
from greenroom.models.foley.synchformer.encoder import Synchformer
from greenroom.models.foley.synchformer.synthetic import TINY as TINY_SYNC
from greenroom.models.foley.synchformer.synthetic import synthetic_synchformer

CPU = torch.device("cpu")


@cache
def tiny_dac(config: DacConfig = TINY) -> DacVAE:
    """One for all tests: nothing changes it."""
    return synthetic_dac_vae(CPU, config, encoder=True)


@cache
def tiny_synchformer() -> Synchformer:
    """One for all tests: nothing changes it."""
    return synthetic_synchformer(CPU, torch.float32, TINY_SYNC)


def frames_at(times: Sequence[Fraction | float]) -> Iterator[Frame]:
    """Frames that begin at times; each is grey, of its number."""
    for number, time in enumerate(times):
        pixels = np.full((12, 16, 3), number % 256, np.uint8)
        yield Frame(pixels, number, Fraction(time), Fraction(1, 25))
