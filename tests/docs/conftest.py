"""A reader, and the server that pages start."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import Reader, Serving


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    started = Serving(tmp_path_factory.mktemp("serving"))
    yield started
    started.stop()


@pytest.fixture
def reader(tmp_path: Path, serving: Serving, request: pytest.FixtureRequest) -> Reader:
    return Reader(tmp_path, serving, request)
