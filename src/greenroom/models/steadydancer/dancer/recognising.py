"""What a checkpoint is of, told by its names and shapes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from greenroom.weights.fitting import Shape

ADDED = ("patch_embedding_fuse", "patch_embedding_ref_c", "condition_embedding_")
"""What the names begin with of all that the base model has not."""

_BASE = "blocks.0.cross_attn.k_img.weight"
_TEXT_ALONE = "blocks.0.cross_attn.k.weight"
_PATCHES = "patch_embedding.weight"
# A name that is in no other file, and of what.
_OTHERS = {
    "blocks.0.attn1.to_q.weight": "a transformer of the Wan family in the names of diffusers",
    "decoder.upsamples.0.residual.0.gamma": "the VAE of Wan2.1",
    "blocks.0.pos_embedding.embedding.weight": "the UMT5 text encoder of Wan2.1",
    "visual.cls_embedding": "the CLIP image encoder of Wan2.1",
}


def recognise(shapes: Mapping[str, Shape], wanted: Iterable[str]) -> str:
    """What tensors of such names and shapes are of, in words; empty where nothing tells, or it is a dancer.

    wanted: the names of a dancer's tensors.
    """
    for name, made in _OTHERS.items():
        if name in shapes:
            return made
    if _PATCHES not in shapes or len(shapes[_PATCHES]) < 2:
        return ""
    if any(name.startswith(ADDED) for name in shapes):
        return _size(shapes)
    if _BASE in shapes:
        return (
            f"Wan2.1's image-to-video model ({_size(shapes)}), without what SteadyDancer adds to it: {_missing(wanted)}"
        )
    return f"a text-to-video model of the Wan family ({_size(shapes)})" if _TEXT_ALONE in shapes else ""


def _missing(wanted: Iterable[str]) -> str:
    """How many tensors, by what their names begin with."""
    counted = Counter(name.partition(".")[0] for name in wanted if name.startswith(ADDED))
    return ", ".join(f"{name} ({count})" for name, count in counted.items())


def _size(shapes: Mapping[str, Shape]) -> str:
    width = shapes[_PATCHES][0]
    depth = len({name.split(".")[1] for name in shapes if name.startswith("blocks.")})
    return f"a transformer of width {width} and depth {depth}"
