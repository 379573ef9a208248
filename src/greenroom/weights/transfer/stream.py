"""One of the connections that bring a file: a thread that takes pieces, and tries until it has them."""

from __future__ import annotations

import threading
import time
from http.client import HTTPException
from typing import TYPE_CHECKING, Protocol

from greenroom.weights.transfer.connection import Connection, broken_off
from greenroom.weights.transfer.errors import HostBusy, Refused, TransferError
from greenroom.weights.transfer.hashing import BUFFER
from greenroom.weights.transfer.mirrors import OutOfRange
from greenroom.weights.transfer.pace import Pace

if TYPE_CHECKING:
    from greenroom.weights.transfer.answer import Answer
    from greenroom.weights.transfer.hashing import Hasher
    from greenroom.weights.transfer.mirrors import Mirror, Mirrors
    from greenroom.weights.transfer.part import Part
    from greenroom.weights.transfer.patience import Patience
    from greenroom.weights.transfer.pieces import Piece, Pieces

# Read for so long at most before it is written: little is lost of a slow host.
_FILL_S = 1.0
# So many bytes at once have waited to be read. Those that come while one buffer is written are fewer, up to rates at
# which no other connection is wanted.
_READY = BUFFER // 4
# A try that brought less made no progress: a host that gives a byte at a time would be asked for ever.
_PROGRESS = 1 << 16


class Work(Protocol):
    """What streams work on together."""

    part: Part
    hasher: Hasher
    pieces: Pieces
    mirrors: Mirrors
    patience: Patience
    stopped: threading.Event

    def admit(self, mirror: Mirror, answer: Answer, piece: Piece) -> None:
        """Accept an answer as one of the file. The first one says which file that is; the piece is fitted to it."""

    def beyond(self, mirror: Mirror, piece: Piece, size: int | None) -> Exception:
        """What it means that a host's file, of ``size`` bytes, ends before the piece."""

    def ended(self, answer: Answer, size: int) -> None:
        """An answer whose length nobody knew has come to its end, at a file of ``size`` bytes."""

    def left(self, error: BaseException | None) -> None:
        """A stream has ended, maybe with an error."""


class Stream(threading.Thread):
    """Brings pieces until there are no more, or its tries are used up: others then take over what it leaves."""

    def __init__(self, work: Work, number: int) -> None:
        super().__init__(name=f"transfer-{number}", daemon=True)
        self._work = work
        self._connection = Connection(work.patience)
        self._buffer = memoryview(bytearray(BUFFER))
        # Whether it may write to the file.
        self.is_copying = False
        # Bytes that lay ready, many of them, when they were asked for: the host was ahead of this machine.
        self.ready = 0
        # Whether it is at the disk or waits for the hash, so that the host cannot be what it waits for.
        self.is_putting = False

    def abort(self) -> None:
        """Wake it where it waits for bytes, once the work is stopped."""
        self._connection.abort()

    def run(self) -> None:
        """Bring pieces."""
        try:
            while (piece := self._work.pieces.take()) is not None:
                try:
                    self._bring(piece)
                finally:
                    self._work.pieces.give_back(piece)
        except BaseException as error:  # whatever it is, it belongs to who waits for the file
            self._work.left(error)
        else:
            self._work.left(None)
        finally:
            self._connection.close()

    def _bring(self, piece: Piece) -> None:
        """Bring one piece from wherever it can be had."""
        work, failures = self._work, 0
        while not piece.is_done and not work.stopped.is_set():
            mirror, before = work.mirrors.choose(), piece.start
            try:
                self._receive(mirror, piece)
            except Refused as error:
                work.mirrors.refuse(mirror, error)
            except TransferError as error:
                if piece.start - before >= _PROGRESS:
                    failures = 0
                else:
                    work.mirrors.postpone(mirror)
                failures += 1
                if not error.retryable or failures >= work.patience.tries:
                    raise
                mirror.ask_itself()
                self._wait(mirror, error, failures)

    def _wait(self, mirror: Mirror, error: TransferError, failures: int) -> None:
        patience = self._work.patience
        asked = error.retry_after_s if isinstance(error, HostBusy) else None
        if asked is not None and asked > patience.most_retry_after_s:
            self._work.mirrors.refuse(mirror, error)
        else:
            patience.pause(self._work.stopped, max(asked or 0.0, patience.backoff(failures)))

    def _receive(self, mirror: Mirror, piece: Piece) -> None:
        """One request and what is answered, as far as it goes."""
        try:
            answer = mirror.ask(self._connection, piece.start, piece.end)
        except OutOfRange as error:
            if piece.start:
                raise self._work.beyond(mirror, piece, error.size) from error
            # An empty file has no range, and some hosts do not like to be asked for one.
            answer = mirror.ask(self._connection, 0, None, ranged=False)
        self.is_copying = True
        try:
            self._work.admit(mirror, answer, piece)
            self._copy(answer, piece)
        except (OSError, HTTPException) as error:
            raise broken_off(answer.address, error) from error
        finally:
            self.is_copying = False

    def _copy(self, answer: Answer, piece: Piece) -> None:
        """Write what an answer has of a piece. It may begin before the piece, and end within it."""
        pace = Pace(self._work.patience, answer.address)
        self._skip(answer, piece.start - answer.start, pace)
        end = min((end for end in (answer.end, piece.end) if end is not None), default=None)
        while end is None or piece.start < end:
            room = BUFFER if end is None else min(BUFFER, end - piece.start)
            if self._fill(answer, piece, room, pace):
                continue
            if end is not None:
                raise broken_off(answer.address, f"it ends {end - piece.start:,} bytes early")
            self._work.ended(answer, piece.start)
            piece.end = piece.start
            return

    def _skip(self, answer: Answer, count: int, pace: Pace) -> None:
        """Read bytes that are there already."""
        while count:
            came = answer.read_into(self._buffer[:count])
            if not came:
                raise broken_off(answer.address, "it ends before what is still missing")
            pace.came(came)
            count -= came

    def _fill(self, answer: Answer, piece: Piece, room: int, pace: Pace) -> bool:
        """Read until the room is full, and write that; also what came before a fault. False when the answer ends."""
        filled, came, until = 0, 1, time.monotonic() + _FILL_S
        try:
            while came and filled < room and time.monotonic() < until:
                came = answer.read_into(self._buffer[filled:room])
                filled += came
                if came >= _READY:
                    self.ready += came
        finally:
            if filled:
                self._put(piece, filled)
        pace.came(filled)
        return came > 0

    def _put(self, piece: Piece, filled: int) -> None:
        """Write what came, and have it hashed."""
        self.is_putting = True
        try:
            self._work.part.write(piece.start, self._buffer[:filled])
            self._buffer = self._work.hasher.trade(self._buffer, filled, piece.start)
            piece.start += filled
        finally:
            self.is_putting = False
