"""What doctor mends by itself: red before, green after, and nothing else touched."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from greenroom.findings import Finding
from greenroom.machine.checks.every import examine
from greenroom.machine.fixes import FIXES, Fix, fix
from greenroom.machine.host import Host, Python, Token
from greenroom.machine.probe import probe
from greenroom.machine.probes.disks import find_disk
from greenroom.settings import Settings

PYTHON = Python((3, 12, 0))
TWO_DAYS_S = 2 * 86_400


def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", hf_home=tmp_path / "hub", weights=tmp_path / "weights", port=0)


def codes(found: tuple[Finding, ...]) -> set[str]:
    return {finding.code for finding in found} & FIXES.keys()


def test_all_that_can_be_mended_is_mended(tmp_path: Path) -> None:
    leftover = tmp_path / "data" / ".0123456789ab.part"
    token = tmp_path / "hub" / "token"
    for file in (leftover, token):
        file.parent.mkdir()
        file.write_text("hf_abcdef")
    token.chmod(0o644)
    before = time.time() - TWO_DAYS_S
    os.utime(leftover, (before, before))
    red = examine(probe(settings(tmp_path)))
    assert codes(red) == {"weights-folder-missing", "leftover", "token-exposed"}
    done = fix(red)
    assert {one.code for one in done} == codes(red)
    assert all(one.done and not one.problem for one in done)
    assert codes(examine(probe(settings(tmp_path)))) == set()
    assert not leftover.exists()
    assert stat.S_IMODE(token.stat().st_mode) == 0o600
    assert (tmp_path / "weights").is_dir()


def test_a_folder_of_ones_own_is_opened_to_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o550)
    disk = find_disk("data", folder, ())
    host = Host(PYTHON, disks=(disk,))
    if os.getuid():  # root may write anywhere
        assert codes(examine(host)) == {"folder-rights"}
    fix([Finding("folder-rights", "error", "", "", path=str(folder))])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750


def test_a_file_that_is_written_again_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / ".0123456789ab.part"
    file.write_text("somebody writes this")
    (done,) = fix([Finding("leftover", "note", "", "", path=str(file))])
    assert done.done.endswith("is left alone: it is in use")
    assert file.exists()


@pytest.mark.parametrize("name", ["model.safetensors.part", "speech.wav", ".0123456789ab.part.json"])
def test_no_other_file_is_removed(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text("work")
    os.utime(file, (0, 0))
    fix([Finding("leftover", "note", "", "", path=str(file))])
    assert file.exists()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "work.wav"
    target.write_text("work")
    os.utime(target, (0, 0))
    link = tmp_path / ".0123456789ab.part"
    link.symlink_to(target)
    fix([Finding("leftover", "note", "", "", path=str(link))])
    assert target.exists()
    assert link.is_symlink()


def test_what_does_not_work_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = str(tmp_path / "file" / "weights")
    assert fix([Finding("weights-folder-missing", "warning", "", "", path=path)]) == (
        Fix("weights-folder-missing", path, "", "Not a directory"),
    )


def test_what_nobody_may_mend_is_left(tmp_path: Path) -> None:
    assert fix([Finding("driver-old", "error", "", ""), Finding("disk-full", "error", "", "", path="/")]) == ()


def test_the_token_is_in_no_finding(tmp_path: Path) -> None:
    secret = Token("HF_TOKEN", "it does not begin with hf_, as tokens of the hub do")
    assert "sk-" not in repr(secret)
