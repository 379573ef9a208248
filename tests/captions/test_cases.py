"""Every case of the corpus holds, and the corpus uses every property."""

from __future__ import annotations

from typing import Any

import pytest

from tests.captions.caption_properties import PROPERTIES, known, violations
from tests.captions.caption_runs import load_cases, run

CASES = load_cases()


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_case_holds(case: dict[str, Any]) -> None:
    assert violations(case, run(case)) == []


def test_the_corpus_uses_every_property() -> None:
    assert set(PROPERTIES) == set().union(*(known(case["expect"]) for case in CASES))
