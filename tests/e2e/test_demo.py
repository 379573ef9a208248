"""``make demo`` as a user runs it: real speech that a recogniser understands, and captions that say the same."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pysubs2
import webvtt
from pocketsphinx import Decoder

from greenroom.captions.align.pcm import RATE, speech_pcm
from greenroom.media.audio import read_audio
from greenroom.text.normalise import normalise

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "demo"
TEXT = (ROOT / "docs" / "demo.txt").read_text()


def test_it_says_where_the_files_are_and_what_they_hold(demo: str) -> None:
    for ending in ("wav", "srt", "vtt", "ass", "csv", "json"):
        assert re.search(rf"^demo/demo\.{ending} +\d", demo, re.MULTILINE)
        assert (DEMO / f"demo.{ending}").stat().st_size > 100


def test_a_recogniser_hears_the_words(demo: str) -> None:
    """Another recogniser than the one that checked it, with no hint of the text."""
    decoder = Decoder(samprate=RATE, loglevel="FATAL")
    decoder.start_utt()
    decoder.process_raw(speech_pcm(read_audio(DEMO / "demo.wav")).tobytes(), full_utt=True)
    decoder.end_utt()
    heard = decoder.hyp().hypstr.split()
    said = [word.lower().replace(".", "") for token in normalise(TEXT) for word in token.words]
    # Its vocabulary has no greenroom; of the rest of its words some four in five are right on clean speech.
    missed = [word for word in said if word not in heard and word != "doctor"]
    assert len(missed) <= 0.2 * len(said), (missed, heard)


def test_every_caption_file_holds_the_written_text(demo: str) -> None:
    text = " ".join(TEXT.split())
    read = {
        "srt": [event.plaintext for event in pysubs2.load(str(DEMO / "demo.srt"))],
        "ass": [event.plaintext for event in pysubs2.load(str(DEMO / "demo.ass"))],
        "vtt": [caption.text for caption in webvtt.read(str(DEMO / "demo.vtt")).captions],
        "csv": [row["text"] for row in csv.DictReader((DEMO / "demo.csv").read_text().splitlines(keepends=True))],
        "json": [cue["text"] for cue in json.loads((DEMO / "demo.json").read_text())["cues"]],
    }
    for form, cues in read.items():
        assert " ".join(" ".join(cues).split()) == text, form


def test_no_word_has_an_estimated_time_and_all_lie_in_the_sound(demo: str) -> None:
    words = json.loads((DEMO / "demo.json").read_text())["words"]
    seconds = read_audio(DEMO / "demo.wav").seconds
    assert [word["w"] for word in words] == TEXT.split()
    assert not any(word.get("estimated") for word in words)
    assert all(0 <= word["s"] < word["e"] <= seconds for word in words)
