"""The hash of a growing file: from the buffers where it can be, read back where not, never of the wrong bytes."""

from __future__ import annotations

import hashlib
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from greenroom.weights.transfer.hashing import BUFFER, Hasher
from greenroom.weights.transfer.part import Part

BODY = random.Random(8).randbytes(7 * BUFFER + 5)
PIECES = [(at, min(at + BUFFER, len(BODY))) for at in range(0, len(BODY), BUFFER)]


class Growing:
    """A part and who hashes it. read_back: the places that were read from the disk."""

    def __init__(self, part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
        self.part, self.read_back = part, list[int]()
        self.ends: list[BaseException | None] = []
        self.hasher = Hasher(part, "sha256", self.ends.append)
        read = part.read_into

        def noted(buffer: memoryview, at: int) -> int:
            self.read_back.append(at)
            return read(buffer, at)

        monkeypatch.setattr(part, "read_into", noted)

    def bring(self, start: int, end: int) -> bool:
        """Write some of the body as a stream does; whether its buffer was taken."""
        buffer = memoryview(bytearray(BUFFER))
        buffer[: end - start] = BODY[start:end]
        self.part.write(start, buffer[: end - start])
        return self.hasher.trade(buffer, end - start, start) is not buffer

    def is_right(self) -> bool:
        self.hasher.join(60)
        return self.ends == [None] and self.hasher.sha256 == hashlib.sha256(BODY).hexdigest()


@pytest.fixture
def growing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Growing]:
    with Part(tmp_path / "file") as part:
        part.reserve(len(BODY))
        growing = Growing(part, monkeypatch)
        yield growing
        growing.hasher.stop()
        if growing.hasher.ident is not None:
            growing.hasher.join()


@contextmanager
def held_up(growing: Growing) -> Iterator[threading.Thread]:
    """A stream that brings all of the body in order, and is ahead of a hash that has not begun."""
    stream = threading.Thread(target=lambda: [growing.bring(*piece) for piece in PIECES])
    stream.start()
    stream.join(0.2)
    assert stream.is_alive()
    assert growing.part.done < len(BODY)
    yield stream
    stream.join(60)
    assert not stream.is_alive()


def test_what_comes_in_order_is_not_read_back(growing: Growing) -> None:
    taken = [growing.bring(*piece) for piece in PIECES[:4]]
    growing.hasher.start()
    for piece in PIECES[4:]:
        growing.bring(*piece)
    assert all(taken)
    assert growing.is_right()
    assert not set(growing.read_back) & {start for start, _ in PIECES[:4]}


@pytest.mark.parametrize("seed", range(5))
def test_what_comes_before_its_turn_is_read_back(growing: Growing, seed: int) -> None:
    growing.hasher.start()
    pieces = PIECES.copy()
    random.Random(seed).shuffle(pieces)
    taken = [piece for piece in pieces if growing.bring(*piece)]
    assert growing.is_right()
    assert set(growing.read_back) == {start for start, _ in set(pieces) - set(taken)}


def test_what_an_earlier_process_left_is_read_back(growing: Growing) -> None:
    growing.part.write(0, memoryview(BODY)[: 2 * BUFFER])
    growing.hasher.start()
    for piece in PIECES[2:]:
        growing.bring(*piece)
    assert growing.is_right()
    assert growing.read_back[:2] == [0, BUFFER]


def test_a_stream_that_is_ahead_waits_for_the_hash(growing: Growing) -> None:
    with held_up(growing):
        growing.hasher.start()
    assert growing.is_right()


def test_a_stop_lets_a_stream_go_that_waits_for_the_hash(growing: Growing) -> None:
    with held_up(growing):
        growing.hasher.stop()


def test_what_cannot_be_read_back_is_an_error(growing: Growing, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(buffer: memoryview, at: int) -> int:
        raise OSError

    monkeypatch.setattr(growing.part, "read_into", broken)
    growing.part.write(0, memoryview(BODY)[:BUFFER])
    growing.hasher.start()
    growing.hasher.join(60)
    assert [type(error) for error in growing.ends] == [OSError]
