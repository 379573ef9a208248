"""``python -m greenroom.parity``: every difference fails, whatever it is in, and says so in one line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from greenroom import parity
from greenroom.errors import ExtraMissing, UnknownName

GOLDENS = Path(__file__).parent / "goldens" / "f5tts"
# Cases of texts and numbers, and one of tensors: the rest differ only in what they call.
SMALL = ("chunk_text", "cross_fade", "multi_voice", "text_tokens")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in SMALL:
        for file in GOLDENS.glob(f"{name}.*"):
            shutil.copyfile(file, tmp_path / file.name)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, list[str], str]:
    """Exit code, lines of stdout, stderr."""
    with pytest.raises(SystemExit) as left:
        parity.main([str(argument) for argument in arguments])
    shown = capsys.readouterr()
    assert "Traceback" not in shown.out + shown.err
    assert isinstance(left.value.code, int)
    return left.value.code, shown.out.splitlines(), shown.err


def test_a_line_a_case_and_a_last_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "README.md").write_text("not a case")
    code, lines, _ = run(capsys, "f5tts", folder)
    assert code == 0
    assert [line.split()[0] for line in lines[:-1]] == list(SMALL)
    assert all(line.endswith(" pass") and "tolerance" in line for line in lines[:-1])
    assert lines[-1] == "4 passed, 0 failed"


def edit(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    facts = json.loads(file.read_text())
    change(facts)
    file.write_text(json.dumps(facts))


def change_tensor(folder: Path) -> None:
    file = folder / "cross_fade.safetensors"
    tensors = load_file(file)
    tensors["outputs.c1"][7] += 1e-3
    save_file(tensors, file)


def change_nan(folder: Path) -> None:
    file = folder / "cross_fade.safetensors"
    tensors = load_file(file)
    tensors["outputs.c1"][7] = float("nan")
    save_file(tensors, file)


def drop_tensor(folder: Path) -> None:
    file = folder / "cross_fade.safetensors"
    tensors = load_file(file)
    del tensors["inputs.c0.chunk1"]
    save_file(tensors, file)


def editing(name: str, change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    return lambda folder: edit(folder / f"{name}.json", change)


SPOILT: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a value": ("cross_fade", change_tensor),
    "a NaN": ("cross_fade", change_nan),
    "a missing tensor": ("cross_fade", drop_tensor),
    "an argument": ("cross_fade", editing("cross_fade", lambda x: x["calls"][1]["args"].update(reference_rms=0.02))),
    "an argument too many": ("cross_fade", editing("cross_fade", lambda x: x["calls"][0]["args"].update(more=1))),
    "an operation": ("cross_fade", editing("cross_fade", lambda x: x["calls"][0].update(op="join"))),
    "a missing call": ("cross_fade", editing("cross_fade", lambda x: x["calls"].pop())),
    "no calls": ("cross_fade", editing("cross_fade", lambda x: x.pop("calls"))),
    "a token": ("text_tokens", editing("text_tokens", lambda x: x["items"][0]["tokens"].__setitem__(0, "s"))),
    "a number": ("text_tokens", editing("text_tokens", lambda x: x["items"][0]["ids"].__setitem__(1, 828))),
    "a padding": ("text_tokens", editing("text_tokens", lambda x: x["batch_padding"]["ids"][1].append(0))),
    "a chunk": ("chunk_text", editing("chunk_text", lambda x: x["items"][0]["chunks"].pop())),
    "a speed": ("multi_voice", editing("multi_voice", lambda x: x["command_line"].update(global_speed=1.2))),
    "a seed": ("multi_voice", editing("multi_voice", lambda x: x["web_ui"][0]["segments"][0].update(seed=5))),
    "another case": ("multi_voice", editing("multi_voice", lambda x: x.update(case="mel"))),
    "an absent file": ("cross_fade", lambda folder: (folder / "cross_fade.json").unlink()),
    "absent tensors": ("cross_fade", lambda folder: (folder / "cross_fade.safetensors").unlink()),
    "no JSON": ("chunk_text", lambda folder: (folder / "chunk_text.json").write_text("{")),
    "no text": ("chunk_text", lambda folder: (folder / "chunk_text.json").write_bytes(b"\xff")),
    "half a file": (
        "cross_fade",
        lambda folder: (folder / "cross_fade.safetensors").write_bytes(
            (folder / "cross_fade.safetensors").read_bytes()[:5000]
        ),
    ),
    "an unknown case": ("zzz", lambda folder: shutil.copyfile(folder / "chunk_text.json", folder / "zzz.json")),
}


@pytest.mark.parametrize("what", SPOILT)
def test_what_is_spoilt_fails_alone(what: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name, spoil = SPOILT[what]
    spoil(folder)
    code, lines, _ = run(capsys, "f5tts", folder)
    assert code == 1
    assert [line.split()[0] for line in lines if " FAIL  " in line] == [name]
    passed = len(set(SMALL) - {name})
    assert lines[-1] == f"{passed} passed, 1 failed"


def test_a_folder_without_cases_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines, error = run(capsys, "f5tts", tmp_path)
    assert (code, lines) == (1, [])
    assert "holds no case" in error
    code, lines, error = run(capsys, "f5tts", tmp_path / "absent")
    assert (code, lines) == (1, [])
    assert "cannot be read" in error


def test_a_wrong_command_line_says_how_it_goes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = run(capsys, "f5tts")
    assert code == 2
    assert "python -m greenroom.parity FAMILY DIR" in error
    code, _, error = run(capsys, "f6tts", tmp_path)
    assert code == 2
    assert "no family 'f6tts'" in error


def test_a_family_whose_extra_is_absent_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise ModuleNotFoundError(
            "No module named 'torch'", name=name.replace("greenroom.models.f5tts.parity", "torch")
        )

    monkeypatch.setattr("importlib.import_module", absent)
    with pytest.raises(ExtraMissing, match="torch"):
        parity.cases_of("f5tts")
    with pytest.raises(UnknownName):
        parity.cases_of("f6tts")


def test_being_told_to_stop_is_said_in_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(parity, "compare", told)
    code, lines, error = run(capsys, "f5tts", "folder")
    assert (code, lines) == (130, [])
    assert "stopped before the last case" in error


def test_it_runs_as_a_module(folder: Path) -> None:
    command = [sys.executable, "-m", "greenroom.parity", "f5tts", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "4 passed, 0 failed"
