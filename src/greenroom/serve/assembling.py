"""Puts a server together. Imports the heavy half, so it is imported when the workers already load."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.jobs.artifacts import ArtifactStore
from greenroom.jobs.database import Database, sqlite_url
from greenroom.jobs.service import Jobs
from greenroom.jobs.signing import LinkSigner, check_webhook_secret
from greenroom.jobs.uploads import Uploads
from greenroom.serve.fetching import Fetcher
from greenroom.serve.folders import Folders
from greenroom.serve.limits import RateLimits
from greenroom.serve.probing import MediaLimits
from greenroom.serve.running_models import MediaInputs, PoolRunner
from greenroom.serve.server import Server

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from greenroom.models.registry import Served
    from greenroom.serve.keys import Keys
    from greenroom.serve.metrics import Metrics
    from greenroom.serve.tracing import Tracing
    from greenroom.serve.workers.pool import Pool
    from greenroom.settings import Settings


async def assemble(
    settings: Settings,
    served: Mapping[str, Served],
    folder: Path,
    pool: Pool,
    keys: Keys,
    metrics: Metrics,
    tracing: Tracing,
    url: str,
) -> Server:
    """A server whose jobs already run. folder: of this process.  Raises DatabaseUnavailable, InputInvalid."""
    data = settings.data
    database = Database(settings.database or sqlite_url(data / "jobs.sqlite"))
    store = await asyncio.to_thread(ArtifactStore, settings.artifacts or str(data / "artifacts"))
    uploads = Uploads(database, store)
    limits = MediaLimits(
        size=int(settings.max_upload_mb * 1e6),
        seconds=settings.max_media_s,
        pixels=int(settings.max_megapixels * 1e6),
    )
    fetcher = Fetcher(max_bytes=limits.size, allow_private=settings.allow_private_urls)
    media = MediaInputs(uploads, fetcher, limits)
    jobs = Jobs(
        database,
        store,
        data,
        folder / "jobs",
        PoolRunner(pool, served, media, tracing),
        fetcher,
        watcher=metrics,
        history_days=settings.history_days,
        forget_others=uploads.forget_before,
    )
    secrets = await jobs.open()
    if settings.webhook_secret is not None:
        secrets = replace(secrets, webhooks=check_webhook_secret(settings.webhook_secret.get_secret_value()))
    server = Server(
        settings=settings,
        served=served,
        folder=folder,
        folders=Folders(folder / "requests"),
        pool=pool,
        jobs=jobs,
        store=store,
        uploads=uploads,
        media=media,
        keys=keys,
        rates=RateLimits(),
        metrics=metrics,
        tracing=tracing,
        signer=LinkSigner([secrets.links]),
        base_url=(settings.public_url or url).rstrip("/"),
    )
    await jobs.start(secrets, server.webhook_link)
    return server
