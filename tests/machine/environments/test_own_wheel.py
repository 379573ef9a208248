"""The running greenroom, as a wheel."""

from __future__ import annotations

import base64
import csv
import hashlib
import zipfile
from pathlib import Path

import greenroom
from greenroom.machine.environments.own_wheel import pack, requirement


def test_it_holds_this_very_code_and_its_record(tmp_path: Path) -> None:
    own = pack()
    path = own.write(tmp_path)
    assert path.name == f"greenroom-{own.version}-py3-none-any.whl"
    with zipfile.ZipFile(path) as wheel:
        assert wheel.read("greenroom/errors.py") == (Path(greenroom.__file__).parent / "errors.py").read_bytes()
        names = set(wheel.namelist())
        record = f"greenroom-{own.version}.dist-info/RECORD"
        for name, digest, _ in csv.reader(wheel.read(record).decode().splitlines()):
            if name != record:
                found = base64.urlsafe_b64encode(hashlib.sha256(wheel.read(name)).digest()).rstrip(b"=").decode()
                assert digest == f"sha256={found}"
            names.remove(name)
        assert names == set()
        assert b"greenroom = greenroom.cli.main:main" in wheel.read(
            f"greenroom-{own.version}.dist-info/entry_points.txt"
        )
        assert not any("__pycache__" in name for name in wheel.namelist())


def test_the_same_code_is_the_same_wheel_and_is_written_once(tmp_path: Path) -> None:
    first, again = pack(), pack()
    assert first.sha256 == again.sha256
    before = first.write(tmp_path).stat().st_mtime_ns
    assert again.write(tmp_path).stat().st_mtime_ns == before
    assert any(line.startswith("torch") for line in first.requires)
    assert requirement(tmp_path / "a.whl", ("serve", "voice")) == f"greenroom[serve,voice] @ file://{tmp_path}/a.whl"
