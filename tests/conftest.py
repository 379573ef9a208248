"""Fixtures that many tests share."""

from __future__ import annotations

import atexit
import fcntl
import gc
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from greenroom.models.voice.piper import Piper

# A machine that is busy makes no property false: how long an example takes is no part of it.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")
# No machine that runs these tests has a GPU: kernels run in Triton's interpreter, which is asked for before they load.
os.environ["TRITON_INTERPRET"] = "1"
# Tests run side by side, on all cores: threads of torch's own would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Tests start many processes; each would compile what it imports for itself. So would each worker, and the assertions of
# every test file are rewritten first: half of what it takes to collect them.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# A file is one worker's. The longest ones come first: begun last, one of them would run while other workers are idle.
_LONGEST = (
    "tests/jobs/test_faults.py",
    "tests/serve/test_openapi.py",
    "tests/serve/test_faults.py",
    "tests/e2e/",
    "tests/docs/",
    "tests/serve/test_f5tts.py",
    "tests/serve/page/",
    "tests/models/seedvr2/ranks/test_gang_engine.py",
    "tests/models/f5tts/test_packed_sampler.py",
    "tests/models/f5tts/test_speaking.py",
    "tests/serve/runpod/",
    "tests/serve/workers/",
    "tests/jobs/",
    "tests/cli/",
    "tests/models/f5tts/test_recording.py",
    "tests/models/voice/",
    "tests/serve/",
    "tests/machine/environments/",
    "tests/media/test_probe.py",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is imported and collected stays to the end: looking through it for garbage takes a third of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        # When all is over it is garbage like any other, or modules in C complain that it is left.
        atexit.register(gc.unfreeze)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order in which workers take files: xdist's own, by the number of tests, is turned off in pyproject.toml."""
    places = range(len(_LONGEST))
    items.sort(key=lambda item: next((at for at in places if item.nodeid.startswith(_LONGEST[at])), len(_LONGEST)))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What ``make demo`` prints. It writes into the clone, so it is run once, whichever worker comes first."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent  # that of all workers
    printed = folder / "demo.txt"
    with (folder / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not printed.exists():
            root = Path(__file__).parents[1]
            made = subprocess.run(
                ["make", "demo"],
                cwd=root,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=900,
                check=False,
            )
            assert made.returncode == 0, made.stdout
            printed.write_text(made.stdout)
    return printed.read_text()


@pytest.fixture(scope="session")
def joe() -> Piper:
    """The embedded voice, loaded once a process."""
    from tests.voice import joe

    return joe().piper


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads the settings of whoever runs it."""
    from greenroom.settings import Settings, variable

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "no-config"))
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
