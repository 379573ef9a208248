"""The course: planned before it begins, the clip's own times and tracks, shots that do not bleed, what was finished."""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greenroom.errors import Cancelled, InputInvalid, OutputUnwritable
from greenroom.media.video.errors import EncodingImpossible
from greenroom.media.video.facts import read_facts
from greenroom.media.video.images import read_image, write_image
from greenroom.media.video.opening import opened
from greenroom.models.seedvr2.draws import Seeded
from greenroom.models.seedvr2.engine import Engine, Shot
from greenroom.models.seedvr2.frames.framing import Framing
from greenroom.models.seedvr2.frames.sizes import Size
from greenroom.models.seedvr2.planning.costs import Job, Networks
from greenroom.models.seedvr2.planning.plan import Plan, plan
from greenroom.models.seedvr2.planning.way import Way
from greenroom.models.seedvr2.restoring import parts
from greenroom.models.seedvr2.restoring import restorer as module
from greenroom.models.seedvr2.restoring.journal import Journal, PartsDiffer, RestorationRunning
from greenroom.models.seedvr2.restoring.restorer import EarlierPlanUnfit, Untold, Wanted, plan_restoring
from greenroom.models.seedvr2.restoring.sources import SourceDamaged
from greenroom.recipes.catalogue import recipe
from greenroom.recipes.inputs.seedvr2 import RestoreInputs
from greenroom.runtime.residency import MemoryShort
from greenroom.runtime.rooms import Room
from tests.media.video.clips import CLICK_S, RATE, click_at, planes_of, with_sound
from tests.media.video.test_facts import BT2020_PQ, HDR
from tests.models.seedvr2.engines import read, tiny_engine
from tests.models.seedvr2.restorers import (
    CUT,
    SIDE,
    Failing,
    a_clip,
    a_restorer,
    drawn,
    holed,
    left_beside,
    pixels_of,
    restored,
    times,
    two_shots,
)

ONE: dict[str, Any] = {"shots": False}
WINDOWS: dict[str, Any] = {"shots": False, "window": 5}


class Listening(Untold):
    """Keeps what it is told, and when."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.plans: list[Plan] = []

    def planned(self, plan: Plan) -> None:
        self.said.append("plan")
        self.plans.append(plan)

    def previewed(self, picture: Path) -> None:
        assert picture.exists()
        self.said.append("preview")

    def step(self, stage: str, done: float, total: float) -> None:
        if self.said[-1:] != [stage]:
            self.said.append(stage)


def test_a_clip_is_restored(tmp_path: Path) -> None:
    listening = Listening()
    made = restored(
        a_clip(tmp_path / "in.mp4"),
        tmp_path / "out.mp4",
        step=listening.step,
        told=listening,
        wanted={"preview": tmp_path / "p.png"},
        height=48,
        colour="adain",
        strength=0.5,
        seed=3,
    )
    assert (made.kind, made.codec, made.bits) == ("video", "h264", 8)
    assert (made.before, made.after) == (Size(SIDE, SIDE), Size(48, 48))
    assert (made.frames, made.shots, made.windows, made.tile) == (5, 1, 1, None)
    assert (made.colour, made.strength, made.seed, made.model) == ("adain", 0.5, 3, "tiny")
    assert (made.parts, made.resumed, made.terms) == (1, 0, ("licences: none",))
    stages = ["encoding", "restoring", "decoding"]
    assert listening.said == ["looking at the source", "finding shots", "plan", *stages, "preview", "joining"]
    assert list(made.seconds) == ["looking at the source", "finding shots", *stages, "joining"]
    assert [(file.path.name, file.media_type) for file in made.files] == [
        ("out.mp4", "video/mp4"),
        ("p.png", "image/png"),
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4", "p.png"]


def test_progress_counts_the_frames_of_the_whole_clip(tmp_path: Path) -> None:
    said: dict[str, list[tuple[float, float]]] = {}
    restored(
        two_shots(tmp_path / "in.mkv"),
        tmp_path / "out.mp4",
        step=lambda stage, done, total: said.setdefault(stage, []).append((done, total)),
    )
    for stage in ("finding shots", "encoding", "restoring", "decoding", "joining"):
        places = [done for done, _ in said[stage]]
        assert {total for _, total in said[stage]} == {2 * CUT}
        assert places == sorted(places)
        assert places[0] == 0
    assert [done for done, _ in said["encoding"]] == list(range(2 * CUT))
    assert said["restoring"][3:] == [(CUT + CUT * block / 3, 2 * CUT) for block in range(3)]


def test_shots_do_not_bleed_into_each_other(tmp_path: Path) -> None:
    """Another second shot leaves the first as it is, to the bit; without cuts it would not."""
    sources = [two_shots(tmp_path / f"in{light}.mkv", light) for light in (150, 200)]
    outputs = [tmp_path / f"out{number}.nut" for number in (1, 2)]
    results = [restored(source, output) for source, output in zip(sources, outputs, strict=True)]
    assert [made.shots for made in results] == [2, 2]
    one, other = (pixels_of(output) for output in outputs)
    assert np.array_equal(one[:CUT], other[:CUT])
    assert not np.array_equal(one[CUT:], other[CUT:])
    for source, output in zip(sources, outputs, strict=True):
        assert restored(source, output, shots=False).shots == 1
    one, other = (pixels_of(output) for output in outputs)
    assert not np.array_equal(one[:CUT], other[:CUT])


def test_what_comes_out_is_what_the_engine_makes(tmp_path: Path) -> None:
    """Of each shot, with numbers of its own; through files and parts as without them."""
    source = two_shots(tmp_path / "in.mkv")
    restored(source, tmp_path / "out.nut", height=40, seed=5, strength=0.7)
    frames, made = pixels_of(source), pixels_of(tmp_path / "out.nut")
    for number, given in enumerate((frames[:CUT], frames[CUT:])):
        shot = Shot(CUT, Framing.whole(Size(40, 40)), Seeded(5, number), strength=0.7)
        ours = np.stack(list(tiny_engine().restore(read(given), shot, Way())))
        assert np.array_equal(made[CUT * number :][:CUT], ours)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("out.mp4", {"codec": "h264", "preset": "ultrafast"}),
        ("out.mov", {"codec": "h265", "preset": "ultrafast"}),
        ("out.webm", {"codec": "av1", "preset": "12"}),
        ("out.mov", {"codec": "prores"}),
        ("out.mkv", {"codec": "ffv1"}),
        ("out.MKV", {"codec": "h264", "quality": "lossless", "preset": "ultrafast"}),
    ],
)
def test_parts_of_any_codec_become_one_file(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    """The last part has one frame."""
    source = a_clip(tmp_path / "in.mp4", 6, 64, 64)
    made = restored(source, tmp_path / name, **WINDOWS, strength=0, wanted=options)
    assert (made.parts, made.codec) == (2, options["codec"])
    facts = read_facts(tmp_path / name)
    assert (facts.frames, facts.codec) == (6, {"h265": "hevc"}.get(options["codec"], options["codec"]))
    assert times(tmp_path / name) == [frame / RATE for frame in range(6)]
    first, last = (pixels_of(path)[[0, -1]].astype(float) for path in (source, tmp_path / name))
    assert np.abs(first / first.max() - last / last.max()).mean() < 0.03
    assert left_beside(made.output) == []


def test_times_that_vary_stay_as_they_are(tmp_path: Path) -> None:
    source = a_clip(tmp_path / "in.mp4", times=[0, 512, 1324, 1400, 5000, 5512, 6024])
    restored(source, tmp_path / "out.mp4", **WINDOWS)
    assert times(tmp_path / "out.mp4") == times(source)
    assert read_facts(tmp_path / "out.mp4").timeline.constant is None


@pytest.mark.parametrize("delay_s", [Fraction(0), Fraction(1, 5)])
def test_sound_and_chapters_come_along(tmp_path: Path, delay_s: Fraction) -> None:
    source = with_sound(tmp_path / "in.mp4", delay_s=delay_s)
    restored(source, tmp_path / "out.mkv", **ONE, height=32)
    facts = read_facts(tmp_path / "out.mkv")
    assert [(track.kind, track.codec, track.language) for track in facts.tracks] == [("audio", "aac", "eng")]
    assert [chapter.title for chapter in facts.chapters] == ["Dark", "Light"]
    assert click_at(tmp_path / "out.mkv") == pytest.approx(CLICK_S, abs=0.03)
    light = pixels_of(tmp_path / "out.mkv").mean(axis=(1, 2, 3))
    assert facts.time(int(light.argmax())) == Fraction(2, 5)


def test_a_turned_video_comes_out_upright(tmp_path: Path) -> None:
    source = a_clip(tmp_path / "in.mp4", 3, 48, 32, turn=(90, False, False), sample_aspect_ratio=Fraction(16, 11))
    made = restored(source, tmp_path / "out.mp4", height=64)
    facts = read_facts(tmp_path / "out.mp4")
    assert (made.before, made.after) == (Size(48, 32), Size(64, 42))
    assert (facts.width, facts.height, facts.orientation.degrees) == (42, 64, 0)
    assert facts.sample_aspect == Fraction(11, 16)


def test_ten_bits_of_hdr_come_out_as_such(tmp_path: Path) -> None:
    options = {"x265-params": HDR, "preset": "ultrafast"}
    source = a_clip(
        tmp_path / "in.mp4", 6, 64, 64, codec="libx265", pixel_format="yuv420p10le", options=options, **BT2020_PQ
    )
    made = restored(source, tmp_path / "out.mp4", **WINDOWS, wanted={"preset": "ultrafast"})
    assert (made.codec, made.bits, made.parts) == ("h265", 10, 2)
    before, after = read_facts(source), read_facts(tmp_path / "out.mp4")
    assert (after.colour, after.bit_depth) == (before.colour, 10)
    assert (after.mastering, after.light) == (before.mastering, before.light)


def test_pictures_by_number_in_and_out(tmp_path: Path) -> None:
    for number in range(1, 8):
        write_image(tmp_path / f"in{number:02d}.png", drawn(number).astype(np.uint16) * 257)
    made = restored(tmp_path / "in%02d.png", tmp_path / "out" / "f%03d.png", **WINDOWS, fps=24)
    assert (made.kind, made.codec, made.bits, made.frames, made.parts) == ("pictures", "png", 16, 7, 2)
    assert made.files == ()
    names = [f"f{number:03d}.png" for number in range(1, 8)]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    whole = restored(tmp_path / "in%02d.png", tmp_path / "out.nut", **WINDOWS, fps=24)
    frames = np.stack([read_image(tmp_path / "out" / name) for name in names])
    assert np.array_equal(frames, pixels_of(whole.output))
    assert times(whole.output) == [Fraction(number, 24) for number in range(7)]


def test_a_picture(tmp_path: Path) -> None:
    write_image(tmp_path / "in.png", drawn(0, width=21, height=17))
    made = restored(tmp_path / "in.png", tmp_path / "out.png", scale=2, wanted={"preview": tmp_path / "p.png"})
    assert (made.kind, made.before, made.after, made.frames) == ("picture", Size(17, 21), Size(34, 42), 1)
    assert read_image(tmp_path / "out.png").shape == (34, 42, 3)
    assert (tmp_path / "p.png").exists()
    assert left_beside(made.output) == []


@pytest.mark.parametrize("output", ["out.mp4", "out.png", "f%d.png"])
def test_a_clip_of_one_frame(tmp_path: Path, output: str) -> None:
    made = restored(a_clip(tmp_path / "in.mp4", 1), tmp_path / output)
    assert (made.frames, made.windows) == (1, 1)
    assert (tmp_path / output.replace("%d", "1")).exists()


def test_a_plan_needs_no_weights_and_writes_nothing(tmp_path: Path) -> None:
    source = two_shots(tmp_path / "in.mkv")
    networks = Networks.published(recipe("seedvr2-3b"))
    inputs = RestoreInputs(source=str(source), height=1080)
    wanted = Wanted(tmp_path / "out.mp4")
    found = plan_restoring(networks, Room("cuda:0", 80_000_000_000, None, "NVIDIA H100 80GB HBM3"), inputs, wanted)
    assert (found.shots, found.frames, found.height, found.width) == (2, 2 * CUT, 1088, 1088)
    with pytest.raises(MemoryShort):
        plan_restoring(networks, Room("cuda:0", 1_000_000_000), inputs, wanted)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]


def test_what_was_finished_is_kept_when_the_device_is_lost(tmp_path: Path) -> None:
    source, output = a_clip(tmp_path / "in.mp4", 12), tmp_path / "out.mp4"
    with pytest.raises(RuntimeError, match="device-side assert"):
        restored(source, output, restorer=a_restorer(Failing(11)), **WINDOWS)
    assert left_beside(output) == [".out.mp4.parts"]
    assert not output.exists()
    listening = Listening()
    made = restored(source, output, told=listening, wanted={"preview": tmp_path / "p.png"}, **WINDOWS)
    assert (made.resumed, made.parts) == (2, 3)
    assert listening.said == ["plan", "preview"]  # of the part that was there
    restored(source, tmp_path / "whole.mp4", **WINDOWS)
    assert planes_of(output) == planes_of(tmp_path / "whole.mp4")


def test_a_part_that_was_damaged_since_is_made_again(tmp_path: Path) -> None:
    source, output = a_clip(tmp_path / "in.mp4", 12), tmp_path / "out.mp4"
    with pytest.raises(RuntimeError):
        restored(source, output, restorer=a_restorer(Failing(11)), **WINDOWS)
    part = tmp_path / ".out.mp4.parts" / "00000000-00000005.mp4"
    part.write_bytes(part.read_bytes()[:-400])
    assert restored(source, output, **WINDOWS).resumed == 1
    assert len(pixels_of(output)) == 12


def test_frames_by_number_go_on_too(tmp_path: Path) -> None:
    source, output = a_clip(tmp_path / "in.mp4", 12), tmp_path / "f%02d.png"
    with pytest.raises(RuntimeError):
        restored(source, output, restorer=a_restorer(Failing(11)), **WINDOWS)
    assert not list(tmp_path.glob("f*"))
    assert restored(source, output, **WINDOWS).resumed == 2
    assert len(list(tmp_path.glob("f*.png"))) == 12
    assert left_beside(output) == []


def test_damage_that_is_met_on_the_way_leaves_what_came_before(tmp_path: Path) -> None:
    source, output = holed(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    with pytest.raises(SourceDamaged, match="of 10 frames the first 6 are whole"):
        restored(source, output, **WINDOWS)
    assert [part.name for part in (tmp_path / ".out.mp4.parts").glob("0*")] == ["00000000-00000005.mp4"]
    made = restored(source, output, damaged="keep", **WINDOWS)
    assert (made.frames, made.resumed, made.parts) == (6, 1, 2)
    assert "'in.mp4' is damaged or cut off: the first 6 frames are whole, and are restored" in made.notes


def test_what_is_kept_of_damage_is_surveyed_once(tmp_path: Path) -> None:
    """The other way round, too: whoever wants all frames is told again where they end."""
    source, output = holed(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    said: list[str] = []
    for frames in (5, 0):
        said.clear()
        with pytest.raises(RuntimeError):
            engine = a_restorer(Failing(frames))
            restored(
                source, output, restorer=engine, step=lambda stage, *_: said.append(stage), damaged="keep", **WINDOWS
            )
        assert ("finding shots" in said) == (frames == 5)
    with pytest.raises(SourceDamaged, match="of 10 frames the first 6 are whole"):
        restored(source, output, **WINDOWS)
    made = restored(source, output, damaged="keep", **WINDOWS)
    assert (made.frames, made.resumed) == (6, 1)


@pytest.mark.parametrize("at", ["looking at the source", "finding shots", "encoding", "decoding", "joining"])
def test_it_stops_at_once(tmp_path: Path, at: str) -> None:
    def stops(stage: str, done: float, total: float) -> None:
        if stage == at:
            raise Cancelled

    output = tmp_path / "out.mp4"
    with pytest.raises(Cancelled):
        restored(a_clip(tmp_path / "in.mp4"), output, step=stops)
    assert not output.exists()
    # Where nothing is finished, nothing is left.
    assert left_beside(output) == ([".out.mp4.parts"] if at == "joining" else [])


def test_memory_that_ran_out_keeps_what_is_finished(tmp_path: Path) -> None:
    source, output = a_clip(tmp_path / "in.mp4", 12), tmp_path / "out.mp4"
    with pytest.raises(RuntimeError):
        restored(source, output, restorer=a_restorer(Failing(6)), **WINDOWS)
    with pytest.raises(RuntimeError):
        restored(source, output, restorer=a_restorer(Failing(6)), small=True, **WINDOWS)
    made = restored(source, output, **WINDOWS)
    assert made.resumed == 2
    assert "memory ran out: what was not finished by then was planned anew" in made.notes


class Lean:
    """An engine without memory behind so many frames; by a smaller plan it takes windows of nine. taken: by shots."""

    def __init__(self, frames: int) -> None:
        self._engine, self._left = tiny_engine(), frames
        self.taken: list[tuple[int, int, int | None]] = []

    def networks(self, name: str) -> Networks:
        return self._engine.networks(name)

    def room(self) -> Room:
        return self._engine.room()

    def restore(self, read: Any, shot: Shot, way: Way, step: Any, *, first: int = 0) -> Iterator[Any]:
        assert isinstance(shot.draws, Seeded)
        self.taken.append((shot.draws.shot, first, way.window))
        for pixels in self._engine.restore(read, shot, way, step, first=first):
            if way.window != 9 and not self._left:
                raise MemoryError
            self._left -= 1
            yield pixels


@pytest.fixture
def nine_when_small(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """A smaller plan takes windows of nine frames; gives what each plan was asked for."""
    asked: list[tuple[int, ...]] = []

    def planned(networks: Networks, job: Job, room: Room, *, small: bool = False) -> Plan:
        asked.append(job.shots)
        return plan(networks, replace(job, window=9, overlap=3) if small else job, room)

    monkeypatch.setattr(module, "plan", planned)
    return asked


def test_without_memory_finished_shots_are_kept(tmp_path: Path, nine_when_small: list[tuple[int, ...]]) -> None:
    """Only what is not finished is planned anew, and later runs go on by that plan."""
    source, output, engine = two_shots(tmp_path / "in.mkv"), tmp_path / "out.nut", Lean(CUT + 3)
    whole = restored(source, tmp_path / "whole.nut")
    first = tmp_path / ".out.nut.parts" / "00000000-00000012.ffv1"
    with pytest.raises(MemoryError):
        restored(source, output, restorer=a_restorer(engine))
    kept = first.stat().st_mtime_ns
    with pytest.raises(Cancelled):
        restored(source, output, restorer=a_restorer(engine), small=True, step=_stop_joining)
    assert first.stat().st_mtime_ns == kept
    assert engine.taken == [(0, 0, None), (1, 0, None), (1, 0, 9)]
    assert nine_when_small[1:] == [(CUT, CUT), (CUT,)]
    told = Listening()
    made = restored(source, output, restorer=a_restorer(engine), told=told)
    assert (made.resumed, made.parts, made.shots) == (3, 3, 2)
    assert told.plans[0].way.window == 9
    assert "memory ran out: what was not finished by then was planned anew" in made.notes
    assert np.array_equal(pixels_of(output)[:CUT], pixels_of(whole.output)[:CUT])


def test_without_memory_finished_windows_are_kept(tmp_path: Path, nine_when_small: list[tuple[int, ...]]) -> None:
    """The rest of a shot is what windows of the smaller plan make of it."""
    source, output = a_clip(tmp_path / "in.mp4", 14), tmp_path / "out.nut"
    with pytest.raises(MemoryError):
        restored(source, output, restorer=a_restorer(Lean(9)), **WINDOWS)
    before = pixels_of(next((tmp_path / ".out.nut.parts").glob("0*")))
    made = restored(source, output, restorer=a_restorer(Lean(0)), small=True, **WINDOWS)
    assert (made.resumed, made.parts) == (1, 3)
    nine = restored(source, tmp_path / "nine.nut", shots=False, window=9, overlap=3)
    frames = pixels_of(output)
    assert np.array_equal(frames[:5], before)
    assert np.array_equal(frames[5:], pixels_of(nine.output)[5:])


def test_gaps_between_what_is_kept_are_filled(tmp_path: Path, nine_when_small: list[tuple[int, ...]]) -> None:
    source, output = a_clip(tmp_path / "in.mp4", 13), tmp_path / "out.nut"
    with pytest.raises(Cancelled):
        restored(source, output, step=_stop_joining, **WINDOWS)
    with pytest.raises(Cancelled):  # where nothing is missing, nothing is planned anew
        restored(source, output, step=_stop_joining, small=True, **WINDOWS)
    assert len(nine_when_small) == 1
    first, kept, last = sorted((tmp_path / ".out.nut.parts").glob("0*"))
    five = pixels_of(kept)
    first.unlink()
    last.unlink()
    made = restored(source, output, small=True, **WINDOWS)
    assert (made.resumed, made.parts) == (1, 3)
    frames, nine = pixels_of(output), restored(source, tmp_path / "nine.nut", shots=False, window=9, overlap=3)
    assert np.array_equal(frames[5:10], five)
    for rest in (slice(0, 5), slice(10, 13)):
        assert np.array_equal(frames[rest], pixels_of(nine.output)[rest])


def _stop_joining(stage: str, done: float, total: float) -> None:
    if stage == "joining":
        raise Cancelled


def test_a_result_that_is_there_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a run was killed after it, while its parts were thrown away."""
    source = a_clip(tmp_path / "in.mp4", 12)
    for output in (tmp_path / "out.mp4", tmp_path / "f%02d.png"):
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(Journal, "remove", _killed)
            restored(source, output, **WINDOWS)
        made = restored(source, output, restorer=a_restorer(Failing(0)), **WINDOWS)
        assert (made.resumed, made.parts, made.frames) == (3, 3, 12)
        assert left_beside(output) == []
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(Journal, "remove", _killed)
            restored(source, output, **WINDOWS)
        Path(str(output).replace("%02d", "07")).unlink()
        assert restored(source, output, **WINDOWS).resumed == 0


def _killed(journal: Journal) -> None:
    raise KeyboardInterrupt


def test_pictures_of_another_depth_are_no_continuation(tmp_path: Path) -> None:
    source = a_clip(tmp_path / "in.mkv", 12, codec="ffv1", pixel_format="yuv420p10le")
    output = tmp_path / "f%02d.png"
    with pytest.raises(RuntimeError):
        restored(source, output, restorer=a_restorer(Failing(6)), wanted={"bits": 8}, **WINDOWS)
    with pytest.raises(PartsDiffer, match=r"bits was 8 and is 16$"):
        restored(source, output, **WINDOWS)


def test_the_memory_of_the_host_has_to_suffice_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What weights take there that wait, or a clip between blocks."""
    monkeypatch.setattr(module, "plan", lambda *given, **more: replace(plan(*given, **more), host_bytes=5_000_000_000))
    source, output = a_clip(tmp_path / "in.mp4", 12), tmp_path / "out.mp4"
    with pytest.raises(RuntimeError):
        restored(source, output, restorer=a_restorer(Failing(6)), **WINDOWS)
    monkeypatch.setattr(Engine, "room", lambda self: Room("cpu", 1 << 60, 4_000_000_000))
    with pytest.raises(EarlierPlanUnfit, match=r"it needs 6\.\d GB of the host, of which 4\.\d GB are free"):
        restored(source, output, **WINDOWS)


@pytest.mark.parametrize("seconds", [None, 599.0, 5400.0])
def test_a_plan_says_what_a_crash_may_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float | None
) -> None:
    monkeypatch.setattr(module, "plan", lambda *given, **more: replace(plan(*given, **more), window_seconds=seconds))
    told = Listening()
    made = restored(a_clip(tmp_path / "in.mp4"), tmp_path / "out.mp4", told=told)
    note = "a shot is finished as a whole: a crash costs up to 90 min of work; --window makes smaller pieces"
    assert (note in told.plans[0].notes) == (seconds == 5400)
    assert note not in made.notes


@pytest.mark.parametrize("preview", ["f/02.png", "out/000009.png"])
def test_a_preview_takes_no_picture_s_place(tmp_path: Path, preview: str) -> None:
    for number in (1, 2, 3):
        write_image(tmp_path / "f" / f"{number:02d}.png", drawn(number))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputInvalid, match="would take the place of"):
        restored(tmp_path / "f", tmp_path / "out" / "%06d.png", fps=25, wanted={"preview": tmp_path / preview})
    assert sorted(tmp_path.rglob("*")) == before


def test_what_cannot_be_joined_is_refused_before_the_first_shot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def impossible(path: Path, *of: object) -> None:
        raise EncodingImpossible(f"{path.name} does not hold it")

    monkeypatch.setattr(parts, "require_joinable", impossible)
    source = a_clip(tmp_path / "in.mp4")
    with pytest.raises(EncodingImpossible, match=r"out\.mp4 does not hold it"):
        restored(source, tmp_path / "out.mp4", restorer=a_restorer(Failing(0)))
    assert left_beside(source) == []
    restored(source, tmp_path / "f%d.png")  # pictures are not joined


def test_a_device_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputUnwritable, match="'/dev/null' is a device or a pipe"):
        restored(a_clip(tmp_path / "in.mp4"), Path("/dev/null"))


def test_another_request_does_not_take_what_is_finished_for_its_own(tmp_path: Path) -> None:
    source, output = a_clip(tmp_path / "in.mp4", 12), tmp_path / "out.mp4"
    with pytest.raises(RuntimeError):
        restored(source, output, restorer=a_restorer(Failing(6)), **WINDOWS)
    with pytest.raises(PartsDiffer, match=r"out\.mp4' was another: seed was 666 and is 1$") as caught:
        restored(source, output, seed=1, **WINDOWS)
    assert caught.value.mend == "ask for the same, or throw away its 1 finished part: --restart"
    a_clip(source, 13)
    with pytest.raises(PartsDiffer, match="the source is another"):
        restored(source, output, **WINDOWS)
    made = restored(source, output, wanted={"restart": True}, **WINDOWS)
    assert (made.resumed, made.frames) == (0, 13)


def test_it_goes_on_as_it_was_planned_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is free now does not change the way: it fits still, or the user decides."""
    source, output = a_clip(tmp_path / "in.mp4", 12), tmp_path / "out.mp4"
    plans: list[Plan] = []
    told = Listening()
    with pytest.raises(RuntimeError):
        restored(source, output, restorer=a_restorer(Failing(6)), told=told, **WINDOWS)
    plans += told.plans
    takes = plans[0].bytes
    monkeypatch.setattr(Engine, "room", lambda self: Room("cpu", int(takes * 1.4)))
    told = Listening()
    with pytest.raises(RuntimeError):
        restored(source, output, restorer=a_restorer(Failing(6)), told=told, **WINDOWS)
    assert told.plans[0] == plans[0]
    monkeypatch.setattr(Engine, "room", lambda self: Room("cpu", takes))
    with pytest.raises(EarlierPlanUnfit, match=r"it needs .* GB of cpu, of which .* GB are free") as caught:
        restored(source, output, **WINDOWS)
    assert caught.value.mend.endswith("or begin anew: --restart")


def test_two_runs_of_one_output_do_not_meet(tmp_path: Path) -> None:
    source, output = a_clip(tmp_path / "in.mp4"), tmp_path / "out.mp4"
    errors: list[Exception] = []

    def again() -> None:
        try:
            restored(source, output)
        except RestorationRunning as error:
            errors.append(error)

    def step(stage: str, done: float, total: float) -> None:
        if stage == "encoding" and not errors:
            other = threading.Thread(target=again)
            other.start()
            other.join()

    restored(source, output, step=step)
    assert "another process is making" in str(errors[0])
    assert len(pixels_of(output)) == 5


def test_a_full_disk_leaves_what_was_finished(tmp_path: Path) -> None:
    """The second shot is noise, which takes more room than there is."""
    noise = np.random.default_rng(0).integers(100, 256, (SIDE, SIDE, 3), np.uint8)

    def draw(number: int) -> Any:
        return drawn(0) if number < CUT else noise

    source, output = tmp_path / "in.nut", tmp_path / "out.nut"
    a_clip(source, 2 * CUT, codec="ffv1", pixel_format="bgr0", draw=draw)
    whole = restored(source, tmp_path / "whole.nut", height=64)
    sizes = sorted(_part_sizes(source, output))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (sum(sizes) // 2, hard))
    try:
        with pytest.raises(OutputUnwritable) as caught:
            restored(source, output, height=64)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert whole.shots == 2
    assert caught.value.mend.endswith("; finished parts are kept, and the same request goes on behind them")
    assert len(list((tmp_path / ".out.nut.parts").glob("0*"))) == 1
    assert not list((tmp_path / ".out.nut.parts").glob(".*.part"))
    assert restored(source, output, height=64).resumed == 1
    assert planes_of(output) == planes_of(whole.output)


def _part_sizes(source: Path, output: Path) -> list[int]:
    def step(stage: str, done: float, total: float) -> None:
        if stage == "joining":
            raise Cancelled

    with pytest.raises(Cancelled):
        restored(source, output, step=step, height=64)
    folder = output.with_name(f".{output.name}.parts")
    sizes = [part.stat().st_size for part in folder.glob("0*")]
    with Journal(folder, output) as journal:
        journal.remove()
    return sizes


def test_a_place_that_takes_no_file_is_said_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    said: list[str] = []
    with pytest.raises(OutputUnwritable):
        restored(
            a_clip(tmp_path / "in.mp4"),
            tmp_path / "file" / "out.mp4",
            step=lambda stage, done, total: said.append(stage),
        )
    assert said == []


def test_an_output_that_is_there_is_replaced_at_the_end(tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    output.write_bytes(b"old")

    def step(stage: str, done: float, total: float) -> None:
        assert output.read_bytes() == b"old"

    restored(a_clip(tmp_path / "in.mp4"), output, step=step)
    assert len(pixels_of(output)) == 5


def test_the_journal_lies_where_it_is_told(tmp_path: Path) -> None:
    kept = tmp_path / "kept" / "parts"
    source, output = a_clip(tmp_path / "in.mp4", 12), tmp_path / "out.mp4"
    with pytest.raises(RuntimeError):
        restored(source, output, restorer=a_restorer(Failing(6)), wanted={"journal": kept}, **WINDOWS)
    assert (kept / "00000000-00000005.mp4").exists()
    assert left_beside(output) == []
    # Another attempt may be made in another folder.
    (tmp_path / "again").mkdir()
    made = restored(source, tmp_path / "again" / "out.mp4", wanted={"journal": kept}, **WINDOWS)
    assert made.resumed == 1
    assert not kept.exists()


def test_the_result_begins_to_play_at_once(tmp_path: Path) -> None:
    restored(a_clip(tmp_path / "in.mp4"), tmp_path / "out.mp4")
    data = (tmp_path / "out.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with opened(tmp_path / "out.mp4") as container:
        assert container.streams.video[0].average_rate == RATE
