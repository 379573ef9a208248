"""Killed at any moment, a restoration goes on behind what it finished, and its pixels are those of one that was not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.media.video.clips import planes_of
from tests.models.seedvr2.killing import ASKED, MOMENTS, SOURCE, output_of
from tests.models.seedvr2.restorers import a_clip, left_beside, restored, times


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one restoration was killed at each of the moments."""
    folder = tmp_path_factory.mktemp("killed")
    # Not all times are alike: those of a part are those of the whole.
    a_clip(folder / SOURCE, times=[512 * number + 40 * (number % 3) for number in range(16)])
    run = subprocess.run(
        [sys.executable, "-m", "tests.models.seedvr2.killing", str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert run.stdout.split("\n")[:-1] == [f"{moment}: SIGKILL" for moment in MOMENTS], run.stdout
    return folder


@pytest.fixture(scope="module")
def whole(killed: Path) -> Path:
    """The result of one that was not killed."""
    made = restored(killed / SOURCE, killed / "whole.mp4", **ASKED)
    assert (made.resumed, made.parts) == (0, 3)
    return made.output


@pytest.mark.parametrize("moment", MOMENTS)
def test_it_goes_on_behind_what_is_finished(killed: Path, whole: Path, moment: str) -> None:
    output, finished = output_of(killed, moment), MOMENTS[moment][2]
    assert output.exists() == ("thrown away" in moment)
    made = restored(killed / SOURCE, output, **ASKED)
    assert (made.resumed, made.parts) == (finished, 3)
    assert planes_of(output) == planes_of(whole)
    assert times(output) == times(killed / SOURCE)
    assert left_beside(output) == []


def test_the_clip_is_no_still(whole: Path) -> None:
    frames = planes_of(whole)
    assert len({frame[:64] for frame in frames}) > 10
    assert np.diff([float(time) for time in times(whole)]).std() > 0
