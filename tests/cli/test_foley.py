"""Sound for videos on the command line: every way in and out, every refusal; the model is a tiny one."""

from __future__ import annotations

import json
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from greenroom.errors import FileUnreadable
from greenroom.media.audio import AudioFormat, read_audio
from greenroom.media.video.facts import read_facts
from greenroom.media.video.images import write_image
from greenroom.models.foley.engine import Engine
from greenroom.models.foley.sounding import places
from greenroom.runtime import rooms
from greenroom.runtime.rooms import Room
from greenroom.serve import devices
from tests.cli.conftest import Run
from tests.media.test_audio import with_header
from tests.media.video.clips import picture, planes_of, video, with_sound
from tests.models.foley.sounding.test_sources import scenes, sound_only
from tests.models.foley.tiny import TINY

GB = 1_000_000_000
FAST = ("--steps", 10, "--guidance", 1, *TINY)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return video(tmp_path / "in.mp4", frames=20)


def test_a_video_gets_sound(greenroom: Run, tmp_path: Path, clip: Path) -> None:
    done = greenroom("foley", "in.mp4", "-o", "out.mp4", "rain on a roof", *FAST)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "out.mp4  0.80 s of sound, -23.0 LUFS, seed 1\n"
    assert planes_of(tmp_path / "out.mp4") == planes_of(clip)
    assert [track.kind for track in read_facts(tmp_path / "out.mp4").tracks] == ["audio"]


@pytest.mark.usefixtures("clip")
def test_where_it_may_not_be_used_is_said_before_anything(greenroom: Run) -> None:
    for wrong, says in (("nothing.mp4",), "no file 'nothing.mp4'"), (("in.mp4", "--variant", "fp4"), "no variant"):
        done = greenroom("foley", *wrong, *FAST)
        assert done.returncode != 0
        first, second, *_ = done.stderr.splitlines()
        assert first.startswith("tests.models.foley.tiny:TinyFoley: not in the EU, UK, South Korea; ")
        assert "; Synchformer: no known licence (" in first
        assert says in second
        done = greenroom("foley", *wrong, "--json", *FAST)
        assert done.stderr.splitlines() == [first]
        assert says in json.loads(done.stdout)["error"]["message"]


@pytest.mark.usefixtures("clip")
def test_what_is_wrong_has_a_mend_that_fits(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    os.mkfifo(tmp_path / "pipe.wav")
    for arguments, says, mend in (
        (["rain on a roof"], "there is no file 'rain on a roof'", "check the path; for words alone: --prompt"),
        (["rain, " * 100], "there is no file 'rain, ", "check the path; for words alone: --prompt"),
        (["gone.mp4", "rain"], "there is no file 'gone.mp4'", "check the path"),
        (["folder"], "'folder' is a folder", "name a file in it"),
        (["pipe"], "'pipe' is a device or a pipe, and no file", "write it into a file first"),
        (["/dev/zero"], "'/dev/zero' is a device or a pipe, and no file", "write it into a file first"),
        (["caf\udce9.mp4"], r"video is 'caf\udce9.mp4': a file whose name is not UTF-8", "rename it"),
        (["in.mp4", "-o", "pipe.wav"], "'pipe.wav' is a device or a pipe, which no file may replace", "name a file"),
        (["in.mp4", "-o", "x.png"], "cannot be written", "name it .mp4, .mov, .mkv, .webm, .wav, .flac, .mp3, .opus"),
        (["--prompt", "a", "-o", "x.avi"], "cannot be written", "name it .wav, .flac, .mp3, .opus, .aac"),
        (["--prompt", "a", "--no-exact"], "exact is off, and there is no video", "leave exact on"),
    ):
        done = greenroom("foley", *arguments, *FAST)
        _, error, mended = done.stderr.splitlines()
        assert says in error, arguments
        assert mended.startswith(f" mend: {mend}"), arguments
        if "--prompt" not in mend:
            assert "--prompt" not in mended


@pytest.mark.usefixtures("clip")
def test_a_broken_sound_has_no_plan_where_it_is_wanted(
    greenroom: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise FileUnreadable("the sound does not decode")

    monkeypatch.setattr(places, "require_sound", broken)
    monkeypatch.setattr(rooms, "room_of", lambda device, _who: Room(device, 64 * 10**9))  # whatever else runs here
    done = greenroom("foley", "in.mp4", "--mix", "under", "--plan", *FAST)
    assert "the sound does not decode" in done.stderr
    assert done.stdout == ""
    assert "makes foley.mp4" in greenroom("foley", "in.mp4", "--plan", *FAST).stdout
    assert [path.name for path in tmp_path.iterdir()] == ["in.mp4"]


@pytest.mark.usefixtures("clip")
def test_what_is_lost_under_a_name_that_nobody_gave_is_said(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "out.wav").write_bytes(b"somebody's")
    (tmp_path / "out.mkv").write_bytes(b"an earlier one")
    lost = "out.wav was there before, and is replaced"
    assert lost in greenroom("foley", "in.mp4", "-o", "out.mkv", "--wav", "--plan", *FAST).stdout
    assert (tmp_path / "out.wav").read_bytes() == b"somebody's"
    done = greenroom("foley", "in.mp4", "-o", "out.mkv", "--wav", *FAST)
    assert done.stderr.splitlines()[1] == f"note: {lost}", "before the work begins"
    assert "out.mkv was" not in done.stderr
    done = greenroom("foley", "in.mp4", "-o", "out.mkv", "--wav", "--json", *FAST)
    assert lost in json.loads(done.stdout)["result"]["notes"]
    (tmp_path / "foley.mp4").touch()
    assert "note: foley.mp4 was there before, and is replaced" in greenroom("foley", "in.mp4", *FAST).stderr


@pytest.mark.usefixtures("clip")
def test_samples_wav_and_facts(greenroom: Run, tmp_path: Path) -> None:
    done = greenroom("foley", "in.mp4", "-o", "x/out.mkv", "--samples", 2, "--seed", 7, "--wav", "--json", *FAST)
    said = json.loads(done.stdout)
    assert (said["schema"], said["ok"]) == ("greenroom/foley/1", True)
    (notice,) = done.stderr.splitlines()  # with JSON, too, for it has to be known before the work
    assert notice.startswith(f"{TINY[1]}: not in the EU, UK, South Korea; ")
    result = said["result"]
    assert [(sample["output"], sample["wav"]) for sample in result["samples"]] == [
        ("x/out-1.mkv", "x/out-1.wav"),
        ("x/out-2.mkv", "x/out-2.wav"),
    ]
    assert (result["seed"], result["source"], result["length_s"], result["shots"]) == (7, "video", 0.8, 1)
    assert "there is no prompt: the pictures alone say what is heard" in result["notes"]
    assert result["terms"][0].startswith("territory: ")
    assert any("Synchformer" in said for said in result["terms"])
    assert (result["precision"], result["plan"]["samples"], result["plan"]["device"]) == ("bf16", 2, "cpu")
    assert read_audio(tmp_path / "x" / "out-2.wav").seconds == 0.8


@pytest.mark.parametrize("mix", ["replace", "under", "ducked"])
def test_a_mix_is_as_loud_as_asked(greenroom: Run, tmp_path: Path, mix: str) -> None:
    with_sound(tmp_path / "in.mp4")
    done = greenroom("foley", "in.mp4", "-o", "out.wav", "--mix", mix, "--loudness", -30, "--json", *FAST)
    result = json.loads(done.stdout)["result"]
    assert (result["mix"], result["samples"][0]["loudness_lufs"]) == (mix, pytest.approx(-30, abs=0.3))
    assert (tmp_path / "out.wav").is_file()


@pytest.mark.parametrize("form", ["wav", "flac", "mp3", "opus", "aac"])
def test_words_alone_become_any_sound(greenroom: Run, tmp_path: Path, form: AudioFormat) -> None:
    done = greenroom("foley", "--prompt", "rain", "--seconds", 1, "-o", f"x.{form}", *FAST)
    assert done.returncode == 0, done.stderr
    heard = with_header(tmp_path / f"x.{form}", form)
    assert read_audio(heard).seconds == pytest.approx(1, abs=0.1)


def test_a_picture_becomes_sound_where_nobody_says(greenroom: Run, tmp_path: Path) -> None:
    write_image(tmp_path / "in.png", picture(0))
    done = greenroom("foley", "in.png", "wind", "--seconds", 1, *FAST)
    assert done.stdout.startswith("foley.wav  1.00 s of sound")
    assert (tmp_path / "foley.wav").is_file()


@pytest.mark.parametrize("prompts", [("", "a\ndoor"), ("a door", "")])
def test_shots_have_prompts_of_their_own(greenroom: Run, tmp_path: Path, prompts: tuple[str, str]) -> None:
    video(tmp_path / "in.mp4", frames=40, draw=scenes)
    said = [part for prompt in prompts for part in ("--shot-prompt", prompt)]
    done = greenroom("foley", "in.mp4", "rain", *said, "--json", *FAST)
    assert json.loads(done.stdout)["result"]["shots"] == 2
    assert (tmp_path / "foley.mp4").is_file()


def test_one_empty_prompt_of_a_shot_is_one(greenroom: Run, tmp_path: Path) -> None:
    video(tmp_path / "in.mp4", frames=40, draw=scenes)
    done = greenroom("foley", "in.mp4", "rain", "--shot-prompt", "", *FAST)
    assert "shot_prompts has 1 line, and 'in.mp4' has 2 shots" in done.stderr


def test_a_plan_names_all_files_and_the_length_of_the_clip(
    greenroom: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on(monkeypatch, 80 * GB)
    video(tmp_path / "in.mp4", frames=36, draw=scenes)
    asked = ("in.mp4", "-o", "out.mp4", "--samples", 2, "--wav", "--shot-prompt", "a", "--shot-prompt", "b")
    plan = plan_of(greenroom, *asked)
    assert plan["files"] == ["out-1.mp4", "out-1.wav", "out-2.mp4", "out-2.wav"]
    assert plan["length_s"] == 1.44, "not that of the grid of windows"
    said = greenroom("foley", *asked, "--plan").stdout.splitlines()
    assert ": 1.4 s, 2 samples" in said[0]
    assert said[-1] == "makes out-1.mp4, out-1.wav, out-2.mp4, out-2.wav"


@pytest.mark.parametrize("prompt", ["дождь на крыше", "🌧️ on a roof 🏠", "雨"])
@pytest.mark.usefixtures("clip")
def test_prompts_are_of_any_script(greenroom: Run, prompt: str) -> None:
    done = greenroom("foley", "in.mp4", prompt, "-o", "out.wav", *FAST)
    assert done.returncode == 0, done.stderr


@pytest.mark.usefixtures("clip")
def test_what_is_cut_of_a_long_prompt_is_said(greenroom: Run) -> None:
    done = greenroom("foley", "in.mp4", "step " * 2000, *FAST)
    assert done.returncode == 0, done.stderr
    assert "note: the prompt has 2,000 words, of which the first" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    [
        ([], "prompt is empty, and there is no video", 2),
        (["in.mp4", "a", "--prompt", "b"], "the prompt is given twice", 2),
        (["in.mp4", "--samples", 7], "samples is 7", 2),
        (["in.mp4", "--mix", "over"], "over", 2),
        (["in.mp4", "--steps", 9], "steps is 9", 2),
        (["in.mp4", "--seconds", 3], "is a video, which has its own length", 2),
        (["in.mp4", "--shot-prompt", "a", "--shot-prompt", "b"], "shot_prompts has 2 lines", 2),
        (["in.mp4", "-o", "in.mp4"], "is the source itself", 2),
        (["in.mp4", "-o", "x.avi"], "-o 'x.avi' has an ending that cannot be written", 2),
        (["in.mp4", "-o", "folder.mp4"], "is a folder", 1),
        (["short.mp4"], "lasts 0.40 s; the least is 0.64 s", 2),
        (["in.wav"], "is no video: it holds sound only", 1),
        (["noise.mp4"], "is no video or picture that can be read", 1),
        (["--prompt", "rain", "-o", "x.mp4"], "the sound is of words alone", 2),
        (["in.mp4", "--model", "voice-joe"], "makes no sound for videos", 2),
        (["in.mp4", "--variant", "fp4"], "there is no variant", 2),
        (["in.mp4", "--precision", "fp4"], "there is no precision 'fp4'; there is bf16, fp8", 2),
        (["in.mp4", "--device", "cuda:99"], "there is no device 'cuda:99'", 2),
        (["in.mp4", "--device", "cpu+cpu"], "a sound is made on one", 2),
        (["in.mp4", "--plan", "--device", "cuda:99"], "there is no device 'cuda:99'", 2),
        (["in.mp4", "--model", "hunyuanvideo-foley-xl"], "the weights of hunyuanvideo-foley-xl are not here", 1),
    ],
)
def test_what_cannot_be_is_refused_by_name(
    greenroom: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[object], says: str, code: int
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    video(tmp_path / "in.mp4", frames=20)
    video(tmp_path / "short.mp4", frames=10)
    sound_only(tmp_path)
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "noise.mp4").write_bytes(bytes(range(256)) * 40)
    before = sorted(tmp_path.iterdir())
    done = greenroom("foley", *FAST, *arguments)
    assert says in done.stderr
    assert "mend" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == code
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(("rate", "turn"), [(120, None), (25, (90, False, False))])
def test_fast_and_turned_videos_are_taken(
    greenroom: Run, tmp_path: Path, rate: int, turn: tuple[float, bool, bool] | None
) -> None:
    video(tmp_path / "in.mp4", frames=rate, rate=Fraction(rate), time_base=Fraction(1, 48_000), turn=turn)
    done = greenroom("foley", "in.mp4", "-o", "out.mp4", *FAST)
    assert done.stdout.startswith("out.mp4  1.00 s of sound")
    assert read_facts(tmp_path / "out.mp4").orientation == read_facts(tmp_path / "in.mp4").orientation


@pytest.mark.usefixtures("clip")
def test_without_memory_it_is_tried_by_the_smaller_plan_and_then_said(
    greenroom: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Engine, "sound", full)
    done = greenroom("foley", "in.mp4", "-o", "out.mp4", *FAST)
    assert done.returncode == 1
    assert "memory ran out: once more, by the smaller plan" in done.stderr
    assert "ran out of memory on cpu, and a smaller plan did not help" in done.stderr
    assert "or take --precision fp8, --model hunyuanvideo-foley-xl, or a larger device" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.mp4").exists()


def on(monkeypatch: pytest.MonkeyPatch, free: int, host: int = 64 * GB) -> None:
    """A machine with a GPU, as far as a plan asks."""
    monkeypatch.setattr(devices, "devices", lambda said: ("cuda:0",))
    monkeypatch.setattr(rooms, "room_of", lambda device, who: Room("cuda:0", free, host, "NVIDIA H100 80GB HBM3"))


def plan_of(greenroom: Run, *arguments: object) -> dict[str, Any]:
    done = greenroom("foley", *arguments, "--plan", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["result"]
    return found


def test_a_plan_needs_no_weights_and_does_nothing(greenroom: Run, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, 80 * GB)
    monkeypatch.setenv("HF_HOME", str(clip.parent / "hub"))
    done = greenroom("foley", "in.mp4", "-o", "x/out.mp4", "rain", "--plan")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("hunyuanvideo-foley-xxl on NVIDIA H100 80GB HBM3")
    assert "memory: " in done.stdout
    assert "estimated from its data sheet" in done.stdout
    assert sorted(path.name for path in clip.parent.iterdir()) == ["in.mp4"]
    plan = plan_of(greenroom, "in.mp4", "rain")
    assert (plan["source"], plan["files"], plan["samples"], plan["windows"]) == ("video", ["foley.mp4"], 1, 1)
    assert plan["terms"][0].startswith("territory: ")
    assert 10 * GB < plan["bytes"] < plan["weights"] < plan["free"] == 80 * GB  # not all of them are needed at once
    assert plan["seconds"] > 0
    assert plan["estimated"] is True


@pytest.mark.usefixtures("clip")
def test_small_cards_stream_and_eight_bits_are_said(greenroom: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, 80 * GB)
    whole = plan_of(greenroom, "in.mp4", "rain")
    small = plan_of(greenroom, "in.mp4", "rain", "--precision", "fp8")
    assert (whole["precision"], small["precision"]) == ("bf16", "fp8")
    assert small["weights"] < 0.7 * whole["weights"]
    assert any("rounded to eight bits" in note for note in small["notes"])
    on(monkeypatch, 8 * GB)
    streamed = plan_of(greenroom, "in.mp4", "rain")
    assert (whole["parked"], whole["resident"]) == (False, None)
    assert streamed["parked"]
    assert streamed["bytes"] < 8 * GB < whole["bytes"]
    assert streamed["host_bytes"] > 2 * GB


@pytest.mark.usefixtures("clip")
def test_a_device_that_is_too_small_is_said_at_once(greenroom: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    on(monkeypatch, 1 * GB)
    for more, mend in (
        ((), "take --precision fp8, --model hunyuanvideo-foley-xl, or a larger device"),
        (
            ("--precision", "fp8", "--samples", 2, "--model", "hunyuanvideo-foley-xl"),
            "take fewer --samples, or a larger",
        ),
    ):
        done = greenroom("foley", "in.mp4", "--plan", "--json", *more)
        assert done.returncode == 1
        error = json.loads(done.stdout)["error"]
        assert error["code"] == "memory-short"
        assert error["mend"].startswith(mend)


def test_of_a_long_sound_less_is_a_shorter_one(greenroom: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    hour = ("--prompt", "rain", "--seconds", 3600, "--plan", "--json")
    on(monkeypatch, 1 * GB)
    error = json.loads(greenroom("foley", *hour).stdout)["error"]
    assert error["mend"].startswith("take fewer --seconds, --precision fp8, ")
    on(monkeypatch, 8 * GB, host=1 * GB)
    error = json.loads(greenroom("foley", *hour).stdout)["error"]
    assert "of the host's memory" in error["message"]
    assert error["mend"].startswith("take fewer --seconds; or end what else uses the host's memory")


@pytest.mark.usefixtures("clip")
def test_a_gpu_that_is_not_there_has_no_plan(greenroom: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "devices", lambda said: ("cuda:0",))
    done = greenroom("foley", "in.mp4", "--plan", "--device", "cuda:0")
    assert done.returncode == 1
    assert "error: " in done.stderr
    assert " mend: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("clip")
def test_the_plan_is_said_before_the_start_and_a_cpu_that_nobody_asked_for(
    greenroom: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warned = "warning: there is no GPU here, and a CPU does the same very slowly"
    done = greenroom("foley", "in.mp4", "-o", "out.wav", "rain", *FAST)
    assert done.returncode == 0, done.stderr
    notice, plan, *_ = done.stderr.splitlines()
    assert "not in the EU" in notice
    assert plan.startswith("hunyuanvideo-foley-xl on cpu")
    assert warned not in done.stderr
    monkeypatch.setattr(devices, "_GPUS", tmp_path / "none")
    for more in (["--plan"], []):
        done = greenroom("foley", "in.mp4", "-o", "out.wav", "rain", *FAST[:4], *TINY[:2], *more)
        assert done.returncode == 0, done.stderr
        assert done.stderr.splitlines().count(warned) == 1


@pytest.mark.usefixtures("clip")
def test_eight_bits_are_said_with_the_result(greenroom: Run) -> None:
    done = greenroom("foley", "in.mp4", "-o", "out.wav", "rain", "--variant", "fp8_e5m2", "--json", *FAST)
    result = json.loads(done.stdout)["result"]
    assert any("stored in eight bits (fp8_e5m2)" in note for note in result["notes"])
