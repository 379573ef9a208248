"""Plans: what fits, in which order ways are given up, and what is said of them."""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.models.seedvr2.architecture import PUBLISHED
from greenroom.models.seedvr2.nadit.work import Work
from greenroom.models.seedvr2.planning.costs import VAE_BYTES, Costs, Job, Networks, filled, least, unpacking
from greenroom.models.seedvr2.planning.plan import Plan, plan
from greenroom.models.seedvr2.planning.rates import RATES, Rates
from greenroom.recipes.catalogue import recipe
from greenroom.runtime.residency import MemoryShort
from greenroom.runtime.rooms import HostMemoryShort, Room

THREE = Networks.published(recipe("seedvr2-3b"))
SEVEN = Networks.published(recipe("seedvr2-7b"))
GB = 10**9
HD = Job(720, 1280, (360, 640), (21,))
FULL_HD = Job(1088, 1920, (544, 960), (21,))


def planned(networks: Networks, job: Job, gigabytes: float, **options: bool) -> Plan:
    return plan(networks, job, Room("cuda:0", int(gigabytes * GB), 60 * GB), **options)


def test_networks_are_as_large_as_their_files() -> None:
    assert THREE.transformer == 2 * 3_391_475_776
    assert SEVEN.transformer == 2 * 8_239_607_872
    small = Networks.published(recipe("seedvr2-3b"), "fp8_e4m3fn")
    # Blocks in eight bits, the rest in sixteen.
    assert 3_391_544_696 < small.transformer < 3.5 * GB
    assert (THREE.small, small.small) == (False, True)
    assert Networks.published(recipe("seedvr2-3b"), "q4_k_m").transformer < small.transformer
    assert THREE.vae == VAE_BYTES


def test_a_large_card_does_everything_at_once() -> None:
    found = planned(THREE, HD, 80)
    assert (found.way.parked, found.way.tile, found.way.window) == (False, None, None)
    assert found.way.work.most is None
    assert found.notes == ()
    assert found.weights == THREE.transformer + THREE.vae
    assert found.bytes < 80 * GB


def test_weights_wait_on_the_host_before_anything_changes_the_result() -> None:
    found = planned(THREE, HD, 16)
    assert (found.way.parked, found.way.tile, found.way.window) == (True, None, None)
    assert found.host_bytes >= THREE.transformer
    assert any("on the host" in note for note in found.notes)


def test_a_card_of_24_gb_restores_1080p_in_whole_frames() -> None:
    found = planned(THREE, FULL_HD, 24)
    assert (found.way.parked, found.way.tile, found.way.window) == (True, None, None)
    assert found.bytes <= 22 * GB
    assert planned(THREE, replace(FULL_HD, shots=(2001,)), 24).way.tile is None


def test_squares_come_last_and_are_said() -> None:
    found = planned(THREE, FULL_HD, 16)
    assert found.way.tile in (512, 768, 1024)
    assert found.squares == found.way.squares(1088, 1920) > 1
    assert any("squares" in note for note in found.notes)
    assert planned(THREE, FULL_HD, 80).way.tile is None


def test_a_picture_takes_less_than_a_clip_of_its_size() -> None:
    picture, clip = (planned(THREE, replace(FULL_HD, shots=(frames,)), 80) for frames in (1, 21))
    assert picture.bytes < clip.bytes / 2
    assert planned(THREE, replace(FULL_HD, shots=(1,)), 16).way.tile is None


def test_an_allocator_of_pieces_gets_more_room() -> None:
    room = Room("cuda:0", 24 * GB, 60 * GB)
    assert plan(THREE, HD, replace(room, grows=False)).bytes <= 0.8 * 24 * GB
    assert plan(THREE, FULL_HD, replace(room, grows=False)).way.tile is not None


def test_thousands_of_shots_and_frames_are_planned_at_once() -> None:
    shots = tuple(1 + 7 * number % 900 for number in range(5000))
    began = time.process_time()
    cut = planned(THREE, replace(HD, shots=shots), 24)
    long = [planned(THREE, replace(HD, shots=(60_000,)), gigabytes) for gigabytes in (24, 80)]
    assert time.process_time() - began < 1
    assert cut.shots == 5000
    assert all(found.frames == 60_000 for found in long)


def test_a_longer_clip_takes_the_host_and_then_windows() -> None:
    job = replace(HD, shots=(3001,))
    found = planned(THREE, job, 24)
    assert found.way.work.on_host
    assert found.way.window is None
    short = plan(THREE, job, Room("cuda:0", 24 * GB, 4 * GB))
    assert short.way.window is not None
    assert short.way.window % 4 == 1
    assert short.way.overlap == 8
    assert short.windows > 1
    assert any("windows" in note for note in short.notes)


def test_memory_hardly_grows_with_the_clip() -> None:
    few, many = (planned(THREE, replace(HD, shots=(frames,)), 80).bytes for frames in (21, 101))
    assert many < 1.1 * few


def test_windows_that_were_asked_for_are_no_news() -> None:
    found = planned(THREE, replace(HD, shots=(101, 30), window=21, overlap=4), 80)
    assert (found.way.window, found.way.overlap, found.windows) == (21, 4, 8)
    assert found.notes == ()


def test_what_does_not_fit_is_refused_with_what_it_needs() -> None:
    with pytest.raises(MemoryShort) as caught:
        planned(SEVEN, HD, 16)
    assert caught.value.code == "memory-short"
    needs = Room("cuda:0", 0).needed(least(SEVEN, HD))
    assert planned(SEVEN, HD, 1.001 * needs / GB).way.parked


def test_squares_have_all_frames_of_a_window_on_the_host() -> None:
    job = replace(FULL_HD, shots=(22,))
    whole, cut = (Costs(THREE, job, 22, tile, parked=False).host(Work()) for tile in (None, 512))
    assert filled(22) == 25
    assert (whole, cut) == (0, 25 * 1088 * 1920 * 3 * 2)
    assert planned(THREE, FULL_HD, 16).host_bytes >= 21 * 1088 * 1920 * 3 * 2


def test_weights_that_wait_are_counted_in_each_rank() -> None:
    one, two = (Costs(replace(THREE, ranks=ranks), HD, 21, None, parked=True).host(Work()) for ranks in (1, 2))
    assert two == 2 * one >= 2 * THREE.transformer


def test_it_is_said_who_lacks_memory() -> None:
    room = Room("cuda:0", 20 * GB, 1 * GB)
    with pytest.raises(HostMemoryShort, match=r"seedvr2-7b on cuda:0 needs \d+\.\d GB of the host's memory") as caught:
        plan(SEVEN, FULL_HD, room)
    assert caught.value.code == "memory-short"
    assert "1.0 GB are free" in caught.value.message
    assert str(caught.value) == caught.value.message
    needs = float(caught.value.message.split(" GB of the host")[0].rsplit(" ", 1)[1])
    assert plan(SEVEN, FULL_HD, replace(room, host=int(1.01 * needs * GB))).host_bytes
    with pytest.raises(MemoryShort, match=r"cuda:0 has 3\.0 GB") as caught_device:
        plan(SEVEN, FULL_HD, replace(room, free=3 * GB))
    assert not isinstance(caught_device.value, HostMemoryShort)


def test_a_short_host_gets_smaller_parts_before_anything_changes_the_result() -> None:
    job = replace(HD, shots=(3001,))
    roomy, tight = (plan(THREE, job, Room("cuda:0", 24 * GB, host * GB)) for host in (200, 20))
    assert roomy.way.work.most is not None
    assert tight.way.work.most is not None
    assert roomy.way.work.on_host
    assert tight.way.work.on_host
    assert tight.way.work.most < roomy.way.work.most
    assert (tight.way.window, tight.way.tile) == (None, None)


def test_of_a_cpu_device_and_host_are_one_memory() -> None:
    on_cpu = replace(THREE, transformer=2 * THREE.transformer, vae=2 * THREE.vae, itemsize=4)
    for gigabytes in range(20, 80, 3):
        try:
            found = plan(on_cpu, FULL_HD, Room("cpu", gigabytes * GB))
        except MemoryShort:
            continue
        assert found.bytes + found.host_bytes <= 0.8 * gigabytes * GB
        assert not found.way.parked
    assert plan(on_cpu, FULL_HD, Room("cpu", 200 * GB)).host_bytes == 0


def test_a_matrix_that_is_dequantised_is_counted_by_its_size() -> None:
    three, seven = (unpacking(PUBLISHED[name], 2) for name in ("seedvr2-3b", "seedvr2-7b"))
    assert three == 3 * 2560 * 2560 * (2 + 14)
    assert seven == 3072 * 12288 * 2 + 2**25 * (14 + 4)
    small, whole = (
        Costs(replace(SEVEN, small=small), HD, 21, None, parked=False).step(Work()) for small in (True, False)
    )
    assert small - whole == seven


def test_the_time_of_a_window_is_what_a_crash_may_cost() -> None:
    gpu = "NVIDIA H200"
    job = replace(HD, shots=(101, 30), window=21, overlap=4)
    cut = plan(THREE, job, Room("cuda:0", 80 * GB, 60 * GB, gpu))
    one = plan(THREE, HD, Room("cuda:0", 80 * GB, 60 * GB, gpu))
    assert cut.window_seconds == pytest.approx(one.seconds)
    assert one.window_seconds == one.seconds
    assert plan(THREE, HD, Room("cuda:0", 80 * GB, 60 * GB)).window_seconds is None


def test_after_memory_ran_out_less_is_taken() -> None:
    usual, small = planned(THREE, HD, 24), planned(THREE, HD, 24, small=True)
    assert small.bytes <= 0.6 * 24 * GB
    assert small.bytes < usual.bytes
    assert small.way.tile is None


@settings(max_examples=40, deadline=None)
@given(
    st.integers(4, 200),
    st.sampled_from([(256, 256), (720, 1280), (1088, 1920), (2160, 3840)]),
    st.integers(1, 150),
    st.sampled_from([THREE, SEVEN]),
)
def test_a_plan_keeps_within_its_room(gigabytes: int, size: tuple[int, int], frames: int, networks: Networks) -> None:
    job = Job(*size, source=size, shots=(frames, 1))
    try:
        found = planned(networks, job, gigabytes)
    except MemoryShort:
        assert least(networks, job) > 0.93 * (gigabytes - 0.4) * GB
        return
    assert found.bytes <= 0.94 * (gigabytes - 0.4) * GB
    assert found.frames == frames + 1
    more = planned(networks, job, 2 * gigabytes)
    assert (more.way.tile or 10**9) >= (found.way.tile or 10**9)


def test_time_comes_from_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room("cuda:0", 80 * GB, 60 * GB, gpu="Some GPU")
    assert plan(THREE, HD, room).seconds is None
    monkeypatch.setitem(RATES, "Some GPU", Rates(1e14, 1e14, 1e14, 1e10, window=0.5))
    assert plan(THREE, HD, room).seconds == pytest.approx((178.2 + 115.3 + 463.0) / 100 + 0.5, rel=0.01)
    parked = plan(THREE, HD, replace(room, free=16 * GB))
    assert parked.seconds == pytest.approx(8.065 + THREE.transformer / 1e10, rel=0.01)
    ten = plan(THREE, replace(HD, shots=(21,) * 10), room)
    assert ten.seconds == pytest.approx(80.65, rel=0.01)


def test_other_cards_are_estimated_and_said_to_be() -> None:
    measured, other = (
        plan(THREE, HD, Room("cuda:0", 80 * GB, 60 * GB, gpu)) for gpu in ("NVIDIA H200", "NVIDIA GeForce RTX 4090")
    )
    assert measured.seconds is not None
    assert other.seconds is not None
    assert (measured.estimated, other.estimated) == (False, True)
    assert 3 * measured.seconds < other.seconds < 10 * measured.seconds
    assert "estimated from its data sheet" in "\n".join(other.lines())


def test_rates_are_those_of_the_benchmark() -> None:
    file = Path(__file__).parents[4] / "benchmarks" / "results" / "seedvr2-engine-h200.json"
    found = json.loads(file.read_text())
    rates, measured = RATES[found["device"]], found["sizes"]["1280x720x21"]["tflop_per_s"]
    ours = {name: getattr(rates, name) / 1e12 for name in ("encode", "transformer", "decode")}
    assert ours == pytest.approx(measured, rel=0.01)
    assert rates.from_host / GB == pytest.approx(found["parking"]["back_gb_per_s"], rel=0.01)


def test_a_plan_is_told_to_people_and_to_machines() -> None:
    found = planned(THREE, FULL_HD, 16)
    text = "\n".join(found.lines())
    assert "seedvr2-3b on cuda:0: 1920x1088, 21 frames" in text
    assert "shots: 1, each as a whole" in text
    assert "time: unknown for this device" in text
    assert "of 16.0 GB at most, weights 7.5 GB, and" in text
    assert f"tiles: {found.squares} squares of {found.way.tile} pixels a frame" in text
    assert json.loads(json.dumps(asdict(found)))["way"]["parked"] is True
    cut = "\n".join(planned(THREE, replace(HD, shots=(101, 30), window=21, overlap=4), 80).lines())
    assert "shots: 2, in 8 windows of at most 21 frames" in cut
    assert "tiles: whole frames" in cut


@pytest.mark.parametrize(("seconds", "said"), [(0.2, "1 s"), (119, "2 min"), (720, "12 min"), (19_200, "5 h 20 min")])
def test_times_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert f"time: about {said}" in list(replace(planned(THREE, HD, 80), seconds=seconds).lines())


def test_the_architecture_is_found_by_the_recipe() -> None:
    assert Networks.published(recipe("seedvr2-7b-sharp")).architecture is PUBLISHED["seedvr2-7b"]
