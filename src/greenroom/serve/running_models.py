"""The pool of workers as jobs know it: names the models, fetches what inputs name, runs."""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING, Any

from greenroom.errors import InputInvalid
from greenroom.inputs import fields
from greenroom.jobs.uploads import PREFIX
from greenroom.serve.logs import bind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from greenroom.inputs import InputField, Inputs, Media
    from greenroom.jobs.job import Job
    from greenroom.jobs.uploads import Uploads
    from greenroom.media.probe import Probed
    from greenroom.models.model import Generated, Work
    from greenroom.models.registry import Served
    from greenroom.progress import Step
    from greenroom.serve.fetching import Fetcher
    from greenroom.serve.probing import MediaLimits
    from greenroom.serve.tracing import Tracing
    from greenroom.serve.workers.pool import Pool


class MediaInputs:
    """Turns uploads and URLs among the inputs into files of the request's own folder."""

    def __init__(self, uploads: Uploads, fetcher: Fetcher, limits: MediaLimits) -> None:
        self._uploads, self._fetcher, self._limits = uploads, fetcher, limits

    async def check(self, served: Served, inputs: Mapping[str, Any], owner: str | None) -> None:
        """Refuse what is neither an upload of the caller's nor a URL, before anything is accepted.

        Raises InputInvalid, UploadUnknown.
        """
        for field in _media_fields(served.inputs):
            value = inputs.get(field.name)
            if value is None:
                continue
            if str(value).startswith(PREFIX):
                await self._uploads.find(value, owner)
            elif str(value).startswith(("http://", "https://")):
                self.check_url(str(value))
            else:
                raise InputInvalid(
                    f"{field.name} is neither an upload nor a URL",
                    mend="POST the file to /v1/uploads and give its id, or give an http(s) URL",
                )

    def check_url(self, url: str) -> None:
        """Refuse a URL that will never be asked. Raises InputInvalid."""
        self._fetcher.check(url)

    async def look(self, path: Path) -> Probed:
        """What a file that was sent is. Raises MediaInvalid."""
        from greenroom.serve.probing import look_at

        return await look_at(path, self._limits)

    async def fetch(
        self, served: Served, inputs: Mapping[str, Any], owner: str | None, folder: Path, step: Step
    ) -> dict[str, Any]:
        """The inputs with each file as a path in ``folder``. Raises InputInvalid, FetchFailed, UploadUnknown."""
        from greenroom.serve.probing import check_media, check_result

        ready = dict(inputs)
        named = [field for field in _media_fields(served.inputs) if inputs.get(field.name) is not None]
        for place, field in enumerate(named):
            step("fetching", place, len(named))
            path = await self._one(str(inputs[field.name]), owner, folder, field.media or "video-or-image")
            probed = await check_media(path, field.media or "video-or-image", self._limits)
            check_result(served.inputs.check(inputs), probed, self._limits)
            ready[field.name] = str(path)
        return ready

    async def _one(self, value: str, owner: str | None, folder: Path, media: Media) -> Path:
        if value.startswith(PREFIX):
            return await self._uploads.fetch(value, owner, folder)
        return (await self._fetcher.fetch(value, folder, media)).path


class PoolRunner:
    """A ``Runner`` of jobs over a pool."""

    def __init__(self, pool: Pool, served: Mapping[str, Served], media: MediaInputs, tracing: Tracing) -> None:
        self._pool, self._served, self._media, self._tracing = pool, served, media, tracing

    def models(self) -> Sequence[str]:
        """All models that are served."""
        return tuple(self._served)

    def idle(self, model: str) -> int:
        """Requests that could begin now."""
        return self._pool.idle(model)

    async def changed(self) -> None:
        """Wait until that may have changed."""
        await self._pool.changed()

    async def prepare(self, job: Job, folder: Path, step: Step) -> Mapping[str, Any]:
        """Fetch what the inputs name."""
        with self._named("prepare", job):
            return await self._media.fetch(self._served[job.model], job.input, job.owner or None, folder, step)

    async def run(self, job: Job, inputs: Mapping[str, Any], work: Work, begun: Callable[[], None]) -> Generated:
        """Run a job's model."""
        with self._named("run", job):
            return await self._pool.run(
                job.model,
                inputs,
                work.folder,
                step=work.step,
                request=job.id,
                begun=begun,
                kept=work.kept,
                tell=work.tell,
                show=work.show,
            )

    @contextlib.contextmanager
    def _named(self, stage: str, job: Job) -> Iterator[None]:
        """What is logged inside says which job it is about, and the job's trace has a span of it."""
        span = self._tracing.span(f"job {stage}", parent=job.traceparent, job=job.id, model=job.model)
        with bind(job=job.id), span:
            yield


@functools.cache
def _media_fields(inputs: type[Inputs]) -> tuple[InputField, ...]:
    """The inputs that name files. Kept: to read them out of the schema takes longer than a small model."""
    return tuple(field for field in fields(inputs) if field.media)
