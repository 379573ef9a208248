"""Animation on the command line: previews, plans, clips, every refusal; the model is a tiny one."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from greenroom.cli.showing import Steps
from greenroom.media.video.facts import read_facts
from greenroom.media.video.images import read_image
from greenroom.runtime import rooms
from greenroom.runtime.rooms import Room
from greenroom.serve import devices
from tests.cli.conftest import Run
from tests.forked import Forked
from tests.media.video.clips import planes_of
from tests.models.steadydancer.tiny import TINY, driver_file, keypoint_frames, picture_file, small_sizes
from tests.serve.animating import HELD, STAMP, main_animating
from tests.serve.models import MARKS

GB = 1_000_000_000

FAST = ("--steps", 2, "--size", "832x480", *TINY)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a picture and a driver."""
    picture_file(tmp_path / "me.png")
    driver_file(tmp_path / "dance.mp4")
    return tmp_path


def warned(result: dict[str, Any]) -> list[str]:
    """The codes of findings, without those of tiny networks."""
    return [one["code"] for one in result["findings"] if one["code"] != "pose-network-unknown"]


class TestPreview:
    """``--preview``: what is looked at before anything expensive."""

    def test_skeletons_over_the_picture_and_frames_of_the_clip(self, greenroom: Run, files: Path) -> None:
        done = greenroom("animate", "me.png", "dance.mp4", "--preview", *TINY)
        assert done.returncode == 0, done.stderr
        assert done.stdout == (
            "preview.png         the frame that is fitted, and limbs by their ratios\n"
            "preview-frames.png  frames of the clip\n"
        )
        assert "TinySteadyDancer: SteadyDancer 14B: no known licence" in done.stderr.splitlines()[0]
        assert "the clip has 9 frames, 0.56 s, and not 81" in done.stderr
        made = {path.name for path in files.iterdir()}
        assert made == {"me.png", "dance.mp4", "preview.png", "preview-frames.png"}
        shown = read_image(files / "preview.png")
        assert shown.shape[1] > shown.shape[0] > 500
        # A skeleton is brighter than the picture behind it, which is grey and red.
        assert (shown[:, : shown.shape[0], 1] > 200).any()

    def test_facts_for_programs(self, greenroom: Run, files: Path) -> None:
        done = greenroom("animate", "me.png", "dance.mp4", "--preview", "-o", "x/look", "--json", *TINY)
        said = json.loads(done.stdout)
        assert (said["schema"], said["ok"]) == ("greenroom/animate/1", True)
        result = said["result"]
        assert result["pictures"] == ["x/look.png", "x/look-frames.png"]
        assert all((files / name).is_file() for name in result["pictures"])
        assert result["posed"]["ratios"]["neck"] == pytest.approx(1, abs=0.1)
        assert [one["number"] for one in result["posed"]["people"]["driver"]] == [1]
        assert "-o 'x/look' has no ending: the file is 'x/look.png'" in result["notes"]
        assert warned(result) == []
        assert {one["code"] for one in result["findings"]} == {"pose-network-unknown"}

    def test_of_several_people_one_is_chosen(self, greenroom: Run, files: Path) -> None:
        driver_file(files / "two.mp4", 0, 1)
        done = greenroom("animate", "me.png", "two.mp4", "--preview", *TINY)
        assert "warning: frame 0 of the driver has 2 people: 1 at 0," in done.stderr
        assert "mend: choose one by its number, or by a box: person" in done.stderr
        assert (
            "preview-people.png  people to choose from, by their numbers: in the picture, then in the driver"
            in done.stdout
        )
        for said in ("2", "surest", "largest", "70,0,120,60"):
            result = self.looked(greenroom, "two.mp4", "--person", said)
            assert warned(result) == []
        done = greenroom("animate", "me.png", "two.mp4", "--preview", "--person", "3", *TINY)
        assert done.returncode == 2
        assert "person 3 is chosen, and frame 0 of the driver has 2 people" in done.stderr
        assert "choose one of them: 1 at 0," in done.stderr

    def test_nobody_is_refused(self, greenroom: Run, files: Path) -> None:
        picture_file(files / "empty.png", 7)
        driver_file(files / "empty.mp4", 7)
        for arguments, says in (
            (("empty.png", "dance.mp4"), "there is no person in the picture"),
            (("me.png", "empty.mp4"), "there is no person in any of the driver's"),
        ):
            done = greenroom("animate", *arguments, "--preview", *TINY)
            assert done.returncode != 0
            assert says in done.stderr
        assert not list(files.glob("preview*"))

    def test_keypoints_and_their_half_bodies(self, greenroom: Run, files: Path) -> None:
        told = keypoint_frames(12)
        (files / "keys.json").write_text(json.dumps(told))
        assert warned(self.looked(greenroom, "keys.json")) == []
        for frame in told["frames"]:
            for person in frame["people"]:
                person["keypoint_scores"][11:17] = [0.1] * 6  # hips and legs are not seen
        (files / "half.json").write_text(json.dumps(told))
        assert {"hips-missing", "half-body"} <= set(warned(self.looked(greenroom, "half.json")))
        # Beside the video that they are of.
        assert warned(self.looked(greenroom, "dance.mp4", "--keypoints", "keys.json")) == []

    def test_which_frame_is_fitted_may_be_chosen(self, greenroom: Run, files: Path) -> None:
        result = self.looked(greenroom, "dance.mp4", "--align-frame", "3")
        assert result["frames"] == 9
        done = greenroom("animate", "me.png", "dance.mp4", "--preview", "--align-frame", "20", *TINY)
        assert "align_frame is 20, and the clip has 9 frames" in done.stderr

    @staticmethod
    def looked(greenroom: Run, driver: str, *more: object) -> dict[str, Any]:
        done = greenroom("animate", "me.png", driver, "--preview", "--json", *more, *TINY)
        assert done.returncode == 0, done.stdout
        result: dict[str, Any] = json.loads(done.stdout)["result"]
        return result


class TestClip:
    """Clips of stamps."""

    @pytest.fixture(autouse=True)
    def _small(self, monkeypatch: pytest.MonkeyPatch) -> None:
        small_sizes(monkeypatch)

    def test_a_clip_under_a_name_without_an_ending(self, greenroom: Run, files: Path) -> None:
        done = greenroom("animate", "me.png", "dance.mp4", "a person dances", "-o", "out", "--seed", 3, *FAST)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "out.mp4  9 frames of 64x64, 0.56 s, silent, seed 3\n"
        assert "note: -o 'out' has no ending: the file is 'out.mp4'" in done.stderr
        assert done.stderr.index("note: -o") < done.stderr.index("steadydancer-14b on cpu: 9 frames of 64x64")
        assert read_facts(files / "out.mp4").frames == 9
        assert sorted(path.name for path in files.iterdir()) == ["dance.mp4", "me.png", "out.mp4"]

    @pytest.mark.usefixtures("files")
    def test_facts_for_programs(self, greenroom: Run) -> None:
        done = greenroom(
            "animate", "me.png", "dance.mp4", "--prompt", "she dances", "--seed", 3, "--pose-seed", 4, "--json", *FAST
        )
        result = json.loads(done.stdout)["result"]
        assert (result["output"], result["seed"], result["pose_seed"], result["noise"]) == ("animated.mp4", 3, 4, "cpu")
        assert (result["steps"], result["shift"], result["passes"], result["resumed"]) == (2, 3.0, 4, 0)
        assert set(result["pose_networks"]) == {"the person detector", "the keypoint network"}
        assert result["versions"].keys() == {"greenroom", "torch", "onnxruntime", "opencv"}
        assert result["terms"]
        again = greenroom("animate", "me.png", "dance.mp4", "she sits", "--json", *FAST)
        assert "animated.mp4 was there before, and is replaced" in json.loads(again.stdout)["result"]["notes"]

    @pytest.mark.usefixtures("files")
    def test_what_is_wrong_has_a_mend_that_fits(self, greenroom: Run, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        driver_file(tmp_path / "short.mp4", frames=4)
        (tmp_path / "text.json").write_text("no json")
        for arguments, says, mend in (
            (["me.png", "dance.mp4"], "prompt is missing", "say what the result shows"),
            (["me.png", "dance.mp4", "a", "--prompt", "b"], "the prompt is given twice", "give one of them"),
            (["gone.png", "dance.mp4", "a"], "there is no file 'gone.png'", "check the path"),
            (["dance.mp4", "me.png", "a"], "'dance.mp4' is a video, and the person comes from", "give the picture"),
            (["me.png", "short.mp4", "a"], "the driver lasts 0.25 s", "give a longer driver"),
            (["me.png", "text.json", "a"], "'text.json' is no JSON", "give keypoints as"),
            (["me.png", "folder", "a"], "'folder' holds no pictures by number", "name them 0000.jpg"),
            (["me.png", "dance.mp4", "a", "--frames", 80], "the nearest are 77 and 81", "frames is 5 to 961"),
            (["me.png", "dance.mp4", "a", "-o", "x.gif"], "'x.gif' has an ending that", "name it .mp4, .mov"),
            (["me.png", "dance.mp4", "a", "-o", "folder"], "'folder' is a folder", "name a file"),
            (["me.png", "dance.mp4", "a", "-o", "dance.mp4"], "is what it is made from", "choose another -o"),
            (["me.png", "dance.mp4", "a", "--preview", "-o", "x.jpg"], "is no PNG", "name it .png"),
            (["me.png", "dance.mp4", "a", "--lora", "gone.safetensors"], "the LoRA file 'gone", "check the path"),
            (
                ["me.png", "dance.mp4", "a", "--noise", "gpu"],
                "noise is gpu, and there is none: the model is on cpu",
                "take noise cpu",
            ),
            (["me.png", "dance.mp4", "a", "--precision", "int4"], "int4", "choose one of them"),
            (["me.png", "dance.mp4", "a", "--variant", "fp4"], "fp4", "choose one of them"),
        ):
            done = greenroom("animate", *arguments, *FAST)
            assert done.returncode != 0, arguments
            *_, error, mended = done.stderr.splitlines()
            assert says in error, (arguments, done.stderr)
            assert mend in mended, (arguments, mended)
        assert not list(tmp_path.glob(".*.work"))

    def test_what_was_stopped_goes_on_by_the_same_command(
        self, greenroom: Run, files: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        arguments = ("me.png", "dance.mp4", "a", "-o", "out.mp4", "--seed", 3, "--pose-seed", 4, "--steps", 10, *TINY)
        whole = Steps.step

        def stopped(self: Steps, stage: str, done: float, total: float) -> None:
            whole(self, stage, done, total)
            if (stage, done) == ("sampling", 11):
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Steps, "step", stopped)
            done = greenroom("animate", *arguments)
        assert "stopped before the end; the steps that are done are kept" in done.stderr
        assert " mend: the same command goes on from there" in done.stderr
        other = greenroom("animate", *arguments, "--guidance", 3)
        assert "an earlier run of 'out.mp4' was another: guidance was 5.0 and is 3.0" in other.stderr
        assert "throw away what it has done: --restart" in other.stderr
        again = greenroom("animate", *arguments)
        assert "going on: 4 steps of 10 are done" in again.stderr
        assert again.returncode == 0
        calm = greenroom("animate", *arguments[:4], "calm.mp4", *arguments[5:])
        assert calm.returncode == 0
        assert planes_of(files / "out.mp4") == planes_of(files / "calm.mp4")
        assert not list(files.glob(".*.work"))

    def test_who_was_found_is_kept_when_no_step_was_done(
        self, greenroom: Run, files: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole, seen = Steps.step, list[str]()

        def stopped(self: Steps, stage: str, done: float, total: float) -> None:
            whole(self, stage, done, total)
            seen.append(stage)
            if stage == where:
                raise KeyboardInterrupt

        monkeypatch.setattr(Steps, "step", stopped)
        for where, says, mend in (
            ("finding poses", "nothing was done yet", "the same command begins anew"),
            ("posing", "no step was done yet, and who was found is kept", "the same command goes on from there"),
        ):
            done = greenroom("animate", "me.png", "dance.mp4", "a", "-o", "out.mp4", *FAST)
            assert done.returncode == 130
            assert done.stderr.splitlines()[-2:] == [f"error: stopped before the end; {says}", f" mend: {mend}"]
            assert len(list(files.glob(".*.work"))) == (where == "posing")
        where = ""
        seen.clear()
        assert greenroom("animate", "me.png", "dance.mp4", "a", "-o", "out.mp4", *FAST).returncode == 0
        assert "finding poses" not in seen
        assert not list(files.glob(".*.work"))

    @pytest.mark.usefixtures("files")
    def test_what_takes_less_memory_is_named_as_long_as_there_is_any(
        self, greenroom: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rooms, "room_of", lambda *_: Room("cuda:0", GB, 256 * GB, "A small one"))
        monkeypatch.setattr(devices, "devices", lambda _: ("cuda:0",))
        asked = ("me.png", "dance.mp4", "--plan", "--model", "steadydancer-14b")
        for more, mend in (
            ((), "take --size 832x480, fewer --frames, --precision fp8, or a larger device"),
            (("--size", "832x480", "--frames", 5, "--precision", "fp8"), "take a larger device"),
        ):
            done = greenroom("animate", *asked, *more)
            assert done.stderr.splitlines()[-1] == f" mend: {mend}"

    def test_a_lora_is_named_in_the_result(self, greenroom: Run, files: Path) -> None:
        (files / "four.safetensors").write_bytes(b"read when a model is loaded")
        done = greenroom("animate", "me.png", "dance.mp4", "a", "--lora", "four.safetensors:0.5", "--json", *FAST)
        [named] = json.loads(done.stdout)["result"]["loras"]
        assert named.startswith("four.safetensors at 0.5 (sha256 ")

    @pytest.mark.usefixtures("files")
    def test_a_plan_needs_no_weights_and_writes_nothing(
        self, greenroom: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rooms, "room_of", lambda *_: Room("cuda:0", 79 * GB, 256 * GB, "NVIDIA H100 80GB HBM3"))
        monkeypatch.setattr(devices, "devices", lambda _: ("cuda:0",))
        asked = ("me.png", "dance.mp4", "-o", "out", "--plan", "--model", "steadydancer-14b")
        done = greenroom("animate", *asked, "--json")
        plan = json.loads(done.stdout)["result"]
        assert (plan["output"], plan["frames"], plan["steps"], plan["passes"]) == ("out.mp4", 9, 40, 91)
        assert plan["bytes"] < 79 * GB
        said = greenroom("animate", *asked).stdout.splitlines()
        assert said[-1] == "makes out.mp4"
        assert sorted(path.name for path in tmp_path.iterdir()) == ["dance.mp4", "me.png"]

    @pytest.mark.usefixtures("files")
    def test_the_terms_stand_first(self, greenroom: Run) -> None:
        for wrong in (("gone.png", "dance.mp4", "a"), ("me.png", "dance.mp4", "a", "--variant", "fp4")):
            first, *_ = greenroom("animate", *wrong, *FAST).stderr.splitlines()
            assert first.startswith(f"{TINY[1]}: SteadyDancer 14B: no known licence")


def test_a_process_that_is_killed_costs_a_step_at_most(greenroom: Run, files: Path) -> None:
    """SIGKILL in the midst of sampling; another process goes on, and its clip is that of one that nobody disturbed."""
    marks = files / "marks"
    marks.mkdir()
    asked = ["animate", "me.png", "dance.mp4", "a", "--seed", "3", "--pose-seed", "4", "--steps", "10", "--json"]
    held = [*asked, "--model", HELD, "--device", "cpu", "-o", "out.mp4"]

    def begun(arguments: list[str], name: str) -> Forked:
        return Forked(
            main_animating, arguments, folder=files, env={**os.environ, MARKS: str(marks)},
            out=files / f"{name}.out", err=files / f"{name}.err",
        )  # fmt: skip

    first = begun(held, "first")
    end = time.monotonic() + 60
    while not (marks / "sampling").exists():
        assert time.monotonic() < end, (files / "first.err").read_text()
        time.sleep(0.01)
    first.kill()
    assert first.wait(60) == -signal.SIGKILL
    assert not (files / "out.mp4").exists()
    (marks / "go").touch()
    second = begun(held, "second")
    assert second.wait(120) == 0, (files / "second.err").read_text()
    result = json.loads((files / "second.out").read_text())["result"]
    assert 3 <= result["resumed"] <= 5
    calm = begun([*asked, "--model", STAMP, "--device", "cpu", "-o", "calm.mp4"], "calm")
    assert calm.wait(120) == 0
    assert planes_of(files / "out.mp4") == planes_of(files / "calm.mp4")
    assert not list(files.glob(".*.work"))
