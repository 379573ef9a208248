"""What stages take of memory is foretold: counted here tensor by tensor, with what the kernels allocate on a GPU.

Networks are as narrow as tests can be, and of the published proportions, which is what formulas are made of.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from greenroom.models.steadydancer.architecture import PUBLISHED, Architecture
from greenroom.models.steadydancer.conditions.building import poses_of
from greenroom.models.steadydancer.conditions.sizes import Size
from greenroom.models.steadydancer.dancer import adapters, block
from greenroom.models.steadydancer.dancer.arranging import fixed_of
from greenroom.models.steadydancer.dancer.fixed import Conditions, fix, velocity
from greenroom.models.steadydancer.dancer.precision import PRODUCTS, SMALL, USUAL
from greenroom.models.steadydancer.dancer.synthetic import synthetic_dancer
from greenroom.models.steadydancer.planning import footprint
from greenroom.models.steadydancer.planning.costs import Networks
from greenroom.models.steadydancer.planning.footprint import StepFootprint
from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.sampling.guidance import Guidance, Pass
from greenroom.models.steadydancer.sampling.sampler import sample
from greenroom.models.steadydancer.sampling.schedule import Schedule
from greenroom.nn import fp8_linear
from greenroom.nn.fp8_linear import Rows, empty_rows
from greenroom.nn.long_stream import LongStream
from tests.models.counting import Counting
from tests.models.steadydancer.networks import normal

ARCHITECTURE = replace(
    PUBLISHED["steadydancer-14b"], layers=2, heads=4, head_dim=128, hidden=1382, text_in=64, text_tokens=16,
    image_in=32, image_tokens=9,
)  # fmt: skip
FRAMES, HEIGHT, WIDTH = 5, 24, 32
WITHIN = 1.15
"""The sums are off by so much at most, towards more."""


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    """What kernels do is left out, and what they allocate is not."""

    def normed(self: LongStream, ahead: object, eps: float, *, small: bool = False) -> Tensor | Rows:
        x, branch, self._branch = self._x, self._branch, None
        made: Tensor | Rows = empty_rows(x) if small else torch.empty_like(x)
        del branch  # it is read, and gone behind that
        return made

    def rounded(x: Tensor, *, gelu: bool = False) -> Rows:
        return empty_rows(x)

    def product(values: Tensor, weight: Tensor, scales: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
        return bias.new_empty(len(values), len(bias))

    monkeypatch.setattr(adapters, "_AT_ONCE", 64)  # as little of it all as in published sizes
    monkeypatch.setattr(LongStream, "normed", normed)
    monkeypatch.setattr(block, "norm_turn", lambda x, *_: x)
    monkeypatch.setattr(block, "rows_of", rounded)
    monkeypatch.setattr(fp8_linear, "rows_of", rounded)
    monkeypatch.setattr(fp8_linear, "_dequantised", product)


def foretold(counted: Counting, bytes_: int) -> bool:
    """Whether no more lives at once than was told, and not much less."""
    return counted.peak <= bytes_ < WITHIN * counted.peak


def dancer_of(architecture: Architecture = ARCHITECTURE, precision: str = USUAL) -> Any:
    network = synthetic_dancer(architecture, torch.device("cpu"), torch.bfloat16, precision=precision)
    for own in network.layers:
        own.self_attn.fuse()
    return network


def conditions_of(frames: int = FRAMES, height: int = HEIGHT, width: int = WIDTH) -> Conditions:
    architecture, cells = ARCHITECTURE, (frames, height, width)
    seen = architecture.image_tokens, architecture.image_in
    return Conditions(
        text=normal(7, architecture.text_in),
        negative=normal(9, architecture.text_in),
        image=normal(*seen),
        pose_image=normal(*seen),
        y=normal(architecture.latent + 4, *cells),
        ref_x=normal(architecture.latent, 1, height, width),
        ref_c=normal(architecture.latent, 1, height, width),
        pose=normal(architecture.latent, *cells),
        negative_pose=normal(architecture.latent, *cells),
    )


def told_of(
    precision: str = USUAL, at_once: int = 0, *, keeps_said: bool = True, on_host: bool = False
) -> StepFootprint:
    return StepFootprint(
        ARCHITECTURE, FRAMES, HEIGHT, WIDTH, precision=precision, at_once=at_once, keeps_said=keeps_said,
        on_host=on_host,
    )  # fmt: skip


def counted_pass(precision: str, at_once: int, *, keeps_said: bool = True) -> Counting:
    network = dancer_of(precision=precision)
    fixed = fix(network, conditions_of(), keeps_said=keeps_said)
    latents = normal(ARCHITECTURE.latent, FRAMES, HEIGHT, WIDTH)
    counted = Counting()
    with counted:
        velocity(network, fixed, latents, 500, Pass.CONDITIONAL, at_once=at_once)
    return counted


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize("at_once", [0, 900, 200])
@pytest.mark.parametrize("precision", [USUAL, PRODUCTS])
def test_a_pass(precision: str, at_once: int) -> None:
    assert foretold(counted_pass(precision, at_once), told_of(precision, at_once).step)


@pytest.mark.usefixtures("kernels")
def test_a_pass_whose_weights_are_dequantised() -> None:
    told = told_of(SMALL).step + Networks.of("", ARCHITECTURE, SMALL).unpacking
    assert foretold(counted_pass(SMALL, 0), told)


@pytest.mark.usefixtures("kernels")
def test_a_pass_that_makes_keys_and_values_takes_no_more() -> None:
    assert foretold(counted_pass(USUAL, 0, keeps_said=False), told_of(keeps_said=False).step)


def test_a_pass_on_a_host_takes_more() -> None:
    network = synthetic_dancer(ARCHITECTURE, torch.device("cpu"), torch.float32)
    fixed = fix(network, conditions_of())
    with Counting() as counted:
        velocity(network, fixed, normal(ARCHITECTURE.latent, FRAMES, HEIGHT, WIDTH), 500, Pass.CONDITIONAL)
    told = StepFootprint(ARCHITECTURE, FRAMES, HEIGHT, WIDTH, itemsize=4, on_host=True)
    assert counted.peak <= told.step < 1.3 * counted.peak


@pytest.mark.parametrize("windows", [1, 3])
@pytest.mark.parametrize("keeps_said", [True, False])
def test_what_stays_over_all_steps(keeps_said: bool, windows: int) -> None:
    network = dancer_of()
    given = [conditions_of() for _ in range(windows)]
    with Counting() as counted:
        fixed = fixed_of(network, given, Way(keeps_said=keeps_said))
    told = told_of(keeps_said=keeps_said)
    assert len(fixed) == windows
    whole = told.fixed + (windows - 1) * told.further
    held = counted.held + given[0].y.nbytes  # which is copied to a GPU
    assert held <= whole < WITHIN * held
    # A further window has what it shares with the first for a moment, in which no step is made.
    assert counted.peak - counted.held < told.step


def test_latents_around_the_passes() -> None:
    noise = torch.zeros(16, 6, 8, 8)
    with Counting() as counted:
        schedule = Schedule.of("unipc", 4, 5.0)
        sample(lambda latents, *_: torch.ones_like(latents), noise, schedule, Guidance(begin=0.0, end=1.0))
    assert counted.peak + noise.nbytes <= footprint.sampled(16, 6, 8, 8)


@pytest.mark.parametrize(
    ("pose", "picture", "within"),
    [((200, 300), (80, 90), 2.5), ((100, 60), (300, 200), 2.5), ((64, 400), (400, 64), 12)],
)
def test_poses_on_their_way_to_the_encoder(pose: tuple[int, int], picture: tuple[int, int], within: float) -> None:
    size = Size(64, 96)
    shown = [torch.zeros(*pose, 3, dtype=torch.uint8) for _ in range(5)]
    with Counting() as counted:
        poses_of(shown, picture, size, lambda clip: clip[:, :1])
    told = footprint.clip(5, size.height, size.width) + footprint.resizing(pose, picture)
    assert counted.peak <= told < within * counted.peak
