"""In how many bits the denoiser's blocks lie on a device and multiply: what may be asked for.

In eight bits the result is another, so nobody gets them without asking.
"""

from __future__ import annotations

from greenroom.errors import UnknownName

USUAL, SMALL, PRODUCTS = "bf16", "fp8", "fp8-products"
"""USUAL: a CPU computes in float32 what a GPU computes in bfloat16.  SMALL: matrices of blocks are kept in eight bits,
or in a file's own GGUF blocks, and are dequantised at each use.  PRODUCTS: activations are rounded to eight bits too,
and cards that can multiply in them take half the time for it."""

PRECISIONS = (USUAL, SMALL, PRODUCTS)


def precision_of(variant: str, asked: str | None = None) -> str:
    """What is asked for; without that, what a file set is stored in. Raises UnknownName."""
    if asked is None:
        return SMALL if is_small(variant) else USUAL
    if asked not in PRECISIONS:
        raise UnknownName("precision", asked, PRECISIONS)
    return asked


def is_small(variant: str) -> bool:
    """Whether a file set has its matrices in eight bits or fewer."""
    return variant.startswith((SMALL, "q"))


def notes_of(variant: str, precision: str) -> tuple[str, ...]:
    """What weights do to the video, in sentences; nothing where they are as published."""
    notes = []
    if is_small(variant):
        notes.append(
            f"the weights are stored in few bits ({variant}): the video differs from that of the published ones"
        )
    elif precision != USUAL:
        notes.append("the weights are rounded to eight bits: the video differs from that of the whole ones")
    if precision == PRODUCTS:
        notes.append("products are made in eight bits, too: the video differs a little more")
    return tuple(notes)
