"""What each golden case of the family runs; see ``greenroom.parity``."""

from __future__ import annotations

from greenroom.models.f5tts.parity_front import FRONT
from greenroom.models.f5tts.parity_network import CASES as NETWORK
from greenroom.models.f5tts.parity_speaking import SPEAKING

CASES = {**FRONT, **NETWORK, **SPEAKING}
