"""Environments that move."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from greenroom.machine.environments.lock import Locked
from greenroom.machine.environments.record import find_damage
from greenroom.machine.environments.relocation import make_scripts_relative, replace_in_activation, set_base
from tests.machine.environments.test_record import ALPHA, SITE, installed

SHORT = "#!{python}\nimport sys\nprint(sys.argv[1])\n"
# As pip writes it where the path is too long for the kernel, or has a space.
LONG = "#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\nimport sys\nprint(sys.argv[1])\n"


@pytest.mark.parametrize("text", [SHORT, LONG])
def test_a_script_runs_after_a_move_and_its_record_says_so(tmp_path: Path, text: str) -> None:
    before = tmp_path / "with space.new"
    script = text.format(python=before / "bin/python").encode()
    installed(before, {"alpha.py": b"", "../../../bin/say": script, "../../../bin/other": b"#!/bin/sh\necho other\n"})
    (before / "bin/python").symlink_to(sys.executable)
    (before / "bin/say").chmod(0o755)
    make_scripts_relative(before)
    assert find_damage(before, [ALPHA]) == ()
    after = before.rename(tmp_path / "after")
    done = subprocess.run([after / "bin/say", "moved"], capture_output=True, text=True, check=True)
    assert done.stdout == "moved\n"
    assert (after / "bin/other").read_bytes() == b"#!/bin/sh\necho other\n"
    record = (after / SITE / "alpha-1.0.dist-info/RECORD").read_text()
    assert len(list(csv.reader(record.splitlines()))) == 6


def test_activation_names_the_new_place(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/activate").write_text('VIRTUAL_ENV="/old/env"\n')
    (tmp_path / "bin/Activate.ps1").write_text("$env:VIRTUAL_ENV = '/old/env'\n")
    (tmp_path / "bin/tool").write_text("/old/env\n")
    replace_in_activation(tmp_path, "/old/env", "/new/env")
    assert (tmp_path / "bin/activate").read_text() == 'VIRTUAL_ENV="/new/env"\n'
    assert "/new/env" in (tmp_path / "bin/Activate.ps1").read_text()
    assert (tmp_path / "bin/tool").read_text() == "/old/env\n"


def test_an_environment_gets_this_machine_s_interpreter(tmp_path: Path) -> None:
    installed(tmp_path, {"alpha.py": b""})
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").symlink_to("/no/such/python")
    (tmp_path / "pyvenv.cfg").write_text("home = /no/such\nversion_info = 3.11\nrelocatable = true\n")
    set_base(tmp_path, Path("/usr/bin/python3.11"))
    assert (tmp_path / "bin/python").readlink() == Path("/usr/bin/python3.11")
    assert (tmp_path / "bin/python3.11").readlink() == Path("python")
    lines = (tmp_path / "pyvenv.cfg").read_text().splitlines()
    assert lines == ["home = /usr/bin", "version_info = 3.11", "relocatable = true"]


def test_packages_without_scripts_keep_their_record(tmp_path: Path) -> None:
    installed(tmp_path, {"alpha.py": b""})
    (tmp_path / "bin").mkdir()
    before = (tmp_path / SITE / "alpha-1.0.dist-info/RECORD").read_bytes()
    make_scripts_relative(tmp_path)
    assert (tmp_path / SITE / "alpha-1.0.dist-info/RECORD").read_bytes() == before
    assert find_damage(tmp_path, [Locked("alpha", "1.0", "", "")]) == ()
