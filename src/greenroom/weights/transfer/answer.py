"""What a host answered: whether it is the file, which bytes of it, and which version."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from greenroom.weights.transfer.connection import broken_off
from greenroom.weights.transfer.errors import WrongAnswer

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from greenroom.weights.transfer.address import Address

_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19})")
_NO_SUCH_RANGE = re.compile(r"bytes \*/(\d{1,19})")


@dataclass(frozen=True, slots=True)
class Version:
    """What tells one version of a host's file from another; a field is None where the host does not say it.

    size: in bytes.  etag, modified: as its headers say, the latter from Last-Modified.
    """

    size: int | None
    etag: str | None
    modified: str | None

    def differs(self, other: Version) -> bool:
        """Whether the two cannot be of one file: some field is said by both, and not the same."""
        pairs = ((self.size, other.size), (self.etag, other.etag), (self.modified, other.modified))
        return any(one is not None and two is not None and one != two for one, two in pairs)

    @property
    def is_certain(self) -> bool:
        """Whether two of this version are the same byte for byte: an entity tag that is not weak, or a date."""
        return (self.etag is not None and not self.etag.startswith("W/")) or self.modified is not None


class Answer:
    """An answer with bytes of the file, its body still to be read.

    start, end: places in the file of its first byte, and behind its last; end is None where nobody knows it yet.
    whole: it is the file from its beginning, whatever was asked for.
    """

    def __init__(self, response: HTTPResponse, address: Address, start: int, end: int | None, size: int | None) -> None:
        self._response = response
        self.address, self.start, self.end = address, start, end
        self.whole = response.status == 200
        self.version = Version(size, response.getheader("ETag"), response.getheader("Last-Modified"))
        # Without a length and without chunks, the end of the connection is the end of the file, or is not.
        self.marks_its_end = response.length is not None or bool(response.chunked)

    @classmethod
    def of(cls, response: HTTPResponse, address: Address, start: int) -> Self:
        """Read the head of an answer of 200 or 206 to a request for bytes from ``start``.

        Raises WrongAnswer when the body is packed; Interrupted when its range is not the one that was asked for.
        """
        packed = response.getheader("Content-Encoding", "identity").strip().lower()
        if packed not in ("", "identity"):
            raise WrongAnswer(
                f"{address.shown} comes packed ({packed[:20]}), which was not asked for", mend="use another mirror"
            )
        if response.status == 200:
            return cls(response, address, 0, response.length, response.length)
        said = _CONTENT_RANGE.fullmatch((response.getheader("Content-Range") or "").strip())
        if said is None:
            raise broken_off(address, "it gives a part of the file, and does not say which")
        first, last, size = map(int, said.groups())
        if first != start or not first <= last < size or response.length not in (None, last - first + 1):
            raise broken_off(address, "it gives another part of the file than the one that was asked for")
        return cls(response, address, first, last + 1, size)

    @property
    def media_type(self) -> str:
        """What the host says the file is, in lower case; empty where it does not."""
        return (self._response.getheader("Content-Type") or "").partition(";")[0].strip().lower()

    def read_into(self, view: memoryview) -> int:
        """Read what has come, as far as there is room for it; 0 at the end. Raises OSError, HTTPException."""
        response = self._response
        if response.length is None:
            data = response.read1(len(view))
            view[: len(data)] = data
            return len(data)
        # Not ``readinto``, which waits until all the room is filled: a fault would take with it what had come.
        count = response.fp.readinto1(view[: response.length]) if response.length else 0
        response.length -= count
        if not response.length:
            response.close()  # of the answer; the connection can be used again
        return count


def size_without_range(response: HTTPResponse) -> int | None:
    """The file's size in an answer of 416, which says that it does not reach as far; None where it is not said."""
    said = _NO_SUCH_RANGE.fullmatch((response.getheader("Content-Range") or "").strip())
    return int(said[1]) if said else None
