"""Keys from the command line: shown once, kept as hashes, in a file that is whole."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from greenroom.serve.keys import Caller, Keys
from tests.cli.conftest import Run


def callers(file: Path, *keys: str) -> list[Caller]:
    known = Keys(file)
    return [known.caller({"authorization": f"Bearer {key}"}) for key in keys]


def test_a_key_is_shown_and_its_hash_kept(greenroom: Run, tmp_path: Path) -> None:
    made = greenroom("keys", "anna", "--file", "keys.toml", "--concurrency", 4, "--requests-per-minute", 90)
    key = made.stdout.strip()
    file = tmp_path / "keys.toml"
    assert made.returncode == 0
    assert key.startswith("gr_")
    assert key not in made.stderr
    assert key not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert callers(file, key) == [Caller("anna", concurrency=4, requests_per_minute=90)]


def test_a_second_key_leaves_the_first_and_what_was_written(greenroom: Run, tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    first = greenroom("keys", "anna", "--file", file).stdout.strip()
    file.write_text(f"# of the studio\n{file.read_text()}")
    file.chmod(0o640)
    second = greenroom("keys", "bert", "--file", file, "--admin").stdout.strip()
    assert file.read_text().startswith("# of the studio\n[anna]\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert callers(file, first, second) == [Caller("anna"), Caller("bert", admin=True)]
    assert [path.name for path in tmp_path.iterdir()] == ["keys.toml"]


def test_a_name_is_taken_once(greenroom: Run, tmp_path: Path) -> None:
    greenroom("keys", "anna", "--file", "keys.toml")
    before = (tmp_path / "keys.toml").read_text()
    again = greenroom("keys", "anna", "--file", "keys.toml")
    assert (again.returncode, again.stdout) == (2, "")
    assert "has a key of the name 'anna'" in again.stderr
    assert (tmp_path / "keys.toml").read_text() == before


def test_a_name_has_letters_of_names(greenroom: Run, tmp_path: Path) -> None:
    made = greenroom("keys", "anna]\nadmin = true", "--file", "keys.toml")
    assert made.returncode == 2
    assert not (tmp_path / "keys.toml").exists()


def test_a_file_that_is_no_file_of_keys_stays_as_it_is(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("dear diary")
    made = greenroom("keys", "anna", "--file", "notes.txt")
    assert made.returncode == 1
    assert "is not TOML" in made.stderr
    assert (tmp_path / "notes.txt").read_text() == "dear diary"


def test_without_a_file_the_entry_is_shown(greenroom: Run, tmp_path: Path) -> None:
    made = greenroom("keys", "anna")
    assert made.stdout.strip().startswith("gr_")
    assert "[anna]\nsha256 = " in made.stderr
    said = json.loads(greenroom("keys", "anna", "--json").stdout)["result"]
    assert said["entry"].startswith("[anna]\n")
    assert said["file"] is None
    (tmp_path / "pasted.toml").write_text(said["entry"])
    assert callers(tmp_path / "pasted.toml", said["key"]) == [Caller("anna")]


def test_the_file_of_the_settings_is_used(greenroom: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENROOM_KEYS", str(tmp_path / "of-settings.toml"))
    key = greenroom("keys", "anna").stdout.strip()
    assert callers(tmp_path / "of-settings.toml", key) == [Caller("anna")]
