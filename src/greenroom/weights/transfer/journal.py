"""What is known of a file that is not whole yet, for whoever goes on: which file it is, and which bytes are there.

It lies beside the file, and claims no byte that was not flushed to the disk before. A journal that is torn, of another
release of this format or of another file is as good as none: the download then begins anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self

from greenroom.weights.transfer.answer import Version

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.weights.transfer.source import Source

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Journal:
    """Sizes in bytes.

    size: of the whole file.  url: the fingerprint of the address that etag and modified are from, since an address may
    hold a secret.  digest: that is expected, as ``ALGORITHM:VALUE``.  ranges: half-open, that are on disk.
    """

    size: int
    url: str
    etag: str | None
    modified: str | None
    digest: str | None
    ranges: tuple[tuple[int, int], ...]

    def fits(self, source: Source) -> bool:
        """Whether what is on disk may be a part of what is wanted.

        Where a digest is known it decides in the end, and bytes may be from anywhere. Without one they must be of the
        same address, whose host has named a version that can be compared.
        """
        if source.size not in (None, self.size):
            return False
        if source.digest is not None:
            return self.digest == f"{source.digest.algorithm}:{source.digest.value}"
        same_place = self.url == fingerprint(source.urls[0])
        return self.digest is None and same_place and self.version.is_certain

    @property
    def version(self) -> Version:
        """The version of the file that its address had."""
        return Version(self.size, self.etag, self.modified)

    def write(self, path: Path) -> None:
        """Replace the journal at ``path``: after a crash there is the old one or this one. Raises OSError."""
        said = asdict(self) | {"format": _FORMAT}
        staged = _staged(path)
        with staged.open("w", encoding="utf-8") as file:
            json.dump(said | {"seal": _seal(said)}, file)
            file.flush()
            os.fsync(file.fileno())
        staged.replace(path)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The journal at ``path``; None where there is none that can be believed."""
        try:
            said = json.loads(path.read_bytes())
            seal = said.pop("seal")
            if said.pop("format") != _FORMAT or seal != _seal(said | {"format": _FORMAT}):
                return None
            ranges = tuple((int(start), int(end)) for start, end in said.pop("ranges"))
            journal = cls(**said, ranges=ranges)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None
        return journal if all(0 <= start < end <= journal.size for start, end in ranges) else None


def remove_journal(path: Path) -> None:
    """Leave no journal, and no half-written one either. Raises OSError."""
    path.unlink(missing_ok=True)
    _staged(path).unlink(missing_ok=True)


def fingerprint(url: str) -> str:
    """A name for an address that gives nothing of it away."""
    return hashlib.sha256(url.encode()).hexdigest()


def _staged(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _seal(said: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
