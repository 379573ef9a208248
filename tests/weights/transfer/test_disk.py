"""Disks: room is taken before the first byte, and what the system says becomes words."""

from __future__ import annotations

import errno
import os
import resource
import tempfile
from pathlib import Path

import pytest

from greenroom.weights.transfer.disk import on_disk, reserve
from greenroom.weights.transfer.errors import DiskFailed, NoRoom, TransferError
from tests.weights.transfer.fetching import BODY, get, is_right, source
from tests.weights.transfer.server import Answer, serving


def test_room_is_taken_at_once(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w+b") as file:
        reserve(file.fileno(), tmp_path / "file", 3_000_000)
        held = os.fstat(file.fileno())
    assert held.st_size == 3_000_000
    assert held.st_blocks * 512 >= 3_000_000


@pytest.mark.skipif(not Path("/dev/shm").is_mount(), reason="needs a file system in memory")
def test_in_memory_no_room_is_taken_that_would_be_written_twice() -> None:
    with tempfile.TemporaryFile(dir="/dev/shm") as file:
        reserve(file.fileno(), Path("/dev/shm/file"), 3_000_000)
        held = os.fstat(file.fileno())
    assert (held.st_size, held.st_blocks) == (3_000_000, 0)


def test_too_large_a_file_is_refused_before_it_comes(tmp_path: Path) -> None:
    large = Answer(status=206, content_range=f"bytes 0-199999/{10**15}", body=BODY[:200_000])
    before = os.statvfs(tmp_path).f_bavail
    with serving(BODY, lambda request: large) as host, pytest.raises(NoRoom, match="needs 1,000,000,000,000,000 bytes"):
        get(source(host), tmp_path / "file")
    assert not (tmp_path / "file").exists()
    assert (tmp_path / "file.part").stat().st_blocks == 0
    assert os.statvfs(tmp_path).f_bavail > before / 2


@pytest.mark.parametrize(("free", "fits"), [(3_000_000, True), (2_999_999, False)])
def test_what_is_free_is_compared_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, fits: bool) -> None:
    there = os.statvfs(tmp_path)
    fields = list(there)
    fields[1], fields[4] = 1, free  # f_frsize, f_bavail
    monkeypatch.setattr(os, "fstatvfs", lambda handle: os.statvfs_result(fields))
    with (tmp_path / "file").open("w+b") as file:
        if fits:
            reserve(file.fileno(), tmp_path / "file", 3_000_000)
        else:
            with pytest.raises(NoRoom, match="needs 3,000,000 bytes more, and 2,999,999 are free"):
                reserve(file.fileno(), tmp_path / "file", 3_000_000)


def test_a_disk_that_fills_up_in_the_middle_keeps_what_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pwrite, room = os.pwrite, [700_000]

    def full(handle: int, data: memoryview, at: int) -> int:
        room[0] -= len(data)
        if room[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(handle, data, at)

    with serving(BODY) as host:
        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(NoRoom) as caught:
            get(source(host), tmp_path / "file")
        assert "are kept for the next run" in caught.value.mend
        monkeypatch.undo()
        fetched = get(source(host), tmp_path / "file")
    assert is_right(fetched)
    assert fetched.resumed_bytes > 0


def test_a_limit_on_the_size_of_files(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with serving(BODY) as host, pytest.raises(DiskFailed, match="File too large") as caught:
            get(source(host), tmp_path / "file")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "ulimit -f" in caught.value.mend


@pytest.mark.parametrize(
    ("number", "kind", "mend"),
    [
        (errno.ENOSPC, NoRoom, "free some"),
        (errno.EDQUOT, NoRoom, "free some"),
        (errno.EIO, DiskFailed, "check the disk"),
        (errno.EROFS, DiskFailed, "rights"),
        (errno.ENAMETOOLONG, DiskFailed, "shorter"),
        (errno.ENOTDIR, DiskFailed, "another folder"),
    ],
)
def test_what_the_system_says_becomes_words(number: int, kind: type[TransferError], mend: str) -> None:
    with pytest.raises(kind, match="'/weights/file'") as caught, on_disk(Path("/weights/file")):
        raise OSError(number, os.strerror(number))
    assert mend in caught.value.mend


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with serving(BODY) as host, pytest.raises(DiskFailed):
        get(source(host), tmp_path / "file" / "below")
    assert host.requests == []
