"""Self-attention: the formula, masked keys, zeroed outputs."""

from __future__ import annotations

import torch
from torch.nn.attention import SDPBackend

from greenroom.nn.attention import SelfAttention, attend, fastest_kernels
from greenroom.nn.rotary import Rotary

TABLES = Rotary(8).tables(6)


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def layer(**options: object) -> SelfAttention:
    torch.manual_seed(0)
    return SelfAttention(16, 2, 8, **options).requires_grad_(False)  # type: ignore[arg-type]


def test_attention_is_the_formula() -> None:
    query, key, value = normal(3, 2, 2, 6, 8)
    weights = (query @ key.transpose(-1, -2) / 8**0.5).softmax(-1)
    expected = (weights @ value).transpose(1, 2).reshape(2, 6, 16)
    torch.testing.assert_close(attend(query, key, value), expected)


def test_masked_keys_are_not_looked_at() -> None:
    query, key, value = normal(3, 2, 2, 6, 8)
    keys = torch.arange(6)[None] < torch.tensor([6, 4])[:, None]
    out = attend(query, key, value, keys)
    torch.testing.assert_close(out[1], attend(query[1:], key[1:, :, :4], value[1:, :, :4])[0])
    torch.testing.assert_close(out[0], attend(query[:1], key[:1], value[:1])[0])
    added = torch.zeros(2, 6).masked_fill(~keys, -torch.inf)
    torch.testing.assert_close(attend(query, key, value, added), out)


def test_what_is_not_a_row_s_own_is_zero() -> None:
    own = torch.arange(6)[None] < torch.tensor([6, 4])[:, None]
    out = layer()(normal(2, 6, 16), TABLES, own)
    assert not out[1, 4:].any()
    assert out[1, :4].all()
    assert torch.equal(out[0], layer()(normal(2, 6, 16), TABLES)[0])


def test_positions_count_in_the_heads_that_are_rotated() -> None:
    x = normal(1, 6, 16)
    flipped = x.flip(1)
    plain = layer(rotated_heads=0)
    torch.testing.assert_close(plain(flipped, TABLES), plain(x, TABLES).flip(1))
    rotated = layer(rotated_heads=1)
    assert (rotated(flipped, TABLES) - rotated(x, TABLES).flip(1)).abs().max() > 1e-3


def test_normed_queries_and_keys_have_weights() -> None:
    normed = layer(qk_norm="rms_norm")
    assert set(normed.state_dict()) - set(layer().state_dict()) == {"q_norm.weight", "k_norm.weight"}
    x = normal(1, 6, 16)
    assert (normed(x, TABLES) - layer()(x, TABLES)).abs().max() > 1e-3


def test_cudnn_s_kernel_is_tried_first() -> None:
    before = torch._C._get_sdp_priority_order()
    with fastest_kernels():
        first, *_ = torch._C._get_sdp_priority_order()
    assert SDPBackend(first) == SDPBackend.CUDNN_ATTENTION
    assert torch._C._get_sdp_priority_order() == before
