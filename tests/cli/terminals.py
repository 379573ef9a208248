"""A terminal that keeps what is drawn on it."""

from __future__ import annotations

import io
import re
import sys

import pytest


class Terminal(io.StringIO):
    """Looks like one to whoever asks."""

    def isatty(self) -> bool:
        return True

    @property
    def shown(self) -> list[str]:
        """What stood there, without what moves the cursor."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.getvalue())
        return [line.strip() for line in re.split(r"[\r\n]+", plain) if line.strip()]


def a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Standard error as a terminal of a hundred columns."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    return terminal
