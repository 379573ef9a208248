"""A clip from a request to a file, by tiny networks: what it holds, what it says, and what a break costs."""

from __future__ import annotations

import json
import resource
import weakref
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from greenroom.errors import Cancelled, FileUnreadable, OutputUnwritable
from greenroom.media.video.facts import read_facts
from greenroom.media.video.images import write_image
from greenroom.media.video.reading import VideoReader
from greenroom.models.steadydancer.animating import animator as module
from greenroom.models.steadydancer.animating import writing
from greenroom.models.steadydancer.animating.animated import AnimateResult
from greenroom.models.steadydancer.animating.animator import Animator, Made, Wanted
from greenroom.models.steadydancer.animating.journal import AnimationRunning, Journal, WorkDiffers, journal_folder
from greenroom.models.steadydancer.animating.outlook import Untold
from greenroom.models.steadydancer.engine import Engine
from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.pose.errors import NobodyFound
from greenroom.models.steadydancer.pose.finding import FINDING, PoseFinder
from greenroom.progress import silent
from greenroom.recipes.inputs.steadydancer import AnimateInputs
from tests.media.video.clips import CLICK_S, click_at, planes_of, with_sound
from tests.models.steadydancer.tiny import (
    animator,
    driver_file,
    engine,
    keypoint_frames,
    picture_file,
    pose_files,
    skeleton,
    small_sizes,
)

STEPS = 10
"""Of which three are guided by poses."""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """All sizes are those of stamps."""
    small_sizes(monkeypatch)


@pytest.fixture
def asked(tmp_path: Path) -> AnimateInputs:
    """A clip of 9 frames."""
    picture, video = picture_file(tmp_path / "me.png"), driver_file(tmp_path / "dance.mp4")
    return AnimateInputs(picture=str(picture), video=str(video), prompt="a person dances", steps=STEPS, seed=3)


class Stops:
    """A step that ends the work when a stage has come so far."""

    def __init__(self, stage: str, done: float, error: Exception | None = None) -> None:
        self._at, self._error = (stage, done), error or Cancelled("stopped", mend="")

    def __call__(self, stage: str, done: float, total: float) -> None:
        if stage == self._at[0] and done >= self._at[1]:
            raise self._error


def made(asked: AnimateInputs, place: Path, **more: Any) -> AnimateResult:
    return animator().animate(asked, Wanted(place, **more))


def left(folder: Path) -> set[str]:
    """Files of unfinished work."""
    return {file.name for file in journal_folder(folder / "out.mp4").iterdir()}


def test_a_clip_and_what_is_told_of_it(tmp_path: Path, asked: AnimateInputs) -> None:
    result = made(asked, tmp_path / "out.mp4", preview=tmp_path / "look.png")
    facts = read_facts(tmp_path / "out.mp4")
    assert (facts.frames, facts.width, facts.height) == (9, 64, 64)
    assert facts.timeline.constant == 16
    assert facts.tracks == ()
    assert (result.frames, result.size, result.source, result.windows) == (9, "64x64", "video", 1)
    assert (result.passes, result.resumed, result.reused) == (22, 0, 0)
    assert (result.shift, result.solver, result.seed) == (5.0, "unipc", 3)
    assert set(result.seconds) >= {FINDING, "reading", "seeing", "posing", "sampling", "decoding"}
    assert result.posed["ratios"]
    assert result.versions["torch"]
    json.dumps(result.facts)
    assert str(tmp_path) not in json.dumps(result.facts)
    assert [file.path.name for file in result.files] == ["out.mp4", "look.png"]
    assert (tmp_path / "look.png").is_file()
    assert not journal_folder(tmp_path / "out.mp4").exists()


def test_a_seed_gives_the_same_clip_and_another_another(tmp_path: Path, asked: AnimateInputs) -> None:
    one, same = (made(asked.model_copy(update={"pose_seed": 4}), tmp_path / name) for name in ("1.mp4", "2.mp4"))
    assert planes_of(one.output) == planes_of(same.output)
    other = made(asked.model_copy(update={"pose_seed": 5}), tmp_path / "3.mp4")
    assert planes_of(other.output) != planes_of(one.output)
    free = [made(asked.model_copy(update={"seed": None, "steps": 1}), tmp_path / "4.mp4") for _ in range(2)]
    assert free[0].seed != free[1].seed
    assert free[0].pose_seed != free[1].pose_seed


@pytest.mark.parametrize("form", ["mp4", "mov", "mkv", "webm"])
def test_the_driver_s_sound_is_carried_over_as_fast_as_it_was(tmp_path: Path, asked: AnimateInputs, form: str) -> None:
    with_sound(tmp_path / "loud.mp4")  # 25 frames a second
    keys = keypoint_frames(25, width=64, height=48)
    given = asked.model_copy(update={"video": str(tmp_path / "loud.mp4"), "keypoints": json.dumps(keys), "steps": 1})
    result = made(given, tmp_path / f"out.{form}")
    assert (result.sound, result.frames) == (True, 13)
    assert click_at(result.output) == pytest.approx(CLICK_S, abs=0.03)
    assert read_facts(result.output).frames == 13
    later = made(given.model_copy(update={"start": 0.25}), tmp_path / f"later.{form}")
    assert click_at(later.output) == pytest.approx(CLICK_S - 0.25, abs=0.03)
    silent_one = made(given.model_copy(update={"sound": False}), tmp_path / f"silent.{form}")
    assert not silent_one.sound
    assert read_facts(silent_one.output).tracks == ()


def test_a_broken_sound_is_refused_before_anything(
    tmp_path: Path, asked: AnimateInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise FileUnreadable("the sound does not decode", mend="take --mix replace")

    monkeypatch.setattr(writing, "sound_of", broken)
    with pytest.raises(FileUnreadable) as caught:
        made(asked, tmp_path / "out.mp4")
    assert caught.value.mend.startswith("leave the sound out: --no-sound")
    assert not journal_folder(tmp_path / "out.mp4").exists()


def test_a_job_goes_on_behind_its_last_step_to_the_same_clip(tmp_path: Path, asked: AnimateInputs) -> None:
    given = asked.model_copy(update={"pose_seed": 4})
    calm = made(given, tmp_path / "calm.mp4")
    place, told = tmp_path / "out.mp4", _Told()
    with pytest.raises(Cancelled):
        animator().animate(given, Wanted(place), Stops("sampling", 11))
    assert {"standing.safetensors", "driver.poses.npz", "picture.poses.npz"} <= left(tmp_path)
    seen: list[tuple[str, float]] = []
    result = animator().animate(given, Wanted(place), lambda stage, done, _: seen.append((stage, done)), told)
    assert 3 <= result.resumed <= 5
    assert told.reached_at == [(result.resumed, STEPS)]
    # Nobody was looked for again.
    assert FINDING not in {stage for stage, _ in seen}
    assert planes_of(place) == planes_of(calm.output)
    assert result.passes == calm.passes
    assert not journal_folder(place).exists()


def test_seeds_that_nobody_said_stay_those_that_were_drawn(tmp_path: Path, asked: AnimateInputs) -> None:
    given = asked.model_copy(update={"seed": None})
    place = tmp_path / "out.mp4"
    with pytest.raises(Cancelled):
        animator().animate(given, Wanted(place), Stops("sampling", 11))
    begun = json.loads((journal_folder(place) / "journal.json").read_text())
    result = made(given, place)
    assert (result.seed, result.pose_seed) == (begun["seed"], begun["pose_seed"])
    again = made(given.model_copy(update={"seed": result.seed, "pose_seed": result.pose_seed}), tmp_path / "2.mp4")
    assert planes_of(again.output) == planes_of(place)


@pytest.mark.parametrize("failing", ["decode", "write"])
def test_what_fails_behind_sampling_costs_no_step(
    tmp_path: Path, asked: AnimateInputs, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    calm = made(asked.model_copy(update={"pose_seed": 4}), tmp_path / "calm.mp4")
    given, place = asked.model_copy(update={"pose_seed": 4}), tmp_path / "out.mp4"

    def full(*_: object, **__: object) -> None:
        raise OutputUnwritable("no room on the disk", mend="free some")

    with monkeypatch.context() as broken:
        if failing == "write":
            broken.setattr(module, "write_clip", full)
        stops = silent if failing == "write" else Stops("decoding", 1, OutputUnwritable("broken", mend=""))
        with pytest.raises(OutputUnwritable):
            animator().animate(given, Wanted(place), stops)
    assert "latents.safetensors" in left(tmp_path)
    assert "standing.safetensors" not in left(tmp_path)
    assert not place.exists()
    for name in ("read", "picture", "poses", "sample"):
        monkeypatch.setattr(Engine, name, _never)
    told = _Told()
    result = animator().animate(given, Wanted(place), told=told)
    assert (result.resumed, told.reached_at) == (STEPS, [(STEPS, STEPS)])
    assert planes_of(place) == planes_of(calm.output)
    assert (result.passes, result.seed) == (calm.passes, calm.seed)


def test_a_disk_that_fills_up_while_the_clip_is_written_costs_no_step(tmp_path: Path, asked: AnimateInputs) -> None:
    """The system's own refusal in the middle of a write: a limit on the size of files stands in for the full disk."""
    place = tmp_path / "out.mp4"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fills(stage: str, done: float, total: float) -> None:
        if stage == "decoding":  # the latents are there
            resource.setrlimit(resource.RLIMIT_FSIZE, (500, hard))

    try:
        with pytest.raises(OutputUnwritable, match=r"out\.mp4.* grows beyond what this system allows a file"):
            animator().animate(asked, Wanted(place), fills)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not place.exists()
    assert "latents.safetensors" in left(tmp_path)
    assert not any("part" in name or name.startswith("pictures") for name in left(tmp_path))
    result = made(asked, place)
    assert (result.resumed, read_facts(place).frames) == (STEPS, 9)
    assert not journal_folder(place).exists()


def test_another_request_is_told_what_differs_and_may_begin_anew(tmp_path: Path, asked: AnimateInputs) -> None:
    place = tmp_path / "out.mp4"
    with pytest.raises(Cancelled):
        animator().animate(asked, Wanted(place), Stops("sampling", 11))
    for update, says in (
        ({"prompt": "a person sits"}, "prompt was a person dances and is a person sits"),
        ({"steps": 8}, "steps was 10 and is 8"),
        ({"picture": str(picture_file(tmp_path / "other.png", 1))}, "the picture is another"),
        ({"video": str(driver_file(tmp_path / "other.mp4", 1))}, "the video is another"),
    ):
        with pytest.raises(WorkDiffers, match=says):
            made(asked.model_copy(update=update), place)
    # What becomes of the latents is no other request, and neither is the same file under another name.
    (tmp_path / "same.png").write_bytes((tmp_path / "me.png").read_bytes())
    same = asked.model_copy(update={"sound": False, "picture": str(tmp_path / "same.png")})
    assert made(same, place).resumed > 0
    with pytest.raises(Cancelled):
        animator().animate(asked, Wanted(place), Stops("sampling", 11))
    assert made(asked.model_copy(update={"steps": 8}), place, restart=True).resumed == 0
    with pytest.raises(Cancelled):
        animator().animate(asked, Wanted(place), Stops("sampling", 11))
    changed = Animator(animator().engine, animator().finder, Made("steadydancer-14b", weights="others"))
    with pytest.raises(WorkDiffers, match="the weights are others"):
        changed.animate(asked, Wanted(place))


def test_who_was_found_is_no_reason_to_refuse_another_request(tmp_path: Path, asked: AnimateInputs) -> None:
    place = tmp_path / "out.mp4"
    with pytest.raises(Cancelled):
        animator().animate(asked, Wanted(place), Stops("reading", 0))
    assert "driver.poses.npz" in left(tmp_path)  # since looking for them in a long driver takes minutes
    assert made(asked.model_copy(update={"steps": 2}), place).resumed == 0
    assert not journal_folder(place).exists()


def test_one_place_has_one_process(tmp_path: Path, asked: AnimateInputs) -> None:
    place = tmp_path / "out.mp4"
    with Journal(journal_folder(place), place), pytest.raises(AnimationRunning, match="another process is making"):
        made(asked, place)


def test_nobody_leaves_nothing(tmp_path: Path, asked: AnimateInputs) -> None:
    empty = asked.model_copy(update={"picture": str(picture_file(tmp_path / "empty.png", 7))})
    with pytest.raises(NobodyFound):
        made(empty, tmp_path / "x" / "out.mp4")
    assert not (tmp_path / "x").exists()


def test_keypoints_in_several_windows(tmp_path: Path, asked: AnimateInputs) -> None:
    (tmp_path / "keys.json").write_text(json.dumps(keypoint_frames(97)))
    long = asked.model_copy(update={"video": str(tmp_path / "keys.json"), "frames": 97, "steps": 4})
    place = tmp_path / "out.mp4"
    with pytest.raises(Cancelled):
        animator().animate(long, Wanted(place), Stops("sampling", 5))
    result = made(long, place)
    assert (result.frames, result.windows, result.source, result.sound) == (97, 2, "keypoints", False)
    assert result.resumed > 0
    assert read_facts(place).frames == 97


def test_drawn_skeletons_guide_only_with_wrong_ones_beside(tmp_path: Path, asked: AnimateInputs) -> None:
    (tmp_path / "drawn").mkdir()
    for number in range(9):
        write_image(tmp_path / "drawn" / f"{number:04d}.png", skeleton())
    given = asked.model_copy(update={"video": str(tmp_path / "drawn")})
    result = made(given, tmp_path / "out.mp4", preview=tmp_path / "look.png")
    assert (result.source, result.pose_guidance[0], result.passes) == ("skeletons", 0.0, 20)
    assert [one.code for one in result.findings] == ["negative-skeletons-missing"]
    assert (tmp_path / "look.png").is_file()
    unguided = made(given.model_copy(update={"pose_guidance": 0.0}), tmp_path / "2.mp4")
    assert unguided.findings == ()
    pair = given.model_copy(update={"shows": "skeletons", "negative_video": str(tmp_path / "drawn")})
    assert made(pair, tmp_path / "3.mp4").passes == 22


def test_four_steps_without_guidance_are_four_passes(tmp_path: Path, asked: AnimateInputs) -> None:
    few = asked.model_copy(update={"steps": 4, "guidance": 1.0, "pose_guidance": 0.0, "solver": "dpm++"})
    result = made(few, tmp_path / "out.mp4")
    assert (result.passes, result.solver) == (4, "dpm++")


def test_answers_used_again_are_told_of(tmp_path: Path, asked: AnimateInputs) -> None:
    result = made(asked.model_copy(update={"caching": 1.0}), tmp_path / "out.mp4")
    assert result.reused > 0
    assert result.passes + result.reused == 22
    assert result.facts["reused"] == result.reused


def test_the_clip_begins_where_the_picture_is(tmp_path: Path, asked: AnimateInputs) -> None:
    """As far as a tiny autoencoder of random weights knows: the frame count and the order are those of the latents."""
    result = made(asked, tmp_path / "out.mkv")
    frames = [frame.pixels for frame in VideoReader(result.output).frames()]
    assert len(frames) == 9
    assert all(frame.shape == (64, 64, 3) for frame in frames)


def test_a_package_that_stands_in_for_another_is_no_fault(
    tmp_path: Path, asked: AnimateInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = metadata.version

    def version(name: str) -> str:
        if name in ("onnxruntime", "opencv-python-headless", "opencv-python"):
            raise metadata.PackageNotFoundError(name)
        return "1.2.3" if name == "onnxruntime-gpu" else whole(name)

    monkeypatch.setattr(metadata, "version", version)
    versions = made(asked.model_copy(update={"steps": 1}), tmp_path / "out.mp4").versions
    assert versions["onnxruntime"] == "1.2.3"
    assert "greenroom" in versions


@pytest.mark.parametrize("empty", [False, True])
def test_pose_networks_on_a_gpu_are_let_go_of_before_anything_is_sampled(
    tmp_path: Path, asked: AnimateInputs, monkeypatch: pytest.MonkeyPatch, empty: bool
) -> None:
    sessions: list[weakref.ref[Any]] = []

    def loaded() -> PoseFinder:
        finder = pose_files().load("cpu")
        for network in (finder.detector.network, finder.estimator.network):
            network.provider = "cuda"
            sessions.append(weakref.ref(network._session))
        return finder

    arrange, alive = Engine.arrange, []

    def arranged(engine: Engine, way: Way) -> None:
        alive.append([one for one in sessions if one() is not None])
        arrange(engine, way)

    monkeypatch.setattr(Engine, "arrange", arranged)
    one = Animator(engine(), loaded, Made("steadydancer-14b"))
    if empty:
        nobody = asked.model_copy(update={"picture": str(picture_file(tmp_path / "empty.png", 7))})
        with pytest.raises(NobodyFound) as caught:  # whose traceback knows the networks
            one.animate(nobody, Wanted(tmp_path / "out.mp4"))
        assert [session() for session in sessions] == [None, None]
        assert caught.value.code == "nobody-found"
        return
    one.animate(asked.model_copy(update={"steps": 1}), Wanted(tmp_path / "out.mp4"))
    assert alive == [[]]
    one.preview(asked, tmp_path / "look.png")
    assert [session() for session in sessions] == [None] * 4
    assert one.finder() is one.finder()


def test_pose_networks_on_the_processor_stay(tmp_path: Path, asked: AnimateInputs) -> None:
    one = animator()
    finder = one.finder()
    one.preview(asked, tmp_path / "look.png")
    assert one.finder() is finder


def test_warming_samples_a_moment() -> None:
    animator().warm()


class _Told(Untold):
    def __init__(self) -> None:
        self.reached_at: list[tuple[int, int]] = []

    def reached(self, steps: int, total: int) -> None:
        self.reached_at.append((steps, total))


def _never(*_: object, **__: object) -> None:
    raise AssertionError("this was done already")
