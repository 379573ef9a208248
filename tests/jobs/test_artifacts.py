"""Files of jobs: whole, hashed, under safe names; and what happens when there is no room."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import InputInvalid
from greenroom.jobs.artifacts import ArtifactStore, ArtifactsUnavailable, safe_name
from greenroom.models.model import MadeFile

ROOT = Path(__file__).parents[2]


def test_a_large_file_is_kept_as_it_is(tmp_path: Path) -> None:
    """With its size and hash, and read back piece by piece."""

    async def check() -> None:
        store = ArtifactStore(str(tmp_path / "store"))
        source = tmp_path / "large.bin"
        source.write_bytes(bytes(range(256)) * 40_000)
        kept = await store.keep(source, "a/b/large.bin")
        assert kept.size == source.stat().st_size
        assert kept.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
        assert b"".join([piece async for piece in store.read("a/b/large.bin")]) == source.read_bytes()
        path = store.local_path("a/b/large.bin")
        assert path is not None
        assert path.read_bytes() == source.read_bytes()
        await store.delete("a/b/large.bin")
        await store.delete("a/b/large.bin")
        with pytest.raises(ArtifactsUnavailable):
            await anext(store.read("a/b/large.bin"))

    asyncio.run(check())


def test_attempts_do_not_write_over_each_other(tmp_path: Path) -> None:
    """Each has a key of its own, so that what was given up cannot change what was taken."""

    async def check() -> None:
        store = ArtifactStore(str(tmp_path / "store"))
        made = tmp_path / "speech.wav"
        keys = []
        for attempt in ("1", "2"):
            made.write_text(f"attempt {attempt}")
            keys.append((await store.keep_made("job_1", attempt, MadeFile(made, "audio/wav"))).key)
        assert [store.local_path(key).read_text() for key in keys] == ["attempt 1", "attempt 2"]  # type: ignore[union-attr]  # a folder's store

    asyncio.run(check())


def test_a_store_that_cannot_be_is_refused_in_words(tmp_path: Path) -> None:
    """Before anything is served."""
    (tmp_path / "file").write_text("")
    for url in (str(tmp_path / "file" / "below"), "nowhere://bucket"):
        with pytest.raises(InputInvalid, match="store of artifacts"):
            ArtifactStore(url)


@given(st.text(min_size=1, max_size=300))
def test_names_are_safe_whatever_they_were(name: str) -> None:
    """No path, no control character, no hidden file, no name that a disk refuses."""
    safe = safe_name(name)
    assert safe
    assert "/" not in safe
    assert not safe.startswith(".")
    assert len(safe.encode()) <= 120
    assert safe.isprintable()


_ON_A_SMALL_DISK = """
import asyncio, sys
from pathlib import Path
from greenroom.jobs.artifacts import ArtifactStore, ArtifactStoreFull
async def check():
    store = ArtifactStore(sys.argv[1])
    large = Path(sys.argv[2])
    try:
        await store.keep(large, "jobs/1/1/large.bin")
    except ArtifactStoreFull as error:
        print(error)
    print([str(path) for path in Path(sys.argv[1]).rglob("*") if path.is_file()])
asyncio.run(check())
"""


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    """On a real file system of one megabyte."""
    large, small = tmp_path / "large.bin", tmp_path / "small"
    large.write_bytes(b"x" * 3_000_000)
    small.mkdir()
    done = subprocess.run(
        [
            *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c"),
            'mount -t tmpfs -o size=1m none "$1" && exec "$2" -c "$3" "$1" "$4"',
            *("sh", str(small), sys.executable, _ON_A_SMALL_DISK, str(large)),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["there is no room left for large.bin", "[]"]
