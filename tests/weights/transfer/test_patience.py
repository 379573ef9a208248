"""When to come again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from greenroom.weights.transfer.patience import Patience, retry_after

NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("0", 0),
        (" 120 ", 120),
        ("9" * 40, 9_999_999_999),
        ("Mon, 30 Nov 2026 12:01:30 GMT", 90),
        ("Mon, 30 Nov 2026 11:00:00 GMT", 0),
        ("Monday, 30-Nov-26 12:00:05 GMT", 5),
        ("Mon, 30 Nov 2026 13:00:07 +0100", 7),
        ("Mon, 99 Nov 2026 12:01:30 GMT", None),
    ],
)
def test_retry_after(said: str | None, seconds: float | None) -> None:
    assert retry_after(said, NOW) == seconds


def test_backoff_doubles_to_its_roof_with_full_jitter() -> None:
    whole, half = Patience(draw=lambda: 1.0), Patience(draw=lambda: 0.5)
    assert [whole.backoff(failures) for failures in (1, 2, 3, 7, 8, 9, 5000)] == [0.5, 1, 2, 32, 60, 60, 60]
    assert half.backoff(3) == 1
    assert 0 <= Patience().backoff(4) <= 4
