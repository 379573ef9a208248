"""Patches: what is safe is applied whole, and the recipe is right afterwards."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from greenroom.diagnose.diagnosing import diagnose
from greenroom.diagnose.mending import apply, changes
from tests.diagnose.conftest import write

CORPUS = Path(__file__).parents[1] / "corpus" / "builds"
# Classes whose mend is safe, so that --fix alone makes the recipe whole.
FIXED = [
    "b15",
    "b23",
    "b27",
    "b32",
    "b33",
    "own-apt-without-yes",
    "own-unquoted-specifier",
    "own-comment-in-instruction",
]


@pytest.mark.parametrize("name", FIXED)
def test_a_safe_mend_mends(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    shutil.copytree(CORPUS / name, folder)
    code = json.loads((folder / "label.json").read_text())["class"]
    wanted = changes(folder, diagnose(folder), safe=True)
    apply(folder, wanted)
    left = [finding.code for finding in diagnose(folder) if finding.severity == "error"]
    assert code not in left
    assert wanted[0].after.encode() == (folder / wanted[0].path).read_bytes()


@pytest.mark.parametrize(
    "folder", sorted(path.parent for path in CORPUS.glob("*/label.json")), ids=lambda folder: folder.name
)
def test_every_diff_applies(folder: Path, tmp_path: Path) -> None:
    """git takes what --diff prints."""
    diff = "".join(change.diff for change in changes(folder, diagnose(folder), safe=False))
    if diff:
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy)
        command = ["git", "apply", "--check", "-"]
        done = subprocess.run(command, cwd=copy, input=diff.encode(), capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_modes_and_line_ends_stay(tmp_path: Path) -> None:
    write(tmp_path, {"Dockerfile": "FROM python:3.11-slim\r\nRUN apt-get update && apt-get install ffmpeg\r\n"})
    (tmp_path / "Dockerfile").chmod(0o755)
    apply(tmp_path, changes(tmp_path, diagnose(tmp_path), safe=True))
    assert (tmp_path / "Dockerfile").read_bytes() == (
        b"FROM python:3.11-slim\r\nRUN apt-get update && apt-get install -y ffmpeg\r\n"
    )
    assert (tmp_path / "Dockerfile").stat().st_mode & 0o777 == 0o755


def test_what_has_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path, {"Dockerfile": "FROM python:3.11-slim\nRUN apt-get update && apt-get install ffmpeg\n"})
    found = diagnose(tmp_path)
    write(tmp_path, {"Dockerfile": "FROM python:3.11-slim\n\n"})
    assert changes(tmp_path, found, safe=True) == ()
