"""What tests of transfers share: a file, its digests, and a fetch of small pieces."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from greenroom.weights.transfer.fetch import Fetched, fetch
from greenroom.weights.transfer.patience import Patience
from greenroom.weights.transfer.source import Expected, Source
from tests.weights.transfer.server import Host

BODY = random.Random(5).randbytes(1_500_000)
OTHER = random.Random(6).randbytes(1_500_000)
SHA256 = Expected("sha256", hashlib.sha256(BODY).hexdigest())
# It waits little between its tries, and long for a host that is there: this machine may stand still for a while.
QUICK = Patience(connect_s=60, stall_s=60, rate_window_s=60, tries=4, alone_s=0, backoff_s=0.01, most_backoff_s=0.05)
# It waits for nobody, but comes again as often as it takes: a host that only stood still is no worse for it.
HASTY = replace(QUICK, stall_s=0.3, rate_window_s=0.5, least_rate=50_000, tries=1000)


def source(*hosts: Host, digest: Expected | None = SHA256, **more: Any) -> Source:
    """The file of some hosts, the best first."""
    return Source(tuple(host.url() for host in hosts), digest=digest, **more)


def get(
    wanted: Source, into: Path, *, patience: Patience = QUICK, step: Callable[[int], None] | None = None, **more: Any
) -> Fetched:
    """Fetch in small pieces."""
    if step is not None:
        more["step"] = step
    return fetch(wanted, into, patience=patience, **{"piece": 200_000, "flush": 10_000_000, **more})


def is_right(fetched: Fetched, body: bytes = BODY) -> bool:
    """Whether a file is whole, described as it is, and alone in its folder."""
    said = (fetched.size, fetched.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    return said and fetched.path.read_bytes() == body and list(fetched.path.parent.iterdir()) == [fetched.path]
