"""What plans say alike of memory that torch pins."""

from __future__ import annotations

import pytest

from greenroom.models.planned import pinned_alone, pinned_row

_MIB = 1 << 20


@pytest.mark.parametrize(
    ("length", "alone", "row"),
    [
        (0, 0, 0),
        (1, 1, 1),
        (5 * _MIB, 8 * _MIB, 8 * _MIB),
        (8 * _MIB, 8 * _MIB, 8 * _MIB),
        (17 * _MIB, 32 * _MIB, 17 * _MIB),
        (100 * _MIB + 3, 128 * _MIB, 96 * _MIB + 8 * _MIB),
    ],
)
def test_torch_pins_powers_of_two(length: int, alone: int, row: int) -> None:
    assert (pinned_alone(length), pinned_row(length)) == (alone, row)
