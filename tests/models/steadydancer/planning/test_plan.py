"""Plans: what fits, in which order ways are given up, and what is said of them."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.models.steadydancer.conditions.sizes import Size
from greenroom.models.steadydancer.planning.costs import Job, Networks, networks_on
from greenroom.models.steadydancer.planning.plan import Plan, facts_of, plan
from greenroom.models.steadydancer.planning.rates import RATES, Rates
from greenroom.models.steadydancer.planning.way import Way
from greenroom.nn.slices import CUTS
from greenroom.recipes.catalogue import recipe
from greenroom.runtime.residency import MemoryShort
from greenroom.runtime.rooms import HostMemoryShort, Room

NETWORKS = Networks.published(recipe("steadydancer-14b"))
CLIP = Job(Size(480, 832))
LARGE = Job(Size(720, 1280))
GB = 10**9
# As much as cards of 80, 48, 24 and 16 GB have free once CUDA runs.
OF_80, OF_48, OF_24, OF_16 = 79.0, 47.0, 23.5, 15.7
GPU = "NVIDIA H100 80GB HBM3"
MEASURED = Rates(6e14, 5e14, 1e15, 2e14, 2e14, from_host=5e10)


def planned(
    gigabytes: float,
    job: Job = CLIP,
    networks: Networks = NETWORKS,
    host: float = 128,
    *,
    small: bool = False,
    gpu: str = GPU,
) -> Plan:
    return plan(networks, job, Room("cuda:0", int(gigabytes * GB), int(host * GB), gpu), small=small)


@pytest.mark.parametrize("job", [CLIP, LARGE], ids=lambda job: str(job.size))
def test_a_card_of_80_gb_has_everything_at_once(job: Job) -> None:
    found = planned(OF_80, job)
    assert found.way == Way(slices=found.way.slices)
    assert found.notes == ()
    assert NETWORKS.weights < found.bytes < 0.94 * OF_80 * GB
    # Of the larger one tensors would be too large for libraries to index.
    assert [planned(OF_80, each).way.slices for each in (CLIP, LARGE)] == [*CUTS[:2]]


@pytest.mark.parametrize("job", [CLIP, LARGE], ids=lambda job: str(job.size))
def test_a_card_of_48_gb_has_all_blocks(job: Job) -> None:
    way = planned(OF_48, job).way
    assert way.resident is None
    assert (way.keeps_said, way.at_once) == (True, 0)


@pytest.mark.parametrize(("job", "least"), [(CLIP, 26), (LARGE, 20)], ids=["480p", "720p"])
def test_of_a_card_of_24_gb_a_third_of_the_blocks_come_from_the_host(job: Job, least: int) -> None:
    found = planned(OF_24, job)
    assert found.way.parked
    assert found.way.hears_from_host
    assert found.way.resident is not None
    assert found.way.resident >= least
    assert found.bytes <= 0.94 * (OF_24 - 0.4) * GB
    # What must come takes less time than the work beside it, by far.
    assert (40 - found.way.resident) * 0.6e9 / 25e9 < 0.5 * 3


@pytest.mark.parametrize("job", [CLIP, LARGE], ids=lambda job: str(job.size))
def test_a_card_of_16_gb_does_it_too(job: Job) -> None:
    found = planned(OF_16, job)
    assert found.way.resident is not None
    assert found.way.resident >= 10
    assert found.way.keeps_said
    assert found.host_bytes < 45 * GB


def test_8_gb_will_do_for_the_usual_size() -> None:
    assert planned(7.6).way.resident is not None
    with pytest.raises(MemoryShort):
        planned(3.5)


def test_eight_bits_fit_a_card_of_24_gb_as_a_whole() -> None:
    small = planned(OF_24, networks=NETWORKS.in_eight_bits())
    assert small.way.resident is None
    assert small.precision == "fp8"
    assert not any("--precision" in note for note in small.notes)
    assert any("--precision fp8 all blocks would stay" in note for note in planned(OF_24).notes)
    assert "denoiser: all blocks on the device, in fp8" in [*small.lines()]


def test_nobody_is_planned_into_eight_bits() -> None:
    assert all(planned(gigabytes).precision == "bf16" for gigabytes in (OF_80, OF_24, 7.6))


def test_ways_are_given_up_in_their_order() -> None:
    """As memory gets less: everything; encoders or what hears leaves; blocks; keys and values are made anew."""

    def given_up(way: Way) -> tuple[int, bool, bool]:
        away = 0 if way.resident is None else 40 - way.resident
        return away, not way.keeps_said, way.parked or way.apart

    found = [given_up(planned(tenths / 10).way) for tenths in range(790, 49, -15)]
    assert found == sorted(found)
    assert found[0] == (0, False, False)
    assert planned(4.9).way.keeps_said is False


def test_products_take_less_at_once_before_blocks_leave() -> None:
    products = NETWORKS.in_eight_bits("fp8-products")
    found = planned(OF_16, networks=products)
    assert found.way.at_once > 0
    assert f"in fp8-products, {found.way.at_once:,} tokens at a time through MLPs" in "\n".join(found.lines())
    assert planned(OF_80, networks=products).way.at_once == 0


def test_what_does_not_fit_is_refused_with_what_it_needs() -> None:
    with pytest.raises(MemoryShort, match=r"steadydancer-14b needs (\d+\.\d) GB") as caught:
        planned(3.5, LARGE)
    assert not isinstance(caught.value, HostMemoryShort)
    needs = float(caught.value.message.split(" GB")[0].rsplit(" ", 1)[1])
    assert planned(needs + 0.06, LARGE).way.resident == 0


def test_it_is_said_who_lacks_memory() -> None:
    with pytest.raises(HostMemoryShort, match=r"needs \d+\.\d GB of the host's memory") as caught:
        planned(OF_24, host=16)
    needs = float(caught.value.message.split(" GB of the host")[0].rsplit(" ", 1)[1])
    assert planned(OF_24, host=needs + 0.1).host_bytes <= 0.8 * (needs + 0.1) * GB


def test_a_short_host_keeps_the_encoders_on_the_device() -> None:
    roomy, tight = planned(41, host=64), planned(41, host=17)
    assert (roomy.way.parked, tight.way.parked) == (True, False)
    assert tight.host_bytes < roomy.host_bytes
    assert tight.host_bytes <= 0.8 * 17 * GB


def test_a_cpu_has_one_memory_and_moves_nothing() -> None:
    networks = networks_on("cpu", NETWORKS)
    found = plan(networks, CLIP, Room("cpu", 200 * GB))
    assert (found.way.parked, found.way.apart, found.way.resident) == (False, False, None)
    assert found.bytes + found.host_bytes <= 0.8 * 200 * GB
    with pytest.raises(MemoryShort) as caught:
        plan(networks, CLIP, Room("cpu", 60 * GB))
    assert not isinstance(caught.value, HostMemoryShort)


def test_after_memory_ran_out_less_is_taken() -> None:
    for gigabytes in (OF_48, OF_24, OF_16):
        usual, small = planned(gigabytes), planned(gigabytes, small=True)
        assert small.bytes <= 0.75 * 0.94 * gigabytes * GB
        assert (small.way.resident or 0) < (usual.way.resident or 40)


def test_plans_are_made_in_a_moment() -> None:
    began = time.process_time()
    for gigabytes in (OF_80, OF_48, OF_24, OF_16, 7.6):
        planned(gigabytes, Job(Size(480, 832), 297))
    assert time.process_time() - began < 2


@settings(max_examples=30, deadline=None)
@given(
    st.floats(4, 90),
    st.sampled_from([NETWORKS, NETWORKS.in_eight_bits(), NETWORKS.in_eight_bits("fp8-products")]),
    st.sampled_from([(480, 832), (576, 1024), (720, 1280), (64, 64)]),
    st.integers(1, 74),
    st.floats(4, 128),
)
def test_a_plan_keeps_within_its_room(
    gigabytes: float, networks: Networks, size: tuple[int, int], groups: int, host: float
) -> None:
    job = Job(Size(*size), 4 * groups + 1)
    room = Room("cuda:0", int(gigabytes * GB), int(host * GB))
    try:
        found = plan(networks, job, room)
    except MemoryShort:
        return
    assert 0 < found.bytes <= room.for_tensors
    assert found.bytes == max(found.stages.values())
    assert found.host_bytes <= 0.8 * host * GB
    more = plan(networks, job, replace(room, free=int(1.3 * room.free), host=2 * int(host * GB)))
    assert (more.way.resident is None) >= (found.way.resident is None)
    if found.way.resident is not None and more.way.resident is not None:
        assert more.way.resident >= found.way.resident


def test_time_is_unknown_until_somebody_measures_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenroom.models.steadydancer.planning.rates.RATES", {})
    found = planned(OF_24)
    assert (found.seconds, found.estimated) == (None, False)
    assert "time: unknown for this device, since nobody measured it" in list(found.lines())


def test_time_comes_from_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RATES, GPU, MEASURED)
    whole = planned(OF_80)
    assert whole.seconds is not None
    # 91 passes of 858 and 1,077 TFLOP, three clips of 164 TFLOP to latents, and one of 275 back.
    told = 91 * (858 / 600 + 1077 / 500) + (3 * 164 + 275) / 200
    assert whole.seconds == pytest.approx(told, rel=0.001)
    streamed = planned(OF_24)
    assert streamed.seconds is not None
    assert whole.seconds < streamed.seconds < 1.01 * whole.seconds
    assert any("which takes no longer" in note for note in streamed.notes)
    slow = replace(MEASURED, from_host=1e9)
    monkeypatch.setitem(RATES, GPU, slow)
    assert any("times as long" in note for note in planned(OF_24).notes)
    other = planned(OF_80, gpu="NVIDIA A100-SXM4-80GB")
    assert other.estimated
    assert "estimated from its data sheet" in "\n".join(other.lines())
    half = planned(OF_80, replace(CLIP, steps=20)).seconds
    assert half is not None
    assert half < 0.55 * whole.seconds


def test_ranks_share_the_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RATES, GPU, MEASURED)
    one, two = (
        plan(NETWORKS, CLIP, Room(device, 79 * GB, 128 * GB, GPU)).seconds or 0
        for device in ("cuda:0", "cuda:0+cuda:1")
    )
    assert 0.49 * one < two < 0.52 * one


def test_eight_bits_have_a_time_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RATES, GPU, MEASURED)
    usual, small, products = (
        planned(OF_80, networks=networks).seconds or 0
        for networks in (NETWORKS, NETWORKS.in_eight_bits(), NETWORKS.in_eight_bits("fp8-products"))
    )
    assert 0 < products < 0.9 * usual
    assert small == usual


def test_a_plan_is_told_to_people_and_to_machines() -> None:
    found = planned(OF_24)
    text = "\n".join(found.lines())
    assert f"steadydancer-14b on {GPU}: 81 frames of 832x480, 5.1 s" in text
    assert "sampling: 40 steps, 91 passes\n" in text
    assert "of 23.5 GB at most, weights 45.6 GB, and" in text
    assert "stages: loading" in text
    assert f"denoiser: {found.way.resident} of 40 blocks on the device\n" in text
    assert f"{40 - (found.way.resident or 0)} of the denoiser's 40 blocks come from the host for each pass" in text
    facts = json.loads(json.dumps(facts_of(found)))
    assert (facts["resident"], facts["blocks"], facts["parked"], facts["apart"]) == (found.way.resident, 40, True, True)
    assert (facts["frames"], facts["width"], facts["height"], facts["passes"]) == (81, 832, 480, 91)
    assert (facts["windows"], facts["precision"]) == (1, "bf16")
    assert facts["notes"] == list(found.notes)
    assert facts["stage_bytes"] == found.stages
    assert "91 passes over each of 3 windows" in "\n".join(planned(OF_80, Job(Size(480, 832), 161)).lines())
    assert "the encoders and the autoencoder and the denoiser's layers that hear texts and pictures wait on" in text
    [note] = planned(OF_48).notes
    assert note.startswith("the denoiser's layers that hear texts and pictures wait on the host")
    [note] = planned(39).notes
    assert note.startswith("the encoders and the autoencoder wait on the host")
    assert "made anew for each pass" in "\n".join(planned(4.9).lines())
