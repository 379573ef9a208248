"""Units of work: all frames of a clip, each once, finished in any order."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import Cancelled
from greenroom.media.video.images import read_image
from greenroom.models.seedvr2.planning.way import Way
from greenroom.models.seedvr2.restoring.course import units_of
from greenroom.models.seedvr2.restoring.survey import cut_at
from tests.models.seedvr2.restorers import a_clip, left_beside, pixels_of, restored

WINDOWS: dict[str, Any] = {"shots": False, "window": 5, "overlap": 2}


@given(st.lists(st.integers(1, 40), min_size=1, max_size=5), st.integers(1, 12), st.integers(0, 8))
def test_units_are_all_frames_once(lengths: list[int], window: int, overlap: int) -> None:
    places = [sum(lengths[:number]) for number in range(len(lengths) + 1)]
    way = Way(window=window, overlap=min(overlap, window - 1))
    units = list(units_of(cut_at(places), way))
    assert (units[0].start, units[-1].stop) == (0, places[-1])
    assert all(before.stop == after.start and before.start < before.stop for before, after in pairwise(units))
    for unit in units:
        assert places[unit.shot] <= unit.start < unit.stop <= places[unit.shot + 1]
        first, _ = list(way.spans(lengths[unit.shot]))[unit.window]
        assert places[unit.shot] + first == unit.start


def stop_at_the_end(stage: str, done: float, total: float) -> None:
    if stage == "joining" and done == 3:
        raise Cancelled


@pytest.mark.parametrize("gone", [(0,), (1,), (0, 2), (1, 3)])
def test_parts_are_missing_anywhere(tmp_path: Path, gone: tuple[int, ...]) -> None:
    source, output = a_clip(tmp_path / "in.mp4", 13), tmp_path / "out.nut"
    with pytest.raises(Cancelled):
        restored(source, output, step=stop_at_the_end, **WINDOWS)
    parts = sorted((tmp_path / ".out.nut.parts").glob("0*"))
    assert len(parts) == 4
    for number in gone:
        parts[number].unlink()
    assert restored(source, output, **WINDOWS).resumed == 4 - len(gone)
    restored(source, tmp_path / "whole.nut", **WINDOWS)
    assert np.array_equal(pixels_of(output), pixels_of(tmp_path / "whole.nut"))


def test_pictures_that_were_being_published_are_so_again(tmp_path: Path) -> None:
    source, output = a_clip(tmp_path / "in.mp4", 13), tmp_path / "out" / "%02d.png"
    with pytest.raises(Cancelled):
        restored(source, output, step=stop_at_the_end, **WINDOWS)
    assert len(list(output.parent.glob("*.png"))) == 3
    made = restored(source, output, **WINDOWS)
    assert (made.resumed, made.parts) == (4, 4)
    whole = restored(source, tmp_path / "whole.nut", **WINDOWS)
    frames = np.stack([read_image(path) for path in sorted(output.parent.glob("*.png"))])
    assert np.array_equal(frames, pixels_of(whole.output))
    assert left_beside(output) == []
