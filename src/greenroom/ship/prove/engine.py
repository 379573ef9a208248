"""What builds and runs images here: Docker, or podman with buildah."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from greenroom.errors import GreenroomError
from greenroom.machine.probes.reading import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

# CAP_SYS_RESOURCE among the bits of CapEff (capability.h): without it podman cannot raise the limits that it wants to.
_SYS_RESOURCE = 1 << 24
_LIMITS = ("--ulimit", "nofile=20000:20000", "--ulimit", "nproc=32768:32768")
_ANSWER_S = 30.0
_ORDERLY_S = 10.0


class EngineMissing(GreenroomError):
    """Nothing here builds and runs images."""

    code = "engine-missing"


class EngineFailed(GreenroomError):
    """The engine did not do what it was asked, for a reason that lies not in the image."""

    code = "engine-failed"


@dataclass(frozen=True, slots=True)
class Ran:
    """A program that ended. out: what it said on standard output, err on standard error."""

    code: int
    out: bytes
    err: bytes
    seconds: float

    @property
    def text(self) -> str:
        """All that it said."""
        return (self.out + self.err).decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Engine:
    """A program that runs containers, and the one that builds images for it.

    run_options: for each container.  own_network: what lets a container reach out.  owned_tmpfs: the
    option by which a tmpfs is the user's.  environ: for both programs.
    """

    name: Literal["docker", "podman"]
    client: tuple[str, ...]
    builder: tuple[str, ...]
    run_options: tuple[str, ...] = ()
    own_network: tuple[str, ...] = ()
    owned_tmpfs: str = "mode=1777"
    environ: tuple[tuple[str, str], ...] = ()

    @property
    def shares_network(self) -> bool:
        """Whether a container that reaches out has this machine's own ports."""
        return "host" in self.own_network

    def ask(self, *words: str, timeout_s: float = _ANSWER_S) -> Ran:
        """Run the client to its end. Raises EngineFailed when that takes too long."""
        return run([*self.client, *words], dict(self.environ), timeout_s)


def run(words: Sequence[str], environ: Mapping[str, str], timeout_s: float) -> Ran:
    """Run a program to its end, or end it and what it started after ``timeout_s``. Raises EngineFailed."""
    begun = time.monotonic()
    process = subprocess.Popen(  # noqa: S603 - the engine's own program, our words
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environ},
        process_group=0,
    )
    with process, ending(process):
        try:
            out, err = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise EngineFailed(
                f"{words[0]} {words[1]} did not end within {timeout_s:.0f} s", mend="look whether the engine answers"
            ) from None
    return Ran(process.returncode, out, err, time.monotonic() - begun)


@contextlib.contextmanager
def ending(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave no process of its group behind, however the block ends."""
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):  # a builder that may put its things in order leaves no mounts
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                    os.killpg(process.pid, number)
                    process.wait(_ORDERLY_S)


def find_engine(prefer: str | None = None, *, root: Path = Path("/")) -> Engine:
    """Docker where its daemon answers, else podman with buildah. prefer: one of the two. Raises EngineMissing."""
    if prefer != "podman" and shutil.which("docker"):
        docker = Engine(
            "docker", ("docker",), ("docker", "build", "--progress=plain"), environ=(("DOCKER_BUILDKIT", "1"),)
        )
        with contextlib.suppress(EngineFailed):
            if docker.ask("version", "--format", "{{.Server.Version}}").code == 0:
                return docker
    if prefer != "docker" and shutil.which("podman") and shutil.which("buildah"):
        return _podman(root)
    wanted = f"{prefer} does" if prefer else "neither Docker nor podman with buildah"
    raise EngineMissing(
        f"{wanted} {'not answer' if prefer else 'answers'} here, and an image is proven by building and starting it",
        mend="apt-get install --no-install-recommends buildah podman conmon catatonit runc netavark",
    )


def _podman(root: Path) -> Engine:
    """Without systemd there are no groups and no journal of its own, and no right to isolate more than by chroot."""
    managed = (root / "run/systemd/system").is_dir()
    client = ("podman",) if managed else ("podman", "--cgroup-manager", "cgroupfs", "--events-backend", "file")
    if not managed and shutil.which("runc"):
        client = (*client, "--runtime", "runc")
    isolation = () if managed else ("--isolation", "chroot")
    # --format docker: health checks are dropped from the other one.
    builder = ("buildah", "build", "--format", "docker", "--layers", *isolation)
    limits = () if _may_raise_limits(root) else _LIMITS
    return Engine("podman", client, builder, limits, ("--network", "host"), owned_tmpfs="U")


def _may_raise_limits(root: Path) -> bool:
    status = text(root / "proc/self/status") or ""
    said = next((line.split()[1] for line in status.splitlines() if line.startswith("CapEff:")), "0")
    return bool(int(said, 16) & _SYS_RESOURCE)
