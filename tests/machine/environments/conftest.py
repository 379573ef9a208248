"""An index for each test, and installers that read nothing of this machine's configuration."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenroom.machine.environments.install import install
from greenroom.machine.environments.parts import Parts
from greenroom.machine.environments.request import Request
from greenroom.progress import silent
from tests.machine.environments.index import QUICK, Index, own_wheel, serving


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index that uv and pip are pointed to while the tests of a module run."""
    cache = tmp_path_factory.mktemp("cache")
    with serving(Index()) as made, pytest.MonkeyPatch.context() as patch:
        for name in os.environ:
            if name.startswith(("PIP_", "UV_")):
                patch.delenv(name)
        patch.setenv("PIP_CONFIG_FILE", os.devnull)
        patch.setenv("PIP_INDEX_URL", made.url)
        patch.setenv("PIP_CACHE_DIR", str(cache / "pip"))
        patch.setenv("UV_CACHE_DIR", str(cache / "uv"))
        patch.setenv("TMPDIR", str(cache))  # for what killed processes leave
        patch.setenv("UV_HTTP_RETRIES", "0")  # ours are what is tested
        made.reset()
        yield made


@pytest.fixture(autouse=True)
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan looks for progress ten times a second, and packages of a few bytes are there sooner."""
    monkeypatch.setattr("greenroom.plan.running._LOOK_S", 0.002)


@pytest.fixture
def index(served: Index) -> Index:
    """The index as if new; uv's cache keeps what it has seen of a version, so that what is odd has one of its own."""
    served.reset()
    return served


@pytest.fixture
def request_() -> Request:
    """What ``greenroom install voice-joe`` would ask for, of the made-up greenroom; the server left out."""
    return Request(Parts(("voice",), ()), own_wheel())


@pytest.fixture(scope="module")
def made(served: Index, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of environments in which that is installed."""
    served.reset()
    root = tmp_path_factory.mktemp("made") / "environments"
    install(Request(Parts(("voice",), ()), own_wheel()), root, silent, QUICK)
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder for environments, which is not there yet."""
    return tmp_path / "environments"


@pytest.fixture
def installed(index: Index, made: Path, root: Path) -> Path:
    """A folder of environments in which ``request_`` is installed."""
    shutil.copytree(made, root, symlinks=True)
    return root
