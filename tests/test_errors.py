"""Errors: what was meant, and no time lost over what cannot have been."""

from __future__ import annotations

import time

from greenroom.errors import UnknownName, closest


def test_the_name_that_was_meant_is_found() -> None:
    assert closest("Voice-jo", ["voice-joe", "voice-ann"]) == "voice-joe"
    assert closest("piano", ["voice-joe"]) is None


def test_where_nothing_has_a_name_no_empty_list_is_shown() -> None:
    error = UnknownName("deploy", "joe", [])
    assert (error.message, error.mend) == ("there is no deploy 'joe', and no other", "")


def test_a_name_that_nobody_meant_is_not_compared() -> None:
    assert closest("voice-joe" * 12, ["voice-joe" * 13]) is None
    begun = time.process_time()
    error = UnknownName("model", "voice-joe" * 2_000_000, ["voice-joe"])
    assert time.process_time() - begun < 0.5
    assert len(error.message) < 200
