"""Why a container did not start, in the words that are the reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.ship.prove.explaining import not_started


@pytest.mark.parametrize(
    "said",
    [
        "Trying to pull r.example/it:1...\nError: unable to copy from source: {why}\n",
        "Error: unable to copy from source: {why}\nTrying to pull r.example/it:1...\n",
        "Unable to find image 'it:1' locally\ndocker: {why}\n\nRun 'docker run --help' for more information\n",
        "docker: {why}.\nSee 'docker run --help'.\n",
        'Error: {why}\ntime="2026-12-01T05:00:00Z" level=error msg="timer"\n',
    ],
)
def test_the_reason_is_named_and_not_what_the_engine_says_around_it(tmp_path: Path, said: str) -> None:
    why = "reading manifest 1: manifest unknown"
    found = not_started(tmp_path, said.format(why=why))
    assert why in found.message
    assert "Trying" not in found.message
    assert "help" not in found.message


def test_an_engine_that_says_nothing_of_use() -> None:
    found = not_started(Path("absent"), "Trying to pull r.example/it:1...\n")
    assert found.message == "it cannot be started: the engine gave no reason"
