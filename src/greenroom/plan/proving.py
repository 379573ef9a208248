"""Verifications that cannot fail: each is run in an empty folder, where nothing was done and it must be red."""

from __future__ import annotations

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.plan.actions import Attempt, Shell
from greenroom.plan.activity import entries
from greenroom.plan.masking import Mask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from greenroom.plan.place import Place
    from greenroom.plan.plan import Phase, Plan

# Seconds for one verification; one that is not green by then is as good as red.
_PATIENCE_S = 10.0
_AT_ONCE = 2


def unproven(plan: Plan, place: Place, environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Verifications in scripts that are green where nothing was done.

    One that the log has seen red is not asked: it can fail, and may rightly look at more than the folder.
    """
    red = [entry for entry in entries(place.activity) if entry.verb == "verify-fail"]
    mask = Mask(environ)

    def was_red(phase: Phase) -> bool:
        return any(entry.phase == phase.number and entry.detail.startswith(phase.verify_mark) for entry in red)

    asked = [phase for phase in plan.phases if isinstance(phase.verify, Shell) and not was_red(phase)]
    greens = partial(_is_green_in_nothing, environ=environ, mask=mask)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for phase, is_green in zip(asked, pool.map(greens, asked), strict=True):
            if is_green:
                yield Finding(
                    "plan-verify-idle",
                    "error",
                    f"the verification of {phase} is green in an empty folder, where nothing was done",
                    "let it ask for what the phase makes, or for something that must be there beside it",
                    place.document,
                    phase.line,
                )


def _is_green_in_nothing(phase: Phase, environ: Mapping[str, str], mask: Mask) -> bool:
    with tempfile.TemporaryDirectory(prefix="greenroom-plan-", ignore_cleanup_errors=True) as folder:
        home = {**environ, "HOME": folder, "TMPDIR": folder}
        attempt = Attempt(Path(folder), home, mask, time.monotonic() + _PATIENCE_S)
        return phase.verify is not None and phase.verify.run(attempt, phase.expect).ok
