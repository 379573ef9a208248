"""The scripted jobs of a stand-in: what outlives its restarts, and what a job does by the first word of its text.

The words are ``slow``, ``wait``, ``fail`` and ``late``; all else is spoken.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.serve.page.media import VTT, clip, picture, tone

ENDS = {"succeeded", "failed", "cancelled", "timed_out"}


def now() -> str:
    """ISO 8601 with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class World:
    """All that outlives a restart of the server.

    pace: seconds between steps.  keys: taken ones; none needs no key.  held: no queued job begins.  paused: none that
    runs comes to its next step.  posts: what was asked for, with the idempotency keys.  drop_posts: the first so many
    answers get lost.  resumed: the Last-Event-IDs.
    """

    pace: float = 0.03
    keys: frozenset[str] = frozenset()
    held: bool = False
    paused: bool = False
    state: str = "ready"
    reason: str = ""
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    made: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    posts: list[dict[str, Any]] = field(default_factory=list)
    drop_posts: int = 0
    resumed: list[int] = field(default_factory=list)

    def add(self, model: str, given: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A new job, queued."""
        job_id = f"job_{len(self.jobs) + 1:04d}"
        self.jobs[job_id] = {
            "id": job_id, "object": "job", "model": model, "status": "queued", "progress": None, "queue_position": 0,
            "input": given, "output": None, "artifacts": [], "previews": [], "error": None, "attempts": 0,
            "max_attempts": 3, "priority": 0, "timeout_s": 1800.0, "ttl_s": None, "metadata": {},
            "cancel_requested": False,
            "created_at": now(), "started_at": None, "finished_at": None, **more,
        }  # fmt: skip
        self.events[job_id] = []
        self.happened(job_id, "queued")
        return self.jobs[job_id]

    def happened(self, job_id: str, kind: str, **data: Any) -> None:
        """Write an event."""
        known = self.events[job_id]
        known.append({"number": len(known) + 1, "kind": kind, "at": now(), **data})

    def end(self, job: dict[str, Any], status: str, **more: Any) -> None:
        """Settle a job."""
        job.update({"status": status, "finished_at": now(), "progress": None, "queue_position": None, **more})
        self.happened(job["id"], status)

    def keep(self, job: dict[str, Any], name: str, body: bytes, media_type: str, *, among: str = "artifacts") -> None:
        """Give a job an artifact, or a preview."""
        artifact = f"artifact_{len(self.made) + 1}"
        self.made[artifact] = (body, media_type)
        url = f"/v1/artifacts/{artifact}?expires=9999999999&signature=s"
        sha256 = hashlib.sha256(body).hexdigest()
        size = len(body)
        job[among].append(
            {"id": artifact, "name": name, "media_type": media_type, "size": size, "sha256": sha256, "url": url}
        )

    async def work(self, job: dict[str, Any]) -> None:
        """Do what a job's text says, from wherever it stands."""
        word = str(job["input"].get("text", "")).partition(" ")[0]
        while self.held or (word == "wait" and job["queue_position"] > 0):
            await asyncio.sleep(self.pace)
            if job["status"] != "queued":
                return None
        if job["status"] == "queued":
            job.update(status="running", queue_position=None, started_at=now(), attempts=job["attempts"] + 1)
            self.happened(job["id"], "started", attempt=job["attempts"])
        total = 400 if word == "slow" else 8
        for step in range(int((job["progress"] or {"done": 0})["done"]), total):
            await asyncio.sleep(self.pace)
            while self.paused:
                await asyncio.sleep(0.005)
            if job["cancel_requested"]:
                return self.end(job, "cancelled")
            left = round((total - step - 1) * self.pace, 2)
            said = {
                "stage": "sampling",
                "done": step + 1,
                "total": total,
                "fraction": (step + 1) / total,
                "eta_s": left,
            }
            job["progress"] = said
            self.happened(job["id"], "progress", **said)
        self.finish(job, word)
        return None

    def finish(self, job: dict[str, Any], word: str) -> None:
        """What comes out."""
        if word == "fail":
            error = {"code": "out-of-memory", "message": "the text needs 38 GB of GPU memory; 23 GB are free",
                     "mend": "use fewer steps", "retryable": False}  # fmt: skip
            return self.end(job, "failed", error=error)
        if word == "late":
            error = {"code": "job-timed-out", "message": "the job ran for 1,800 s, which is all it may",
                     "mend": "give it a larger timeout_s", "retryable": False}  # fmt: skip
            return self.end(job, "timed_out", error=error)
        if job["model"] == "voice-tone":
            self.keep(job, "speech.wav", tone(), "audio/wav")
            self.keep(job, "speech.vtt", VTT, "text/vtt")
            output: dict[str, Any] = {"seconds": 1.5, "loudness_lufs": -19.02, "words": 6, "language": "en", "seed": 7}
        elif job["model"] == "restore":
            self.keep(job, "restored.webm", clip(192), "video/webm")
            if job["previews"]:
                self.keep(job, "preview.png", picture(), "image/png")
            output = {"frames": 24, "size": "192x108"}
        else:
            self.keep(job, "picture.png", picture(), "image/png")
            output = {"size": "160x90"}
        return self.end(job, "succeeded", output=output)
