"""Everything that answers a request: models in their workers, jobs, uploads, keys, metrics. Made once in a process."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from greenroom.serve.workers.state import ABLE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from greenroom.jobs.artifacts import ArtifactStore
    from greenroom.jobs.job import Artifact
    from greenroom.jobs.service import Jobs
    from greenroom.jobs.signing import LinkSigner
    from greenroom.jobs.uploads import Uploads
    from greenroom.models.registry import Served
    from greenroom.serve.folders import Folders
    from greenroom.serve.keys import Keys
    from greenroom.serve.limits import RateLimits
    from greenroom.serve.metrics import Metrics
    from greenroom.serve.running_models import MediaInputs
    from greenroom.serve.tracing import Tracing
    from greenroom.serve.workers.pool import Pool
    from greenroom.settings import Settings

# A link in an answer is for now; one in a webhook is read when the receiver is back.
LINK_S = 3600
WEBHOOK_LINK_S = 7 * 86_400


@dataclass(slots=True)
class Server:
    """What routes use. served: models by name.  folder: of this server, on local disk.  folders: for requests.
    stopping: set by a signal.  cursors: by job, the event up to which RunPod's clients have read.
    """

    settings: Settings
    served: Mapping[str, Served]
    folder: Path
    folders: Folders
    pool: Pool
    jobs: Jobs
    store: ArtifactStore
    uploads: Uploads
    media: MediaInputs
    keys: Keys
    rates: RateLimits
    metrics: Metrics
    tracing: Tracing
    signer: LinkSigner
    base_url: str
    started_at: float = field(default_factory=time.time)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    cursors: dict[str, int] = field(default_factory=dict)

    def artifact_link(self, artifact: Artifact, base: str = "", seconds: int = LINK_S) -> str:
        """An address of an artifact that needs no key, for a while."""
        return self.link(f"artifacts/{artifact.id}", artifact.id, base, seconds)

    def upload_link(self, upload_id: str) -> str:
        """The same for an upload."""
        return self.link(f"uploads/{upload_id}/content", upload_id)

    def link(self, path: str, name: str, base: str = "", seconds: int = LINK_S) -> str:
        """A signed address of something of this name."""
        # Whole minutes: an answer that is asked for again soon is the same, and a browser's cache holds.
        moment = int(time.time()) // 60 * 60
        return f"{base}/v1/{path}?{self.signer.query(name, seconds, now=moment)}"

    def webhook_link(self, artifact: Artifact) -> str:
        """An address of an artifact for the receiver of a webhook."""
        return self.artifact_link(artifact, self.base_url, WEBHOOK_LINK_S)

    def unready(self) -> dict[str, str]:
        """Why each model that no device can serve now is not ready; empty when all are."""
        reasons: dict[str, str] = {}
        able: set[str] = set()
        for state in self.pool.states():
            if state.state in ABLE:
                able.add(state.name)
            else:
                reasons[state.name] = state.reason or state.state
        return {name: reason for name, reason in reasons.items() if name not in able}

    async def count_queues(self) -> None:
        """Bring the gauges of the queues and of the devices' places up to date."""
        for model in self.served:
            self.metrics.places(model, in_flight=self.pool.running(model), free=self.pool.free(model))
        self.metrics.queues(await self.jobs.depths())
