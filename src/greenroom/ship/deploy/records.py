"""Every release, kept on this machine: what it set, what was there before, how it ended.

A record is written before anything changes, so that whoever comes after a crash knows what was under way and how to go
back. One file a release, whole or absent. A way back needs the variables as they were, and they may hold secrets: file
and folder are for their owner alone.
"""

from __future__ import annotations

import functools
import getpass
import os
import re
import secrets
import socket
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from greenroom.errors import FileUnreadable, InputInvalid, UnknownName, quoted
from greenroom.files import Publication, writing_to
from greenroom.ship.deploy.masking import shown

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import TypeAdapter


# runpod: a serverless endpoint.
Target = Literal["runpod", "pod", "compose"]
Kind = Literal["deploy", "blue-green", "rollback"]
# begun: under way, or left there by a crash.  switched: callers use it, and the one before is still there.
# reverting: it failed, and the values before it are being brought back.  live: it was proved.  reverted: the values
# before it are back.  removed: there is nothing any more, as asked.  interrupted: another release took its place.
State = Literal["begun", "switched", "reverting", "live", "reverted", "removed", "interrupted"]
_ENDED = frozenset({"live", "reverted", "removed", "interrupted"})
_FILE = re.compile(r"([0-9]{4,})\.json")
# A name is a folder's too.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._ -]{0,62}")
# What stands for the mark of a release that was not begun.
NO_MARK = "NEW"


@dataclass(frozen=True, slots=True)
class Release:
    """One release.

    wanted: what it sets; None takes everything down.  before: what was there, None for nothing.  endpoint: its id on
    the platform (an endpoint's or a pod's), or the project on a compose host, once it is known.  beside: the same of
    the one before, as long as both are there.  marks: by which what it makes is known, its own first.  back_to: the
    release that it goes back to.
    canary: what proves it.  model: the name of a recipe.
    """

    name: str
    number: int
    target: Target
    kind: Kind
    wanted: dict[str, Any] | None
    before: dict[str, Any] | None
    state: State = "begun"
    endpoint: str | None = None
    beside: str | None = None
    marks: tuple[str, ...] = ()
    back_to: int | None = None
    canary: dict[str, Any] | None = None
    model: str | None = None
    by: str = ""
    began: str = ""
    switched: str = ""
    ended: str = ""
    outcome: str = ""

    @property
    def is_unfinished(self) -> bool:
        """Whether it is under way, or was when whoever did it ended."""
        return self.state not in _ENDED

    @property
    def image(self) -> str:
        """The image that it sets; empty for one that takes everything down."""
        return str((self.wanted or {}).get("image", ""))

    @property
    def masked(self) -> Release:
        """The same to be shown: what its variables hold is hidden where it is secret."""
        wanted, before = (None if values is None else shown(values) for values in (self.wanted, self.before))
        return replace(self, wanted=wanted, before=before)

    def __str__(self) -> str:
        return f"release {self.number} of {self.name}"


@dataclass(frozen=True, slots=True)
class History:
    """The releases of one name, the oldest first. folder: of their files."""

    name: str
    folder: Path
    releases: tuple[Release, ...] = field(default=())

    @classmethod
    def read(cls, data: Path, name: str) -> Self:
        """From the data folder. Raises InputInvalid for an impossible name, FileUnreadable."""
        folder = _root(data) / checked_name(name)
        paths = sorted(filter(_is_record, _files(folder)))
        return cls(name, folder, tuple(_read(path) for path in paths))

    @property
    def unfinished(self) -> Release | None:
        """The one that is under way."""
        newest = self.releases[-1] if self.releases else None
        return newest if newest and newest.is_unfinished else None

    @property
    def current(self) -> Release | None:
        """The newest one that was proved, and was not taken down since."""
        ends = [release for release in self.releases if release.state in ("live", "removed")]
        return ends[-1] if ends and ends[-1].state == "live" else None

    @property
    def endpoint(self) -> str | None:
        """What callers use: the id of the newest release that has one and did not lose it."""
        if self.unfinished and self.unfinished.state == "switched":
            return self.unfinished.endpoint
        return self.current.endpoint if self.current else None

    @property
    def last(self) -> Release | None:
        """What a rollback starts from: the one under way, or the newest that ended as asked."""
        return self.unfinished or next((one for one in self.releases[::-1] if one.state in ("live", "removed")), None)

    @property
    def next_number(self) -> int:
        """Of a release that would be begun now."""
        return (self.releases[-1].number if self.releases else 0) + 1

    def release(self, number: int) -> Release:
        """One that was proved. Raises UnknownName."""
        proved = {str(release.number): release for release in self.releases if release.state == "live"}
        if str(number) not in proved:
            raise UnknownName(f"release of {self.name} that was proved", str(number), proved)
        return proved[str(number)]

    def make_folder(self) -> Path:
        """The folder of these records, for its owner alone. Raises OutputUnwritable."""
        with writing_to(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.folder

    def begin(self, release: Release) -> tuple[History, Release]:
        """Write down a new release before anything is changed, and give it its own mark in the first one's place.

        One that was under way is named interrupted, behind that. Raises OutputUnwritable.
        """
        mark = f"{self.name}/{release.number}/{secrets.token_hex(6)}"
        new = replace(release, marks=(mark, *release.marks[1:]), state="begun", by=_who(), began=now())
        self.make_folder()
        history = self.save(new)
        if self.unfinished:
            outcome = f"release {new.number} took its place"
            history = history.save(replace(self.unfinished, state="interrupted", ended=now(), outcome=outcome))
        return history, new

    def save(self, release: Release) -> History:
        """Keep a release as it is now. Raises OutputUnwritable."""
        content = _form().dump_json(release, indent=2)
        with Publication(self.folder) as out:
            file = out.open(f"{release.number:04}.json")
            with writing_to(self.folder), file:
                os.fchmod(file.fileno(), 0o600)
                file.write(content + b"\n")
        others = tuple(known for known in self.releases if known.number != release.number)
        return replace(self, releases=tuple(sorted((*others, release), key=lambda known: known.number)))


def checked_name(name: Any) -> str:
    """A name that an endpoint, a compose project and a folder can have. Raises InputInvalid."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.endswith((" ", ".")):
        said = "no name is given" if not name else f"{quoted(name)} cannot be the name of a deploy"
        raise InputInvalid(said, mend="--name with letters, digits, dots, dashes; 63 at most, a letter or digit first")
    return name


def names(data: Path) -> tuple[str, ...]:
    """All that was ever deployed from this machine."""
    folders = (path for path in _files(_root(data)) if path.is_dir())
    return tuple(sorted(folder.name for folder in folders if any(map(_is_record, _files(folder)))))


def now() -> str:
    """This moment, to the second, in UTC."""
    return datetime.now(UTC).replace(microsecond=0).isoformat()


def seconds_since(moment: str) -> float:
    """By this machine's clock; never less than 0."""
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds())


def _root(data: Path) -> Path:
    return data / "deploys"


def _is_record(path: Path) -> bool:
    return _FILE.fullmatch(path.name) is not None


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _read(path: Path) -> Release:
    try:
        return _form().validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise FileUnreadable(
            f"the record {quoted(path)} cannot be read", mend="bring it back from a backup, or move it away"
        ) from error


@functools.cache
def _form() -> TypeAdapter[Release]:
    from pydantic import TypeAdapter

    return TypeAdapter(Release)


def _who() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError):  # a container whose user has no name
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
