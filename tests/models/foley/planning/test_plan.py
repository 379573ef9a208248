"""Plans: what fits, in which order ways are given up, and what is said of them."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from greenroom.models.foley.planning.costs import Job, Networks, networks_on
from greenroom.models.foley.planning.plan import Plan, facts_of, plan
from greenroom.models.foley.planning.rates import RATES, Rates
from greenroom.models.foley.planning.way import Way
from greenroom.recipes.catalogue import recipe
from greenroom.runtime.residency import MemoryShort
from greenroom.runtime.rooms import HostMemoryShort, Room

XL, XXL = (Networks.published(recipe(name)) for name in ("hunyuanvideo-foley-xl", "hunyuanvideo-foley-xxl"))
CLIP = Job(400, pictures=64, frames=200)
HOUR = Job(180_000, samples=6, pictures=28_800, frames=90_000)
GB = 10**9
# As much as cards of 8, 12 and 24 GB have free once CUDA runs.
OF_8, OF_12, OF_24 = 7.6, 11.5, 23.5
GPU = "NVIDIA H100 80GB HBM3"
MEASURED = Rates(4e14, 3e14, 3e14, 5e13, memory=2e12, from_host=5e10)


def planned(
    networks: Networks, gigabytes: float, job: Job = CLIP, host: float = 64, *, small: bool = False, gpu: str = GPU
) -> Plan:
    return plan(networks, job, Room("cuda:0", int(gigabytes * GB), int(host * GB), gpu), small=small)


def slowness(way: Way) -> tuple[int, bool, int, int, int, int]:
    """Ways in the order in which they are given up, as far as they have one."""
    away = 0 if way.resident is None else 1000 - way.resident
    return away, way.parked, -way.together, -way.pictures, -way.segments, -way.piece


def test_a_large_card_has_everything_at_once() -> None:
    for networks in (XL, XXL):
        found = planned(networks, OF_24)
        assert found.way == Way()
        assert found.notes == ()
        assert found.weights == networks.weights
        assert networks.weights - networks.modulation < found.bytes < OF_24 * GB


def test_the_larger_fits_a_card_of_12_gb_as_a_whole() -> None:
    found = planned(XXL, OF_12)
    assert (found.way.parked, found.way.resident) == (True, None)
    assert found.bytes <= 0.94 * (OF_12 - 0.4) * GB
    assert any("on the host" in note for note in found.notes)


def test_the_smaller_fits_a_card_of_8_gb_as_a_whole() -> None:
    found = planned(XL, OF_8)
    assert (found.way.parked, found.way.resident) == (True, None)
    assert found.bytes <= 0.94 * (OF_8 - 0.4) * GB


def test_the_larger_fits_a_card_of_8_gb_by_streaming_or_in_eight_bits() -> None:
    streamed = planned(XXL, OF_8)
    assert streamed.way.resident is not None
    assert 20 < streamed.way.resident < 54
    assert any("--precision fp8 all blocks would stay on the device" in note for note in streamed.notes)
    small = planned(XXL.in_eight_bits(), OF_8)
    assert small.way.resident is None
    assert small.bytes < streamed.bytes
    assert not any("--precision" in note for note in small.notes)


def test_less_than_4_gb_will_do() -> None:
    for networks in (XL, XXL):
        assert planned(networks, 3.6).way.resident is not None


def test_eight_bits_are_not_praised_where_they_would_not_do() -> None:
    found = planned(XXL, 4)
    assert found.way.resident is not None
    assert not any("--precision" in note for note in found.notes)


def test_an_hour_in_six_samples_is_planned_within_a_moment() -> None:
    began = time.process_time()
    found = [planned(networks, gigabytes, HOUR) for networks in (XL, XXL) for gigabytes in (79, OF_12, OF_8)]
    assert time.process_time() - began < 3
    assert all(own.windows > 280 for own in found)
    assert all(own.length_s == 3600 for own in found)
    sounds = 6 * 180_000 * 960 * 4
    assert all(own.host_bytes > sounds for own in found)


def test_a_clip_of_many_scenes_is_planned_at_once() -> None:
    began = time.process_time()
    job = replace(HOUR, samples=1, sections=tuple(range(0, 180_000, 48)))
    found = planned(XXL, 79, job)
    assert found.windows == len(job.sections)
    assert time.process_time() - began < 3


def test_what_does_not_fit_is_refused_with_what_it_needs() -> None:
    with pytest.raises(MemoryShort, match=r"hunyuanvideo-foley-xxl needs (\d\.\d) GB") as caught:
        planned(XXL, 1.5)
    assert not isinstance(caught.value, HostMemoryShort)
    needs = float(caught.value.message.split(" GB")[0].rsplit(" ", 1)[1])
    assert planned(XXL, needs + 0.06).way.resident == 0


def test_it_is_said_who_lacks_memory() -> None:
    with pytest.raises(HostMemoryShort, match=r"needs \d+\.\d GB of the host's memory") as caught:
        planned(XXL, OF_8, host=2)
    needs = float(caught.value.message.split(" GB of the host")[0].rsplit(" ", 1)[1])
    assert planned(XXL, OF_8, host=needs + 0.1).way.resident is not None


def test_a_short_host_keeps_the_encoders_on_the_device() -> None:
    roomy, tight = planned(XXL, 11.8, host=64), planned(XXL, 11.8, host=3)
    assert roomy.way.parked
    assert not tight.way.parked
    assert tight.host_bytes < 0.8 * 3 * GB


def test_a_cpu_has_one_memory_and_moves_nothing() -> None:
    networks = networks_on("cpu", XL)
    for gigabytes in range(16, 60, 4):
        try:
            found = plan(networks, CLIP, Room("cpu", gigabytes * GB))
        except HostMemoryShort:
            raise
        except MemoryShort:
            continue
        assert found.bytes + found.host_bytes <= 0.8 * gigabytes * GB
        assert (found.way.parked, found.way.resident) == (False, None)
    assert plan(networks, CLIP, Room("cpu", 60 * GB)).way == Way()
    with pytest.raises(MemoryShort):
        plan(networks, CLIP, Room("cpu", 8 * GB))


def test_after_memory_ran_out_less_is_taken() -> None:
    for gigabytes in (OF_8, OF_12):
        usual, small = planned(XXL, gigabytes), planned(XXL, gigabytes, small=True)
        assert small.bytes <= 0.75 * 0.94 * gigabytes * GB
        assert slowness(small.way) > slowness(usual.way)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(1, 40),
    st.sampled_from([XL, XXL, XXL.in_eight_bits()]),
    st.integers(1, 400),
    st.integers(1, 6),
    st.booleans(),
    st.floats(1, 64),
)
def test_a_plan_keeps_within_its_room(
    gigabytes: float, networks: Networks, tenths: int, samples: int, guided: bool, host: float
) -> None:
    latents = 5 * tenths if tenths < 150 else 16 * tenths
    job = Job(latents, samples, guided, pictures=latents // 6 + 1, frames=latents // 2 + 1)
    room = Room("cuda:0", int(gigabytes * GB), int(host * GB))
    try:
        found = plan(networks, job, room)
    except MemoryShort:
        return
    assert found.bytes <= room.for_tensors
    assert found.host_bytes <= 0.8 * host * GB
    assert found.bytes > 0
    more = plan(networks, job, replace(room, free=int(1.3 * room.free), host=2 * int(host * GB)))
    assert (more.way.resident is None) >= (found.way.resident is None)
    if found.way.resident is not None and more.way.resident is not None:
        assert more.way.resident >= found.way.resident


MINUTE = Job(3_008, pictures=480, frames=1_500)


@settings(max_examples=40, deadline=None)
@given(
    st.floats(2.5, 30),
    st.sampled_from([XL, XXL, XXL.in_eight_bits()]),
    st.sampled_from([CLIP, MINUTE]),
    st.integers(1, 6),
    st.floats(1.02, 1.5),
)
@example(6.65, XXL.in_eight_bits(), MINUTE, 1, 1.01)  # all blocks there, but one window and one segment at a time
@example(10.55, XXL, CLIP, 4, 1.01)
def test_more_room_is_never_slower(gigabytes: float, networks: Networks, job: Job, samples: int, more: float) -> None:
    job = replace(job, samples=samples)
    less, roomier = (planned(networks, room, job, gpu="NVIDIA H200") for room in (gigabytes, more * gigabytes))
    assert less.seconds is not None
    assert roomier.seconds is not None
    assert roomier.seconds <= 1.02 * less.seconds


def test_time_is_unknown_of_a_card_that_nobody_measured_and_no_data_sheet_is_known_of() -> None:
    found = planned(XXL, OF_24, gpu="a card of tomorrow")
    assert (found.seconds, found.estimated) == (None, False)
    assert "time: unknown for this device, since nobody measured it" in list(found.lines())


def test_time_comes_from_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RATES, GPU, MEASURED)
    whole, streamed = planned(XXL, OF_24), planned(XXL, OF_8)
    assert whole.seconds is not None
    assert streamed.seconds is not None
    # 64 pictures, 24 segments, 50 steps of 5.5 TFLOP, and 8 s of sound.
    told = 64 * 0.2162e12 / 4e14 + 24 * 0.375e12 / 3e14 + 50 * 5.5e12 / 3e14 + 0.924e12 / 5e13
    assert whole.seconds == pytest.approx(told, rel=0.03)
    assert streamed.way.resident is not None
    copied = 50 * sum(XXL.streamed(streamed.way.resident)) / 5e10
    assert streamed.seconds == pytest.approx(copied, rel=0.1)
    half = planned(XXL, OF_24, replace(CLIP, steps=25)).seconds
    assert half is not None
    assert half < 0.6 * whole.seconds
    other = plan(XXL, CLIP, Room("cuda:0", int(OF_24 * GB), 64 * GB, "NVIDIA L4"))
    assert other.estimated
    assert "estimated from its data sheet" in "\n".join(other.lines())


def test_a_plan_is_told_to_people_and_to_machines() -> None:
    found = planned(XXL, OF_8, replace(CLIP, samples=2))
    text = "\n".join(found.lines())
    assert f"hunyuanvideo-foley-xxl on {GPU}: 8.0 s, 2 samples" in text
    assert "clip: as a whole, 2 of 2 at a time" in text
    assert "of 7.6 GB at most, weights 11.5 GB, and" in text
    assert f"denoiser: {found.way.resident} of 54 blocks on the device" in text
    assert f"{54 - (found.way.resident or 0)} of the denoiser's 54 blocks come from the host at each step" in text
    facts = json.loads(json.dumps(facts_of(found)))
    assert (facts["resident"], facts["blocks"], facts["parked"]) == (found.way.resident, 54, True)
    assert (facts["samples"], facts["windows"], facts["seconds"]) == (2, 1, found.seconds)
    assert facts["notes"] == list(found.notes)
    whole = "\n".join(planned(XL, OF_24).lines())
    assert "clip: as a whole\n" in whole
    assert "encoders: 32 pictures and 48 segments at a time" in whole
    assert "denoiser: all blocks on the device" in whole
    assert "decoder: 5.0 s at a time" in whole
    assert "windows, 6 of" in "\n".join(planned(XXL, 79, HOUR).lines())
