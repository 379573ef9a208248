"""Which ledger a verb means: the one at or above the folder in which it is called."""

from __future__ import annotations

import os
from pathlib import Path

from greenroom.errors import InputInvalid, quoted


class NoLedger(InputInvalid):
    """There is no ledger at or above this folder."""

    code = "no-ledger"


def root_here() -> Path:
    """The ledger's root, as it is seen from here. Raises NoLedger."""
    from greenroom.ledger.operations import ledger_at

    here = Path.cwd()
    root = ledger_at(here)
    if root is None:
        raise NoLedger(f"no ledger is kept at {quoted(here)} or above", mend="greenroom ledger init begins one")
    return Path(os.path.relpath(root, here))


def project_here() -> Path:
    """The same, or this folder where no ledger is kept."""
    try:
        return root_here()
    except NoLedger:
        return Path()
