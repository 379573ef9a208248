"""An engine whose containers are processes of this machine, and images that are scripts."""

from __future__ import annotations

import os
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from greenroom.ship.prove.engine import Engine

Script = Callable[[str], Path]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    state = tmp_path / "containers"
    state.mkdir()
    client = (sys.executable, str(Path(__file__).with_name("stand_in.py")), str(state))
    return Engine("podman", client, ("false",), own_network=("--network", "host"))


@pytest.fixture
def port() -> Iterator[int]:
    with _held() as port:
        yield port


@pytest.fixture
def other_port() -> Iterator[int]:
    with _held() as port:
        yield port


@contextmanager
def _held() -> Iterator[int]:
    """A port of ours: servers, which reuse addresses, may listen on it, and the system gives it to nobody else."""
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])


@pytest.fixture
def folder(tmp_path: Path, port: int) -> Path:
    """The folder of an image of somebody else's."""
    place = tmp_path / "image"
    place.mkdir()
    (place / "Dockerfile").write_text(
        f'FROM debian:12\nCOPY --chmod=0755 start.sh /start.sh\nEXPOSE {port}\nENTRYPOINT ["/start.sh"]\n'
    )
    return place


@pytest.fixture
def script(folder: Path, port: int) -> Script:
    """Make the start script of the folder, which the stand-in runs as the image. @PORT@ in it is the port."""

    def make(text: str) -> Path:
        path = folder / "start.sh"
        path.write_text(text.replace("@PORT@", str(port)).replace("@PYTHON@", sys.executable))
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        assert os.access(path, os.X_OK)
        return path

    return make
