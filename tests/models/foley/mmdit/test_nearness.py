"""What fewer bits cost, measured on small networks; benchmarks measure the published sizes."""

from __future__ import annotations

from functools import partial

import torch

from greenroom.models.foley.mmdit.nearness import apart
from greenroom.models.foley.mmdit.synthetic import synthetic_denoiser
from tests.models.foley.networks import TINY

of = partial(synthetic_denoiser, TINY, torch.device("cpu"), drawn=torch.bfloat16)


def test_eight_bits_lose_three_per_cent_and_half_precision_less_than_one() -> None:
    exact = of(torch.float32)
    assert apart(exact, exact, seconds=1) == 0
    half = apart(of(torch.bfloat16), exact, seconds=1)
    small = apart(of(torch.float32, precision="fp8"), exact, seconds=1)
    both = apart(of(torch.bfloat16, precision="fp8"), exact, seconds=1)
    assert 0.004 < half < 0.012
    assert 0.02 < small <= both < 0.04


def test_another_network_is_far() -> None:
    assert apart(of(torch.float32, seed=1), of(torch.float32), seconds=1) > 0.3
