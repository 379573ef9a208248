"""Media that inputs name by URL or hold inline, put into the folder of the job and looked at before the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenroom.errors import InputInvalid, quoted
from greenroom.inputs import fields
from greenroom.serve.probing import MediaLimits, check_media, check_result
from greenroom.serve.runpod.inline import SCHEME, write_inline

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.inputs import Inputs
    from greenroom.inputs import Media as Kind
    from greenroom.serve.fetching import Fetcher
    from greenroom.settings import Settings


class Media:
    """Fetches with limits. One client for all jobs, made when the first of them names a file."""

    def __init__(self, limits: MediaLimits, *, allow_private: bool = False) -> None:
        self._limits = limits
        self._allow_private = allow_private
        self._made: Fetcher | None = None

    @classmethod
    def of(cls, settings: Settings) -> Media:
        """The limits that the settings mean."""
        limits = MediaLimits(
            size=int(settings.max_upload_mb * 1e6),
            seconds=settings.max_media_s,
            pixels=int(settings.max_megapixels * 1e6),
        )
        return cls(limits, allow_private=settings.allow_private_urls)

    async def __call__(self, inputs: Inputs, folder: Path) -> dict[str, Any]:
        """The inputs as JSON, with paths in ``folder`` in place of URLs.

        Raises InputInvalid, MediaInvalid, FetchFailed, OutputUnwritable.
        """
        ready = inputs.model_dump(mode="json")
        named = [field for field in fields(type(inputs)) if field.media and ready.get(field.name) is not None]
        for field in named:  # all of them are refused before any is fetched
            if not str(ready[field.name]).startswith((SCHEME, "http://", "https://")):
                raise InputInvalid(
                    f"{field.name} is {quoted(ready[field.name])}, which is no URL",
                    mend="give an http(s) URL, or a small file as data:TYPE;base64,...",
                )
            if not str(ready[field.name]).startswith(SCHEME):
                self._fetcher().check(str(ready[field.name]))
        for field in named:
            kind = field.media or "video-or-image"
            path = await self._got(str(ready[field.name]), folder, field.name, kind)
            check_result(inputs, await check_media(path, kind, self._limits), self._limits)
            ready[field.name] = str(path)
        return ready

    async def _got(self, url: str, folder: Path, name: str, kind: Kind) -> Path:
        if url.startswith(SCHEME):
            return write_inline(url, folder, name, self._limits.size)
        return (await self._fetcher().fetch(url, folder, kind)).path

    def _fetcher(self) -> Fetcher:
        if self._made is None:
            from greenroom.serve.fetching import Fetcher

            self._made = Fetcher(max_bytes=self._limits.size, allow_private=self._allow_private)
        return self._made
