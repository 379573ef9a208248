"""Which engine is taken, what is said where there is none, and what it is told."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from greenroom.errors import GreenroomError
from greenroom.ship.prove.container import listening
from greenroom.ship.prove.engine import Engine, EngineFailed, find_engine, run
from greenroom.ship.prove.pushing import PushFailed, check_reference, push

DIGEST = "sha256:" + "a" * 64


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder of programs, but for the shell's."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def _program(folder: Path, name: str, text: str = "exit 0") -> None:
    (folder / name).write_text(f"#!/bin/sh\n{text}\n")
    (folder / name).chmod(0o755)


def _root(folder: Path, capabilities: str = "0") -> Path:
    (folder / "proc/self").mkdir(parents=True)
    (folder / "proc/self/status").write_text(f"Name:\tx\nCapEff:\t{capabilities}\n")
    return folder


def test_without_an_engine_the_packages_are_named(path: Path) -> None:
    with pytest.raises(GreenroomError) as raised:
        find_engine()
    assert raised.value.code == "engine-missing"
    assert raised.value.mend.startswith("apt-get install --no-install-recommends buildah podman")


def test_docker_is_taken_where_its_daemon_answers(path: Path) -> None:
    _program(path, "docker")
    _program(path, "podman")
    _program(path, "buildah")
    assert find_engine().name == "docker"
    assert find_engine("podman").name == "podman"
    _program(path, "docker", "exit 1")
    assert find_engine().name == "podman"
    with pytest.raises(GreenroomError, match="docker does not answer"):
        find_engine("docker")


def test_podman_is_told_what_it_needs_in_a_container_without_systemd(path: Path) -> None:
    for name in ("podman", "buildah", "runc"):
        _program(path, name)
    engine = find_engine(root=_root(path / "bare"))
    assert "cgroupfs" in engine.client
    assert "chroot" in engine.builder
    assert "--ulimit" in engine.run_options
    managed = _root(path / "managed", "1ffffffffff")
    (managed / "run/systemd/system").mkdir(parents=True)
    engine = find_engine(root=managed)
    assert engine.client == ("podman",)
    assert engine.run_options == ()


def test_what_does_not_end_is_ended(tmp_path: Path) -> None:
    with pytest.raises(EngineFailed, match="did not end within"):
        run(["sleep", "60"], {}, 0.1)


def test_ports_are_seen_from_outside() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert port in listening(_me())
    assert port not in listening(_me())
    assert listening(2**22 + 1) == frozenset()


def _me() -> int:
    import os

    return os.getpid()


def test_a_push_gives_the_digest(tmp_path: Path) -> None:
    _program(tmp_path, "podman", f'printf {DIGEST} >"$3"')
    engine = Engine("podman", (str(tmp_path / "podman"),), ())
    assert push(engine, "id", "registry.example:5000/a/b:1.0") == f"registry.example:5000/a/b@{DIGEST}"
    _program(tmp_path, "docker", f'[ "$1" = tag ] || echo "1.0: digest: {DIGEST} size: 1"')
    engine = Engine("docker", (str(tmp_path / "docker"),), ())
    assert push(engine, "id", "a/b") == f"a/b@{DIGEST}"


def test_a_push_that_fails_says_so(tmp_path: Path) -> None:
    _program(tmp_path, "docker", 'echo "denied: log in" >&2; exit 1')
    with pytest.raises(PushFailed, match="denied: log in"):
        push(Engine("docker", (str(tmp_path / "docker"),), ()), "id", "a/b:1")
    with pytest.raises(GreenroomError, match="is no place for an image"):
        check_reference("a/b@sha256:00 x")
