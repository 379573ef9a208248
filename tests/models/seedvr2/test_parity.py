"""Every golden case of the family is run, and the whole way answers as the original."""

from __future__ import annotations

import pytest

from greenroom.models.golden import run_case
from greenroom.models.seedvr2.parity import CASES
from greenroom.models.seedvr2.parity_restoring import RESTORING
from tests.models.seedvr2.networks import GOLDENS


def test_there_is_a_golden_for_each_case() -> None:
    assert sorted(CASES) == sorted(file.stem for file in GOLDENS.glob("*.json"))


@pytest.mark.parametrize("name", RESTORING)
def test_the_whole_way_answers_as_the_original(name: str) -> None:
    assert run_case(GOLDENS / f"{name}.json", CASES).reasons == ()
