"""The digest of a file that is still coming: what comes next in it is hashed as it comes, the rest is read back."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.weights.transfer.part import Part
    from greenroom.weights.transfer.source import Algorithm

# Bytes that are received, written and hashed at once. Larger buffers fall out of the processor's caches between the
# three; smaller ones cost system calls, and a change of threads each.
BUFFER = 1 << 20
# How many may wait to be hashed: as much as comes while something else has the processor.
_SPARE = 4


class Hasher(threading.Thread):
    """Hashes a file from its beginning, as it grows.

    Bytes that come next in the file are hashed in the buffer that they came in. All others are read back once it is
    their turn: those of other streams, those that an earlier process left, and those that came behind them.

    ended: called once, with the error if there was one.
    """

    def __init__(self, part: Part, algorithm: Algorithm, ended: Callable[[BaseException | None], None]) -> None:
        super().__init__(name="transfer-hash", daemon=True)
        self.sha256 = ""
        self.digest = ""
        self._part, self._algorithm, self._ended = part, algorithm, ended
        lock = threading.Lock()
        self._grown, self._freed = threading.Condition(lock), threading.Condition(lock)
        self._stopped = False
        # How much of the file is hashed, is being hashed or waits for it.
        self._taken = 0
        self._waiting: deque[tuple[memoryview, int]] = deque()
        self._spare = [memoryview(bytearray(BUFFER)) for _ in range(_SPARE)]
        self._own = memoryview(bytearray(BUFFER))

    def trade(self, buffer: memoryview, count: int, at: int) -> memoryview:
        """Look at the first ``count`` bytes of a buffer, which have just been written to the file at ``at``.

        Gives the buffer to go on with: another one where this one waits to be hashed. A stream that is far ahead of the
        hash is held up: the file has to wait for its digest anyway, and to read back costs as much as to receive.
        """
        with self._grown:
            if at == self._taken:
                self._waiting.append((buffer, count))
                self._taken += count
                self._grown.notify()
                self._freed.wait_for(self._has_spare)
                return self._spare.pop() if self._spare else memoryview(bytearray(BUFFER))
            if self._has_work():  # else the bytes are far from their turn, and waking up costs more than writing them
                self._grown.notify()
            return buffer

    def look(self) -> None:
        """Look whether the file is whole: how long it is has just been learned."""
        with self._grown:
            self._grown.notify()

    def stop(self) -> None:
        """End before the file does."""
        with self._grown:
            self._stopped = True
            self._grown.notify()
            self._freed.notify_all()

    def run(self) -> None:
        """Hash as the file grows."""
        try:
            self.sha256 = self.digest = self._hash(hashlib.sha256())
            if self._algorithm == "git-sha1":  # of small files: a second look costs nothing
                self._taken = 0
                self.digest = self._hash(hashlib.sha1(b"blob %d\0" % (self._part.size or 0), usedforsecurity=False))
        except BaseException as error:  # whatever it is, it belongs to who waits for the digest
            self._ended(error)
        else:
            if not self._stopped:
                self._ended(None)

    def _hash(self, digest: hashlib._Hash) -> str:
        while True:
            with self._grown:
                self._grown.wait_for(self._has_work)
                if self._stopped or (not self._waiting and self._taken == self._part.size):
                    return digest.hexdigest()
                came = self._waiting.popleft() if self._waiting else None
                if came is None:
                    at, length = self._taken, min(BUFFER, self._part.prefix - self._taken)
                    self._taken += length
            if came is None:
                self._read_back(at, length)
                digest.update(self._own[:length])
            else:
                buffer, count = came
                digest.update(buffer[:count])
                with self._grown:
                    self._spare.append(buffer)
                    self._freed.notify()

    def _has_spare(self) -> bool:
        return bool(self._spare) or self._stopped

    def _has_work(self) -> bool:
        """Whether there is something to hash, or nothing any more."""
        part, taken = self._part, self._taken
        return bool(self._waiting) or part.prefix > taken or part.size == taken or self._stopped

    def _read_back(self, at: int, length: int) -> None:
        done = 0
        while done < length:
            done += self._part.read_into(self._own[done:length], at + done)
