"""Whether others are to join the first connection, told from two looks at it."""

from __future__ import annotations

import pytest

from greenroom.weights.transfer.transfer import _Glance

MB = 1_000_000


@pytest.mark.parametrize(
    ("seconds", "came", "lay_ready", "is_slow"),
    [
        (1.0, 0, 0, True),
        (1.0, 299 * MB, 0, True),
        (1.0, 300 * MB, 0, False),  # it fills the line
        (0.5, 200 * MB, 0, False),
        (2.5, 200 * MB, 0, True),
        (1.0, 100 * MB, 50 * MB, True),
        (1.0, 100 * MB, 51 * MB, False),  # the host was ahead of the disk
        (1.0, 100 * MB, 101 * MB, False),  # what is being read counts as well
    ],
)
def test_a_host_is_slow_where_little_comes_and_little_of_it_lay_ready(
    seconds: float, came: int, lay_ready: int, is_slow: bool
) -> None:
    before = _Glance(at=7.0, done=5 * MB, ready=3 * MB)
    now = _Glance(at=7.0 + seconds, done=5 * MB + came, ready=3 * MB + lay_ready)
    assert now.is_host_slow(before, 300 * MB) is is_slow
