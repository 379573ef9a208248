"""In how many bits the denoiser's weights lie on a device: what may be asked for, and what is to be said of it.

In eight bits they take half the memory and are dequantised at each use, so the sound is another: nobody gets them
without being told.
"""

from __future__ import annotations

from greenroom.errors import UnknownName

USUAL, SMALL = "bf16", "fp8"
"""A CPU computes in float32 what a GPU computes in bfloat16."""

PRECISIONS = (USUAL, SMALL)


def precision_of(variant: str, asked: str | None = None) -> str:
    """What is asked for; without that, what a file set is stored in. Raises UnknownName."""
    if asked is None:
        return SMALL if is_small(variant) else USUAL
    if asked not in PRECISIONS:
        raise UnknownName("precision", asked, PRECISIONS)
    return asked


def is_small(variant: str) -> bool:
    """Whether a file set has its weights in eight bits."""
    return variant.startswith(SMALL)


def notes_of(variant: str, precision: str) -> tuple[str, ...]:
    """What weights do to the sound, in sentences; nothing where they are as published."""
    if is_small(variant):
        return (f"the weights are stored in eight bits ({variant}): the sound differs from that of the published ones",)
    if precision == SMALL:
        return (f"the weights are rounded to eight bits ({precision}): the sound differs from that of the whole ones",)
    return ()
