"""A machine, looked at: all probes at once, each with a time of its own, so that what hangs holds nothing else up."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from greenroom.machine.host import Disk, Host, Limits, Memory, Platform, Purpose, Python
from greenroom.machine.probes import gpus
from greenroom.machine.probes.disks import Mount, find_disk, measured, mounts
from greenroom.machine.probes.network import find_network
from greenroom.machine.probes.platforms import find_platform
from greenroom.machine.probes.python import find_python
from greenroom.machine.probes.resources import find_limits, find_memory
from greenroom.machine.probes.torch import find_packages, find_torch

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from greenroom.settings import Settings

T = TypeVar("T")

# A file system that has not answered by then will not soon.
TIMEOUT_S = 0.8
# Packages may lie on a network volume, where looking for one takes long and ends.
_PACKAGES_TIMEOUT_S = 5.0
# A slow one may take that long for the first chunk.
_MEASURING_TIMEOUT_S = 10.0


@dataclass(slots=True)
class Question(Generic[T]):
    """One probe, in a thread that is left behind if it does not end.

    answer: what stands where none comes.  timeout_s: from the start of all questions.
    """

    name: str
    ask: Callable[[], T]
    answer: T
    timeout_s: float = TIMEOUT_S
    answered: bool = False

    def start(self) -> threading.Thread:
        """Begin to ask."""
        # A daemon, since Python waits for other threads as it ends, and this one may hang in the system.
        thread = threading.Thread(target=self._run, name=f"probe {self.name}", daemon=True)
        thread.start()
        return thread

    def _run(self) -> None:
        try:
            answer = self.ask()
        except Exception:  # one probe that fails must not hide what the others found
            return
        self.answer, self.answered = answer, True


def ask_all(questions: Sequence[Question[Any]]) -> tuple[str, ...]:
    """Ask all at once; gives the names of those that did not answer in time."""
    start = time.monotonic()
    threads = [question.start() for question in questions]
    for question, thread in zip(questions, threads, strict=True):
        thread.join(max(0.0, start + question.timeout_s - time.monotonic()))
    return tuple(question.name for question in questions if not question.answered)


def probe(
    settings: Settings,
    environ: Mapping[str, str] = os.environ,
    *,
    cache: Path | None = None,
    root: Path = Path("/"),
    measure: bool = False,
) -> Host:
    """Look at this machine. Nothing is changed.

    cache: where weights would be fetched to; the model hub's cache if not given.  root: of the system's files.
    measure: also write for a moment where weights and volumes lie, to see how fast that is.
    """
    known = mounts(root)
    platform = find_platform(root, environ, known)
    python = Question("Python", find_python, Python(sys.version_info[:3]), _PACKAGES_TIMEOUT_S)
    torch = Question("torch", lambda: find_torch(sys.path), None, _PACKAGES_TIMEOUT_S)
    packages: Question[Mapping[str, str]] = Question(
        "packages", lambda: find_packages(sys.path), {}, _PACKAGES_TIMEOUT_S
    )
    memory = Question("memory", lambda: find_memory(root), Memory())
    limits = Question("limits", lambda: find_limits(root, environ), Limits())
    network = Question("network", lambda: find_network(settings, environ), None)
    nvidia = Question("GPUs", lambda: gpus.find_gpus(root, environ), gpus.UNKNOWN, gpus.TIMEOUT_S)
    disks = [
        Question(
            f"folder {folder}",
            _look_at(purpose, folder, known, measure),
            Disk(purpose, str(folder)),
            _MEASURING_TIMEOUT_S if measure else TIMEOUT_S,
        )
        for purpose, folder in _folders(settings, cache, platform)
    ]
    unanswered = ask_all((python, torch, packages, memory, limits, network, nvidia, *disks))
    return Host(
        python=python.answer,
        platform=platform,
        driver=nvidia.answer.driver,
        gpus=nvidia.answer.gpus,
        access=nvidia.answer.access,
        torch=torch.answer,
        packages=packages.answer,
        disks=tuple(disk.answer for disk in disks),
        memory=memory.answer,
        limits=limits.answer,
        network=network.answer,
        sqlite=settings.database is None or settings.database.startswith("sqlite"),
        now=time.time(),
        unanswered=unanswered,
    )


def _folders(settings: Settings, cache: Path | None, platform: Platform) -> list[tuple[Purpose, Path]]:
    """The folders that greenroom uses, with what for."""
    home = settings.hf_home or Path("~/.cache/huggingface").expanduser()
    folders: list[tuple[Purpose, Path]] = [
        ("weights", cache or settings.hf_hub_cache or home / "hub"),
        ("environment", Path(sys.prefix)),
        ("temp", _temp()),
        ("data", settings.data.expanduser()),
    ]
    if settings.weights is not None:
        folders.append(("weights-folder", settings.weights))
    if settings.artifacts is not None and "://" not in settings.artifacts:
        folders.append(("artifacts", Path(settings.artifacts).expanduser()))
    return [*folders, *(("volume", Path(volume)) for volume in platform.volumes)]


def _temp() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:  # none of the usual folders takes files, which is then said of the first
        return Path(os.environ.get("TMPDIR") or "/tmp")  # noqa: S108 - it is looked at, and nothing is written there


def _look_at(purpose: Purpose, folder: Path, known: tuple[Mount, ...], measure: bool) -> Callable[[], Disk]:
    def look() -> Disk:
        disk = find_disk(purpose, folder, known)
        return measured(disk, folder) if measure and purpose in ("weights", "volume") else disk

    return look
