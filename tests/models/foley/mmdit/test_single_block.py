"""A single block by its parts. Equality with the original: test_parity_denoiser."""

from __future__ import annotations

import torch

from greenroom.models.foley.mmdit.rotary import places
from greenroom.models.foley.mmdit.single_block import SingleBlock
from greenroom.nn.adaptive_layer_norm import Stream
from tests.models.foley.networks import TINY, denoiser_of, normal

ALONE = places(TINY.head_dim, 2, audio=7, visual=1, text=1).alone
EACH = torch.arange(14, dtype=torch.int32).view(2, 7)


def block_of() -> SingleBlock:
    return denoiser_of().singles[0]


def test_tokens_may_share_their_terms() -> None:
    block, x = block_of(), normal(2, 7, TINY.width)
    conditions = normal(3, TINY.width, seed=1)
    shows = torch.tensor([[0, 0, 1, 1, 1, 2, 2], [2, 2, 0, 0, 0, 1, 1]], dtype=torch.int32)
    wanted = block(Stream(x, EACH), conditions[shows].flatten(0, 1), ALONE).settled()
    torch.testing.assert_close(block(Stream(x, shows), conditions, ALONE).settled(), wanted)


def test_each_token_is_modulated_by_its_own() -> None:
    block, x = block_of(), normal(2, 7, TINY.width)
    terms = block.modulation.activated(normal(14, TINY.width, seed=1))
    terms[3, [2, 5]] = 0  # both gates
    out = block.modulated(Stream(x, EACH), terms, ALONE).settled()
    assert torch.equal(out[0, 3], x[0, 3])
    assert ((out - x)[0, 4].abs() > 1e-4).any()


def test_rows_know_nothing_of_each_other() -> None:
    """The convolutions too end where a row ends."""
    block, x = block_of(), normal(2, 7, TINY.width)
    conditions = normal(14, TINY.width, seed=1)
    changed = x.clone()
    changed[1] += 1
    before, after = (block(Stream(given, EACH), conditions, ALONE).settled() for given in (x, changed))
    torch.testing.assert_close(after[0], before[0])
    assert ((after - before)[1].abs() > 1e-3).any()
