"""The file format of packed environments."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from greenroom.machine.environments.errors import PackDamaged
from greenroom.machine.environments.packing import pack, unpack, zstd
from greenroom.progress import silent


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """One with a program, a link, an interpreter of this machine, an empty folder and a large file."""
    root = tmp_path / "environment"
    (root / "bin").mkdir(parents=True)
    (root / "lib/empty").mkdir(parents=True)
    (root / "lib64").symlink_to("lib")
    (root / "bin/python").symlink_to("/usr/bin/python3")
    (root / "bin/tool").write_bytes(b"#!/bin/sh\n")
    (root / "bin/tool").chmod(0o700)
    (root / "lib/large").write_bytes(os.urandom(2**20 + 7))
    (root / f"lib/{'long' * 50}.py").write_bytes(b"")
    os.utime(root / "bin/tool", (1_700_000_000.5, 1_700_000_000.5))
    return root


def test_what_is_packed_is_unpacked(environment: Path, tmp_path: Path) -> None:
    content = pack(environment, tmp_path / "pack", silent)
    assert content.size == (tmp_path / "pack").stat().st_size
    unpack(tmp_path / "pack", content.sha256, tmp_path / "place", silent)
    before = {path.relative_to(environment) for path in environment.rglob("*")}
    after = {path.relative_to(tmp_path / "place") for path in (tmp_path / "place").rglob("*")}
    assert before - after == {Path("bin/python")}
    assert (tmp_path / "place/lib/large").read_bytes() == (environment / "lib/large").read_bytes()
    assert (tmp_path / "place/lib64").readlink() == Path("lib")
    status = (tmp_path / "place/bin/tool").stat()
    assert (status.st_mode & 0o777, status.st_mtime) == (0o755, 1_700_000_000)


@pytest.mark.parametrize("length", [0, 100, -1])
def test_a_pack_that_ends_early_is_damaged(environment: Path, tmp_path: Path, length: int) -> None:
    content = pack(environment, tmp_path / "pack", silent)
    os.truncate(tmp_path / "pack", length if length >= 0 else content.size + length)
    with pytest.raises(PackDamaged):
        unpack(tmp_path / "pack", content.sha256, tmp_path / "place", silent)


def test_a_pack_that_is_gone_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(PackDamaged):
        unpack(tmp_path / "pack", "", tmp_path / "place", silent)


@pytest.mark.parametrize(
    ("name", "kind", "link"),
    [
        ("../outside", tarfile.REGTYPE, ""),
        ("/outside", tarfile.REGTYPE, ""),
        ("link", tarfile.SYMTYPE, "/etc"),
        ("link", tarfile.SYMTYPE, "../x"),
        ("pipe", tarfile.FIFOTYPE, ""),
        ("hard", tarfile.LNKTYPE, "other"),
    ],
)
def test_nothing_is_put_outside(tmp_path: Path, name: str, kind: bytes, link: str) -> None:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        tar.addfile(member, io.BytesIO())
    (tmp_path / "pack").write_bytes(zstd().compress(plain.getvalue()))
    (tmp_path / "deep").mkdir()
    with pytest.raises(PackDamaged):
        unpack(tmp_path / "pack", "", tmp_path / "deep/place", silent)
    assert list((tmp_path / "deep/place").iterdir()) == []
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["place"]
