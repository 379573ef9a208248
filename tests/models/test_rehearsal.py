"""What families share when they are rehearsed: libraries, a device, codecs."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from greenroom.errors import ExtraMissing
from greenroom.media import audio as media
from greenroom.media.audio import Audio
from greenroom.media.video.reading import VideoReader
from greenroom.models.rehearsal import (
    Did,
    Library,
    OptionalLibrary,
    RehearsalFailed,
    encode_and_read_back,
    load_libraries,
    open_device,
    prepared,
    write_and_read_back,
)
from greenroom.runtime.cuda import GpuUnusable

_CLICK = Library("click", "click", "models")
_ABSENT = Library("greenroom_has_no_such", "no-such", "captions")
_TONE = Audio(np.sin(np.arange(24_000, dtype=np.float32) * 0.05)[None] * 0.3, 24_000)


def test_libraries_are_named_with_their_versions() -> None:
    done = load_libraries((_CLICK,))
    assert done.words.startswith("click 8.")
    assert not done.findings


def test_one_that_is_needed_is_missed_by_its_extra() -> None:
    with pytest.raises(ExtraMissing, match="no-such is not installed") as raised:
        load_libraries((_CLICK, _ABSENT))
    assert "greenroom[captions]" in raised.value.mend


def test_one_that_is_there_and_does_not_load_is_another_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "greenroom_is_broken.py").write_text("import greenroom_has_no_such\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="greenroom_has_no_such"):
        load_libraries((Library("greenroom_is_broken", "broken", "models"),))


def test_one_that_is_not_needed_is_a_warning() -> None:
    (found,) = load_libraries(
        (_CLICK,), (OptionalLibrary(_CLICK, "-"), OptionalLibrary(_ABSENT, "it is slower"))
    ).findings
    assert (found.code, found.severity) == ("library-missing", "warning")
    assert found.message.startswith("no-such is not installed")
    assert found.message.endswith("it is slower")


def test_a_module_without_a_record_still_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "greenroom_has_no_such", sys)
    assert load_libraries((_ABSENT,)).words == "no-such of an unknown version"


def test_a_device_is_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_device("cpu").words.endswith("threads")
    monkeypatch.setattr("torch.version.cuda", None)
    with pytest.raises(GpuUnusable, match="without CUDA"):
        open_device("cuda:0")


def test_sound_comes_back_from_both_codecs(tmp_path: Path) -> None:
    assert encode_and_read_back(_TONE, tmp_path).words.startswith("wav 48 kB, mp3 ")
    assert {file.name for file in tmp_path.iterdir()} == {"speech.wav", "speech.mp3"}


def test_sound_that_comes_back_otherwise_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "read_audio", lambda path: Audio(_TONE.samples[:, :12_000], 24_000))
    with pytest.raises(RehearsalFailed, match=r"1\.00 s of sound came back from wav as 0\.50 s"):
        encode_and_read_back(_TONE, tmp_path)


def test_frames_come_back_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [np.full((32, 48, 3), 20 * number, np.uint8) for number in range(5)]
    assert write_and_read_back(frames, Fraction(16), tmp_path).words.startswith("h264 ")
    monkeypatch.setattr(VideoReader, "frames", lambda self: iter(frames[1:]))
    with pytest.raises(RehearsalFailed, match="5 frames were written, and 4 came back"):
        write_and_read_back(frames, Fraction(16), tmp_path)


def test_most_families_prepare_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    grows: list[bool] = []
    monkeypatch.setattr("greenroom.runtime.cuda.prefer_growing_memory", lambda: grows.append(True))
    libraries, device, weights = prepared((_CLICK,), "cpu", "Echo", lambda: Did("a few"))
    assert grows == [True], "before anything imports torch"
    assert [stage.name for stage in (libraries, device, weights)] == ["libraries", "device", "weights"]
    assert [stage.invents for stage in (libraries, device, weights)] == [False, False, True]
    assert libraries.work().words.startswith("click 8.")
    assert device.work().words.endswith("threads")
    assert weights.work().words == "a few"
