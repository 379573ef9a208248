"""Passes through a source: none is begun anew where windows follow each other, whether they share frames or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from greenroom.media.video.reading import VideoReader
from greenroom.models.seedvr2.planning.way import Way
from greenroom.models.seedvr2.restoring.passes import Passes
from greenroom.models.seedvr2.restoring.sources import Source
from tests.models.seedvr2.restorers import a_clip, restored

FRAMES = 120


@dataclass
class Counted:
    """A source whose frames are their numbers. begun: where it was entered.  read: frames that it gave."""

    begun: list[int] = field(default_factory=list)
    given: int = 0
    open: int = 0

    def read(self, start: int, stop: int) -> Iterator[Any]:
        self.begun.append(start)
        self.open += 1
        try:
            for number in range(start, stop):
                self.given += 1
                yield SimpleNamespace(pixels=number)
        finally:
            self.open -= 1


def passes(source: Counted, overlap: int) -> Passes:
    return Passes(cast("Source", source), FRAMES, overlap)


def read(reads: Passes, start: int, stop: int) -> list[int]:
    return [cast("int", pixels) for pixels in reads.read(start, stop)]


@pytest.mark.parametrize("overlap", [0, 1, 4, 16])
def test_windows_are_read_twice_by_two_passes(overlap: int) -> None:
    source = Counted()
    with passes(source, overlap) as reads:
        for start, stop in Way(window=33, overlap=overlap).spans(FRAMES):
            for _ in range(2):
                assert read(reads, start, stop) == list(range(start, stop))
    assert source.begun == [0, 0]
    assert source.given == 2 * FRAMES
    assert source.open == 0


def test_frames_that_are_kept_come_again_and_nothing_is_lost_behind_them() -> None:
    source = Counted()
    with passes(source, 4) as reads:
        assert read(reads, 0, 9) == list(range(9))
        assert read(reads, 6, 8) == [6, 7]
        assert read(reads, 5, 12) == list(range(5, 12))
        stopped = reads.read(8, 20)
        assert next(stopped) == 8
        stopped.close()
        assert read(reads, 9, 14) == list(range(9, 14))
        assert source.begun == [0]
        assert read(reads, 9, 11) == [9, 10]  # what is no longer kept is read again
        assert source.begun == [0, 9]


def test_a_source_that_ends_early_ends_the_read() -> None:
    source = Counted()
    with passes(source, 2) as reads:
        assert read(reads, 115, 130) == list(range(115, 120))
    assert source.open == 0


@pytest.mark.parametrize("overlap", [0, 4])
def test_a_file_that_has_no_way_into_its_middle_is_not_decoded_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overlap: int
) -> None:
    source = a_clip(tmp_path / "in.avi", 41, codec="ffv1", pixel_format="bgr0")
    decoded = 0
    frames = VideoReader._decoded

    def counting(self: VideoReader, container: Any, stream: Any, start: int) -> Iterator[Any]:
        nonlocal decoded

        class Counting:
            def decode(self, of: Any) -> Iterator[Any]:
                nonlocal decoded
                for frame in container.decode(of):
                    decoded += 1
                    yield frame

        return frames(self, cast("Any", Counting()), stream, start)

    monkeypatch.setattr(VideoReader, "_decoded", counting)
    options: dict[str, Any] = {"shots": False, "window": 9, "overlap": overlap}
    restored(source, tmp_path / "out.mkv", **options)
    twice = decoded
    decoded = 0
    restored(source, tmp_path / "plain.mkv", **options, colour="none")
    assert 2 * 41 <= twice < 2 * 41 + 20  # a few more to look at it, and ahead
    assert 41 <= decoded < 41 + 20
