"""What a connection notes of the bytes that it brings."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.weights.transfer.answer import Answer
from greenroom.weights.transfer.stream import Stream
from tests.weights.transfer.fetching import BODY, get, is_right, source
from tests.weights.transfer.server import serving


@pytest.mark.parametrize(("at_once", "ready"), [(len(BODY), len(BODY)), (1 << 16, 0)])
def test_what_comes_in_large_amounts_lay_ready(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int, ready: int
) -> None:
    """However a socket gives them: amounts are as large as the test says, and the room for them."""
    streams: list[Stream] = []
    begin, read_into = Stream.start, Answer.read_into

    def start(stream: Stream) -> None:
        streams.append(stream)
        begin(stream)

    def amounts(answer: Answer, view: memoryview) -> int:
        view, filled = view[:at_once], 0
        while filled < len(view) and (came := read_into(answer, view[filled:])):
            filled += came
        return filled

    monkeypatch.setattr(Stream, "start", start)
    monkeypatch.setattr(Answer, "read_into", amounts)
    with serving(BODY) as host:
        assert is_right(get(source(host), tmp_path / "file", streams=1, piece=len(BODY)))
    assert [stream.ready for stream in streams] == [ready]
