"""One try at a file: streams that bring it, a thread that hashes it, one that keeps its journal."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from greenroom.weights.transfer.connection import broken_off
from greenroom.weights.transfer.errors import TransferError, WrongAnswer
from greenroom.weights.transfer.hashing import Hasher
from greenroom.weights.transfer.journal import Journal, fingerprint
from greenroom.weights.transfer.keeping import Keeper
from greenroom.weights.transfer.mirrors import Mirrors
from greenroom.weights.transfer.pieces import Piece, Pieces
from greenroom.weights.transfer.refusals import wrong_size
from greenroom.weights.transfer.stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.weights.transfer.address import Address
    from greenroom.weights.transfer.answer import Answer
    from greenroom.weights.transfer.mirrors import Mirror
    from greenroom.weights.transfer.part import Part
    from greenroom.weights.transfer.patience import Patience
    from greenroom.weights.transfer.source import Source

# How often the caller is told where it stands, and may stop it.
_STEP_S = 0.1
# How long a stream has to end once it is told to.
_END_S = 2.0
# How much of what comes may have lain ready where the host is what is slow.
_MOST_READY = 0.5
# A file smaller than this is not worth a second connection.
_LEAST_PIECE = 4 << 20


class Changed(Exception):
    """The host's file is another version than the one that is on disk in part. host: whose."""

    def __init__(self, host: str) -> None:
        super().__init__()
        self.host = host


class RangeIgnored(Exception):
    """A host that had given a range gives the whole file now."""


@dataclass(frozen=True, slots=True)
class Options:
    """streams: connections at most.  piece: bytes to ask for at once, at most.  flush: bytes that may be unflushed."""

    patience: Patience
    streams: int
    piece: int
    flush: int


@dataclass(frozen=True, slots=True)
class Brought:
    """A whole file. digest: by the algorithm that its source names.  urls: where its bytes may be from."""

    sha256: str
    digest: str
    urls: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Glance:
    """Where a transfer stands. at: when, in seconds.  done: bytes on disk.  ready: that lay ready for their stream."""

    at: float
    done: int
    ready: int

    def is_host_slow(self, since: _Glance, enough_rate: int) -> bool:
        """Whether less than ``enough_rate`` bytes a second came since then, and most of it as it left the host."""
        came, lay_ready = self.done - since.done, self.ready - since.ready
        return came < enough_rate * (self.at - since.at) and lay_ready <= _MOST_READY * came


class Transfer:
    """Brings what a part still lacks, hashing as it grows.

    journal: of what the part has, None if nothing; afterwards of what it has then.  suspects: addresses to be asked
    last.  compare: whether all answers of a mirror must be of one version, as its host names it.
    """

    def __init__(
        self,
        source: Source,
        part: Part,
        journal: Journal | None,
        options: Options,
        *,
        suspects: frozenset[str],
        compare: bool,
    ) -> None:
        self.part, self.patience, self.journal = part, options.patience, journal
        self.mirrors = Mirrors(source.urls, source.headers, suspects)
        if journal is not None:
            self.mirrors.known(journal.url, journal.version)
        self.stopped = threading.Event()
        self._source, self._options, self._compare = source, options, compare
        self.pieces = Pieces()
        self._lock = threading.Lock()
        self._streams: list[Stream] = []
        self._bringing = 0
        self._helpers = 0
        self._glance = _Glance(0.0, 0, 0)
        self._opened = self._alone = False
        self._failure: BaseException | None = None
        self._ended = threading.Event()
        self.hasher = Hasher(part, source.digest.algorithm if source.digest else "sha256", self._end)
        self._keeper = Keeper(part, self._journal_of, options.flush, self._end)

    def run(self, step: Callable[[int], None]) -> Brought:
        """Bring the file, and hash it.

        step: told how many bytes are there, several times a second; what it raises ends the work.
        Raises TransferError, Changed, RangeIgnored.
        """
        self.hasher.start()
        self._keeper.start()
        try:
            if not self.part.is_whole:
                self.pieces.add(self._opening())
                self._start(1)
            self._wait(step)
        except Changed:
            self._stop()
            raise
        except BaseException as error:
            self._stop()
            self._keep_what_came(error)
            raise
        self._stop()
        return Brought(self.hasher.sha256, self.hasher.digest, self.mirrors.answered())

    def _wait(self, step: Callable[[int], None]) -> None:
        while not self._ended.wait(_STEP_S):
            self._look_for_help()
            step(self.part.done)
        if self._failure is not None:
            raise self._failure
        step(self.part.done)

    def _look_for_help(self) -> None:
        """Have others join the first stream where that brings too little.

        More of them bring nothing where one fills the line, or where the host is ahead of the disk or the processor
        here: they would only take more of both. As long as what came is being put away, nothing is said of the host.
        """
        now, before = self._look(), self._glance
        if not self._helpers or now.at - before.at < self.patience.alone_s or self.part.is_whole:
            return
        if any(stream.is_putting for stream in self._streams):
            return
        with self._lock:
            self._glance = now
            if now.is_host_slow(before, self.patience.enough_rate):
                self._call_helpers()

    def _look(self) -> _Glance:
        return _Glance(time.monotonic(), self.part.done, sum(stream.ready for stream in self._streams))

    # What streams call.

    def admit(self, mirror: Mirror, answer: Answer, piece: Piece) -> None:
        """Accept an answer as one of the file. The first one says which file that is; the piece is fitted to it."""
        with self._lock:
            if self.stopped.is_set():
                raise broken_off(mirror.place.address, "nobody waits for it any more")
            self._check_version(mirror, answer)
            if not self._opened:
                self._open(mirror, answer, piece)
                self._opened = True
            elif answer.whole and not self._alone:
                raise RangeIgnored

    def beyond(self, mirror: Mirror, piece: Piece, size: int | None) -> Exception:
        """What it means that a host's file, of ``size`` bytes, ends before the piece."""
        if size is None or size == self.part.size:
            return broken_off(mirror.place.address, f"it does not give what lies behind byte {piece.start:,}")
        return self._other_size(mirror, mirror.place.address, size)

    def ended(self, answer: Answer, size: int) -> None:
        """An answer whose length nobody knew has come to its end."""
        if self._source.size not in (None, size):
            raise wrong_size(answer.address, self._source.size, size)
        self.part.reserve(size)
        self.hasher.look()

    def left(self, error: BaseException | None) -> None:
        """A stream has ended, maybe with an error: others go on where that makes sense."""
        with self._lock:
            self._bringing -= 1
            is_last = self._bringing == 0
        if error is None and is_last and not self.part.is_whole and not self.stopped.is_set():
            error = RuntimeError("all streams have ended, and the file is not whole")
        if error is not None and (is_last or not getattr(error, "retryable", False)):
            self._end(error)

    def _check_version(self, mirror: Mirror, answer: Answer) -> None:
        """Raises WrongSize, Changed."""
        found, wanted = answer.version, self._source.size
        if found.size is not None:
            if wanted is not None and found.size != wanted:
                raise wrong_size(answer.address, wanted, found.size, media_type=answer.media_type)
            if self.part.size is not None and found.size != self.part.size:
                raise self._other_size(mirror, answer.address, found.size)
        if mirror.version is None:
            mirror.version = found
        elif self._compare and mirror.version.differs(found):
            raise Changed(mirror.host)

    def _other_size(self, mirror: Mirror, address: Address, size: int) -> Exception:
        """What it means that a file is not as long as what is on disk: two mirrors do not agree, or it was replaced."""
        if self._opened and mirror.version is None and self.part.size is not None:
            return wrong_size(address, self.part.size, size)
        return Changed(mirror.host)

    def _open(self, mirror: Mirror, answer: Answer, piece: Piece) -> None:
        """Learn from the first answer how long the file is, and who else is to bring it. Raises WrongAnswer, NoRoom."""
        size = answer.version.size
        if self._source.size is None:
            _refuse_page(answer)
        if self._source.size is None and self._source.digest is None and not answer.marks_its_end:
            raise WrongAnswer(
                f"{answer.address.shown} has neither a length nor an end, so nobody could tell whether it is whole",
                mend="give its SHA-256, or use another mirror",
            )
        if answer.whole:
            # It comes once, from the beginning. Nothing behind that may be there, or it would be written over while it
            # is hashed.
            self._alone = True
            self.part.keep_beginning()
        if size is not None:
            self.part.reserve(size)
            self.hasher.look()
            digest = self._source.digest
            self.journal = Journal(
                size=size,
                url=fingerprint(mirror.url),
                etag=answer.version.etag,
                modified=answer.version.modified,
                digest=f"{digest.algorithm}:{digest.value}" if digest else None,
                ranges=(),
            )
        if size is None or answer.whole:
            piece.end = size
            return
        piece.end = min(size, size if piece.end is None else piece.end)
        gaps = [(max(start, piece.end), end) for start, end in self.part.missing() if end > piece.end]
        self._helpers = min(self._options.streams - 1, self.pieces.plan(gaps, self._length(size)))
        self._glance = self._look()
        if not self.patience.alone_s:
            self._call_helpers()

    def _opening(self) -> Piece:
        """What the first request asks for: the beginning of what is missing."""
        size = self.part.size or self._source.size
        if not size:
            return Piece(0, self._length(None))
        start, end = self.part.missing()[0] if self.part.size else (0, size)
        return Piece(start, min(end, start + self._length(size)))

    def _length(self, size: int | None) -> int:
        """Of a piece: all streams have some of a small file, and none asks for too much at once of a large one."""
        share = self._options.piece if size is None else -(-size // self._options.streams)
        return min(self._options.piece, max(_LEAST_PIECE, share))

    def _call_helpers(self) -> None:
        self._start(self._helpers)
        self._helpers = 0

    def _start(self, count: int) -> None:
        for _ in range(count):
            stream = Stream(self, len(self._streams))
            self._streams.append(stream)
            self._bringing += 1
            stream.start()

    # How it ends.

    def _end(self, error: BaseException | None) -> None:
        self._failure = self._failure or error
        self._ended.set()

    def _stop(self) -> None:
        """End all threads but one that still looks up a name or connects: it will not be admitted any more."""
        with self._lock:
            self.stopped.set()
        self.pieces.close()
        self.hasher.stop()
        self._keeper.stop()
        for stream in self._streams:
            stream.abort()
        self.hasher.join()
        self._keeper.join()
        for stream in self._streams:
            stream.join(_END_S)
            while stream.is_alive() and stream.is_copying:
                stream.join(_STEP_S)

    def _keep_what_came(self, error: BaseException) -> None:
        """Write down what is there for the next run, and say so."""
        with contextlib.suppress(Exception):  # the error that ended this run is the one to know of
            self._keeper.keep()
            if isinstance(error, TransferError) and self.journal is not None and self.part.done:
                kept = f"{self.part.done:,} of {self.part.size:,} bytes are kept for the next run"
                error.mend = f"{error.mend}; {kept}" if error.mend else kept

    def _journal_of(self, ranges: tuple[tuple[int, int], ...]) -> Journal | None:
        return None if self.journal is None else replace(self.journal, ranges=ranges)


def _refuse_page(answer: Answer) -> None:
    """A web page in place of a file, as hosts send to those who are not logged in. Raises WrongAnswer."""
    path = answer.address.target.partition("?")[0].lower()
    if answer.media_type == "text/html" and not path.endswith((".html", ".htm")):
        raise WrongAnswer(
            f"{answer.address.shown} gives a web page, not a file", mend="give the address of the file itself"
        )
