"""Runs a case of the corpus through greenroom, from parsed JSON to texts, as a user's file goes."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from greenroom.captions.words import read_words
from greenroom.captions.write import caption_files
from greenroom.errors import GreenroomError
from tests.captions.caption_properties import Result

CORPUS = Path(__file__).parents[1] / "corpus" / "captions" / "cases.json"


def load_cases() -> list[dict[str, Any]]:
    return [_repeated(case) for case in json.loads(CORPUS.read_text(encoding="utf-8"))["cases"]]


def run(case: Mapping[str, Any]) -> Result:
    began = time.perf_counter()
    try:
        read = read_words(case)
        files = caption_files(read.words, case["formats"], read.options, read.audio_end)
    except GreenroomError as error:
        return Result({}, f"{error.message}; {error.mend}")
    return Result(files, seconds=time.perf_counter() - began)


def _repeated(case: dict[str, Any]) -> dict[str, Any]:
    """``repeat`` says the words again and again: a long transcript in a short file."""
    if "repeat" not in case:
        return case
    times, every = case["repeat"]["times"], case["repeat"]["every_s"]
    words = [
        word | {"s": round(word["s"] + again * every, 3), "e": round(word["e"] + again * every, 3)}
        for again in range(times)
        for word in case["words"]
    ]
    return case | {"words": words}
