"""Results are inline as long as the platform carries them, and never refused by it after the work."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from greenroom.models.model import Generated, MadeFile
from greenroom.serve.runpod.errors import ResultTooLarge
from greenroom.serve.runpod.options import WorkerOptions
from greenroom.serve.runpod.results import MOST_BYTES, deliver, safe
from greenroom.serve.runpod.store import Store, open_store
from greenroom.settings import resolve
from tests.serve.runpod.bucket import Bucket
from tests.serve.runpod.platform import MOST_RESULT


def made(folder: Path, facts: dict[str, Any] | None = None, **sizes: int) -> Generated:
    files = []
    for name, size in sizes.items():
        path = folder / f"{name}.bin"
        path.write_bytes(b"\x07" * size)
        files.append(MadeFile(path, "application/octet-stream"))
    return Generated(facts or {}, tuple(files))


def answer(result: Generated, folder: Path, store: Store | None = None) -> dict[str, Any]:
    return asyncio.run(deliver(result, folder, "job-1", store))


def test_a_small_file_is_inline_and_says_what_it_is(tmp_path: Path) -> None:
    said = answer(made(tmp_path, {"seconds": 1.5}, clip=1000), tmp_path)
    assert said["output"] == {"seconds": 1.5}
    (clip,) = said["artifacts"]
    data = base64.b64decode(clip.pop("data"))
    assert clip == {
        "name": "clip.bin",
        "media_type": "application/octet-stream",
        "size": 1000,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    assert data == b"\x07" * 1000


def test_whatever_fits_is_carried_by_the_platform(tmp_path: Path) -> None:
    largest = (MOST_BYTES - 1000) * 3 // 4
    said = answer(made(tmp_path, clip=largest), tmp_path)
    assert len(json.dumps({"output": said}).encode()) <= MOST_RESULT


def test_without_a_store_a_large_result_is_an_error_with_its_size(tmp_path: Path) -> None:
    with pytest.raises(ResultTooLarge, match=r"clip\.bin has 9,000,000 bytes") as caught:
        answer(made(tmp_path, clip=9_000_000), tmp_path)
    assert "BUCKET_ENDPOINT_URL" in caught.value.mend


def test_a_large_file_becomes_a_link_that_gives_its_bytes(tmp_path: Path) -> None:
    with Bucket() as bucket:
        options = WorkerOptions.of(resolve(environ=bucket.environment()).settings)
        said = answer(made(tmp_path, clip=12_000_000, note=10), tmp_path, open_store(options))
        clip, note = said["artifacts"]
        assert "data" not in clip
        assert "data" in note
        with urllib.request.urlopen(clip["url"]) as reply:
            assert hashlib.sha256(reply.read()).hexdigest() == clip["sha256"]
        assert bucket.types == {"/results/job-1/clip.bin": "application/octet-stream"}
    left = datetime.fromisoformat(clip["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)
    assert "secret-of-the-bucket" not in json.dumps(said)


def test_facts_that_are_too_large_become_a_file(tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    store = open_store(WorkerOptions(store=str(tmp_path / "store")))
    said = answer(made(folder, {"words": "x" * MOST_BYTES}, note=10), folder, store)
    assert said["output"] == {}
    note, facts = said["artifacts"]
    assert "data" in note
    assert json.loads((tmp_path / "store" / facts["key"]).read_text()) == {"words": "x" * MOST_BYTES}


@pytest.mark.parametrize("job_id", ["../../etc/passwd", "a/b", ".hidden", "", "sync-1-u2"])
def test_an_id_from_outside_leads_nowhere(job_id: str) -> None:
    assert safe(job_id)
    assert "/" not in safe(job_id)
    assert not safe(job_id).startswith(".")
