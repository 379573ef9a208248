"""WhisperX in another interpreter, played by a package of the same interface."""

from __future__ import annotations

import os
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from greenroom.captions.align import whisperx
from greenroom.captions.align.link import CannotAlign, Span
from greenroom.captions.align.whisperx import WhisperX
from greenroom.errors import Cancelled
from greenroom.progress import silent
from tests.captions.align.conftest import silence

STAND_IN = """
    print("WhisperX prints what it does")

    def load_audio(path):
        import time
        time.sleep(0.6)  # longer than one look at it
        assert open(path, "rb").read(4) == b"RIFF"
        return [0.0]

    def load_align_model(language_code, device):
        if language_code == "xx":
            raise ValueError("No default align-model for language: xx")
        return "model", {"language": language_code}

    def load_model(name, device, compute_type, language):
        class Recogniser:
            def transcribe(self, audio, batch_size):
                return {"segments": [{"start": 0.0, "end": 2.0, "text": "it cost or so"}]}
        return Recogniser()

    def align(segments, model, about, audio, device, interpolate_method):
        words = " ".join(segment["text"] for segment in segments).split()
        times = [{"word": word, "start": 0.25 * at, "end": 0.25 * at + 0.125} for at, word in enumerate(words)]
        for word in times:
            if not word["word"].isalpha():
                del word["start"], word["end"]
        return {"word_segments": times, "segments": segments}
"""


def environment(folder: Path, package: str) -> Path:
    """A Python that finds ``whisperx`` in the folder."""
    (folder / "site").mkdir()
    (folder / "site" / "whisperx.py").write_text(textwrap.dedent(package))
    python = folder / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{folder}/site" exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    return python


@pytest.fixture(autouse=True)
def _forget_environments() -> Iterator[None]:
    yield
    whisperx._WITHOUT.clear()


def align(
    python: Path | None, words: str = "it cost $3 or so", seconds: float = 2.0, start_s: float = 60.0
) -> list[Span | None]:
    return WhisperX(python, start_s=start_s).align(silence(seconds), words.split(), "en-us", silent)


def test_words_get_its_times_and_those_it_cannot_time_none(tmp_path: Path) -> None:
    found = align(environment(tmp_path, STAND_IN))
    assert found == [Span(0.0, 0.125), Span(0.25, 0.375), None, Span(0.75, 0.875), Span(1.0, 1.125)]


def test_long_sound_is_recognised_first(tmp_path: Path) -> None:
    found = align(environment(tmp_path, STAND_IN), seconds=31.0)
    assert [span is None for span in found] == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("package", "says"),
    [
        ("raise ImportError('torch was built for another CUDA')", "failed at its import"),
        ("def load_audio(path): raise RuntimeError('ffmpeg not found')", "failed at its sound"),
        ("import os; os._exit(3)", "exit code 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL"),
        ("import sys; sys.__stdout__.write('hello'); sys.__stdout__.flush(); import os; os._exit(0)", "something else"),
    ],
)
def test_every_way_to_fail_is_a_reason(tmp_path: Path, package: str, says: str) -> None:
    with pytest.raises(CannotAlign, match=says):
        align(environment(tmp_path, package))


def test_a_missing_model_is_a_reason_with_its_mend(tmp_path: Path) -> None:
    with pytest.raises(CannotAlign, match="failed at its model") as caught:
        WhisperX(environment(tmp_path, STAND_IN)).align(silence(1), ["a"], "xx", silent)
    assert "online" in caught.value.mend


def test_an_environment_without_it_is_looked_at_once(tmp_path: Path) -> None:
    python = environment(tmp_path, "raise ImportError('no')")
    for _ in range(2):
        with pytest.raises(CannotAlign, match="failed at its import"):
            align(python)
        python.unlink(missing_ok=True)


def test_no_environment_or_no_program_is_a_reason(tmp_path: Path) -> None:
    with pytest.raises(CannotAlign, match="no environment with WhisperX is set") as caught:
        align(None)
    assert "GREENROOM_WHISPERX_PYTHON" in caught.value.mend
    with pytest.raises(CannotAlign, match="no program"):
        align(tmp_path / "absent")


SLOW = """
    import os, time
    open({mark!r}, "w").write(str(os.getpid()))
    time.sleep(60)
"""


def test_too_slow_is_ended_with_all_it_started(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    looks = 0

    def begun(stage: str, done: float, total: float) -> None:
        """It has its request by the second look; however long its start takes, time is up only behind it."""
        nonlocal looks
        looks += 1
        until = time.monotonic() + 60
        while looks > 1 and not (mark.exists() and mark.read_text()):
            assert time.monotonic() < until
            time.sleep(0.01)

    python = environment(tmp_path, textwrap.dedent(SLOW).format(mark=str(mark)))
    with pytest.raises(CannotAlign, match="not done after 1 s"):
        WhisperX(python, start_s=1.0).align(silence(0.0), ["a"], "en-us", begun)
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


def test_a_step_may_stop_it(tmp_path: Path) -> None:
    def stop(stage: str, done: float, total: float) -> None:
        raise Cancelled

    link = WhisperX(environment(tmp_path, STAND_IN))
    with pytest.raises(Cancelled):
        link.align(silence(1), ["a"], "en-us", stop)
