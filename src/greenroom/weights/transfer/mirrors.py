"""The places that have a file: what they answer, where they lead on to, and which have refused."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenroom import __version__
from greenroom.weights.transfer.address import Address
from greenroom.weights.transfer.answer import Answer, size_without_range
from greenroom.weights.transfer.errors import RedirectRefused
from greenroom.weights.transfer.journal import fingerprint
from greenroom.weights.transfer.refusals import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from http.client import HTTPResponse

    from greenroom.weights.transfer.answer import Version
    from greenroom.weights.transfer.connection import Connection
    from greenroom.weights.transfer.errors import TransferError

_GIVING = frozenset({200, 206})
_REDIRECTING = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 10
# What hosts say of an address whose signature is not valid any more.
_EXPIRED = frozenset({400, 401, 403, 404, 410})
_OURS = {"User-Agent": f"greenroom/{__version__}", "Accept": "*/*", "Accept-Encoding": "identity"}


class OutOfRange(Exception):
    """416: the file does not reach as far as was asked. size: how far it does, if the host says it."""

    def __init__(self, size: int | None) -> None:
        super().__init__()
        self.size = size


@dataclass(frozen=True, slots=True)
class Place:
    """Where to ask. headers: that may be said there beside our own."""

    address: Address
    headers: Mapping[str, str] = field(repr=False)

    @property
    def is_told_a_token(self) -> bool:
        """Whether who asks there says who it is."""
        return any(name.lower() == "authorization" for name in self.headers)

    def onward(self, location: str) -> Place:
        """Where a redirect leads. To another host no header goes along, and none comes back from there."""
        onward = self.address.onward(location)
        return Place(onward, self.headers if onward.origin == self.address.origin else {})


class Mirror:
    """One place that has the file.

    version: of its file, once it has answered.  refused: why it is not asked any more.
    """

    def __init__(self, url: str, place: Place) -> None:
        self.url, self.place = url, place
        self.version: Version | None = None
        self.refused: TransferError | None = None
        # Where it led to, signature and all: asked straight away from then on, until it refuses.
        self._led_to: Place | None = None

    @property
    def host(self) -> str:
        """Its name, for messages."""
        return self.place.address.authority

    def ask(self, connection: Connection, start: int, end: int | None, *, ranged: bool = True) -> Answer:
        """Ask for the bytes from start up to end, or to the file's end where that is None.

        ranged: without it, for the whole file.  Raises OutOfRange; TransferError, Refused if asking again is no use.
        """
        wanted = dict(_OURS)
        if ranged:
            wanted["Range"] = f"bytes={start}-{'' if end is None else end - 1}"
        led_to = self._led_to
        response, place = self._follow(connection, wanted, led_to or self.place)
        if response.status in _EXPIRED and led_to is not None:
            # A signature may be too old: what the mirror itself says now is what counts.
            response, place = self._follow(connection, wanted, self.place)
        if response.status in _GIVING:
            self._led_to = place if place is not self.place else None
            return Answer.of(response, place.address, start)
        self._led_to = None
        if response.status == 416:
            raise OutOfRange(size_without_range(response))
        raise refusal(response, place.address, asked_with_token=place.is_told_a_token)

    def ask_itself(self) -> None:
        """Do not go straight to where it led any more: that place may be the one that fails."""
        self._led_to = None

    def _follow(self, connection: Connection, wanted: Mapping[str, str], place: Place) -> tuple[HTTPResponse, Place]:
        """The first answer that is no redirect, and where it came from."""
        seen = {place.address}
        while True:
            response = connection.get(place.address, {**wanted, **place.headers})
            location = response.getheader("Location")
            if response.status not in _REDIRECTING or not location:
                return response, place
            place = place.onward(location)
            if place.address in seen or len(seen) > _MOST_REDIRECTS:
                how = "in a circle" if place.address in seen else f"on more than {_MOST_REDIRECTS} times"
                raise RedirectRefused(f"{self.place.address.shown} leads {how}", mend="check the address")
            seen.add(place.address)


class Mirrors:
    """All places of one file. They share nothing but the bytes: headers are for the first one's host.

    suspects: those that are asked last.
    """

    def __init__(self, urls: Sequence[str], headers: Mapping[str, str], suspects: frozenset[str]) -> None:
        addresses = [Address.parse(url) for url in urls]
        self._mirrors = [
            Mirror(url, Place(address, headers if address.origin == addresses[0].origin else {}))
            for url, address in zip(urls, addresses, strict=True)
        ]
        self._order = sorted(self._mirrors, key=lambda mirror: mirror.url in suspects)
        self._lock = threading.Lock()

    def choose(self) -> Mirror:
        """The one to ask now. Raises as ``refuse`` does."""
        with self._lock:
            self._raise_if_none_is_left()
            return self._order[0]

    def postpone(self, mirror: Mirror) -> None:
        """Ask the others first from now on, since this one did not give anything."""
        with self._lock:
            if mirror is self._order[0]:
                self._order.append(self._order.pop(0))

    def known(self, url: str, version: Version) -> None:
        """Note the version that a place had when an earlier process asked it."""
        for mirror in self._mirrors:
            if fingerprint(mirror.url) == url:
                mirror.version = version

    def answered(self) -> frozenset[str]:
        """The addresses that some bytes may be from."""
        return frozenset(mirror.url for mirror in self._mirrors if mirror.version is not None)

    def refuse(self, mirror: Mirror, error: TransferError) -> None:
        """Ask a mirror no more. Raises the best one's error when none is left."""
        with self._lock:
            mirror.refused = mirror.refused or error
            self._order = [other for other in self._order if other is not mirror]
            self._raise_if_none_is_left()

    def _raise_if_none_is_left(self) -> None:
        best = self._mirrors[0].refused
        if not self._order and best is not None:
            raise best
