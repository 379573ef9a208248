"""A rehearsal's course with a family that is made up: what is timed, what fails, what is said of the sizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest

from greenroom.errors import Cancelled, OutputUnwritable, UnknownName
from greenroom.findings import Finding
from greenroom.models import rehearsing
from greenroom.models.registry import NotServed, find_rehearsal
from greenroom.models.rehearsal import Did, Rehearsal, Size, Stage
from greenroom.models.rehearsed import Rehearsed, SizeFit, fits
from greenroom.models.rehearsing import rehearse
from greenroom.recipes.catalogue import recipe
from greenroom.runtime.device import Memory
from greenroom.runtime.gauge import Peak

GB = 1_000_000_000
ROOM = Memory(free=10 * GB, total=11 * GB)
SIZES = (Size("small", "a", 1), Size("medium", "b", 2), Size("large", "c", 4), Size("huge", "d", 10))


class Card:
    """A GPU of which each size takes a gigabyte and as many more as its load is; it has room for ten."""

    def __init__(self) -> None:
        self.taken = 0
        self.begun = False
        self.asked: list[str] = []

    def gauge(self, device: str) -> Card:
        return self

    def reset(self) -> None:
        self.asked.append("reset")

    def read(self) -> Peak:
        return Peak(self.taken if self.begun else None, 2 * GB)

    def take(self, count: int) -> None:
        if count > ROOM.free:
            raise MemoryError("CUDA out of memory")
        self.taken = max(self.taken, count)


class Invented(Rehearsal):
    """A family whose stages do what a test tells them."""

    sizes = SIZES
    card: ClassVar[Card]
    breaks: ClassVar[dict[str, Exception]]
    asked: ClassVar[list[str]]

    @classmethod
    def precisions(cls, device: str) -> tuple[str, ...]:
        return ("fp32",) if device == "cpu" else ("fp16", "fp32")

    @classmethod
    def usual_size(cls, device: str) -> str:
        return "small" if device == "cpu" else "medium"

    @property
    def precision(self) -> str:
        return self.conditions.precision or self.precisions(self.conditions.device)[0]

    def prepare(self) -> tuple[Stage, ...]:
        return (
            Stage("libraries", partial(self._do, "libraries")),
            Stage("device", self._begin),
            Stage("weights", partial(self._do, "weights", 1), invents=True),
        )

    def request(self, size: Size, *, hurried: bool) -> tuple[Stage, ...]:
        pace = "hurried" if hurried else "whole"
        return (
            Stage("sampling", partial(self._do, f"sampling {size.name} {pace}", 1 + size.load)),
            Stage("encode", partial(self._do, "encode")),
        )

    def forget(self) -> None:
        self.asked.append("forget")
        self.card.taken = GB

    def _begin(self) -> Did:
        self.card.begun = True
        return self._do("device")

    def _do(self, name: str, gigabytes: float = 0) -> Did:
        self.asked.append(name)
        if name.partition(" ")[0] in self.breaks:
            raise self.breaks[name.partition(" ")[0]]
        self.card.take(int(gigabytes * GB))
        return Did(f"{name} done")


Go = Callable[..., Rehearsed]


@pytest.fixture
def go(monkeypatch: pytest.MonkeyPatch) -> Go:
    """Rehearse the invented family, on its own card unless another device is named."""
    Invented.card, Invented.breaks, Invented.asked = Card(), {}, []
    monkeypatch.setattr(rehearsing, "find_rehearsal", lambda name: (recipe("f5tts-v1-base"), Invented))
    monkeypatch.setattr(rehearsing, "Gauge", Invented.card.gauge)
    monkeypatch.setattr(rehearsing, "device_memory", lambda device: ROOM)
    return partial(rehearse, "any", device="cuda:0")


def test_a_request_is_done_twice_and_each_time_is_kept(go: Go) -> None:
    found = go()
    assert found.passed
    assert [(stage.name, stage.state) for stage in found.stages] == [
        (name, "ran") for name in ("libraries", "device", "weights", "sampling", "encode")
    ]
    assert [stage.second_s is None for stage in found.stages] == [True, True, True, False, False]
    assert all(stage.first_s is not None and stage.first_s >= 0 for stage in found.stages)
    assert found.stages[3].words == "sampling medium whole done"
    assert [stage.device_peak for stage in found.stages] == [None, 0, GB, 3 * GB, 3 * GB]
    assert (found.free, found.device_peak, found.host_peak) == (10 * GB, 3 * GB, 2 * GB)


def test_the_next_size_is_tried_and_the_others_lie_on_the_line(go: Go) -> None:
    found = go()
    assert Invented.asked[-2:] == ["sampling large hurried", "encode"]
    assert found.sizes == (
        SizeFit("small", "a", fits=True, bytes=None, source="predicted"),
        SizeFit("medium", "b", fits=True, bytes=3 * GB, source="measured"),
        SizeFit("large", "c", fits=True, bytes=5 * GB, source="measured"),
        SizeFit("huge", "d", fits=False, bytes=11 * GB, source="predicted"),
    )


def test_on_a_cpu_no_more_is_tried(go: Go) -> None:
    found = go(device="cpu")
    assert "sampling medium hurried" not in Invented.asked
    assert [size.fits for size in found.sizes] == [True, None, None, None]


def test_a_tiny_network_tells_nothing_of_sizes_or_starts(go: Go) -> None:
    found = go(tiny=True)
    assert found.passed
    assert found.sizes == ()
    assert found.cold_start is None


def test_a_cold_start_reads_what_was_invented(go: Go) -> None:
    found = go()
    assert found.cold_start is not None
    # Its own files, and its vocoder's.
    vocoder = recipe("vocos-24khz").download().bytes
    assert found.cold_start.read_bytes == 1_348_435_761 + 13_800 + vocoder
    libraries, device = (stage.first_s or 0 for stage in found.stages[:2])
    assert found.cold_start.start_s == pytest.approx(libraries + device, abs=0.01)
    assert found.cold_start.read_s == pytest.approx(7.01)
    assert found.cold_start.total_s == pytest.approx(found.cold_start.start_s + found.cold_start.read_s, abs=0.01)


def test_a_stage_that_fails_ends_it_and_the_rest_is_not_run(go: Go) -> None:
    Invented.breaks = {"weights": RuntimeError("Failed to find C compiler.")}
    found = go()
    assert not found.passed
    assert [stage.state for stage in found.stages] == ["ran", "ran", "failed", "not run", "not run"]
    (finding,) = found.findings
    assert (finding.code, finding.severity) == ("compiler-missing", "error")
    assert finding.message.startswith("weights: ")
    assert found.cold_start is None


def test_out_of_memory_says_how_much_and_which_size_fits(go: Go) -> None:
    found = go(size="huge")
    assert not found.passed
    (finding,) = found.findings
    assert finding.code == "out-of-memory"
    assert finding.message == "sampling: memory ran out on cuda:0 with 1.0 GB taken, of 10.0 GB that were free"
    assert finding.mend == "--size large fits, as was tried; or take a larger device"
    assert "forget" in Invented.asked
    assert [(size.fits, size.source) for size in found.sizes] == [
        (True, "predicted"), (True, "predicted"), (True, "measured"), (False, "measured"),
    ]  # fmt: skip


def test_who_else_holds_the_gpu_is_to_be_stopped_first(go: Go, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rehearsing, "device_memory", lambda device: replace(ROOM, total=40 * GB))
    found = go(size="huge")
    assert found.findings[0].mend == (
        "--size large fits, as was tried; or stop what else uses cuda:0, of which 30.0 GB were taken before;"
        " or take a larger device"
    )


def test_where_no_size_fits_none_is_advised(go: Go) -> None:
    Invented.breaks = {"sampling": MemoryError()}
    found = go(precision="fp32")
    assert found.findings[0].mend == "take --precision fp16, or a larger device"
    assert [size.fits for size in found.sizes] == [False] * 4
    assert [asked for asked in Invented.asked if asked.startswith("sampling")] == [
        "sampling medium whole", "sampling small hurried",
    ]  # fmt: skip


def test_weights_that_do_not_fit_leave_no_size(go: Go) -> None:
    Invented.breaks = {"weights": MemoryError()}
    found = go(precision="fp32")
    assert found.findings[0].mend == "take --precision fp16, or a larger device"
    assert [size.fits for size in found.sizes] == [False] * 4
    assert not any(asked.startswith("sampling") for asked in Invented.asked)


def test_a_trial_that_fails_is_a_warning(go: Go, monkeypatch: pytest.MonkeyPatch) -> None:
    def request(self: Invented, size: Size, *, hurried: bool) -> tuple[Stage, ...]:
        return (Stage("sampling", partial(self._do, "odd" if hurried else "sampling")),)

    monkeypatch.setattr(Invented, "request", request)
    Invented.breaks = {"odd": ValueError("no")}
    found = go()
    assert found.passed
    assert [finding.severity for finding in found.findings] == ["warning"]
    assert [size.fits for size in found.sizes] == [True, True, None, None]


def test_what_a_stage_finds_does_not_stop_it(go: Go, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Finding("library-missing", "warning", "no listener", "install it")
    monkeypatch.setattr(
        Invented, "request", lambda self, size, *, hurried: (Stage("text", lambda: Did(findings=(told,))),)
    )
    found = go()
    assert found.passed
    assert found.findings == (told,)  # once, though the stage is done twice


def test_a_user_who_stops_it_stops_it(go: Go) -> None:
    def step(stage: str, done: float, total: float) -> None:
        if stage == "sampling":
            raise Cancelled

    with pytest.raises(Cancelled):
        go(step=step)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"size": "vast"}, "size of any 'vast'"),
        ({"precision": "fp8"}, "precision of any on cuda:0 'fp8'"),
        ({"device": "cuda:x"}, "device of any 'cuda:x'"),
        ({"device": "tpu"}, "device of any 'tpu'"),
        ({"device": "cpu:1"}, "device of any 'cpu:1'"),
        ({"device": "cpu", "precision": "fp16"}, "precision of any on cpu 'fp16'"),
    ],
)
def test_what_there_is_not_is_refused_before_anything(go: Go, asked: dict[str, str], words: str) -> None:
    with pytest.raises(UnknownName, match=words):
        go(**asked)
    assert not Invented.asked


@pytest.mark.parametrize(("there", "device"), [(True, "cuda:0"), (False, "cpu")])
def test_auto_is_a_gpu_that_the_system_shows(go: Go, monkeypatch: pytest.MonkeyPatch, there: bool, device: str) -> None:
    monkeypatch.setattr(rehearsing, "has_gpu", lambda: there)
    assert go(device="auto").device == device
    assert go(device="cuda").device == "cuda:0"


def test_without_a_temporary_folder_it_does_not_begin(go: Go, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    with pytest.raises(OutputUnwritable, match="no temporary folder"):
        go()


@pytest.mark.parametrize("name", ["wan21-vae", "vocos-24khz"])
def test_a_family_without_one_names_those_that_have_it(name: str) -> None:
    with pytest.raises(NotServed, match=f"{name} cannot be rehearsed yet") as raised:
        find_rehearsal(name)
    speech, sound = "e2tts-base, f5tts-base, f5tts-v1-base", "hunyuanvideo-foley-xl, hunyuanvideo-foley-xxl"
    pictures = "seedvr2-3b, seedvr2-7b, seedvr2-7b-sharp, steadydancer-14b"
    can = f"{speech}, {sound}, {pictures}, voice-joe"
    assert raised.value.mend == f"rehearse one of these: {can}"


def test_sizes_are_told_from_what_was_seen() -> None:
    def verdicts(measured: dict[str, int], too_large: list[str], room: Memory | None = ROOM) -> list[bool | None]:
        return [size.fits for size in fits(SIZES, measured, too_large, room)]

    assert verdicts({}, []) == [None] * 4
    assert verdicts({"medium": GB}, []) == [True, True, None, None]
    assert verdicts({"small": GB, "medium": 2 * GB}, []) == [True] * 4
    assert verdicts({"small": GB, "medium": 3 * GB}, []) == [True, True, True, False]
    assert verdicts({"small": GB, "medium": 3 * GB}, [], room=None) == [True, True, None, None]
    assert verdicts({"small": GB}, ["large"]) == [True, None, False, False]
    # A reading that fell is no negative growth.
    assert fits(SIZES, {"small": 2 * GB, "medium": GB}, [], ROOM)[3].bytes == GB


def test_sizes_are_in_order_in_every_family() -> None:
    for name in ("voice-joe", "f5tts-v1-base"):
        _, family = find_rehearsal(name)
        loads = [size.load for size in family.sizes]
        assert loads == sorted(loads)
        for device in ("cpu", "cuda:0"):
            assert family.usual_size(device) in [size.name for size in family.sizes]
