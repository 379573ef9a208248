"""What each golden case of the family runs; see ``greenroom.parity``."""

from __future__ import annotations

from greenroom.models.foley.parity_denoiser import DENOISER
from greenroom.models.foley.parity_media import MEDIA
from greenroom.models.foley.parity_sounding import SOUNDING

CASES = {**DENOISER, **MEDIA, **SOUNDING}
