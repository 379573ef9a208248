"""Restoring on the command line: every way in and out, every refusal, what is kept; the model is a tiny one."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from greenroom.media.video.encoding import Encoding, PictureFormat
from greenroom.media.video.facts import read_facts
from greenroom.media.video.images import read_image, write_image
from greenroom.media.video.writing import VideoWriter
from greenroom.runtime import rooms
from greenroom.runtime.rooms import Room
from greenroom.serve import devices
from tests.cli.conftest import Run
from tests.media.video.clips import picture, video, with_sound
from tests.models.seedvr2.tiny import HOLD, TinySeedVR2

ROOT = Path(__file__).parents[2]
TINY = ("--model", "tests.models.seedvr2.tiny:TinySeedVR2", "--device", "cpu")
GB = 1_000_000_000


@pytest.fixture(autouse=True)
def _a_machine_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("GREENROOM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return video(tmp_path / "in.mp4", frames=5)


def result_of(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert (said["schema"], said["ok"]) == ("greenroom/restore/1", True)
    assert all("; see greenroom models " in line for line in done.stderr.splitlines()), "terms, and nothing else"
    found: dict[str, Any] = said["result"]
    return found


def test_a_video_is_enlarged_with_its_sound(greenroom: Run, tmp_path: Path) -> None:
    with_sound(tmp_path / "in.mp4")
    done = greenroom("restore", "in.mp4", "-o", "out.mp4", "--height", 32, *TINY)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("out.mp4  42x32 from 64x48, 25 frames, 1 shot, h264 8 bit, ")
    assert "Apache-2.0" in done.stderr
    lines = done.stderr.splitlines()
    plan = lines.index("seedvr2-3b on cpu: 48x32, 25 frames")  # before anything begins, on standard error
    assert lines[plan + 1] == "shots: 1, each as a whole"
    assert any(line.startswith("note: ") for line in lines)
    made = read_facts(tmp_path / "out.mp4")
    assert (made.width, made.height, made.frames) == (42, 32, 25)
    assert [track.kind for track in made.tracks] == ["audio"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]  # and nothing beside it


def test_json_says_what_was_made(greenroom: Run, clip: Path) -> None:
    result = result_of(greenroom("restore", "in.mp4", "--scale", 0.5, "--preview", "p.png", *TINY, "--json"))
    assert result["output"] == "in.restored.mp4"
    assert result["after"] == {"height": 24, "width": 32}
    assert result["preview"] == "p.png"
    assert (result["frames"], result["shots"], result["codec"]) == (5, 1, "h264")
    assert {"encoding", "restoring", "decoding"} <= set(result["seconds"])
    before_after = read_image(clip.parent / "p.png")
    assert before_after.shape[:2] == (24, 2 * 32 + 4)


@pytest.mark.parametrize(
    ("arguments", "codec", "pixels", "container"),
    [
        (["-o", "x.mov", "--codec", "prores", "--quality", "high"], "prores", "yuv422p10le", "mov"),
        (
            ["-o", "x.mkv", "--codec", "h265", "--quality", 30, "--bits", 10, "--height", 64],
            "hevc",
            "yuv420p10le",
            "mat",
        ),
        (["-o", "x.webm"], "av1", "yuv420p", "mat"),
        (["-o", "x.mkv", "--codec", "ffv1"], "ffv1", "bgr0", "mat"),
        (["-o", "x.mp4", "--chroma", "444", "--preset", "ultrafast"], "h264", "yuv444p", "mov"),
        (["--codec", "prores"], "prores", "yuv422p10le", "mov"),
    ],
)
def test_codecs_and_containers_are_chosen(
    greenroom: Run, clip: Path, arguments: list[object], codec: str, pixels: str, container: str
) -> None:
    result = result_of(greenroom("restore", "in.mp4", *arguments, *TINY, "--json"))
    with av.open(str(clip.parent / result["output"])) as made:
        stream = made.streams.video[0]
        assert made.format.name.startswith(container)
        assert stream.codec_context.codec.canonical_name == codec
        assert stream.codec_context.pix_fmt == pixels


def test_pictures_go_in_and_out(greenroom: Run, clip: Path) -> None:
    folder = clip.parent
    assert (
        result_of(greenroom("restore", "in.mp4", "-o", "frames", "--height", 16, *TINY, "--json"))["kind"] == "pictures"
    )
    assert sorted(path.name for path in (folder / "frames").iterdir()) == [f"{n:06d}.png" for n in range(1, 6)]
    done = greenroom("restore", "frames/%06d.png", "-o", "again.mp4", "--fps", 23.976, *TINY)
    assert done.returncode == 0, done.stderr
    again = read_facts(folder / "again.mp4")
    assert (again.frames, again.timeline.average) == (5, Fraction(24_000, 1001))
    assert greenroom("restore", "frames", "-o", "one.mkv", "--fps", 10, *TINY).returncode == 0
    assert read_facts(folder / "one.mkv").frames == 5
    done = greenroom("restore", "frames/000001.png", "--scale", 2, *TINY)
    assert done.stdout.startswith("frames/000001.restored.png  42x32 from 21x16, png 8 bit, ")


def test_what_an_earlier_result_left_behind_is_said(greenroom: Run, clip: Path) -> None:
    (clip.parent / "frames").mkdir()
    write_image(clip.parent / "frames" / "000006.png", picture(6))
    done = greenroom("restore", "in.mp4", "-o", "frames", "--height", 16, *TINY)
    assert "warning: behind the last picture there is 1 picture of an earlier result" in done.stderr


def on(monkeypatch: pytest.MonkeyPatch, free: int, gpu: str = "NVIDIA H200") -> None:
    """A machine with a GPU, as far as a plan asks."""
    monkeypatch.setattr(rooms, "room_of", lambda device, who: Room("cuda:0", free, 64 * GB, gpu))


def test_a_plan_needs_no_weights_and_does_nothing(greenroom: Run, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, 80 * GB)
    done = greenroom("restore", "in.mp4", "--height", 1080, "--plan")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "in.mp4, 64x48, becomes in.restored.mp4, 1440x1080, h264 8 bit"
    assert lines[1] == "seedvr2-3b on NVIDIA H200: 1440x1088, 5 frames"
    assert [line.partition(":")[0] for line in lines[2:6]] == ["shots", "memory", "time", "tiles"]
    assert sorted(path.name for path in clip.parent.iterdir()) == ["in.mp4"]
    plan = result_of(greenroom("restore", "in.mp4", "--height", 1080, "--plan", "--json"))
    assert plan["after"] == {"height": 1080, "width": 1440}
    assert 6 * GB < plan["weights"] < plan["bytes"] < plan["free"] == 80 * GB
    assert plan["seconds"] > 0
    small = result_of(greenroom("restore", "in.mp4", "--plan", "--variant", "q4_k_m", "--json"))
    assert small["weights"] < 4 * GB


def test_a_cpu_that_nobody_asked_for_is_said_once(
    greenroom: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "_GPUS", tmp_path / "none")
    a_folder(tmp_path)
    warned = "warning: there is no GPU here, and a CPU does the same very slowly"
    for more in (["--plan"], ["-o", "out"]):
        done = greenroom("restore", "clips", "--height", 16, *TINY[:2], *more)
        assert done.stderr.splitlines().count(warned) == 1
    done = greenroom("restore", "clips", "--height", 16, *TINY, "--plan")
    assert "GPU" not in done.stderr


def test_a_device_that_is_too_small_is_said_at_once(
    greenroom: Run, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(monkeypatch, 2 * GB)
    done = greenroom("restore", "in.mp4", "--height", 2160, "--plan", "--json")
    assert done.returncode == 1
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "memory-short"
    assert "--variant" in error["mend"]


def test_without_weights_it_says_what_to_get(greenroom: Run, clip: Path) -> None:
    done = greenroom("restore", "in.mp4", "--device", "cpu")
    assert done.returncode == 1
    assert "the weights of seedvr2-3b are not here" in done.stderr
    assert "mend: greenroom pull seedvr2-3b" in done.stderr
    assert sorted(path.name for path in clip.parent.iterdir()) == ["in.mp4"]


@pytest.mark.parametrize(
    ("arguments", "says", "mend"),
    [
        (["gone.mp4"], "there is no file 'gone.mp4'", "path"),
        (["text.mp4"], "'text.mp4' is no video or picture", "MKV"),
        (["in.mp4", "-o", "in.mp4"], "would take the place of its source", "-o"),
        (["in.mp4", "-o", "x.avi"], "there is no video or picture format '.avi'; there is .mp4,", "choose"),
        (["in.mp4", "-o", "/dev/null"], "'/dev/null' is a device or a pipe", "name a file"),
        (["in.mp4", "-o", "x.png"], "'x.png' is one picture, and 'in.mp4' has 5 frames", "%05d.png"),
        (["a.png", "-o", "x.mp4"], "'a.png' is a picture, and 'x.mp4' would be a video", ".png"),
        (["in.mp4", "a.png"], "several sources are given, and no place for them", "-o FOLDER"),
        (["in.mp4", "-o", "."], "'.' holds other files", "-o in.mp4 for a video"),
        (["in.mp4", "-o", "x.mp4", "--codec", "prores"], ".mp4 does not hold prores", ".mov"),
        (["in.mp4", "--codec", "h266"], "h266", "--help"),
        (["in.mp4", "--quality", "best"], "there is no quality 'best'", "choose"),
        (["in.mp4", "--quality", "77"], "quality is 77", "0 to 51"),
        (["in.mp4", "--preset", "sluw"], "there is no preset of h264 'sluw'", "did you mean slow?"),
        (["in.mp4", "--chroma", "411"], "there is no chroma '411'", "choose"),
        (["in.mp4", "--height", "8"], "height is 8", "16 to 16384 px"),
        (["in.mp4", "--height", "64", "--scale", "2"], "one of them is enough", "scale"),
        (["in.mp4", "--scale", "9999"], "no codec here holds more than 16,384 pixels", "smaller"),
        (["in.mp4", "--window", "6"], "the nearest are 5 and 9", "window"),
        (["in.mp4", "--fps", "24"], "fps is for pictures by number", "leave it out"),
        (["in.mp4", "--preview", "x.jpg"], "--preview 'x.jpg' is no PNG", ".png"),
        (["in.mp4", "--preview", "in.restored.png", "-o", "in.restored.png"], "the place of the preview", "another"),
        (["in.mp4", "--preview", "f/1.png", "-o", "f/%d.png"], "would take the place of the preview", "another"),
        (["a.png", "--preview", "a.png", "-o", "b.png"], "'a.png' would take the place of its source", "another"),
        (["in.mp4", "a.png", "-o", "out", "--preview", "p.png"], "--preview is of one source", "leave it out"),
        (["in.mp4", "--model", "seedvr2"], "there is no model 'seedvr2'", "did you mean"),
        (["in.mp4", "--model", "f5tts-v1-base"], "'f5tts-v1-base' does not restore videos", "--model seedvr2-3b"),
        (["in.mp4", "--model", "seedvr2-3b", "--variant", "fp7"], "fp7", "choose"),
        (["in.mp4", "--device", "cuda:99"], "there is no device 'cuda:99'", "choose"),
        (["clear.png"], "'clear.png' is transparent in places", "--alpha drop"),
        (["none"], "'none' holds no video and no picture", "another folder"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_before_anything_is_loaded(
    greenroom: Run, clip: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str, mend: str
) -> None:
    def loaded(*_: object, **__: object) -> None:
        raise AssertionError("it is loaded")

    monkeypatch.setattr(TinySeedVR2, "load", loaded)
    folder = clip.parent
    (folder / "text.mp4").write_text("no video")
    (folder / "none").mkdir()
    write_image(folder / "a.png", picture(0))
    see_through = picture(0, 20, 20)
    write_image(folder / "clear.png", _with_alpha(see_through))
    before = sorted(folder.rglob("*"))
    done = greenroom("restore", *([] if {"--model", "--device"} & {*arguments} else TINY), *arguments)
    assert says in done.stderr
    assert mend in done.stderr.partition(" mend: ")[2]
    assert "Traceback" not in done.stderr
    assert (done.returncode in (1, 2), done.stdout) == (True, "")
    assert sorted(folder.rglob("*")) == before


def _with_alpha(pixels: Any) -> Any:
    import numpy as np

    return np.dstack([pixels, np.full(pixels.shape[:2], 100, np.uint8)])


def test_damage_is_said_and_what_is_whole_is_restored_when_asked(greenroom: Run, tmp_path: Path) -> None:
    whole = tmp_path / "whole.mp4"
    with VideoWriter(whole, PictureFormat.constant(64, 48, Fraction(25)), Encoding()) as out:  # its index comes first
        for number in range(40):
            out.write(picture(number), number / Fraction(25))
    (tmp_path / "cut.mp4").write_bytes(whole.read_bytes()[: whole.stat().st_size * 3 // 4])
    asked = ("restore", "cut.mp4", "-o", "x.mp4", "--height", 16, *TINY)
    done = greenroom(*asked)
    assert done.returncode == 1
    found = re.search(r"'cut.mp4' is damaged or cut off: of 40 frames at most the first (\d+) are whole", done.stderr)
    assert found is not None, done.stderr
    assert "--damaged keep" in done.stderr
    done = greenroom(*asked, "--damaged", "keep")
    assert done.returncode == 0, done.stderr
    assert 0 < read_facts(tmp_path / "x.mp4").frames <= int(found[1])


def a_folder(tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    video(tmp_path / "clips" / "a.mp4", frames=2)
    (tmp_path / "clips" / "b.mov").write_text("no video")
    write_image(tmp_path / "clips" / "c.png", picture(0))
    (tmp_path / "clips" / "notes.txt").write_text("not for us")


def test_a_folder_is_restored_one_by_one_and_a_failure_is_said(greenroom: Run, tmp_path: Path) -> None:
    a_folder(tmp_path)
    done = greenroom("restore", "clips", "-o", "out", "--height", 16, *TINY)
    assert done.returncode == 1
    assert "error: 2 of 3, clips/b.mov: 'clips/b.mov' is no video or picture that can be read" in done.stderr
    assert "\nnote: out/a.mp4: " in done.stderr
    rows = done.stdout.splitlines()
    assert rows[0].startswith("out/a.mp4    22x16 from 64x48, 2 frames")
    assert rows[1].startswith("clips/b.mov  failed: ")
    assert rows[2].startswith("out/c.png    21x16 from 64x48, png 8 bit")
    assert sorted(path.name for path in (tmp_path / "out").glob("[!.]*")) == ["a.mp4", "c.png"]

    done = greenroom("restore", "clips", "-o", "out", "--height", 16, *TINY, "--json")
    assert done.returncode == 1
    result = json.loads(done.stdout)["result"]
    assert result["failed"] == 1
    states = [(each["source"], each["state"]) for each in result["outcomes"]]
    assert states == [
        ("clips/a.mp4", "finished before"), ("clips/b.mov", "failed"), ("clips/c.png", "finished before"),
    ]  # fmt: skip
    (tmp_path / "clips" / "b.mov").unlink()
    done = greenroom("restore", "clips", "-o", "out", "--height", 32, *TINY)
    assert done.returncode == 0
    assert "finished before" not in done.stdout  # other wishes


def test_weights_that_are_missing_are_said_once_for_a_folder(greenroom: Run, tmp_path: Path) -> None:
    a_folder(tmp_path)
    done = greenroom("restore", "clips", "-o", "out", "--device", "cpu")
    assert done.returncode == 1
    assert done.stderr.count("the weights of seedvr2-3b are not here") == 1
    assert done.stdout == ""


def test_a_folder_is_planned_one_by_one(greenroom: Run, tmp_path: Path) -> None:
    a_folder(tmp_path)
    done = greenroom("restore", "clips", "--plan", *TINY, "--json")
    assert done.returncode == 1
    result = json.loads(done.stdout)["result"]
    assert result["failed"] == 1
    a, b, c = result["plans"]
    assert (a["output"], a["frames"]) == ("clips.restored/a.mp4", 2)
    assert b["error"]["code"] == "file-unreadable"
    assert c["frames"] == 1
    assert not (tmp_path / "clips.restored").exists()


LONG = ("restore", "in.mp4", "-o", "out.mp4", "--height", "32", "--no-shots", "--window", "5", *TINY)


PARTS = ".out.mp4.parts/*.mp4"


def stopped(folder: Path, arguments: tuple[str, ...], pattern: str, stop: signal.Signals) -> tuple[int, str]:
    """Stop a run of the command once it has made two files of a pattern, behind which it waits for that.

    Gives its exit code and what it said to standard error.
    """
    command = [sys.executable, "-m", "greenroom", *arguments]
    environ = {**os.environ, HOLD: f"{pattern} 2"}
    process = subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while len(list(folder.glob(pattern))) < 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(stop)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


def test_a_killed_run_goes_on_and_its_pixels_are_the_same(greenroom: Run, tmp_path: Path) -> None:
    video(tmp_path / "in.mp4", frames=40)
    code, _ = stopped(tmp_path, LONG, PARTS, signal.SIGKILL)
    assert code == -signal.SIGKILL
    assert not (tmp_path / "out.mp4").exists()
    done = greenroom(*LONG[: -len(TINY)], "--seed", 7, *TINY)
    assert done.returncode == 2
    assert "an earlier run of 'out.mp4' was another: seed was 666 and is 7" in done.stderr
    assert "--restart" in done.stderr
    done = greenroom(*LONG)
    assert done.returncode == 0, done.stderr
    assert any(
        line.startswith("going on: ") and line.endswith(" of 8 windows are done") for line in done.stderr.splitlines()
    )
    went_on = (tmp_path / "out.mp4").read_bytes()
    assert greenroom(*LONG, "--restart").returncode == 0
    assert (tmp_path / "out.mp4").read_bytes() == went_on
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_ends_at_once_and_says_what_is_kept(tmp_path: Path, stop: signal.Signals) -> None:
    video(tmp_path / "in.mp4", frames=40)
    code, said = stopped(tmp_path, LONG, PARTS, stop)
    assert code == 130
    *_, error, mend = said.strip().splitlines()
    assert error.startswith("error: stopped before the end; ")
    assert error.endswith(" of 8 windows are kept")
    assert mend == " mend: the same command goes on from there"
    assert len(list(tmp_path.glob(PARTS))) >= 2
    assert not (tmp_path / "out.mp4").exists()


def test_a_killed_folder_goes_on_behind_what_is_finished(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    for name in "abcdef":
        video(tmp_path / "clips" / f"{name}.mp4", frames=5)
    command = ("restore", "clips", "-o", "out", "--height", "32", *TINY)
    stopped(tmp_path, command, "out/.greenroom/restored/*.json", signal.SIGKILL)
    done = greenroom(*command)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("finished before") in (2, 3)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.mp4")) == [f"{name}.mp4" for name in "abcdef"]


_FULL = """
import resource, signal, sys
from greenroom.cli.main import run
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, most))
sys.exit(run(sys.argv[1:]))
"""


def test_a_disk_that_fills_up_costs_no_finished_part(greenroom: Run, tmp_path: Path) -> None:
    """A limit on the size of files, which the kernel enforces in the middle of a write, stands in for the full disk."""
    video(tmp_path / "in.mp4", frames=15)
    arguments = ("restore", "in.mp4", "-o", "out.mkv", "--height", "32", "--no-shots", "--window", "5", *TINY)
    command = [sys.executable, "-c", _FULL, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=os.environ, check=False)
    assert done.returncode == 1
    assert "grows beyond what this system allows a file" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.mkv").exists()
    done = greenroom(*arguments)
    assert done.returncode == 0, done.stderr
    assert "going on: 3 of 3 windows are done" in done.stderr


def test_a_gpu_that_is_lost_is_said_with_what_is_kept(
    greenroom: Run, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object, **__: object) -> None:
        raise RuntimeError("CUDA error: unspecified launch failure")

    monkeypatch.setattr(TinySeedVR2, "restore", lost)
    done = greenroom("restore", "in.mp4", *TINY)
    assert done.returncode == 1
    assert "error: cpu stopped answering while" in done.stderr
    assert "run the same command again: finished shots are kept" in done.stderr


def test_without_memory_the_smaller_plan_is_taken(greenroom: Run, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small: list[bool] = []
    whole = TinySeedVR2.restore

    def short(self: TinySeedVR2, *given: Any, **how: Any) -> Any:
        small.append(how["small"])
        if len(small) == 1:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return whole(self, *given, **how)

    monkeypatch.setattr(TinySeedVR2, "restore", short)
    done = greenroom("restore", "in.mp4", "--height", 16, *TINY)
    assert done.returncode == 0, done.stderr
    assert small == [False, True]
    assert "memory ran out: once more, by the smaller plan" in done.stderr
