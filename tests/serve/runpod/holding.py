"""A worker of the platform whose model waits where a test wants it, and files within what is asked."""

from __future__ import annotations

import base64
import contextlib
from typing import TYPE_CHECKING

from tests.serve.runpod.bucket import Bucket
from tests.serve.runpod.platform import Platform
from tests.serve.runpod.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def holding(model: str, folder: Path) -> Iterator[Platform]:
    """A platform with one worker, which ends well. model: waits for the mark ``go`` of the folder, which is there
    unless a test takes it away."""
    with (
        Bucket() as bucket,
        Platform() as platform,
        Worker(platform, model, folder, GREENROOM_ALLOW_PRIVATE_URLS="1", **bucket.environment()) as worker,
    ):
        (folder / "go").touch()
        yield platform
        (folder / "go").touch()
        worker.stop()
        assert worker.wait() == 0
        assert platform.wrong == []


def inline(kind: str, path: Path) -> str:
    """A file as its own address. kind: its media type."""
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
