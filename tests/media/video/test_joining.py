"""Parts become one file: the same planes, exact times, nothing encoded twice; and a killed job goes on."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from greenroom.errors import FileUnreadable, InputInvalid
from greenroom.media.video.encoding import Encoding, PictureFormat, part_suffix
from greenroom.media.video.errors import EncodingImpossible
from greenroom.media.video.facts import read_facts
from greenroom.media.video.joining import join
from greenroom.media.video.writing import VideoWriter
from tests.media.video.clips import CLICK_S, HEIGHT, RATE, WIDTH, click_at, picture, planes_of, times_of, with_sound

ENCODINGS = {
    "h264": (Encoding("h264", preset="fast"), ".mp4"),
    "h264-10": (Encoding("h264", preset="veryfast", bit_depth=10), ".mkv"),
    "h265": (Encoding("h265", preset="ultrafast"), ".mov"),
    "av1": (Encoding("av1", preset="12"), ".mp4"),
    "prores": (Encoding("prores", bit_depth=10, chroma="422"), ".mov"),
    "ffv1": (Encoding("ffv1", chroma="rgb"), ".mkv"),
}
CUTS = ((0, 9), (9, 10), (10, 24))
EVEN = [number / RATE for number in range(24)]


def uneven() -> list[Fraction]:
    """Slow at first, then fast: decoding times that each part makes for itself would go back at the joins."""
    times = [Fraction(0)]
    for number in range(1, 24):
        times.append(times[-1] + Fraction(7 if number < 9 else 1 + 40 * (number % 3), 600))
    return times


def write(path: Path, encoding: Encoding, times: Sequence[Fraction], start: int, stop: int) -> Path:
    pictures = replace(PictureFormat.constant(WIDTH, HEIGHT, RATE), time_base=Fraction(1, 600))
    with VideoWriter(path, pictures, encoding) as out:
        for number in range(start, stop):
            after = times[number + 1] if number + 1 < len(times) else None
            out.write(picture(number), times[number], None if after is None else after - times[number])
    return path


def parts_of(folder: Path, encoding: Encoding, times: Sequence[Fraction]) -> list[Path]:
    return [
        write(folder / f"{start}{part_suffix(encoding.codec)}", encoding, times, start, stop) for start, stop in CUTS
    ]


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_whole_is_its_parts(tmp_path: Path, name: str) -> None:
    encoding, ending = ENCODINGS[name]
    times = uneven()
    parts = parts_of(tmp_path, encoding, times)
    target = tmp_path / f"whole{ending}"
    join(parts, target)
    assert planes_of(target) == [plane for part in parts for plane in planes_of(part)]
    exact = ending != ".mkv"
    wanted = times if exact else [Fraction(round(time * 1000), 1000) for time in times]
    assert times_of(target) == wanted
    facts = read_facts(target)
    assert [facts.time(number) for number in range(24)] == wanted
    assert facts.colour == read_facts(parts[0]).colour
    with av.open(str(target)) as container:
        stamps = [packet.dts for packet in container.demux(video=0) if packet.size and packet.dts is not None]
    assert all(after > before for before, after in itertools.pairwise(stamps))


@pytest.mark.parametrize("name", ["ffv1", "prores"])
def test_frames_that_stand_alone_are_those_of_one_pass(tmp_path: Path, name: str) -> None:
    encoding, ending = ENCODINGS[name]
    target = tmp_path / f"whole{ending}"
    join(parts_of(tmp_path, encoding, EVEN), target)
    once = write(tmp_path / f"once{ending}", encoding, EVEN, 0, 24)
    assert planes_of(target) == planes_of(once)
    assert times_of(target) == times_of(once)


def test_parts_do_not_begin_at_nothing(tmp_path: Path) -> None:
    """Each bears the times of the whole."""
    parts = parts_of(tmp_path, ENCODINGS["h264"][0], uneven())
    assert [times_of(part)[0] for part in parts] == [uneven()[start] for start, _ in CUTS]


def test_sound_of_the_source_is_in_time(tmp_path: Path) -> None:
    source = with_sound(tmp_path / "in.mp4")
    parts = parts_of(tmp_path, ENCODINGS["h264"][0], EVEN)
    join(parts, tmp_path / "out.mp4", source=read_facts(source))
    assert click_at(tmp_path / "out.mp4") == pytest.approx(CLICK_S, abs=0.001)
    assert times_of(tmp_path / "out.mp4") == EVEN
    facts = read_facts(tmp_path / "out.mp4")
    assert [chapter.title for chapter in facts.chapters] == ["Dark", "Light"]


def test_parts_that_differ_are_named(tmp_path: Path) -> None:
    first = write(tmp_path / "0.mp4", Encoding(preset="fast"), EVEN, 0, 4)
    for other in (Encoding(preset="fast", chroma="444"), Encoding("h265", preset="ultrafast")):
        second = write(tmp_path / "1.mp4", other, EVEN, 4, 8)
        with pytest.raises(EncodingImpossible, match=r"1\.mp4' was not encoded as .*0\.mp4' was"):
            join([first, second], tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


def test_parts_in_the_wrong_order_absent_or_broken_are_named(tmp_path: Path) -> None:
    first = write(tmp_path / "0.mp4", Encoding(preset="fast"), EVEN, 0, 4)
    second = write(tmp_path / "1.mp4", Encoding(preset="fast"), EVEN, 4, 8)
    with pytest.raises(InputInvalid, match=r"0\.mp4' begins before the part ahead of it ends"):
        join([second, first], tmp_path / "out.mp4")
    with pytest.raises(InputInvalid, match="no parts"):
        join([], tmp_path / "out.mp4")
    with pytest.raises(EncodingImpossible, match=r"\.webm does not hold h264"):
        join([first, second], tmp_path / "out.webm")
    second.write_bytes(second.read_bytes()[:-500])
    with pytest.raises(FileUnreadable, match=r"1\.mp4"):
        join([first, second], tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()


JOB = """
import sys
from pathlib import Path
from tests.media.video.test_joining import CUTS, ENCODINGS, EVEN, write
for start, stop in CUTS:
    path = Path(sys.argv[1]) / f"{start}.nut"
    if not path.exists():
        write(path, ENCODINGS["ffv1"][0], EVEN, start, stop)
    print(start, flush=True)
    if len(sys.argv) > 2 and start == 9:
        sys.stdin.read()
"""


def test_a_job_that_was_killed_goes_on_with_the_next_part(tmp_path: Path) -> None:
    command: list[Any] = [sys.executable, "-c", JOB, str(tmp_path)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [*command, "stop"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["0\n", "9\n"]
        process.kill()
        assert process.wait(30) == -signal.SIGKILL
    parts = [tmp_path / f"{start}.nut" for start, _ in CUTS]
    finished = {path: path.stat().st_mtime_ns for path in parts if path.exists()}
    assert set(finished) == set(parts[:2])
    subprocess.run(command, check=True, capture_output=True, cwd=root)
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    join(parts, tmp_path / "whole.mkv")
    once = write(tmp_path / "once.mkv", ENCODINGS["ffv1"][0], EVEN, 0, 24)
    assert planes_of(tmp_path / "whole.mkv") == planes_of(once)
