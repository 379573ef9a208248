"""Requests one after another, with and without graphs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from greenroom.errors import Cancelled
from greenroom.models.foley.mmdit import sampler as sampler_module
from greenroom.models.foley.mmdit.course import Course
from greenroom.models.foley.mmdit.denoising import Denoising
from greenroom.models.foley.mmdit.fixed import Fixed, conditions, fix
from greenroom.models.foley.mmdit.sampler import Part, Sampler
from greenroom.models.foley.mmdit.schedule import sigmas
from greenroom.models.foley.mmdit.windows import GRID, LONGEST, OVERLAP
from tests.models.f5tts.recorded import Repeated
from tests.models.foley.networks import TINY, denoiser_of, features_of, normal, parts_of

LENGTH = 21
NOISE = normal(2, TINY.latent, LENGTH)
NETWORK = denoiser_of()


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """What was recorded, as on a GPU."""
    works: list[Callable[[], None]] = []

    class Noted(Repeated[None]):
        def __init__(self, work: Callable[[], None], pool: object) -> None:
            works.append(work)
            super().__init__(work, pool)

    monkeypatch.setattr(sampler_module, "Recorded", Noted)
    return works


def alone(noise: Tensor = NOISE, guidance: float = 4.5) -> Tensor:
    """Latents of a request by a sampler of its own, without graphs."""
    return Sampler(denoiser_of()).sample(features_of(), noise, steps=3, guidance=guidance)


@torch.inference_mode()
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_it_goes_as_many_steps_as_are_asked_for(steps: int) -> None:
    network, features = denoiser_of(), features_of()
    course = Course(network)
    course.set(sigmas(steps))
    denoising = Denoising(network, fix(network, conditions(network, features, 4.5), 2, LENGTH), course)
    denoising.begin(NOISE, 4.5)
    for _ in range(steps):
        denoising.advance()
    assert torch.equal(Sampler(network).sample(features, NOISE, steps=steps), denoising.latents)


def test_requests_of_a_size_share_a_graph(recorded: list[Callable[[], None]]) -> None:
    sampler = Sampler(denoiser_of(), graphs=True)
    for words, steps, guidance in ((6, 3, 4.5), (9, 3, 4.5), (16, 2, 7.0), (6, 3, 4.5)):
        features = features_of(words=words, seed=words)
        latents = sampler.sample(features, NOISE, steps=steps, guidance=guidance)
        wanted = Sampler(denoiser_of()).sample(features, NOISE, steps=steps, guidance=guidance)
        torch.testing.assert_close(latents, wanted, atol=1e-5, rtol=1e-5)
    assert len(recorded) == 1
    sampler.sample(features_of(), NOISE, steps=2, guidance=1.0)
    assert len(recorded) == 2


def test_graphs_of_the_last_sizes_are_kept(recorded: list[Callable[[], None]]) -> None:
    sampler = Sampler(denoiser_of(), graphs=True)

    def sample(length: int) -> None:
        sampler.sample(features_of(), normal(1, TINY.latent, length), steps=1)

    for length in (10, 11, 12, 13, 10, 14, 10, 11):
        sample(length)
    assert len(recorded) == 6  # 14 took the place of 11
    sampler.forget()
    sample(11)
    assert len(recorded) == 7


def test_what_was_sampled_stays_when_another_is(recorded: list[Callable[[], None]]) -> None:
    sampler = Sampler(denoiser_of(), graphs=True)
    first = sampler.sample(features_of(seed=0), NOISE, steps=1)
    kept = first.clone()
    sampler.sample(features_of(seed=10), NOISE, steps=1)
    assert torch.equal(first, kept)


def test_the_same_noise_gives_the_same_sound_and_another_another() -> None:
    assert torch.equal(alone(), alone())
    assert not torch.allclose(alone(), alone(NOISE.flip(0)))


def test_guidance_counts() -> None:
    one, strong = alone(guidance=1.0), alone(guidance=9.0)
    assert (one - strong).abs().max() > 1e-3


def test_it_says_where_it_stands_and_stops_between_steps() -> None:
    stages: list[tuple[str, float, float]] = []

    def step(stage: str, done: float, total: float) -> None:
        stages.append((stage, done, total))
        if done == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        Sampler(denoiser_of()).sample(features_of(), NOISE, steps=3, step=step)
    assert stages == [("sampling", 0, 3), ("sampling", 1, 3)]


LONG = LONGEST + 20 * GRID


def test_a_clip_of_one_window_is_sampled_as_ever() -> None:
    [part] = parts_of(4 * GRID)
    noise = normal(2, TINY.latent, 4 * GRID)
    sampler = Sampler(denoiser_of())
    whole = sampler.sample(part.features, noise, steps=3)
    torch.testing.assert_close(sampler.sample_parts([part], noise, steps=3), whole, atol=1e-5, rtol=1e-5)


def test_a_step_of_a_long_clip_is_the_mean_of_its_windows() -> None:
    parts, noise = parts_of(LONG), normal(1, TINY.latent, LONG)
    one, other = parts
    sampler = Sampler(denoiser_of())
    joined = sampler.sample_parts(parts, noise, steps=1)
    apart = [
        sampler.sample(part.features, noise[:, :, part.window.start : part.window.stop], steps=1) for part in parts
    ]
    shared = slice(other.window.start, one.window.stop)
    count = one.window.stop - other.window.start
    assert count == OVERLAP
    rising = (torch.arange(count) + 0.5) / count
    mixed = apart[0][:, :, -count:] * (1 - rising) + apart[1][:, :, :count] * rising
    torch.testing.assert_close(joined[:, :, shared], mixed, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(joined[:, :, : shared.start], apart[0][:, :, : shared.start], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(joined[:, :, shared.stop :], apart[1][:, :, count:], atol=1e-5, rtol=1e-5)


def test_a_join_is_no_larger_a_jump_than_any_other_place() -> None:
    parts = parts_of(LONG)
    # Without noise of its own, a place differs from the next by what the network makes of its surroundings alone.
    noise = normal(1, TINY.latent, 1).expand(-1, -1, LONG).contiguous()
    made = Sampler(denoiser_of()).sample_parts(parts, noise, steps=4)
    jumps = made.diff(dim=2).square().mean(dim=(0, 1)).sqrt()
    first, last = parts[1].window.start, parts[0].window.stop
    at_join = jumps[first - 1 : last]
    elsewhere = torch.cat((jumps[: first - 1], jumps[last:]))
    assert at_join.max() <= elsewhere.max()
    assert at_join.mean() <= 1.1 * elsewhere.mean()
    # Cut hard where the overlap's middle is, the two would not meet.
    middle, noises = (first + last) // 2, (noise[:, :, part.window.start : part.window.stop] for part in parts)
    sampler = Sampler(denoiser_of())
    left, right = (sampler.sample(part.features, own, steps=4) for part, own in zip(parts, noises, strict=True))
    hard = (left[:, :, middle - 1] - right[:, :, middle - first]).square().mean().sqrt()
    assert hard > 1.5 * at_join[middle - first]


def test_windows_share_a_graph_and_each_keeps_what_it_shows(recorded: list[Callable[[], None]]) -> None:
    begins = (0, 5 * GRID, 15 * GRID)
    length = 20 * GRID
    parts, noise = parts_of(length, (1, 7, 9), begins), normal(2, TINY.latent, length)
    sampler = Sampler(denoiser_of(), graphs=True)
    wanted = Sampler(denoiser_of()).sample_parts(parts, noise, steps=3)
    for _ in range(2):  # what was recorded for one request serves the next
        torch.testing.assert_close(sampler.sample_parts(parts, noise, steps=3), wanted, atol=1e-5, rtol=1e-5)
    assert len(recorded) == len({part.window.length for part in parts})
    assert not torch.allclose(Sampler(denoiser_of()).sample_parts(parts_of(length), noise, steps=3), wanted, atol=1e-2)


BEGINS = tuple(GRID * place for place in (0, 2, 5, 9, 14, 20, 27, 35, 44, 54))


def sizes_of(parts: list[Part]) -> int:
    """Of windows."""
    return len({(part.window.length, len(part.features.visual)) for part in parts})


def test_as_many_graphs_are_kept_as_a_clip_has_sizes(recorded: list[Callable[[], None]]) -> None:
    parts, noise = parts_of(44 * GRID, tuple(range(8)), BEGINS[:8]), normal(1, TINY.latent, 44 * GRID)
    assert 4 < sizes_of(parts) <= 8
    sampler = Sampler(denoiser_of(), graphs=True)
    for _ in range(2):
        sampler.sample_parts(parts, noise, steps=3)
        assert len(recorded) == len(sampler._prepared) == sizes_of(parts)
    # A request behind it keeps fewer, as its plan counts, also if it has its own already.
    own = parts[3]
    sampler.sample(own.features, noise[:, :, own.window.start : own.window.stop], steps=1)
    assert len(recorded) == sizes_of(parts)
    assert len(sampler._prepared) == 4


def test_a_clip_of_more_sizes_has_no_graphs(recorded: list[Callable[[], None]]) -> None:
    parts, noise = parts_of(65 * GRID, tuple(range(10)), BEGINS), normal(1, TINY.latent, 65 * GRID)
    assert sizes_of(parts) > 8
    sampler = Sampler(denoiser_of(), graphs=True)
    sampler.sample(features_of(), NOISE, steps=1)
    made = sampler.sample_parts(parts, noise, steps=3)
    wanted = Sampler(denoiser_of()).sample_parts(parts, noise, steps=3)
    torch.testing.assert_close(made, wanted, atol=1e-5, rtol=1e-5)
    sampler.sample(features_of(), NOISE, steps=1)
    assert len(recorded) == 1  # that of requests before is there again


@pytest.mark.parametrize(("together", "graphs"), [(6, 2), (3, 4), (1, 8)])
def test_groups_have_graphs_of_their_own_up_to_eight(
    together: int, graphs: int, recorded: list[Callable[[], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, noise = parts_of(10 * GRID, begins=(0, 5 * GRID)), normal(6, TINY.latent, 10 * GRID)
    assert len({part.window.length for part in parts}) == 1
    taken: list[Fixed] = []

    def take(self: Fixed, other: Fixed) -> None:
        taken.append(other)
        real(self, other)

    real = Fixed.take
    monkeypatch.setattr(Fixed, "take", take)
    sampler = Sampler(denoiser_of(), graphs=True)
    wanted = Sampler(denoiser_of()).sample_parts(parts, noise, steps=2)
    made = sampler.sample_parts(parts, noise, steps=2, together=together)
    torch.testing.assert_close(made, wanted, atol=1e-5, rtol=1e-5)
    assert len(recorded) == graphs
    assert bool(taken) == (together == 1)  # 12 groups


def test_a_long_clip_says_where_it_stands() -> None:
    told: list[float] = []

    def step(stage: str, done: float, total: float) -> None:
        assert (stage, total) == ("sampling", 2)
        told.append(done)

    parts, noise = parts_of(LONG), normal(1, TINY.latent, LONG)
    Sampler(denoiser_of()).sample_parts(parts, noise, steps=2, step=step)
    assert told == [0, 1, 2]
    told.clear()
    Sampler(denoiser_of()).sample_parts(parts, noise, steps=2, step=step, together=1)
    assert told == [0, 0.5, 1, 1.5, 2]


def test_samples_in_pieces_say_where_they_stand() -> None:
    told: list[float] = []
    noise = normal(4, TINY.latent, LENGTH)
    sampler = Sampler(denoiser_of())
    sampler.sample(features_of(), noise, steps=2, together=3, step=lambda _stage, done, _total: told.append(done))
    assert told == [0, 0.5, 1, 1.5, 2]


@pytest.mark.parametrize("together", [1, 2, 3, 4])
def test_samples_do_not_depend_on_how_many_go_together(together: int) -> None:
    noise = normal(5, TINY.latent, LENGTH)
    made = Sampler(denoiser_of()).sample(features_of(), noise, steps=3, together=together)
    torch.testing.assert_close(made, alone(noise), atol=1e-5, rtol=1e-5)
    for sample in range(5):
        torch.testing.assert_close(made[sample : sample + 1], alone(noise[sample : sample + 1]), atol=1e-5, rtol=1e-5)


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.integers(2, 12), min_size=1, max_size=4),
    st.integers(1, 3),
    st.integers(1, 6),
    st.sampled_from([1.0, 4.5]),
)
def test_a_clip_does_not_depend_on_how_much_goes_together(
    sizes: list[int], samples: int, together: int, guidance: float
) -> None:
    begins, length = tuple(GRID * sum(sizes[:place]) for place in range(len(sizes))), GRID * sum(sizes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("greenroom.models.foley.mmdit.windows.LONGEST", 6 * GRID)
        parts = parts_of(length, tuple(range(len(sizes))), begins, words=(3, 17, 6, 20))
    noise = normal(samples, TINY.latent, length)
    sampler = Sampler(NETWORK)
    made = sampler.sample_parts(parts, noise, steps=2, guidance=guidance, together=together)
    one_by_one = torch.cat(
        [sampler.sample_parts(parts, own, steps=2, guidance=guidance, together=1) for own in torch.split(noise, 1)]
    )
    torch.testing.assert_close(made, one_by_one, atol=2e-5, rtol=2e-5)
