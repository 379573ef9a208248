"""What each golden case of the family runs; see ``greenroom.parity``."""

from __future__ import annotations

from greenroom.models.seedvr2.parity_restoring import RESTORING
from greenroom.models.seedvr2.parity_transformer import TRANSFORMER
from greenroom.models.seedvr2.parity_vae import AROUND

CASES = {**TRANSFORMER, **AROUND, **RESTORING}
