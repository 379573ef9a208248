"""What a job answers: facts, and its files inline as long as the platform carries them, else as links."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import re
from typing import TYPE_CHECKING, Any

from greenroom.models.model import MadeFile
from greenroom.serve.runpod.errors import ResultTooLarge, StoreUnusable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from greenroom.models.model import Generated
    from greenroom.serve.runpod.store import Store

_log = logging.getLogger(__name__)
# /run carries 10 MB and /runsync 20 MB; a job does not say which it came by. A little is left for what stands around.
MOST_BYTES = 10_000_000 - 100_000
# A name and its facts beside the data itself.
_ENTRY_BYTES = 500


async def deliver(made: Generated, folder: Path, job_id: str, store: Store | None) -> dict[str, Any]:
    """The answer to a job: ``{"output": facts, "artifacts": [...]}``, as a job of ``/v1/jobs`` has them.

    Each artifact has ``name, media_type, size, sha256``, and either ``data`` (base64), or ``url`` and ``expires_at``,
    or the ``key`` in a volume. Small files go first, so that as many as possible are inline. Facts that alone are too
    large become the file ``output.json``.
    Raises ResultTooLarge, StoreUnusable.
    """
    facts, files = dict(made.output), list(made.files)
    said = json.dumps(facts, ensure_ascii=False, allow_nan=False).encode()
    if len(said) > MOST_BYTES // 2:
        path = folder / "output.json"
        await asyncio.to_thread(path.write_bytes, said)
        facts, said, files = {}, b"", [*files, MadeFile(path, "application/json")]
    sizes = {file.path: (await asyncio.to_thread(file.path.stat)).st_size for file in files}
    inline = _inline(sizes, MOST_BYTES - len(said))
    if store is None and (large := [path for path in sizes if path not in inline]):
        raise _too_large(large[0].name, sizes[large[0]])
    artifacts = []
    for file in files:
        entry = {"name": file.path.name, "media_type": file.media_type, "size": sizes[file.path]}
        entry["sha256"] = await asyncio.to_thread(_sha256, file.path)
        if file.path in inline:
            entry["data"] = await asyncio.to_thread(_base64, file.path)
        elif store is not None:
            entry |= await store.put(file.path, f"{safe(job_id)}/{safe(file.path.name)}", file.media_type)
        artifacts.append(entry)
    return {"output": facts, "artifacts": artifacts}


async def show(file: MadeFile, job_id: str, store: Store, tell: Callable[[str, Mapping[str, Any]], None]) -> None:
    """Put what is shown before the result into the store, and tell how to fetch it, as ``preview``."""
    try:
        place = await store.put(file.path, f"{safe(job_id)}/shown/{safe(file.path.name)}", file.media_type)
    except StoreUnusable as error:  # nobody loses a result for what was shown on the way to it
        _log.warning("%s is not shown: %s", file.path.name, error)
        return
    tell("preview", {"name": file.path.name, "media_type": file.media_type, **place})


def safe(name: str) -> str:
    """A name as one part of a key: an id comes from outside, and no dots or slashes of it may lead elsewhere."""
    return re.sub(r"[^\w.-]", "-", name, flags=re.ASCII).lstrip(".") or "-"


def _inline(sizes: dict[Path, int], room: int) -> set[Path]:
    """The files that fit as base64 into so many bytes, the smallest first."""
    chosen = set()
    for path, size in sorted(sizes.items(), key=lambda item: item[1]):
        room -= 4 * ((size + 2) // 3) + _ENTRY_BYTES
        if room < 0:
            break
        chosen.add(path)
    return chosen


def _too_large(name: str, size: int) -> ResultTooLarge:
    return ResultTooLarge(
        f"the result {name} has {size:,} bytes, which is more than RunPod carries, and the worker has no store",
        mend="set BUCKET_ENDPOINT_URL, BUCKET_ACCESS_KEY_ID and BUCKET_SECRET_ACCESS_KEY on the endpoint, "
        "or GREENROOM_ARTIFACTS to a bucket's URL or a folder of a network volume",
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode("ascii")
