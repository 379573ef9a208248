"""A text as a plan: what the speech itself does not show."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType

from greenroom.models.f5tts import planning
from greenroom.models.f5tts.planning import MOST_SEEDS, Plan, plan
from greenroom.recipes.inputs.f5tts import F5SpeechInputs
from tests.models.f5tts.recordings import TEXT
from tests.models.f5tts.tiny import TinyF5


def _planned(tiny: TinyF5, reference: Path, text: str, seed: int = 1) -> Plan:
    inputs = F5SpeechInputs.check({"text": text, "reference": str(reference), "reference_text": TEXT})
    return plan(inputs, seed, tiny.speaker.prompts, tiny.speaker.vocabulary)


def test_each_chunk_has_a_seed_of_its_own(tiny: TinyF5, reference: Path) -> None:
    planned = _planned(tiny, reference, "One. [pause 1s] Two. [joe seed=7] Three. [joe] Four.", MOST_SEEDS - 1)
    assert [utterance.row.seed for utterance in planned.utterances] == [MOST_SEEDS - 1, 0, 9, 2]


def test_a_text_of_twice_as_many_chunks_is_twice_the_work(tiny: TinyF5, reference: Path) -> None:
    calls = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename == planning.__file__

    def work(chunks: int) -> int:
        nonlocal calls
        calls = 0
        before = sys.getprofile()
        sys.setprofile(count)
        try:
            planned = _planned(tiny, reference, "Go on. [pause 0.1s] " * chunks)
        finally:
            sys.setprofile(before)
        assert len(planned.utterances) == chunks
        return calls

    work(1)  # the prompt is made once
    assert work(80) < 2.2 * work(40)
