"""Threads that do requests of one model at the same time."""

from __future__ import annotations

import os
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Ended:
    """A thread is done with a request of a model."""

    model: str


class Crew:
    """As many threads as requests ever ran at once; each is used again.

    ended: called after each request, by its thread.  model: of the requests that run, or that ran last;
    empty before the first.
    """

    def __init__(self, ended: Callable[[Ended], None]) -> None:
        self._ended = ended
        # How many requests come at once is the server's to limit.
        self._threads = ThreadPoolExecutor(sys.maxsize, thread_name_prefix="request")
        self._changed = threading.Condition()
        self._busy = 0
        self.model = ""

    @property
    def is_busy(self) -> bool:
        """Whether a request runs."""
        return self._busy > 0

    def do(self, model: str, request: Callable[[], None]) -> None:
        """Have a request done by a thread, beside others of the same model. Raises ValueError beside another's."""
        with self._changed:
            if self._busy and model != self.model:
                raise ValueError(f"{self.model} runs, so {model} must wait")
            self.model = model
            self._busy += 1
        self._threads.submit(self._run, model, request)

    def wait(self) -> None:
        """Wait until no request runs."""
        with self._changed:
            self._changed.wait_for(lambda: not self._busy)

    def _run(self, model: str, request: Callable[[], None]) -> None:
        try:
            request()
        except BaseException:  # what a request does not answer ends the process, as it would in the main thread
            traceback.print_exc(file=sys.__stderr__)
            os._exit(1)
        with self._changed:
            self._busy -= 1
            self._changed.notify_all()
        self._ended(Ended(model))
