"""What greenroom logs, in the form of the platform's console: a line under the id of its job."""

from __future__ import annotations

import logging

from greenroom.serve.runpod import sdk


class PlatformLog(logging.Handler):
    """Passes records on to the SDK's log. ``extra={"request": ...}`` is the id of a job."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on, its traceback included."""
        level = "error" if record.levelno >= logging.ERROR else "warn" if record.levelno >= logging.WARNING else "info"
        sdk.log(self.format(record), getattr(record, "request", "") or None, level=level)


def configure() -> None:
    """Log greenroom's own lines, and of its libraries only what is wrong: they log addresses that open users' files."""
    ours = logging.getLogger("greenroom")
    ours.handlers = [PlatformLog()]
    ours.setLevel(logging.INFO)
    ours.propagate = False
    logging.getLogger("httpx").setLevel(logging.WARNING)
