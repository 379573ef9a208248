"""What ranks sample of random conditions, and what one device does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from greenroom.models.steadydancer.dancer.arranging import fixed_of
from greenroom.models.steadydancer.dancer.fixed import Conditions, velocity
from greenroom.models.steadydancer.dancer.transformer import Dancer
from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.ranks.rank_dancer import dealt
from greenroom.models.steadydancer.sampling.blending import Windowed
from greenroom.models.steadydancer.sampling.caching import Caching
from greenroom.models.steadydancer.sampling.guidance import Guidance, Pass
from greenroom.models.steadydancer.sampling.sampler import Sampled, sample
from greenroom.models.steadydancer.sampling.schedule import Schedule
from greenroom.models.steadydancer.sampling.windows import sampled_length, windows
from greenroom.runtime.gang.crew import Crew
from tests.models.steadydancer.gangs import wide_dancer
from tests.models.steadydancer.networks import TINY, normal

USUAL = Way()
SCHEDULE = Schedule.of("unipc", 4, 5.0)
GUIDANCE = Guidance(begin=0.1, end=0.6)  # poses guide in the second step and in the third


def one(conditions: Sequence[Conditions], way: Way) -> Windowed:
    """What one device answers."""
    network = wide_dancer()
    fixed = fixed_of(network, conditions, way)

    def asked(place: int, latents: Tensor, time: int, which: Pass) -> Tensor:
        return velocity(network, fixed[place], latents, time, which, at_once=way.at_once)

    return Windowed(windows(_length(conditions)), asked)


def _length(conditions: Sequence[Conditions]) -> int:
    """Of a clip whose windows overlap by what they overlap by."""
    frames = conditions[0].pose.shape[1]
    return frames if len(conditions) == 1 else 24


def both(
    crew: Crew,
    conditions: Sequence[Conditions],
    way: Way = USUAL,
    caching: Caching | None = None,
    own: Dancer | None = None,
    **options: Any,
) -> tuple[Sampled, Sampled]:
    """What ranks make, and what one device makes. own: rank 0's network, where it is another."""
    length = _length(conditions)
    noise = normal(TINY.latent, sampled_length(length), *conditions[0].pose.shape[2:])
    with dealt(crew, own or wide_dancer(), windows(length), conditions, way) as asked:
        ours = sample(asked, noise, SCHEDULE, GUIDANCE, caching=caching, ahead=asked.ahead, **options)
    return ours, sample(one(conditions, way), noise, SCHEDULE, GUIDANCE, caching=caching)
