"""API keys: who asks, and what they may. The server knows only hashes; a key itself is shown once, when it is made.

The file is TOML, a table a key; it is read again when it changes::

    [ann]
    sha256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
    concurrency = 4           # jobs that may wait or run at once
    requests_per_minute = 60
    admin = false             # sees and stops everybody's jobs
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from greenroom.errors import FileUnreadable, GreenroomError, InputInvalid, quoted
from greenroom.inputs import Inputs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from greenroom.settings import Settings

_log = logging.getLogger("greenroom.serve")

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Whoever has the one key of the settings is this caller.
SINGLE = "default"
# Longer ones are not hashed: a header may have 64 kB.
_LONGEST_KEY = 512


class Unauthorised(GreenroomError):
    """No key was given, or one that is not known."""

    code = "unauthorised"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. name: owns the jobs, empty without keys.  concurrency: jobs that may wait or run at once.

    requests_per_minute: on the long run. None is without limit, for both.
    """

    name: str
    admin: bool = False
    concurrency: int | None = None
    requests_per_minute: float | None = None


ANONYMOUS = Caller("")


class _Entry(Inputs):
    """A key as the file has it."""

    sha256: str
    concurrency: Annotated[int, Field(ge=1)] | None = None
    requests_per_minute: Annotated[float, Field(gt=0)] | None = None
    admin: bool = False


class Keys:
    """All keys. file: of many keys.  single: the one of the settings, which is an administrator's.

    Raises FileUnreadable when the file is absent or wrong. When it becomes so later, the keys that were stay.
    """

    def __init__(self, file: Path | None = None, single: str | None = None) -> None:
        self._file = file
        self._single = {_hash(single): Caller(SINGLE, admin=True)} if single else {}
        self._listed: dict[str, Caller] = {}
        self._seen: object = None
        if file is not None:
            self._seen = _stamp(file)
            self._listed = _read(file)

    @classmethod
    def of(cls, settings: Settings) -> Keys:
        """The keys that the settings name."""
        return cls(settings.keys, settings.api_key.get_secret_value() if settings.api_key else None)

    @property
    def required(self) -> bool:
        """Whether requests must carry a key. An empty file lets nobody in."""
        return bool(self._single) or self._file is not None

    def caller(self, headers: Mapping[str, str]) -> Caller:
        """Who sends these headers; anonymous when no key is required. Raises Unauthorised."""
        if not self.required:
            return ANONYMOUS
        scheme, _, token = headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Unauthorised("the request has no key", mend="send the header Authorization: Bearer KEY")
        found = self._find(token) if len(token) <= _LONGEST_KEY else None
        if found is None:
            raise Unauthorised(
                "the key is not known here", mend="check the key, or ask whoever runs the server for one"
            )
        return found

    def _find(self, token: str) -> Caller | None:
        self._reload()
        given = _hash(token)
        found: Caller | None = None
        # All are compared, and each in constant time, so that the time taken says nothing of the keys.
        for known, caller in (*self._single.items(), *self._listed.items()):
            if hmac.compare_digest(known, given):
                found = caller
        return found

    def _reload(self) -> None:
        if self._file is None or (stamp := _stamp(self._file)) == self._seen:
            return
        self._seen = stamp  # a file that is wrong is said to be so once
        try:
            self._listed = _read(self._file)
        except FileUnreadable as error:
            _log.error("%s; the keys that were stay valid", error.message)
        else:
            _log.info("the file of keys was read again: %d keys", len(self._listed))


def new_key(
    name: str, *, concurrency: int | None = None, requests_per_minute: float | None = None, admin: bool = False
) -> tuple[str, str]:
    """A fresh key, to be shown once, and its table for the file. Raises InputInvalid for a name with other letters."""
    if not _NAME.fullmatch(name):
        raise InputInvalid(f"{quoted(name)} is no name for a key", mend="use 1 to 64 letters, digits, - and _")
    token = f"gr_{secrets.token_urlsafe(32)}"
    lines = [f"[{name}]", f'sha256 = "{_hash(token)}"']
    lines += [f"concurrency = {concurrency}"] if concurrency is not None else []
    lines += [f"requests_per_minute = {requests_per_minute:g}"] if requests_per_minute is not None else []
    lines += ["admin = true"] if admin else []
    return token, "\n".join(lines) + "\n"


def _read(file: Path) -> dict[str, Caller]:
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise FileUnreadable(f"there is no file of keys {quoted(file)}", mend="check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise FileUnreadable(f"the file of keys {quoted(file)} cannot be read", mend="check its rights") from error
    except tomllib.TOMLDecodeError as error:
        raise FileUnreadable(
            f"the file of keys {quoted(file)} is not TOML: {error}", mend="write a table a key"
        ) from error
    return {
        entry.sha256.lower(): caller for entry, caller in (_entry(file, name, table) for name, table in said.items())
    }


def _entry(file: Path, name: str, table: Any) -> tuple[_Entry, Caller]:
    try:
        entry = _checked(name, table)
    except InputInvalid as error:
        raise FileUnreadable(
            f"the key {quoted(name)} in {quoted(file)} is wrong: {error.message}",
            mend=error.mend or 'write a table such as [ann], and in it sha256 = "..."',
        ) from None
    return entry, Caller(name, entry.admin, entry.concurrency, entry.requests_per_minute)


def _checked(name: str, table: Any) -> _Entry:
    if not _NAME.fullmatch(name):
        raise InputInvalid("a name has 1 to 64 letters, digits, - and _")
    if not isinstance(table, dict):
        raise InputInvalid("a key is a table, with a line for its sha256")
    digest = table.get("sha256")
    # A value that is no hash may be the key itself, which no message may show.
    if digest is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", str(digest)):
        raise InputInvalid("sha256 is not 64 hexadecimal digits")
    return _Entry.check(table)


def _stamp(file: Path) -> object:
    """Differs once the file was written or replaced."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _hash(token: str) -> str:
    # The keys are 256 random bits, so a fast hash is as good as a slow one.
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
