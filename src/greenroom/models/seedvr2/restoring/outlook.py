"""Which stages of a restoration take every frame, and how they usually share its time."""

from __future__ import annotations

USUAL = {"encoding": 0.28, "restoring": 0.16, "decoding": 0.56}
"""Of a frame's time, until a stage has been seen: 21 frames of 1280x720 on an H200
(benchmarks/results/seedvr2-clip-h200.json). Other sizes and devices differ little.
"""

STAGES = tuple(USUAL)
"""The stages of which each takes every frame of the clip."""
