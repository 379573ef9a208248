"""Voices by name, and speech in them, on the command line; the model is a tiny one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from greenroom.media.audio import read_audio
from tests.cli.conftest import Run
from tests.models.f5tts.recordings import TEXT, recorded

ROOT = Path(__file__).parents[2]
TINY = "tests.models.f5tts.tiny:TinyF5"


@pytest.fixture(autouse=True)
def _a_machine_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENROOM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    recorded(tmp_path)


def test_a_voice_is_kept_shown_spoken_in_and_removed(greenroom: Run, tmp_path: Path) -> None:
    assert "no voice is stored yet" in greenroom("voices", "list").stderr
    added = greenroom("voices", "add", "joe", "--ref", "reference.wav", "--ref-text", TEXT)
    assert added.returncode == 0, added.stderr
    assert added.stdout.startswith("joe  ")
    assert json.loads(greenroom("voices", "list", "--json").stdout)["result"]["voices"][0]["name"] == "joe"
    assert TEXT in greenroom("voices", "show", "joe").stdout
    told = ("speak", "--model", TINY, "--steps", 4, "--seed", 1, "--device", "cpu")
    said = greenroom(*told, "--voice", "joe", "Hello there.", "-o", "x.wav", "--captions", "srt")
    assert said.returncode == 0, said.stderr
    assert "non-commercial" in said.stderr
    assert "2 words, 24000 Hz, -19.0 LUFS" in said.stdout
    assert "Hello there." in (tmp_path / "x.srt").read_text()
    assert greenroom("voices", "remove", "joe").returncode == 0
    gone = greenroom("voices", "show", "joe")
    assert (gone.returncode, "none is stored yet" in gone.stderr) == (2, True)


def test_a_recording_gives_its_voice_to_a_file_or_a_pipe(greenroom: Run, tmp_path: Path) -> None:
    told = ("speak", "--model", TINY, "--ref", "reference.wav", "--ref-text", TEXT, "--steps", 4, "--seed", 1)
    done = greenroom(*told, "--duration", 2.5, "Hello there, and good day.", "-o", "x.flac", "--json")
    result = json.loads(done.stdout)["result"]
    assert (result["seconds"], result["seed"], result["format"]) == (2.5, 1, "flac")
    # In a process of its own, since its standard output is no text; and without a seed, which it then draws.
    command = [sys.executable, "-m", "greenroom", *map(str, told[:-2]), "Hello there.", "-o", "-"]
    piped = subprocess.run(command, capture_output=True, check=True, cwd=tmp_path, env=os.environ)
    (tmp_path / "piped.wav").write_bytes(piped.stdout)
    assert read_audio(tmp_path / "piped.wav").seconds > 0.7
    assert re.search(rb"^seed \d+$", piped.stderr, re.MULTILINE)  # or nobody could make it again
    edited = greenroom(*told, "--edit", TEXT.replace("hall", "shed"), "-o", "edited.wav")
    assert edited.returncode == 0, edited.stderr


OWN = ("--model", TINY, "--ref", "reference.wav", "--ref-text", TEXT)


@pytest.mark.parametrize(
    ("arguments", "says", "mend"),
    [
        (["--steps", 7], "--steps is given, and a Piper voice has none", "add --model f5tts-v1-base"),
        (["--ref", "reference.wav"], "--ref is given, and a Piper voice has none", "add --model"),
        (["--device", "cpu", "--model", "voice-joe"], "--device is given, and voice-joe has none", "leave out"),
        ([*OWN, "--speaker", 3], f"--speaker is given, and {TINY} has none", "leave out --speaker"),
        (["--model", TINY], "reference is missing", "the name of a stored one"),
        (["--model", TINY, "--ref", "reference.wav"], "reference_text is missing", "exactly as spoken"),
        ([*OWN, "--voice", "joe"], "one voice is enough", "voice alone"),
        ([*OWN, "--duration", 3, "--speed", 1.2], "speed is given too", "one of them"),
        ([*OWN, "--duration", 3, "--remove-silence"], "remove_silence would make it shorter", "leave out"),
        ([*OWN, "--edit", "--duration", 3], "edit and duration do not go together", "leave out duration"),
        (["--model", TINY, "--voice", "joe", "--edit"], "edit changes a recording", "reference"),
        ([*OWN, "--steps", 99], "steps is 99", "4 to 64"),
        (["--model", "f5tts"], "there is no model 'f5tts'", "did you mean"),
        (["--model", "wan21-vae"], "wan21-vae cannot be served yet", "f5tts-v1-base"),
        (["--model", "seedvr2-3b"], "'seedvr2-3b' does not speak", "f5tts-v1-base"),
        (["--model", "tests.serve.models:Noop"], "does not speak", "f5tts-v1-base"),
    ],
)
def test_what_does_not_fit_together_is_refused_by_name(
    greenroom: Run, arguments: list[object], says: str, mend: str
) -> None:
    done = greenroom("speak", "Hello.", "-o", "x.wav", *arguments)
    assert says in done.stderr
    assert mend in done.stderr
    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stdout) == (2, "")


def test_without_weights_it_says_what_to_get_and_touches_nothing(greenroom: Run, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    done = greenroom(
        "speak", "--model", "f5tts-v1-base", "--ref", "reference.wav", "--ref-text", TEXT, "Hi.", "-o", "x.wav"
    )
    assert done.returncode == 1
    assert "3 files are missing, 1.40 GB in all" in done.stderr
    assert "mend: greenroom pull f5tts-v1-base" in done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_what_needs_no_model_is_refused_before_one_is_loaded(greenroom: Run) -> None:
    # There are no weights: loading would say so.
    voice = ("speak", "--model", "f5tts-v1-base", "--ref-text", TEXT, "Hi.")
    assert "there is no file 'gone.wav'" in greenroom(*voice, "--ref", "gone.wav").stderr
    assert "'.' is a folder" in greenroom(*voice, "--ref", ".").stderr
    assert "no audio format '.xyz'" in greenroom(*voice, "--ref", "reference.wav", "-o", "x.xyz").stderr
    assert "captions need a name" in greenroom(*voice, "--ref", "reference.wav", "-o", "-", "--captions", "srt").stderr


def test_a_seed_that_nobody_gave_is_said(greenroom: Run) -> None:
    told = ("speak", *OWN, "--steps", 4, "--device", "cpu", "Hi.", "-o", "x.wav")
    assert re.search(r" LUFS, seed \d+$", greenroom(*told).stdout.strip())
    assert "seed" not in greenroom(*told, "--seed", 1).stdout


def test_a_reference_that_is_no_sound_is_named(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.wav").write_text("no sound at all")
    done = greenroom("speak", "--model", TINY, "--ref", "notes.wav", "--ref-text", "Hi.", "Hello.", "-o", "x.wav")
    assert "'notes.wav' is not sound that can be read" in done.stderr
    assert "'.' is a folder" in greenroom("voices", "add", "joe", "--ref", ".", "--ref-text", "Hi.").stderr
    assert "'gone.wav'" in greenroom("voices", "add", "joe", "--ref", "gone.wav", "--ref-text", "Hi.").stderr
    assert "--ref-text is missing" in greenroom("voices", "add", "joe", "--ref", "reference.wav").stderr
    assert not (tmp_path / "x.wav").exists()
