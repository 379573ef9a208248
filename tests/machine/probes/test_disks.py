"""Folders, the file systems under them, and what is left in them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.machine.probes.disks import Mount, find_disk, is_network, measured, mount_of, mounts, parsed
from tests.machine.probes.trees import tree

MOUNTS = """overlay / overlay rw,relatime,lowerdir=/a 0 0
proc /proc proc rw,nosuid 0 0
tmpfs /dev/shm tmpfs rw,size=65536k 0 0
JuiceFS:vol /workspace fuse.juicefs rw,relatime 0 0
host:/share /mnt/my\\040share nfs4 ro,relatime 0 0
/dev/sdb1 /workspace ext4 rw 0 0
broken line
"""


@pytest.fixture
def known(tmp_path: Path) -> tuple[Mount, ...]:
    return mounts(tree(tmp_path, {"proc/self/mounts": MOUNTS}))


def test_mounts_are_read(known: tuple[Mount, ...]) -> None:
    assert len(known) == 6
    assert known[3] == Mount("/workspace", "fuse.juicefs", read_only=False)
    assert known[4] == Mount("/mnt/my share", "nfs4", read_only=True)


@pytest.mark.parametrize(
    ("path", "point", "filesystem"),
    [
        ("/home/me", "/", "overlay"),
        ("/workspace/hub", "/workspace", "ext4"),  # what was mounted last covers what was there
        ("/workspaces", "/", "overlay"),
        ("/mnt/my share", "/mnt/my share", "nfs4"),
        ("/", "/", "overlay"),
    ],
)
def test_a_path_lies_on_the_nearest_mount(known: tuple[Mount, ...], path: str, point: str, filesystem: str) -> None:
    mount = mount_of(path, known)
    assert mount is not None
    assert (mount.point, mount.filesystem) == (point, filesystem)


@settings(max_examples=50)
@given(st.text() | st.lists(st.text(min_size=1), min_size=4).map(" ".join))
def test_any_table_of_mounts_is_read(table: str) -> None:
    for mount in parsed(table):
        assert mount.point
        assert mount.filesystem


def test_no_mounts_no_mount(tmp_path: Path) -> None:
    assert mounts(tmp_path) == ()
    assert mount_of("/", ()) is None


@pytest.mark.parametrize(
    "name", ["nfs4", "cifs", "ceph", "lustre", "fuse.juicefs", "fuse.s3fs", "fuse.mount.ntfs", "fuse.rclone"]
)
def test_file_systems_of_other_machines(name: str) -> None:
    assert is_network(name)


@pytest.mark.parametrize("name", ["ext4", "xfs", "overlay", "tmpfs", "btrfs", "zfs", "fuseblk", "fuse.overlayfs", "9p"])
def test_file_systems_of_this_machine(name: str) -> None:
    assert not is_network(name)


def test_a_folder_here(tmp_path: Path) -> None:
    disk = find_disk("temp", tmp_path, (Mount("/", "ext4", read_only=False),))
    assert (disk.exists, disk.mount, disk.filesystem, disk.network, disk.read_only) == (True, "/", "ext4", False, False)
    assert disk.writable
    assert disk.own
    assert disk.free is not None
    assert disk.total is not None
    assert 0 < disk.free <= disk.total


def test_a_folder_that_is_not_there_is_judged_by_the_one_above(tmp_path: Path) -> None:
    disk = find_disk("data", tmp_path / "not" / "made" / "yet", ())
    assert not disk.exists
    assert disk.writable
    assert disk.free
    assert disk.mount is None
    assert not (tmp_path / "not").exists()


def test_a_folder_cannot_be_made_where_a_file_stands(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert find_disk("data", tmp_path / "file", ()).writable is False
    assert find_disk("data", tmp_path / "file" / "below", ()).writable is False


def test_what_killed_processes_left(tmp_path: Path) -> None:
    old, new = tmp_path / "jobs" / ".0123456789ab.part", tmp_path / ".ba9876543210.part"
    tree(tmp_path, {"jobs/.0123456789ab.part": "half", ".ba9876543210.part": "half", "model.part": "resumable"})
    day_before_yesterday = time.time() - 2 * 86_400
    for file in (old, tmp_path / "model.part"):
        os.utime(file, (day_before_yesterday, day_before_yesterday))
    assert find_disk("data", tmp_path, ()).leftovers == (str(old),)
    assert find_disk("weights", tmp_path, ()).leftovers == ()
    assert new.exists()


def test_measuring_leaves_nothing(tmp_path: Path) -> None:
    disk = measured(find_disk("weights", tmp_path, ()), tmp_path, seconds=0.0)
    assert disk.write_rate is None or disk.write_rate >= 0
    disk = measured(find_disk("weights", tmp_path, ()), tmp_path, seconds=0.01)
    assert disk.write_rate is not None
    assert disk.write_rate > 0
    assert disk.clock_skew_s is not None
    assert abs(disk.clock_skew_s) < 5
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_measured_stays_unknown(tmp_path: Path) -> None:
    assert measured(find_disk("weights", Path("/proc"), ()), Path("/proc")).write_rate is None
