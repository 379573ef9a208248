"""The hashes of a file on disk."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from greenroom.weights.transfer.source import Algorithm

# Large enough that hashlib lets other threads run and the disk reads ahead, small enough for the processor's cache.
_CHUNK = 1 << 20


def hashes(file: Path, *algorithms: Algorithm, step: Callable[[int], None]) -> dict[Algorithm, str]:
    """The hashes of a file by algorithm, in lower-case hexadecimal.

    step: called with the bytes that were read so far; may raise to stop.  Raises OSError.
    """
    with file.open("rb", buffering=0) as opened:
        size = os.fstat(opened.fileno()).st_size
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        running = {algorithm: _begun(algorithm, size) for algorithm in algorithms}
        chunk, done = memoryview(bytearray(_CHUNK)), 0
        while count := opened.readinto(chunk):
            for hashed in running.values():
                hashed.update(chunk[:count])
            done += count
            step(done)
    return {algorithm: hashed.hexdigest() for algorithm, hashed in running.items()}


def _begun(algorithm: Algorithm, size: int) -> hashlib._Hash:
    if algorithm == "sha256":
        return hashlib.sha256()
    # What git names a file by; it protects against damage, and is not asked to do more.
    return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
