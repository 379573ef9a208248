"""What is restored: told by its content, refused with the mend, and read as often as it is asked."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from greenroom.errors import FileUnreadable, InputInvalid
from greenroom.media.video.encoding import Encoding, PictureFormat
from greenroom.media.video.errors import AlphaPresent
from greenroom.media.video.images import encoded_image, write_image
from greenroom.media.video.writing import VideoWriter
from greenroom.models.seedvr2.frames.sizes import Size
from greenroom.models.seedvr2.restoring.passes import Passes
from greenroom.models.seedvr2.restoring.sources import Source, SourceDamaged, SourceInterlaced, holds_still, look
from greenroom.models.seedvr2.restoring.survey import cut_at, survey
from greenroom.progress import silent
from greenroom.recipes.inputs.seedvr2 import RestoreInputs
from tests.media.media_files import wav
from tests.media.video.clips import RATE, video
from tests.models.seedvr2.restorers import CUT, SIDE, a_clip, drawn, holed, two_shots


def asked(path: Path, **inputs: Any) -> RestoreInputs:
    return RestoreInputs.check({"source": str(path), **inputs})


def found(path: Path, **inputs: Any) -> Source:
    return look(asked(path, **inputs))


def cut_off(path: Path, frames: int = 10, kept: float = 0.6) -> Path:
    """A video whose end is missing, and whose beginning says how many frames there were."""
    drawn_at = np.random.default_rng(0)
    with VideoWriter(path, PictureFormat.constant(SIDE, SIDE, RATE), Encoding(preset="ultrafast")) as out:
        for number in range(frames):
            out.write(drawn_at.integers(0, 256, (SIDE, SIDE, 3), np.uint8), number / RATE)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * kept)])
    return path


def clear(number: int) -> NDArray[np.uint8]:
    """A frame with alpha, which is transparent in places from the third on."""
    alpha = np.full((SIDE, SIDE, 1), 255, np.uint8)
    alpha[:10] = 255 if number < 2 else 100
    return np.concatenate([drawn(number), alpha], axis=2)


def test_a_video_is_read_as_often_as_it_is_asked(tmp_path: Path) -> None:
    source = found(a_clip(tmp_path / "x.mp4", 6, times=[0, 512, 1024, 2000, 2512, 3024]))
    assert (source.kind, source.size, source.bits, source.frames) == ("video", Size(SIDE, SIDE), 8, 6)
    first = [frame.pixels for frame in source.read(2, 5)]
    assert all(np.array_equal(one, other.pixels) for one, other in zip(first, source.read(2, 5), strict=True))
    assert [source.time(frame) for frame in (0, 2, 3)] == [0, Fraction(1024, 12_800), Fraction(2000, 12_800)]
    assert source.duration(2) == Fraction(976, 12_800)


@pytest.mark.parametrize("name", ["x.png", "x.mp4"])
def test_a_picture_is_known_by_its_content(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(encoded_image(drawn(0).astype(np.uint16) * 257, "png"))
    source = found(path)
    assert (source.kind, source.bits, source.frames) == ("picture", 16, 1)
    assert holds_still(path)
    assert source.notes == (() if name == "x.png" else ("'x.mp4' is a picture, whatever its name says",))
    assert next(source.read(0, 1)).pixels.dtype == np.uint16


def test_a_video_is_known_by_its_content(tmp_path: Path) -> None:
    path = a_clip(tmp_path / "x.png", container="mp4")
    assert found(path).kind == "video"
    assert not holds_still(path)
    assert found(path).notes[0] == "'x.png' is a video, whatever its name says"


@pytest.mark.parametrize(("frames", "kind"), [(1, "picture"), (3, "video")])
def test_a_gif_is_a_picture_if_it_does_not_move(tmp_path: Path, frames: int, kind: str) -> None:
    assert found(a_clip(tmp_path / "x.gif", frames, codec="gif", pixel_format="rgb8")).kind == kind


@pytest.mark.parametrize(
    ("fps", "rate"), [(None, Fraction(25)), (23.976, Fraction(24_000, 1001)), (12.5, 12.5), (0.01, Fraction(1, 100))]
)
@pytest.mark.parametrize("by", ["pattern", "folder"])
def test_pictures_by_number(tmp_path: Path, fps: float | None, rate: Fraction, by: str) -> None:
    for number in (9, 10, 11):
        write_image(tmp_path / f"f{number:02d}.png", drawn(number))
    source = found(tmp_path / "f%02d.png" if by == "pattern" else tmp_path, fps=fps)
    assert (source.kind, source.frames, source.rate) == ("pictures", 3, rate)
    assert source.time(2) == 2 / Fraction(rate)
    assert bool(source.notes) == (fps is None)
    assert np.array_equal(next(source.read(1, 2)).pixels, drawn(10))


def test_the_rate_of_a_video_is_its_own(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match="fps is for pictures by number"):
        found(a_clip(tmp_path / "x.mp4"), fps=30)


def test_interlaced_video_is_refused(tmp_path: Path) -> None:
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1"}
    with pytest.raises(SourceInterlaced, match="lines of two moments") as caught:
        found(video(tmp_path / "x.mp4", options=options, frames=3))
    assert "bwdif" in caught.value.mend


def test_sound_is_no_source(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="it holds sound only"):
        found(wav(tmp_path / "x.wav"))


@pytest.mark.parametrize("content", [b"", b"no video"])
def test_what_holds_nothing_is_no_source(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.mp4").write_bytes(content)
    with pytest.raises(FileUnreadable, match=r"x\.mp4' is (empty|no video or picture)"):
        found(tmp_path / "x.mp4")


def test_a_video_without_a_frame_is_no_source(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "x.mkv"), "w") as out:
        stream: Any = out.add_stream("libx264", rate=25)
        stream.width, stream.height = SIDE, SIDE
        out.start_encoding()
    with pytest.raises(FileUnreadable):
        found(tmp_path / "x.mkv")


def test_a_video_that_is_cut_off_is_refused_before_anything_else(tmp_path: Path) -> None:
    path = cut_off(tmp_path / "x.mp4")
    with pytest.raises(SourceDamaged, match=r"of 10 frames at most the first \d are whole") as caught:
        found(path)
    whole = caught.value.frames
    assert 0 < whole < 10
    assert "keep the frames that are whole: --damaged keep" in caught.value.mend
    source = found(path, damaged="keep")
    kept = survey(source, asked(path, damaged="keep"), silent)
    assert 0 < kept.frames <= whole  # the last of them may not decode
    assert kept.notes[0].startswith("'x.mp4' is damaged or cut off")
    assert len(list(Passes(source, kept.frames).read(0, kept.frames))) == kept.frames


def test_damage_within_is_found_before_anything_is_restored(tmp_path: Path) -> None:
    path = holed(tmp_path / "x.mp4")
    source = found(path)
    with pytest.raises(SourceDamaged, match="of 10 frames the first 6 are whole"):
        survey(source, asked(path), silent)
    for shots in (True, False):
        kept = survey(source, asked(path, damaged="keep", shots=shots), silent)
        assert (kept.frames, len(kept.notes)) == (6, 1)
    with pytest.raises(SourceDamaged, match="the first 6"):
        list(Passes(source, 10).read(4, 10))


def test_transparency_is_refused_before_anything_is_restored(tmp_path: Path) -> None:
    path = a_clip(tmp_path / "x.mov", 4, codec="qtrle", pixel_format="argb", draw=clear, given="rgba")
    for shots in (True, False):
        inputs = asked(path, shots=shots)
        with pytest.raises(AlphaPresent, match="frame 2 of"):
            survey(look(inputs), inputs, silent)
    dropped = asked(path, alpha="drop")
    assert survey(look(dropped), dropped, silent).frames == 4
    assert next(look(dropped).read(3, 4)).pixels.shape[2] == 3


def test_alpha_that_is_opaque_is_none(tmp_path: Path) -> None:
    path = a_clip(tmp_path / "x.mov", 2, codec="qtrle", pixel_format="argb", draw=clear, given="rgba")
    assert survey(found(path), asked(path), silent).frames == 2


def test_shots_are_found_unless_nobody_wants_them(tmp_path: Path) -> None:
    path = two_shots(tmp_path / "x.mkv")
    steps: list[tuple[str, float, float]] = []
    cut = survey(found(path), asked(path), lambda *said: steps.append(said))
    assert cut.lengths == (CUT, CUT)
    assert cut_at((0, CUT, 2 * CUT)) == cut
    assert steps == [("finding shots", place, 2 * CUT) for place in range(2 * CUT + 1)]
    assert survey(found(path), asked(path, shots=False), silent).lengths == (2 * CUT,)


def test_two_passes_read_a_clip_that_cannot_be_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shot by shot, twice each: the file is opened twice in all."""
    source = found(a_clip(tmp_path / "x.ts", 12, container="mpegts"))
    opened: list[int] = []
    reads = Source.read

    def read(own: Source, start: int, stop: int) -> Any:
        opened.append(start)
        return reads(own, start, stop)

    monkeypatch.setattr(Source, "read", read)
    with Passes(source, 12) as passes:
        for start in range(0, 12, 4):
            first = list(passes.read(start, start + 4))
            second = passes.read(start, start + 4)
            again = [next(second) for _ in range(4)]  # as colours are read: nothing is asked for behind the last
            second.close()
            assert all(np.array_equal(one, other) for one, other in zip(first, again, strict=True))
    assert opened == [0, 0]


def test_a_pass_that_ended_early_is_taken_up_where_it_stands(tmp_path: Path) -> None:
    source = found(a_clip(tmp_path / "x.mp4", 8))
    with Passes(source, 8) as passes:
        begun = passes.read(0, 6)
        next(begun)
        begun.close()
        (later,) = passes.read(4, 5)
        assert np.array_equal(later, next(source.read(4, 5)).pixels)
        assert len(list(passes.read(1, 8))) == 7
        assert [len(list(passes.read(start, 8))) for start in (3, 5, 7)] == [5, 3, 1]
