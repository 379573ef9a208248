"""What the headers of a quota say."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from greenroom.ship.runpod.quota import Quota, Window, windows

EXAMPLE = '"minute";r=0;t=12, "hour";r=2800;t=1812, "day";r=49500;t=45012'


def test_the_platforms_own_example() -> None:
    assert windows(EXAMPLE) == (Window("minute", 0, 12), Window("hour", 2800, 1812), Window("day", 49500, 45012))


@given(st.text(max_size=60))
def test_whatever_else_is_passed_over(text: str) -> None:
    assert all(window.reset_s >= 0 for window in windows(text))


def test_a_window_that_is_used_up_is_waited_out() -> None:
    now = [100.0]
    quota = Quota(lambda: now[0])
    assert quota.wait_s() == 0
    quota.read({"RateLimit": EXAMPLE})
    now[0] = 105
    assert quota.wait_s() == 7
    quota.read({"RateLimit": '"minute";r=3;t=12'})
    assert quota.wait_s() == 0
    quota.read({})
    assert quota.wait_s() == 0
