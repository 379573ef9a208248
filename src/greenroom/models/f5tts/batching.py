"""Rows of many requests, batched as they come: whoever waits when the device is free goes in the next batch."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from greenroom.progress import Step, silent
from greenroom.runtime.memory import is_out_of_memory, release

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from greenroom.models.f5tts.rows import Row, Sampling

# Eight rows of 15 s come within 2 % of what an H100 does with thirty-two, and every row waits for the batch before its
# own. See benchmarks/NOTES.md.
BATCH_FRAMES = 12_288
BATCH_ROWS = 32
# Where rows are padded to the longest, none may be so much shorter that its padding costs more than its company saves.
_SHORTEST = 0.75
# How much later a request's next row counts than its first, so that all begin to be heard before one is finished.
_PATIENCE_S = 0.5
_POLL_S = 0.05


class Speaker(Protocol):
    """What makes the sound; see ``Engine``."""

    packs: bool

    def speak(self, rows: Sequence[Row], sampling: Sampling, step: Step = silent) -> list[NDArray[np.float32]]:
        """The sound of each row."""


@dataclass(slots=True, eq=False)
class Pending:
    """A row on its way, from ``Batcher.submit``.

    progress: stage, done and total of its batch.  sampled: which part of the sampling is done, 0 to 1; it never falls.
    gone: nobody wants it any more.
    """

    row: Row
    sampling: Sampling
    due: float
    progress: tuple[str, float, float] = ("waiting", 0, 0)
    sampled: float = 0.0
    gone: bool = False
    sound: NDArray[np.float32] | None = None
    error: BaseException | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def wait(self, timeout: float) -> bool:
        """Wait so many seconds at most; gives whether the row is done or has failed."""
        return self.ended.wait(timeout)

    def result(self) -> NDArray[np.float32]:
        """The sound of a row that has ended. Raises what the engine raised."""
        if self.sound is None:
            raise self.error or RuntimeError("the batch gave neither sound nor error")
        return self.sound

    def tell(self, stage: str, done: float, total: float) -> None:
        """Take note of how far its batch is."""
        self.progress = stage, done, total
        if stage == "sampling" and total:
            # A batch that failed is done again in halves, from the beginning.
            self.sampled = max(self.sampled, done / total)


class _Abandoned(Exception):
    """Nobody waits for any row of the batch."""


class Batcher:
    """Lets many threads speak through one engine. A row's sound does not depend on the rows beside it.

    The engine is used by one thread of the batcher's own, begun with the first row.
    """

    def __init__(self, engine: Speaker) -> None:
        self._engine = engine
        self._changed = threading.Condition()
        self._waiting: list[Pending] = []
        self._thread: threading.Thread | None = None
        self._closed = False

    def speak(self, row: Row, sampling: Sampling, step: Step = silent, *, place: int = 0) -> NDArray[np.float32]:
        """The sound of a row; waits for it.

        step: called from this thread.  place: as in ``submit``.
        Raises what the engine raises, and what ``step`` raises: then the row is given up.
        """
        pending = self.submit(row, sampling, place=place)
        try:
            while not pending.wait(_POLL_S):
                step(*pending.progress)
            sound = pending.result()
            step(*pending.progress)
        finally:
            self.give_up(pending)
        return sound

    def submit(self, row: Row, sampling: Sampling, *, place: int = 0) -> Pending:
        """Ask for a row, and wait for none: a thread may have many on their way.

        place: how many rows of the same request are wanted before it: later ones let others' first ones by.
        """
        pending = Pending(row, sampling, time.monotonic() + place * _PATIENCE_S)
        with self._changed:
            if self._closed:
                raise RuntimeError("the batcher is closed")
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name="f5tts-batches", daemon=True)
                self._thread.start()
            self._waiting.append(pending)
            self._changed.notify()
        return pending

    def give_up(self, pending: Pending) -> None:
        """Say that nobody wants a row any more; of one that has ended it changes nothing."""
        with self._changed:
            pending.gone = True
            if pending in self._waiting:
                self._waiting.remove(pending)

    def close(self) -> None:
        """Take no more rows, and end the thread once those that wait are done."""
        with self._changed:
            self._closed = True
            self._changed.notify()
            thread = self._thread
        # Garbage may be collected in any thread, and with it the model that closes this.
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _serve(self) -> None:
        while (batch := self._next_batch()) is not None:
            self._run(batch)
            del batch  # its sounds and errors are those of who asked

    def _next_batch(self) -> list[Pending] | None:
        """The row that is due first and those that go with it; None once closed."""
        with self._changed:
            while not self._waiting and not self._closed:
                self._changed.wait()
            if not self._waiting:
                return None
            self._waiting.sort(key=lambda item: item.due)
            first, now = self._waiting[0], time.monotonic()
            batch: list[Pending] = []
            frames = 0
            for item in self._waiting:
                if len(batch) == BATCH_ROWS:
                    break
                # Who waits for the first row of a request does not wait for anyone's later ones as well.
                comes_later = first.due <= now < item.due
                fits = not batch or frames + item.row.frames <= BATCH_FRAMES
                if comes_later or not fits or not self._goes_with(first, item):
                    continue
                batch.append(item)
                frames += item.row.frames
            for item in batch:
                self._waiting.remove(item)
            return batch

    def _goes_with(self, first: Pending, item: Pending) -> bool:
        if item.sampling != first.sampling:
            return False
        shorter, longer = sorted((first.row.frames, item.row.frames))
        return self._engine.packs or shorter >= _SHORTEST * longer

    def _run(self, batch: list[Pending]) -> None:
        """Speak a batch; one that fails, in halves: a row that cannot be spoken must not take others with it."""
        if not self._speak(batch):
            middle = len(batch) // 2
            self._run(batch[:middle])
            self._run(batch[middle:])

    def _speak(self, batch: list[Pending]) -> bool:
        """Give each row of a batch its sound, or the only one its error; gives whether that is done."""

        def step(stage: str, done: float, total: float) -> None:
            if all(item.gone for item in batch):
                raise _Abandoned
            for item in batch:
                item.tell(stage, done, total)

        try:
            sounds = self._engine.speak([item.row for item in batch], batch[0].sampling, step)
            for item, sound in zip(batch, sounds, strict=True):
                item.sound = sound
        except _Abandoned:
            return True
        except BaseException as error:  # whoever waits gets it; the thread goes on for the others
            if len(batch) > 1:
                if is_out_of_memory(error):
                    release(error)
                return False
            batch[0].error = error
        for item in batch:
            item.ended.set()
        return True
