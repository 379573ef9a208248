"""Lines of the log are found by the id of the job."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from greenroom.serve.runpod import sdk
from greenroom.serve.runpod.logs import configure


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str | None, str]]]:
    ours = logging.getLogger("greenroom")
    before = ours.handlers, ours.level, ours.propagate
    said: list[tuple[str, str | None, str]] = []
    monkeypatch.setattr(sdk, "log", lambda message, job_id=None, level="info": said.append((message, job_id, level)))
    configure()
    yield said
    ours.handlers, ours.propagate = before[0], before[2]
    ours.setLevel(before[1])


def test_a_line_has_its_level_and_its_job(lines: list[tuple[str, str | None, str]]) -> None:
    log = logging.getLogger("greenroom.worker")
    log.info("loaded in %d s", 3, extra={"request": ""})
    log.warning("slow", extra={"request": "job-1"})
    log.error("lost")
    log.debug("nothing")
    assert lines == [("loaded in 3 s", None, "info"), ("slow", "job-1", "warn"), ("lost", None, "error")]
