"""What each golden case of the family runs; see ``greenroom.parity``."""

from __future__ import annotations

from greenroom.models.steadydancer.parity_dancer import DANCER
from greenroom.models.steadydancer.parity_encoders import ENCODERS
from greenroom.models.steadydancer.parity_generating import GENERATING
from greenroom.models.steadydancer.parity_pose import POSE
from greenroom.models.steadydancer.parity_sampling import SAMPLING

CASES = {**DANCER, **ENCODERS, **GENERATING, **POSE, **SAMPLING}
