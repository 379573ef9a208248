"""WhisperX in an environment of its own: about forty languages, at the price of 5 GB and a second torch.

Its pins (torch 2.8, torchaudio 2.8) cannot share greenroom's environment, so a script of ours runs in the one that the
user made for it. The interface is that of WhisperX 3.8: ``load_align_model``, ``align``, and for long sound
``load_model``; it was read, not run (no weights here), and is tested against a stand-in.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenroom.captions.align.link import CannotAlign, Span, tag
from greenroom.captions.align.match import times_of
from greenroom.captions.align.pcm import speech_pcm, wav_bytes
from greenroom.errors import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.media.audio import Audio
    from greenroom.progress import Step

_SCRIPT = Path(__file__).with_name("_whisperx_script.py")
_MAKE = (
    "python3 -m venv ~/whisperx && ~/whisperx/bin/pip install whisperx, "
    "then set GREENROOM_WHISPERX_PYTHON=~/whisperx/bin/python (it needs ffmpeg too)"
)
# What Whisper takes at a time. Within it the text is aligned as it is; the alignment's memory grows with letters times
# sound, so beyond it WhisperX listens first, and what it heard is matched with the text.
_ONE_PIECE_S = 30.0
# Loading takes half a minute from a cold disk, and the first use fetches 360 MB.
_START_S = 300.0
_A_SECOND_S = 5.0  # the small model on two cores hears slower than real time
_LOOK_S = 0.25  # between looks for a wish to stop
_MENDS = {
    "import": _MAKE,
    "sound": "put ffmpeg on PATH: apt install ffmpeg",
    "model": "run whisperx on a short file once, online, to fetch the model of this language",
}


@dataclass(frozen=True, slots=True)
class WhisperX:
    """Aligns by wav2vec 2.0 models.

    python: of the environment that holds WhisperX, None if there is none.  device: ``cpu`` or ``cuda``.
    model: recognises sound of more than 30 s.  start_s: how long it may take besides five times the sound's length.
    """

    python: Path | None
    device: str = "cpu"
    model: str = "small"
    start_s: float = _START_S
    name: str = "whisperx"

    def align(self, audio: Audio, words: Sequence[str], language: str, step: Step) -> list[Span | None]:
        """See ``Aligner``."""
        if self.python is None:
            raise CannotAlign("no environment with WhisperX is set", mend=_MAKE)
        if self.python in _WITHOUT:
            raise CannotAlign(_WITHOUT[self.python], mend=_MAKE)
        if not os.access(self.python, os.X_OK):
            raise CannotAlign(f"{quoted(str(self.python))} is no program that can be run", mend=_MAKE)
        with tempfile.TemporaryDirectory(prefix="greenroom-whisperx-") as folder:
            sound = Path(folder, "sound.wav")
            sound.write_bytes(wav_bytes(speech_pcm(audio)))
            request = {
                "sound": str(sound),
                "seconds": audio.seconds,
                "language": tag(language)[0],
                "text": " ".join(words) if audio.seconds <= _ONE_PIECE_S else None,
                "device": self.device,
                "model": self.model,
            }
            limit = self.start_s + _A_SECOND_S * audio.seconds
            reply = _run(self.python, request, limit, audio.seconds, step)
        return times_of(words, _heard(reply, self.python))


_WITHOUT: dict[Path, str] = {}
"""Environments found not to hold WhisperX, and why: looked at once a process, for an import of torch takes seconds."""


def _run(python: Path, request: dict[str, Any], limit: float, seconds: float, step: Step) -> str:
    """What the script says on stdout. Ends it with all its children when it takes too long or ``step`` raises."""
    # Ours would lead its interpreter to our packages.
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own Python, our own script
            [python, _SCRIPT], stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment, start_new_session=True
        )
    except OSError as error:
        raise CannotAlign(f"{quoted(str(python))} does not start ({error.strerror})", mend=_MAKE) from error
    ends_at = time.monotonic() + limit
    message: str | None = json.dumps(request)
    try:
        while True:
            step("align", 0.0, seconds)
            try:
                out, err = process.communicate(message, timeout=_LOOK_S)
                break
            except subprocess.TimeoutExpired:
                message = None  # is on its way, and may be given once
                if time.monotonic() > ends_at:
                    raise CannotAlign(
                        f"WhisperX was not done after {limit:.0f} s",
                        mend="a GPU or a smaller model makes it faster; its first use fetches the model",
                    ) from None
    finally:
        _end(process)
    if process.returncode:
        raise CannotAlign(f"WhisperX ended with {_exit(process.returncode)}: {_last_line(err)}", mend=_MAKE)
    return out


def _end(process: subprocess.Popen[str]) -> None:
    """Nothing that the script started may outlive it."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def _exit(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _heard(reply: str, python: Path) -> list[tuple[str, Span]]:
    """The words of a reply that have times. Raises CannotAlign for an error or anything else that it may hold."""
    try:
        said = json.loads(reply)
        if "error" in said:
            raise _failure(str(said["stage"]), str(said["error"]), python)
        words = [(str(word["word"]), word.get("start"), word.get("end")) for word in said["words"]]
        return [
            (word, Span(float(start), float(end)))
            for word, start, end in words
            if start is not None and end is not None and math.isfinite(start) and math.isfinite(end)
        ]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CannotAlign(f"WhisperX answered with something else than words: {quoted(reply)}", mend=_MAKE) from error


def _failure(stage: str, error: str, python: Path) -> CannotAlign:
    reason = f"WhisperX failed at its {stage}: {quoted(error, limit=200)}"
    if stage == "import":
        _WITHOUT[python] = reason
    return CannotAlign(reason, mend=_MENDS.get(stage, ""))


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return quoted(lines[-1], limit=200) if lines else "it said nothing"
