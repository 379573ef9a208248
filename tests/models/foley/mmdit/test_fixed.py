"""What stays of a request is what the network would make of it at every step."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from greenroom.errors import InputInvalid
from greenroom.models.foley.mmdit.course import Course
from greenroom.models.foley.mmdit.denoising import velocities
from greenroom.models.foley.mmdit.fixed import Condition, Fixed, conditions, fix, stacked
from greenroom.models.foley.mmdit.nearest import nearest
from greenroom.models.foley.mmdit.schedule import sigmas
from greenroom.models.foley.mmdit.transformer import MMDiT
from tests.models.foley.networks import TINY, denoiser_of, features_of, normal

LENGTH = 40


def test_guidance_of_one_or_less_asks_for_the_wanted_alone() -> None:
    network, features = denoiser_of(), features_of()
    (wanted,) = conditions(network, features, 1.0)
    assert wanted.text is features.text
    unwanted, same = conditions(network, features, 1.01)
    assert unwanted.text is features.negative
    assert same.text is features.text


def test_different_sync_tokens_are_made_once() -> None:
    network, features = denoiser_of(), features_of(sync=16)
    fixed = fix(network, conditions(network, features, 4.5), 3, LENGTH)
    assert fixed.sync.shape == (8 + 16, network.architecture.width)
    shown = fixed.sync[fixed.shows]
    empty = network.empty_sync_feat.expand(16, -1)
    wanted = network.synced(torch.stack((empty, features.sync)))[:, nearest(16, LENGTH)]
    torch.testing.assert_close(shown, wanted.repeat(3, 1, 1))


def test_rows_are_the_conditions_of_one_sample_then_of_the_next() -> None:
    network, features = denoiser_of(), features_of(frames=5, words=6)
    fixed = fix(network, conditions(network, features, 4.5), 3, LENGTH)
    assert (fixed.conditions, fixed.samples, fixed.length) == (2, 3, LENGTH)
    visual = torch.stack((network.empty_clip_feat.expand(5, -1), features.visual))
    torch.testing.assert_close(fixed.visual.transpose(0, 1), network.visual_proj(visual).repeat(3, 1, 1))
    words = network.cond_in(torch.stack((features.negative, features.text)))
    for block, said in zip(network.triples, fixed.said, strict=True):
        wanted = block.said(words, fixed.places.text)
        torch.testing.assert_close(said.key, wanted.key)
        torch.testing.assert_close(said.value, wanted.value)
        assert said.unheard is None


def predicted(network: MMDiT, latents: Tensor, fixed: Fixed) -> Tensor:
    """Velocities at the first of two steps."""
    course = Course(network)
    course.set(sigmas(2))
    return velocities(network, latents, fixed, course.now())


def test_several_go_on_as_each_would_alone() -> None:
    network = denoiser_of()
    one, other = (
        fix(network, conditions(network, features_of(words=words, seed=words), 4.5), 1, LENGTH, room=16)
        for words in (6, 9)
    )
    both = stacked([one, other, one], TINY.head_dim)
    assert both.samples == 3
    assert len(both.sync) == len(one.sync) + len(other.sync)
    latents = normal(3, TINY.latent, LENGTH)
    together = predicted(network, latents, both)
    for place, own in enumerate((one, other, one)):
        alone = predicted(network, latents[place : place + 1], own)
        torch.testing.assert_close(together[:, place], alone[:, 0], atol=1e-5, rtol=1e-5)


def test_those_that_hear_the_same_have_its_keys_and_values_once() -> None:
    network = denoiser_of()
    given = [conditions(network, replace(features_of(), visual=normal(5, 24, seed=seed)), 4.5) for seed in (20, 21)]
    one = fix(network, given[0], 1, LENGTH)
    other = fix(network, given[1], 1, LENGTH, heard=one)
    assert stacked([one, other], TINY.head_dim).said is one.said
    assert torch.equal(stacked([one] * 3, TINY.head_dim).visual, fix(network, given[0], 3, LENGTH).visual)
    latents = normal(2, TINY.latent, LENGTH)
    exact = stacked([one, fix(network, given[1], 1, LENGTH)], TINY.head_dim)
    assert len(exact.said[0].key) == 4
    wanted, ours = (predicted(network, latents, fixed) for fixed in (exact, stacked([one, other], TINY.head_dim)))
    torch.testing.assert_close(ours, wanted, atol=1e-5, rtol=1e-5)


def test_room_behind_a_text_is_not_heard() -> None:
    network, features, latents = denoiser_of(), features_of(words=6), normal(2, TINY.latent, LENGTH)
    given, course = conditions(network, features, 4.5), Course(network)
    course.set(sigmas(2))
    exact, roomy = (fix(network, given, 2, LENGTH, room) for room in (0, 16))
    assert roomy.said[0].key.shape[2] == 16
    assert exact.said[0].key.shape[2] == 6
    for said in roomy.said:  # whatever stands there
        said.value[:, :, 6:] = 1000.0
    wanted, ours = (velocities(network, latents, fixed, course.now()) for fixed in (exact, roomy))
    torch.testing.assert_close(ours, wanted, atol=1e-5, rtol=1e-5)


def test_another_request_of_its_size_takes_its_memory() -> None:
    network = denoiser_of()
    first, second = (
        fix(network, conditions(network, features_of(words=words, seed=words), 4.5), 2, LENGTH, room=16)
        for words in (6, 9)
    )
    assert first.shapes == second.shapes
    addresses = [tensor.data_ptr() for tensor in first._tensors()]
    assert not torch.equal(first.said[1].value, second.said[1].value)
    first.take(second)
    assert addresses == [tensor.data_ptr() for tensor in first._tensors()]
    for own, its in zip(first._tensors(), second._tensors(), strict=True):
        assert torch.equal(own, its)


def test_requests_that_need_another_graph_are_told_apart() -> None:
    network = denoiser_of()

    def shapes(samples: int = 2, guidance: float = 4.5, length: int = LENGTH, **counts: int) -> object:
        return fix(network, conditions(network, features_of(**counts), guidance), samples, length).shapes

    usual = shapes()
    others = [shapes(samples=1), shapes(guidance=1.0), shapes(length=41), shapes(frames=4), shapes(sync=8)]
    others += [shapes(words=7), shapes(samples=4, guidance=1.0)]
    assert len({usual, *others}) == 8


def test_what_does_not_fit_together_is_refused() -> None:
    network, features = denoiser_of(), features_of(words=6)
    shorter = replace(features, negative=features.negative[:4])
    with pytest.raises(InputInvalid, match="4 and 6 text tokens"):
        fix(network, conditions(network, shorter, 4.5), 1, LENGTH)
    with pytest.raises(InputInvalid, match="8 sync tokens cannot be repeated to 12"):
        fix(network, [Condition(features.text, features.visual, features.sync[:8], 12)], 1, LENGTH)
