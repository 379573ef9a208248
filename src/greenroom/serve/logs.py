"""Structured logs: one JSON object a line, or text for a terminal; no secret reaches either.

>>> with bind(job="job_1"):
...     logging.getLogger("greenroom.jobs").info("started", extra={"device": "cuda:0"})
{"time": "...", "level": "info", "logger": "greenroom.jobs", "message": "started", "job": "job_1", "device": "cuda:0"}
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from pydantic import SecretStr

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from greenroom.settings import Settings

HIDDEN = "********"

# Whose lines join ours. uvicorn says who asked for what; httpx would say it of every webhook, with its address.
_JOINED = ("uvicorn", "uvicorn.error", "uvicorn.access", "dbos")
_QUIET = ("httpx", "httpcore")

_ids: ContextVar[Mapping[str, str]] = ContextVar("ids", default={})  # noqa: B039 - never changed, only replaced

_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # A header and its value, however headers are printed: name: value, {'name': 'value'}, (b'name', b'value').
        r"""(?P<keep>\b(?:proxy-)?(?:authorization|x-api-key|cookie|set-cookie)["']?\s*[:=,]\s*b?["']?)"""
        r"""(?:(?:bearer|basic|digest)\s+)?[^"'\r\n,)}\]]+""",
        r"(?P<keep>\b(?:bearer|basic)\s+)[a-z0-9._~+/=-]{8,}",
        r"(?P<keep>)(?<![a-z0-9])(?:gr_|whsec_|hf_|rpa_|sk-)[a-z0-9_+/=-]{16,}",
        r"(?P<keep>\b[a-z][a-z0-9+.-]*://)[^/?#\s@\"']*(?=@)",
        r"(?P<keep>[?&](?:[a-z0-9-]*signature|sig|token|[a-z0-9_-]*key|x-amz-credential|x-amz-security-token)=)"
        r"[^&\s\"'#]+",
    )
)
_SECRET_NAME = re.compile(r"SECRET|TOKEN|PASSWORD|API_KEY|ACCESS_KEY", re.IGNORECASE)
# A shorter value would also stand for half of the words of a line.
_SHORTEST = 6
# What turns a line of a log into two, or a terminal into something else.
_CONTROL = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160))}


@contextlib.contextmanager
def bind(**ids: str) -> Iterator[None]:
    """Every line that is logged inside carries these ids, such as ``job``, ``request`` and ``device``."""
    token = _ids.set({**_ids.get(), **ids})
    try:
        yield
    finally:
        _ids.reset(token)


def bound(name: str) -> str | None:
    """An id of this context, if it has one."""
    return _ids.get().get(name)


class Redactor:
    """Hides secrets in text: the values that it knows, and whatever looks like one."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        known = {value for value in values if len(value) >= _SHORTEST}
        known |= {quote(value, safe="") for value in known}
        # The longest first, lest a part of it stay.
        listed = "|".join(re.escape(value) for value in sorted(known, key=len, reverse=True))
        self._known = re.compile(listed) if listed else None

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\g<keep>{HIDDEN}", text)
        return text

    def of(self, value: Any) -> Any:
        """A value as JSON can hold it, without secrets at any depth."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, dict):
            return {self(str(name)): HIDDEN if _is_secret(name) else self.of(part) for name, part in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.of(part) for part in value]
        return self(str(value))


class _Formatter(logging.Formatter):
    """What both forms share: the parts of a record, without secrets."""

    def __init__(self, redact: Redactor) -> None:
        super().__init__()
        self._redact = redact

    def _parts(self, record: logging.LogRecord) -> dict[str, Any]:
        own = {name: part for name, part in vars(record).items() if name not in _STANDARD and name not in _NOISE}
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # a wrong format is no reason to lose the line
            message = f"{record.msg} {record.args}"
        return {"message": self._redact(message), **self._redact.of({**_ids.get(), **own})}

    def _trace(self, record: logging.LogRecord) -> str:
        parts = [self.formatException(record.exc_info)] if record.exc_info and record.exc_info[0] else []
        parts += [record.stack_info] if record.stack_info else []
        return self._redact("\n".join(parts))


class JsonLines(_Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """A record as a line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"time": at, "level": record.levelname.lower(), "logger": record.name, **self._parts(record)}
        if trace := self._trace(record):
            line["error"] = trace
        return json.dumps(line, ensure_ascii=False, default=str)


class TextLines(_Formatter):
    """Lines for people, in local time."""

    def format(self, record: logging.LogRecord) -> str:
        """A record as a line, its traceback below it."""
        parts = self._parts(record)
        message = parts.pop("message")
        ids = "".join(f"  {name}={part}" for name, part in parts.items())
        at = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        line = f"{at} {record.levelname.lower():<7} {record.name}: {message}{ids}".translate(_CONTROL)
        trace = self._trace(record)
        return f"{line}\n{trace}" if trace else line


_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# dbos and uvicorn put these on every record; they say nothing to our readers.
_NOISE = frozenset({"applicationID", "applicationVersion", "executorID", "color_message", "websocket"})


def configure(
    settings: Settings | None = None,
    *,
    stream: IO[str] | None = None,
    form: Literal["auto", "json", "text"] = "auto",
    level: int = logging.INFO,
    environ: Mapping[str, str] = os.environ,
) -> Redactor:
    """Send all logs of this process to one place, in one form, without secrets.

    settings: their secret values are hidden, as are those of variables whose names say that they are secret.
    stream: standard error if not given.  form: ``auto`` is text on a terminal, else JSON.
    """
    target = sys.stderr if stream is None else stream
    redact = Redactor((*_secrets_of(settings), *(value for name, value in environ.items() if _is_secret(name))))
    handler = logging.StreamHandler(target)
    text = form == "text" or (form == "auto" and target.isatty())
    handler.setFormatter(TextLines(redact) if text else JsonLines(redact))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _JOINED:
        joined = logging.getLogger(name)
        # dbos puts a handler of its own wherever it finds none, so it is given ours.
        joined.handlers = [handler] if name == "dbos" else []
        joined.propagate = name != "dbos"
        joined.setLevel(logging.NOTSET)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    return redact


def _secrets_of(settings: Settings | None) -> Iterator[str]:
    for _, value in settings or ():
        if isinstance(value, SecretStr):
            yield value.get_secret_value()


def _is_secret(name: object) -> bool:
    return bool(_SECRET_NAME.search(str(name)))
