"""Every golden case of the family is run."""

from __future__ import annotations

from greenroom.models.steadydancer.parity import CASES
from tests.models.steadydancer.networks import GOLDENS


def test_there_is_a_golden_for_each_case() -> None:
    assert sorted(CASES) == sorted(file.stem for file in GOLDENS.glob("*.json"))
