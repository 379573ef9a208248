"""A schedule as the steps read it."""

from __future__ import annotations

import pytest
import torch

from greenroom.errors import InputInvalid
from greenroom.models.foley.mmdit.course import Course
from greenroom.models.foley.mmdit.limits import MOST_STEPS
from greenroom.models.foley.mmdit.schedule import sigmas, times
from greenroom.models.foley.mmdit.triple_block import TripleBlock
from greenroom.recipes.inputs.foley import FoleyInputs
from tests.models.foley.networks import denoiser_of


def test_each_step_has_what_its_time_gives() -> None:
    network = denoiser_of()
    course, shares = Course(network, most=6), sigmas(4, shift=3.0)
    course.set(shares)
    for step, at in enumerate(times(shares)):
        moment = course.now()
        time = network.time_in(at[None])
        torch.testing.assert_close(moment.time, time)
        assert moment.length.item() == (shares[step + 1] - shares[step]).item()
        for layer, block in enumerate(network.triples):
            torch.testing.assert_close(moment.triple[:, layer], block.terms(time))
        course.advance()


def test_modulation_that_is_on_the_host_comes_for_a_schedule_and_leaves() -> None:
    """As on a GPU from the beginning: two layers at a time."""
    network, whole = denoiser_of(), denoiser_of()
    network.modulations.keep(0)
    course, wanted = Course(network), Course(whole)
    for steps in (4, 7, 7, 4):
        course.set(sigmas(steps))
        wanted.set(sigmas(steps))
        assert torch.equal(course._triple, wanted._triple)
        assert not any(block.audio_mod.linear.weight.numel() for block in network.triples)
        assert not any(block.v_cond_mod.linear.weight.numel() for block in network.triples)
        assert network.modulations.taken == 0


def test_set_again_it_stands_at_the_first_step_and_makes_nothing_twice() -> None:
    network = denoiser_of()
    course, asked = Course(network), []
    network.time_in.register_forward_hook(lambda _module, args, _out: asked.append(len(args[0])))
    for steps in (4, 4, 3, 3):
        course.set(sigmas(steps))
        course.advance()
    course.set(sigmas(3))
    assert course.now().length.item() == sigmas(3).diff()[0].item()
    assert asked == [4, 3]


def test_a_schedule_that_cannot_be_made_is_not_taken_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    network, whole = denoiser_of(), Course(denoiser_of())
    network.modulations.keep(0)
    course = Course(network)
    course.set(sigmas(5))
    last, terms = network.triples[-1], TripleBlock.terms

    def failing(self: TripleBlock, time: torch.Tensor) -> torch.Tensor:
        made = terms(self, time)
        if self is last:
            raise torch.OutOfMemoryError("out of memory")
        return made

    with monkeypatch.context() as patch:
        patch.setattr(TripleBlock, "terms", failing)
        with pytest.raises(torch.OutOfMemoryError):
            course.set(sigmas(3))
    assert network.modulations.taken == 0
    for steps in (5, 3):
        course.set(sigmas(steps))
        whole.set(sigmas(steps))
        assert torch.equal(course._triple[:steps], whole._triple[:steps])
        assert torch.equal(course._lengths[:steps], whole._lengths[:steps])


def test_its_tensors_stay_where_they_are() -> None:
    """So that a graph that was recorded for one schedule is right for the next."""
    course = Course(denoiser_of())
    places = [table.data_ptr() for table in (course._lengths, course._times, course._triple, course._step)]
    course.set(sigmas(5))
    course.advance()
    course.set(sigmas(7, shift=2.0))
    assert places == [table.data_ptr() for table in (course._lengths, course._times, course._triple, course._step)]


def test_there_is_room_for_as_many_steps_as_may_be_asked_for() -> None:
    FoleyInputs.check({"video": "a.mp4", "prompt": "rain", "steps": MOST_STEPS})
    with pytest.raises(InputInvalid):
        FoleyInputs.check({"video": "a.mp4", "prompt": "rain", "steps": MOST_STEPS + 1})


def test_more_steps_than_there_is_room_for_are_refused() -> None:
    with pytest.raises(InputInvalid) as caught:
        Course(denoiser_of(), most=3).set(sigmas(4))
    assert caught.value.mend
