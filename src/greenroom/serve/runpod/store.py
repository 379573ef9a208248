"""Where results go that are too large for the platform: a bucket, any object store by URL, or a network volume.

>>> store = open_store(options)
>>> await store.put(path, "job-1/clip.mp4", "video/mp4")
{'url': 'https://...', 'expires_at': '2026-12-01T09:30:00Z'}
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from greenroom.errors import GreenroomError, InputInvalid, quoted
from greenroom.serve.runpod.errors import StoreUnusable
from greenroom.serve.runpod.options import VOLUME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from obstore.store import ObjectStore

    from greenroom.serve.runpod.options import Bucket, WorkerOptions

# The longest that S3 allows, and what the SDK's own links have.
LINK_LIFE = timedelta(days=7)
_PROBE = "greenroom/probe"


@dataclass(frozen=True, slots=True)
class Store:
    """One place for files. opens: the store at this moment, since the SDK's usual bucket is named by the month.

    links: it can sign links; a folder cannot, and its files are named by their key.  prefix: of the keys in answers.
    """

    opens: Callable[[], ObjectStore]
    links: bool
    prefix: str = ""

    async def put(self, file: Path | bytes, key: str, media_type: str) -> dict[str, Any]:
        """Keep a file, in place of one that has the key; gives how to fetch it: ``url`` and ``expires_at``, or ``key``.

        Raises StoreUnusable.
        """
        import obstore

        store = self.opens()
        with _said_in_words():
            # A folder cannot keep the media type.
            attributes: Any = {"Content-Type": media_type} if self.links else None
            await obstore.put_async(store, key, file, attributes=attributes)
            if not self.links:
                return {"key": f"{self.prefix}{key}"}
            expires = datetime.now(UTC) + LINK_LIFE
            url = await obstore.sign_async(store, "GET", key, LINK_LIFE)  # type: ignore[call-overload]
        return {"url": url, "expires_at": expires.isoformat(timespec="seconds").replace("+00:00", "Z")}

    async def check(self) -> None:
        """Keep a byte, to learn before the first job that results will be taken. Raises StoreUnusable."""
        await self.put(b"-", _PROBE, "text/plain")


def open_store(options: WorkerOptions) -> Store | None:
    """The store that the options name, None without one. Raises InputInvalid for one that cannot be."""
    from obstore.store import LocalStore, from_url

    if options.bucket:
        bucket = options.bucket
        return Store(lambda: _s3(bucket), links=True)
    if not options.store:
        return None
    scheme = urlsplit(options.store).scheme
    if scheme in ("s3", "gs", "az", "abfs", "abfss"):
        store = from_url(options.store)
        return Store(lambda: store, links=True)
    folder = Path(urlsplit(options.store).path if scheme == "file" else options.store)
    if scheme not in ("", "file") or not folder.is_absolute():
        raise InputInvalid(
            f"the setting artifacts is {quoted(options.store)}, which is no place that results can go to",
            mend=f"give s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, or a folder such as {VOLUME}/results",
        )
    with contextlib.suppress(ValueError):
        return Store(
            lambda: LocalStore(folder, mkdir=True),
            links=False,
            prefix=f"{folder.relative_to(VOLUME)}/".removeprefix("./"),
        )
    return Store(lambda: LocalStore(folder, mkdir=True), links=False)


def _s3(bucket: Bucket) -> ObjectStore:
    """The bucket as the SDK would address it: by path, in the region that the endpoint names."""
    from obstore.store import S3Store

    return S3Store(
        bucket.name or time.strftime("%m-%y"),
        endpoint=bucket.endpoint,
        access_key_id=bucket.access_key,
        secret_access_key=bucket.secret_key.get_secret_value(),
        region=_region(bucket.endpoint),
        virtual_hosted_style_request=False,
        client_options={"allow_http": bucket.endpoint.startswith("http://")},
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=60)},
    )


def _region(endpoint: str) -> str:
    """The region in the host's name, as AWS, Backblaze and DigitalOcean write it; others take any."""
    host = urlsplit(endpoint).hostname or ""
    labels = host.split(".")
    if "s3" in labels[:-1] and host.endswith((".amazonaws.com", ".backblazeb2.com", ".wasabisys.com")):
        return labels[labels.index("s3") + 1]
    return labels[-3] if host.endswith(".digitaloceanspaces.com") else "us-east-1"


@contextlib.contextmanager
def _said_in_words() -> Iterator[None]:
    """The store's own words hold addresses, keys and paths: only their kind is told."""
    try:
        yield
    except GreenroomError:
        raise
    except Exception as error:
        kind = type(error).__name__.removesuffix("Error")
        raise StoreUnusable(
            f"the store for large results does not take them ({kind})",
            mend="check its endpoint, bucket and keys: greenroom config shows them",
        ) from error
