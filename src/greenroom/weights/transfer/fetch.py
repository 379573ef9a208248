"""Fetch one file: resumed where another process left it, from any mirror that has it, and right or not there."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from greenroom.weights.transfer.errors import (
    ContentChanging,
    HostBusy,
    Refused,
    TransferError,
    Unreachable,
    WrongDigest,
)
from greenroom.weights.transfer.journal import Journal
from greenroom.weights.transfer.part import Part
from greenroom.weights.transfer.patience import Patience
from greenroom.weights.transfer.transfer import Changed, Options, RangeIgnored, Transfer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from greenroom.weights.transfer.source import Source
    from greenroom.weights.transfer.transfer import Brought

# Asked for at once at most. Smaller pieces cost requests, larger ones leave the hash behind.
PIECE = 64 << 20
# Unflushed at most: what a crash of the machine can cost.
FLUSH = 128 << 20
# How often a file may turn out to be another version before that is an error.
_MOST_CHANGES = 3


@dataclass(frozen=True, slots=True)
class Fetched:
    """A verified file under its name. size, resumed_bytes: the latter were on disk already.  seconds: that it took."""

    path: Path
    size: int
    sha256: str
    resumed_bytes: int
    seconds: float


def _silent(done: int) -> None:
    """Report to nobody, stop never."""


def _unleased() -> None:
    """Nobody else writes here."""


def fetch(
    source: Source,
    into: Path,
    *,
    step: Callable[[int], None] = _silent,
    patience: Patience | None = None,
    streams: int = 4,
    piece: int = PIECE,
    flush: int = FLUSH,
    check: Callable[[], None] = _unleased,
) -> Fetched:
    """Fetch a file, verify it, flush it, and give it its name: ``into`` is the right file or is not touched.

    Meanwhile it is ``into`` with ``.part`` behind its name, beside a journal ``.part.json``. Two processes must not
    work on it at once: ``check`` is called before the file gets its name, and raises when that right was lost.

    step: called from this thread several times a second with the number of bytes that are there, fewer than before
    when the file must begin anew; what it raises ends the work.  streams: connections at most.  piece: bytes that are
    asked for at once.  flush: bytes that may be unflushed.
    Raises TransferError. What has arrived stays for the next run, unless it was wrong (WrongDigest).
    """
    began = time.monotonic()
    with Part(into) as part:
        work = _Work(source, part, Options(patience or Patience(), streams, piece, flush), step)
        sha256, size = work.bring_right(), part.done
        part.sync()
        try:
            check()
        except BaseException:
            work.keep()
            raise
        part.publish()
    return Fetched(into, size, sha256, work.resumed, time.monotonic() - began)


class _Work:
    """The tries at one file. resumed: bytes that an earlier process left and that are still in use."""

    def __init__(self, source: Source, part: Part, options: Options, step: Callable[[int], None]) -> None:
        self._source, self._part, self._options, self._step = source, part, options, step
        self._journal = Journal.read(part.journal_path)
        if self._journal is None or not self._journal.fits(source) or not part.go_on(self._journal):
            self._begin_anew()
        elif part.is_whole and source.digest is None:
            # One byte is asked for again, so that the host can say whether the file is still this one.
            part.miss_last_byte()
        self.resumed = part.done

    def bring_right(self) -> str:
        """Bring the file, and once more from its beginning if it is not the right one. Gives its SHA-256."""
        expected = self._source.digest
        brought = self._bring_from_any()
        if expected is None or brought.digest == expected.value:
            return brought.sha256
        self._begin_anew()
        brought = self._bring(self._source, suspects=brought.urls)
        if brought.digest == expected.value:
            return brought.sha256
        # Nobody needs the wrong bytes: their digest is in the error, and the disk may have no room for two.
        self._part.remove()
        raise WrongDigest(
            f"{self._source.shown} is not the file that is wanted: its {expected.algorithm} is {brought.digest}, "
            f"expected was {expected.value}",
            expected=expected.value,
            found=brought.digest,
            mend="the file may have been replaced, or something on the way changes it: check where the digest is from, "
            "or use another mirror",
        )

    def keep(self) -> None:
        """Write down what is there, flushed, for the next run."""
        if self._journal is not None:
            self._part.keep(replace(self._journal, ranges=self._part.ranges()))

    def _bring_from_any(self) -> Brought:
        """Without a digest nobody could tell whether bytes of two mirrors belong together: then one brings it all."""
        if self._source.digest is not None:
            return self._bring(self._source)
        failure: TransferError | None = None
        for alone in self._source.apart():
            try:
                return self._bring(alone)
            except (Refused, Unreachable, HostBusy) as error:
                failure = failure or error
                if self._part.done:
                    break
        assert failure is not None  # noqa: S101 - a source has an address
        raise failure

    def _bring(self, source: Source, *, suspects: frozenset[str] = frozenset()) -> Brought:
        """Bring one version of the file. suspects: addresses that gave wrong bytes, to be asked last."""
        changes, options = 0, self._options
        while True:
            # A host with a version for every one of its machines is no use, unless a digest tells the right bytes.
            compare = source.digest is None or changes < _MOST_CHANGES - 1
            transfer = Transfer(source, self._part, self._journal, options, suspects=suspects, compare=compare)
            try:
                brought = transfer.run(self._step)
            except RangeIgnored:
                options, self._journal = replace(options, streams=1), transfer.journal
            except Changed as error:
                changes += 1
                if changes == _MOST_CHANGES:
                    raise ContentChanging(
                        f"{error.host} has another version of {source.shown} at every try",
                        mend="run it again later, or use another mirror",
                    ) from None
                self._begin_anew()
            else:
                self._journal = transfer.journal
                return brought

    def _begin_anew(self) -> None:
        self._part.begin_anew()
        self._journal, self.resumed = None, 0
