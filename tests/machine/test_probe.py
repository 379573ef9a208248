"""This machine, looked at: quickly, and without being held up by what hangs."""

from __future__ import annotations

import sys
import tempfile
import threading
from pathlib import Path

import pytest

from greenroom.machine.checks.every import examine
from greenroom.machine.probe import Question, ask_all, probe
from greenroom.settings import Settings
from tests.machine.probes.trees import tree


def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", hf_home=tmp_path / "hub", port=0)


def test_this_machine(tmp_path: Path) -> None:
    host = probe(settings(tmp_path))
    assert host.python.version == sys.version_info[:3]
    assert host.unanswered == ()
    assert [disk.purpose for disk in host.disks[:4]] == ["weights", "environment", "temp", "data"]
    assert host.memory.available
    assert host.limits.cpus
    assert host.network is not None
    assert host.network.bind_error is None
    assert not (tmp_path / "data").exists()


def test_a_machine_of_files_alone(tmp_path: Path) -> None:
    root = tree(
        tmp_path / "root",
        {
            "etc/os-release": "ID=ubuntu\nVERSION_ID=22.04\n",
            "proc/meminfo": "MemTotal: 8000000 kB\nMemAvailable: 100000 kB\n",
            "proc/self/mounts": "overlay / overlay rw 0 0\nmfs /workspace fuse.mfs rw 0 0\n",
            "proc/driver/nvidia/version": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.124.06  Wed\n",
        },
    )
    environ = {"RUNPOD_POD_ID": "p", "PATH": "/nowhere"}
    host = probe(settings(tmp_path), environ, cache=tmp_path / "cache", root=root)
    assert host.platform.volumes == ("/workspace",)
    assert [disk.path for disk in host.disks if disk.purpose in ("weights", "volume")] == [
        str(tmp_path / "cache"),
        "/workspace",
    ]
    codes = {finding.code for finding in examine(host)}
    assert {"gpu-not-passed", "memory-low", "weights-not-kept"} <= codes


def test_no_folder_for_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", fail)
    (tmp_path / "file").touch()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "file"))
    assert [(finding.code, finding.path) for finding in examine(probe(settings(tmp_path)))] == [
        ("folder-foreign", str(tmp_path / "file"))
    ]


def test_folders_that_settings_name(tmp_path: Path) -> None:
    named = Settings(data=tmp_path, weights=tmp_path / "w", artifacts=str(tmp_path / "a"), hf_hub_cache=tmp_path / "c")
    found = {disk.purpose: disk.path for disk in probe(named).disks}
    assert found["weights"] == str(tmp_path / "c")
    assert found["weights-folder"] == str(tmp_path / "w")
    assert found["artifacts"] == str(tmp_path / "a")
    elsewhere = Settings(data=tmp_path, artifacts="s3://bucket/prefix", database="postgresql://host/jobs")
    host = probe(elsewhere)
    assert host.disk("artifacts") is None
    assert not host.sqlite


def test_measuring_is_asked_for(tmp_path: Path) -> None:
    quick = probe(settings(tmp_path))
    assert all(disk.write_rate is None for disk in quick.disks)
    measured = probe(settings(tmp_path), measure=True)
    assert {disk.purpose for disk in measured.disks if disk.write_rate} == {"weights"}


def test_what_hangs_is_left_behind_and_named() -> None:
    end = threading.Event()
    hanging = Question("a share", lambda: end.wait(60), False, timeout_s=0.05)
    quick = Question("memory", lambda: 7, 0, timeout_s=60)
    try:
        assert ask_all((hanging, quick)) == ("a share",)
        assert not hanging.answered, "it was waited for"
    finally:
        end.set()
    assert quick.answer == 7


def test_a_probe_that_fails_hides_no_other() -> None:
    def fails() -> int:
        raise ZeroDivisionError

    broken, quick = Question("broken", fails, -1, 60), Question("memory", lambda: 7, 0, 60)
    assert ask_all((broken, quick)) == ("broken",)
    assert (broken.answer, quick.answer) == (-1, 7)
