"""The digest of a file that is still coming: its beginning is read back and hashed as it grows."""

from __future__ import annotations

import hashlib
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.weights.transfer.part import Part
    from greenroom.weights.transfer.source import Algorithm

# Read back at once, from the page cache. Larger buffers fall out of the processor's caches.
_BUFFER = 1 << 20


class Hasher(threading.Thread):
    """Hashes what is on disk, and not what came: bytes that an earlier process left are looked at again too.

    ended: called once, with the error if there was one.
    """

    def __init__(self, part: Part, algorithm: Algorithm, ended: Callable[[BaseException | None], None]) -> None:
        super().__init__(name="transfer-hash", daemon=True)
        self.sha256 = ""
        self.digest = ""
        self._part, self._algorithm, self._ended = part, algorithm, ended
        self._stopped = threading.Event()

    def stop(self) -> None:
        """End before the file does."""
        self._stopped.set()
        self._part.wake()

    def run(self) -> None:
        """Hash as the file grows."""
        try:
            self.sha256 = self.digest = self._hash(hashlib.sha256())
            if self._algorithm == "git-sha1":  # of small files: a second look costs nothing
                blob = hashlib.sha1(b"blob %d\0" % (self._part.size or 0), usedforsecurity=False)
                self.digest = self._hash(blob)
        except BaseException as error:  # whatever it is, it belongs to who waits for the digest
            self._ended(error)
        else:
            if not self._stopped.is_set():
                self._ended(None)

    def _hash(self, digest: hashlib._Hash) -> str:
        buffer = memoryview(bytearray(_BUFFER))
        at = 0
        while (until := self._part.wait_for_prefix(at + _BUFFER, self._stopped.is_set)) > at:
            while at < until and not self._stopped.is_set():
                count = self._part.read_into(buffer[: until - at], at)
                digest.update(buffer[:count])
                at += count
            if self._stopped.is_set():
                break
        return digest.hexdigest()
