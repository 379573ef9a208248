"""How to install."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.machine.environments.installer import PATIENCE, Patience

if TYPE_CHECKING:
    from greenroom.machine.environments.volume import Volume


@dataclass(frozen=True, slots=True)
class Options:
    """How to install.

    volume: where many machines share packed environments.  upgrade: resolve anew, though what was asked for
    is here.  verify: hash every file of what is here, and not only look at sizes and times.  prefer: uv or pip.
    """

    volume: Volume | None = None
    upgrade: bool = False
    verify: bool = False
    prefer: str | None = None
    patience: Patience = PATIENCE


USUAL = Options()
