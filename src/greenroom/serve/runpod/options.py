"""How a worker works: settled once, from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.serve.devices import devices

if TYPE_CHECKING:
    from pydantic import SecretStr

    from greenroom.settings import Settings


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3 bucket by the variables that users of the SDK know. name: empty is the SDK's usual one, the month."""

    endpoint: str
    access_key: str
    secret_key: SecretStr
    name: str = ""


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """What a worker needs to know beside its model.

    concurrency: jobs it takes at once; None chooses by how long they take.  streams: jobs may ask for their result in
    parts; every job of the endpoint is then answered with a list.  bucket: where large results go; store: the same as
    a folder or a URL.  unfinished: the folder for what outlives the worker; None keeps nothing.
    """

    devices: tuple[str, ...] = ("cpu",)
    concurrency: int | None = None
    streams: bool = False
    bucket: Bucket | None = None
    store: str | None = None
    unfinished: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> WorkerOptions:
        """The options that the settings mean; a bucket counts when endpoint and both keys are there."""
        bucket = None
        if settings.bucket_endpoint_url and settings.bucket_access_key_id and settings.bucket_secret_access_key:
            bucket = Bucket(
                settings.bucket_endpoint_url.rstrip("/"),
                settings.bucket_access_key_id,
                settings.bucket_secret_access_key,
                settings.bucket_name or "",
            )
        return cls(
            devices(settings.devices),
            settings.runpod_concurrency,
            settings.runpod_stream,
            bucket,
            settings.artifacts,
            _unfinished(settings),
        )


# The mount of a network volume in a serverless worker; results under it are named by their key in the volume.
VOLUME = Path("/runpod-volume")


def _unfinished(settings: Settings) -> Path | None:
    if settings.runpod_unfinished is not None:
        return settings.runpod_unfinished
    if not VOLUME.is_mount():
        return None
    return VOLUME / ".greenroom" / "unfinished" / (settings.runpod_endpoint_id or "endpoint")
