"""How long captions take: seconds for transcripts of 1, 2.5, 5 and 10 hours, into all five formats.

    python benchmarks/captions.py [--rounds 5] > benchmarks/results/captions.json

Prints one JSON. ``per_word_us`` is the same in every row when time grows with the transcript and not faster.
Measured: the whole way from parsed JSON to five texts, in a process that has already imported everything.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from typing import Any

from greenroom.captions.words import read_words
from greenroom.captions.write import FORMATS, caption_files
from machine import machine

HOURS = (1.0, 2.5, 5.0, 10.0)
WORDS_A_MINUTE = 150

_ENGLISH = """the of and a to in is you that it he was for on are as with his they at be this have from or one had
    by but not what all were we when your can said there use an each which she do how their if will up
    other about out many then them these so some her would make like him into time has look two more
    write go see number no way could people my than first water been call who its now find long down day
    did get come made may part over sound take only little work know place year live me back give most
    very after thing our just name good sentence man think say great where help through much before line
    right too mean old any same tell boy follow came want show also around form three small set put end
    does another well large must big even such because turn here why ask went men read need land
    different home us move try kind hand picture again change off play spell air away animal house point
    page letter mother answer found study still learn should America world"""


def transcript(hours: float, *, plain: bool = False) -> dict[str, Any]:
    """Talk of so many hours: sentences of 4 to 28 words with pauses between; without punctuation if ``plain``."""
    dice = random.Random(7)
    words: list[dict[str, Any]] = []
    now = 0.5
    vocabulary = _ENGLISH.split()
    while len(words) < hours * 60 * WORDS_A_MINUTE:
        length = dice.randint(4, 28)
        for at in range(length):
            text = vocabulary[int(len(vocabulary) * dice.random() ** 2)]
            if dice.random() < 0.2:
                text += str(dice.randint(1, 5000))  # names and numbers: words that come once
            if not plain:
                text = text.capitalize() if at == 0 else text
                text += "." if at == length - 1 else "," if dice.random() < 0.08 else ""
            spoken = 0.1 + 0.045 * len(text)
            words.append({"w": text, "s": round(now, 3), "e": round(now + spoken, 3)})
            now += spoken + 0.02
        now += dice.choice((0.3, 0.6, 2.0))
    return {"words": words}


def seconds(data: dict[str, Any], rounds: int, **options: Any) -> float:
    """The median of so many runs."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        read = read_words(data)
        files = caption_files(read.words, FORMATS, options)
        times.append(time.perf_counter() - began)
        if set(files) != set(FORMATS):
            raise SystemExit("a format is missing")
    return statistics.median(times)


def measured(hours: float, rounds: int) -> dict[str, Any]:
    """One row of the result."""
    data = transcript(hours)
    words = len(data["words"])
    median = seconds(data, rounds)
    return {
        "hours": hours,
        "words": words,
        "seconds": round(median, 3),
        "per_word_us": round(1e6 * median / words, 2),
        "seconds_karaoke": round(seconds(data, rounds, karaoke=True), 3),
        "seconds_without_punctuation": round(seconds(transcript(hours, plain=True), rounds), 3),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    rows = [measured(hours, rounds) for hours in HOURS]
    json.dump(
        {"machine": machine("greenroom", "wcwidth"), "formats": FORMATS, "rounds": rounds, "rows": rows},
        sys.stdout,
        indent=2,
    )
    print()


if __name__ == "__main__":
    main()
