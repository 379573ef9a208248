"""Secrets that stay out of logs and reports: values of the variables whose names say what they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = re.compile(r"KEY|TOKEN|SECRET|PASSW|PASSPHRASE|PWD$|CREDENTIAL|AUTH(?!OR(?!I))|COOKIE|DSN", re.IGNORECASE)
# These hold folders and sockets, and no secret.
_HARMLESS = {"PWD", "OLDPWD", "XAUTHORITY", "SSH_AUTH_SOCK"}
_URL_USER = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_MASK = "********"
# Shorter values are words such as 1, on and all: masked, they would take the rest of a line with them.
_SHORTEST = 4


class Mask:
    """Replaces the secrets of an environment in whatever is shown, and users in URLs."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        values = {
            line
            for name, value in (environ or {}).items()
            if _NAME.search(name) and name not in _HARMLESS
            for line in map(str.strip, (value, *value.splitlines()))  # a key of many lines is printed line by line
            if len(line) >= _SHORTEST
        }
        # The longest first: one secret may begin another.
        ordered = sorted(values, key=lambda value: (-len(value), value))
        self._secrets = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        shown = self._secrets.sub(_MASK, text) if self._secrets else text
        return _URL_USER.sub(_MASK, shown)
