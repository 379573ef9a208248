"""What the SDK calls for each job: a coroutine, or an async generator on endpoints that stream.

The SDK tells the two apart by the function itself, so every job of a worker is treated alike. A generator's answer is a
list, and is posted twice: as a part, which the platform carries up to 1 MB only, and at the end. A coroutine's is the
object itself, and cannot stream. So the endpoint says which of them it is, with ``GREENROOM_RUNPOD_STREAM``.
"""

from __future__ import annotations

import asyncio
import functools
import traceback
from typing import TYPE_CHECKING, Any, Self

from greenroom.errors import GreenroomError, InputInvalid
from greenroom.serve.runpod import sdk
from greenroom.serve.runpod.errors import as_fields, as_result
from greenroom.serve.runpod.progress import Progress
from greenroom.serve.runpod.results import MOST_BYTES
from greenroom.serve.runpod.service import Parts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from greenroom.serve.runpod.background import Background
    from greenroom.serve.runpod.gate import Gate
    from greenroom.serve.runpod.sdk import Job
    from greenroom.serve.runpod.service import Service

# The platform carries parts of 1 MB; as base64 with its frame this many bytes are less.
PART_BYTES = 700_000


class StreamOff(InputInvalid):
    """The endpoint answers with whole results."""

    code = "stream-off"

    def __init__(self) -> None:
        super().__init__(
            "this endpoint does not stream",
            mend="leave out stream, or set GREENROOM_RUNPOD_STREAM=true on an endpoint of its own",
        )


class _Count:
    """One running job; it ends once, however often that is said."""

    def __init__(self, began: float, ended: Callable[[float, bool], None]) -> None:
        self._began = began
        self._ended = ended
        self._over = False
        self.done = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Say that the job has ended."""
        if not self._over:
            self._over = True
            self._ended(self._began, self.done)


class Handler:
    """The SDK's side of the worker. config: the dict that the SDK runs with; it looks into it after each job.

    device_lost: codes of errors after which the device is of no use to any process.
    """

    def __init__(
        self, service: Service, background: Background, gate: Gate, config: dict[str, Any], device_lost: frozenset[str]
    ) -> None:
        self._service = service
        self._background = background
        self._gate = gate
        self._config = config
        self._device_lost = device_lost

    async def answer(self, job: Job) -> dict[str, Any]:
        """The answer to one job, or ``{"error": ...}``. Raises nothing but CancelledError, when the job is stopped."""
        with _Count(self._gate.began(), self._ended) as count:
            try:
                if self._service.wants_stream(job):
                    raise StreamOff  # noqa: TRY301 - one place turns errors into answers
                async with Progress(functools.partial(sdk.send_progress, job)) as progress:
                    answer = await self._background.ask(self._service.do(job, progress, progress.tell))
            except Exception as error:
                return self._failed(job, error)
            count.done = True
            return answer

    async def stream(self, job: Job) -> AsyncIterator[dict[str, Any]]:
        """The parts of one job's result and what they were, or its one answer if it does not ask for parts."""
        try:
            wanted = self._service.wants_stream(job)
        except GreenroomError as error:
            yield self._failed(job, error)
            return
        if not wanted:
            yield await self.answer(job)
            return
        parts = Parts(MOST_BYTES)
        with _Count(self._gate.began(), self._ended) as count:
            if task := asyncio.current_task():  # a stopped job leaves its generator open for some time
                task.add_done_callback(lambda _: count.end())
            try:
                async for piece in self._background.iterate(self._service.stream(job), PART_BYTES):
                    yield parts.part(piece)
                    parts.shed()
                count.done = True
                yield parts.end(self._service.media_type(job))
            except Exception as error:
                yield self._failed(job, error)

    def _ended(self, began: float, done: bool) -> None:
        """A job ends; the last one that ends after the device is lost takes the worker with it."""
        self._gate.ended(began, done=done)
        # Not sooner: the platform may stop the machine at once, under the jobs that still run.
        if self._gate.sick and self._gate.last:
            self._config["refresh_worker"] = True

    def _failed(self, job: Job, error: Exception) -> dict[str, str]:
        """The answer for an error. All that is known of it goes into the log, and no more than words to the caller."""
        job_id = str(job["id"])
        said = as_fields(error)
        sdk.log(f"failed: {said['code']}: {error}", job_id, level="error")
        if not isinstance(error, GreenroomError):
            sdk.log("".join(traceback.format_exception(error)), job_id, level="error")
        if said["code"] in self._device_lost:
            self._gate.sick = True
        return as_result(error)
