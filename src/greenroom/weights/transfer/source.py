"""What is to be fetched: where it is, who asks, how long it is and which bytes are the right ones."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

Algorithm = Literal["sha256", "git-sha1"]
_HEX_DIGITS: dict[Algorithm, int] = {"sha256": 64, "git-sha1": 40}


@dataclass(frozen=True, slots=True)
class Expected:
    """The digest of the right bytes, in lower-case hexadecimal.

    git-sha1: as git names a file, SHA-1 of ``blob SIZE\\0`` and the content: what the model hub knows of small files.
    """

    algorithm: Algorithm
    value: str

    def __post_init__(self) -> None:
        if not re.fullmatch(rf"[0-9a-f]{{{_HEX_DIGITS[self.algorithm]}}}", self.value):
            raise ValueError(f"{self.value!r} is no {self.algorithm} in lower-case hexadecimal")


@dataclass(frozen=True, slots=True)
class Source:
    """One file, wherever it may come from.

    urls: the same bytes, the best place first.  headers: for the host of the first address alone, and not for whom it
    leads on to: tokens stand in them.  size: in bytes, if known beforehand.  digest: of the right bytes, if known.
    """

    urls: tuple[str, ...] = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    size: int | None = None
    digest: Expected | None = None

    def __post_init__(self) -> None:
        if not self.urls:
            raise ValueError("a source needs an address")
        for name, value in self.headers.items():
            if not value.isascii() or not value.isprintable():
                raise ValueError(f"the header {name} holds what no header can")  # what it holds may be a secret

    def apart(self) -> list[Source]:
        """A source for every address. Headers stay with the host that they are for."""
        best = urlsplit(self.urls[0])[:2]
        return [
            replace(self, urls=(url,), headers=self.headers if urlsplit(url)[:2] == best else {}) for url in self.urls
        ]

    @property
    def shown(self) -> str:
        """The best address, as it may stand in a message."""
        return shown(self.urls[0])


def shown(url: str) -> str:
    """An address as it may stand in a message: without user, password, fragment and what the query says."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "an address that cannot be read"
    name = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{name}{f':{port}' if port else ''}{parts.path}{'?...' if parts.query else ''}"
