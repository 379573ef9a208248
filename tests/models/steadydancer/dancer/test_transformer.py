"""What the network makes of what it is given, in front of its blocks."""

from __future__ import annotations

import torch

from greenroom.models.steadydancer.dancer.block import Block
from tests.models.steadydancer.networks import TINY, dancer_of, normal

NETWORK = dancer_of()


def test_layers_that_a_job_calls_once_are_counted_block_by_block() -> None:
    first, second = NETWORK.layers
    assert isinstance(first, Block)
    assert NETWORK.listening == (*first.cross_attn.hearing, *second.cross_attn.hearing)
    assert len(first.cross_attn.hearing) == 4


@torch.inference_mode()
def test_rows_behind_a_text_are_zeros_that_are_heard() -> None:
    text = normal(3, TINY.text_in)
    told = NETWORK.told(text)
    assert told.shape == (TINY.text_tokens, TINY.width)
    torch.testing.assert_close(told[:3], NETWORK.text_embedding(text))
    torch.testing.assert_close(told[3:], NETWORK.text_embedding(torch.zeros(TINY.text_tokens - 3, TINY.text_in)))
    assert told[3:].any()


@torch.inference_mode()
def test_pictures_are_summed() -> None:
    first, second = normal(2, TINY.image_tokens, TINY.image_in)
    wanted = NETWORK.img_emb(first) + NETWORK.img_emb(second)
    torch.testing.assert_close(NETWORK.seen((first, second)), wanted)


@torch.inference_mode()
def test_blocks_and_the_head_know_the_time() -> None:
    own, others = NETWORK.timed(637)
    assert own.shape == (TINY.width,)
    assert others.shape == (6, TINY.width)
    assert not torch.equal(NETWORK.timed(636)[0], own)
