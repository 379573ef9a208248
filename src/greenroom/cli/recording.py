"""Verbs that leave an entry in the ledger, where there is one: which ledger, and what may not stand in it."""

from __future__ import annotations

import contextlib
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

import click
from pydantic import SecretStr

from greenroom.ledger.accounts import HIDDEN, command_line
from greenroom.ledger.operations import Asked, Ledger, ledger_at, operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from greenroom.cli.output import Output
    from greenroom.ledger.operations import Kind, Operation
    from greenroom.settings import Settings

# What the setting says where no entry is wanted.
_NONE = "none"
# Shorter values are words such as on and all: hidden, they would take the rest of a line with them.
_SHORTEST = 4
_QUERY = re.compile(r"(?P<keep>\b[a-z][a-z0-9+.-]*://[^\s?#\"'`<>]*\?)[^\s#\"'`<>]+", re.IGNORECASE)
# NAME=value, "name": "value", name: value, where the name says that it is a secret.
_ASSIGNED = re.compile(
    r"""(?P<keep>[\w-]*(?:api[_-]?key|access[_-]?key|secret|token|passw(?:or)?d|passphrase|credential)(?![a-z])["']?\s*[:=]\s*["']?)"""
    r"""[^\s"',;}&]+""",
    re.IGNORECASE,
)


@contextlib.contextmanager
def recorded(
    out: Output,
    settings: Settings,
    kind: Kind,
    subject: str,
    words: str,
    *,
    area: str = "",
    hidden: Mapping[str, str] | None = None,
) -> Iterator[Operation]:
    """What is done inside becomes an entry of the ledger, if there is one; ``Asked`` says what the arguments are.

    hidden: variables besides the environment's whose values may be secrets.
    """
    with operation(ledger_of(out, settings, hidden), Asked(kind, subject, words, area), out.told) as done:
        done.warned = out.warned
        try:
            yield done
        except click.Abort:
            done.stopped()
            raise


def ledger_of(out: Output, settings: Settings, hidden: Mapping[str, str] | None = None) -> Ledger | None:
    """The ledger that the settings name, or the one at or above the working folder; None for none."""
    if settings.ledger is not None:
        root = None if str(settings.ledger) == _NONE else settings.ledger.absolute()
    else:
        try:
            root = ledger_at(Path.cwd())
        except OSError:  # the folder that this runs in is not there any more
            root = None
    if root is None:
        return None
    mask = masking(settings, {**os.environ, **(hidden or {})})
    return Ledger(root, mask, lambda text: out.notice(f"warning: {text}"), command_line(_typed(), mask))


def masking(settings: Settings, environ: Mapping[str, str]) -> Callable[[str], str]:
    """Takes out of a text every secret of the settings and the environment, and what looks like one."""
    from greenroom.plan.masking import Mask
    from greenroom.serve.logs import Redactor

    named = (value for name, value in environ.items() if Mask({name: value})(value) != value)
    # The longest first: one secret may begin another.
    known = sorted(_forms((*_secrets_of(settings), *named)), key=lambda value: (-len(value), value))
    secrets = re.compile("|".join(map(re.escape, known))) if known else None
    mask, redact = Mask(), Redactor()

    def masked(text: str) -> str:
        if secrets is not None:
            text = secrets.sub(HIDDEN, text)
        text = redact(mask(text))
        for pattern in (_QUERY, _ASSIGNED):
            text = pattern.sub(rf"\g<keep>{HIDDEN}", text)
        return text

    return masked


def _secrets_of(settings: Settings) -> Iterator[str]:
    for name, value in settings:
        if isinstance(value, SecretStr):
            yield value.get_secret_value()
        elif name.endswith("access_key_id") and value:
            yield value
        elif isinstance(value, str) and "@" in value and "://" in value:
            with contextlib.suppress(ValueError):
                yield unquote(urlsplit(value).password or "")


def _forms(secrets: Iterable[str]) -> set[str]:
    """Secrets as they may stand in a text: as they are, line by line, in an address, in JSON and in Python."""
    values = {line for secret in secrets for line in map(str.strip, (secret, *secret.splitlines()))}
    forms = {
        form
        for value in values
        # A variable may hold bytes that are no text.
        for form in (value, quote(value, safe="", errors="surrogateescape"), json.dumps(value)[1:-1], repr(value)[1:-1])
    }
    return {form for form in forms if len(form) >= _SHORTEST}


def _typed() -> tuple[str, ...]:
    """The command line behind the program's name."""
    typed = click.get_current_context().find_root().obj
    return typed if isinstance(typed, tuple) else ()
