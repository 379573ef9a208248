"""The UNetT's own parts. Equality with the original: test_parity."""

from __future__ import annotations

import re
from dataclasses import replace

import torch

from greenroom.models.f5tts.backbone import CONDITIONAL
from greenroom.models.f5tts.sampler import padding_mask
from tests.models.f5tts.networks import E2, flow_of, normal

X, COND = normal(2, 30, 20, seed=1), normal(2, 30, 20, seed=2)
TEXT = torch.tensor([[3, 7, 1, 0, 9, -1], [5, 5, 8, 2, 2, 2]])
TIME = torch.tensor(0.4)


def test_only_concatenated_skips_have_weights() -> None:
    joined, added, none = (flow_of(replace(E2, skip_connect_type=kind)) for kind in ("concat", "add", "none"))
    names = {name for name in joined.state_dict() if re.search(r"layers\.\d+\.0\.", name)}
    assert names == {"transformer.layers.2.0.weight", "transformer.layers.3.0.weight"}
    assert set(added.state_dict()) == set(none.state_dict()) == set(joined.state_dict()) - names


def test_skips_of_every_kind_count() -> None:
    outs = [
        flow_of(replace(E2, skip_connect_type=kind)).transformer(X, COND, TEXT, TIME)
        for kind in ("concat", "add", "none")
    ]
    assert (outs[0] - outs[1]).abs().max() > 1e-2
    assert (outs[1] - outs[2]).abs().max() > 1e-2


def test_the_token_of_time_is_never_masked() -> None:
    network = flow_of(E2).transformer
    fixed = network.prepare(COND, TEXT, padding_mask([30, 12], 30), branches=(CONDITIONAL,), alone=True)
    assert fixed.keys is not None
    assert fixed.keys.sum(dim=1).tolist() == [31, 13]
    assert fixed.keys[:, 0].all()
    assert fixed.tables.cos.shape[0] == 31
