"""How much memory the towers take beside their weights, at most, in bytes: little, but what is planned is known.

The networks are another library's: what of theirs lives at once was counted, and tests count it again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACE = 8  # bytes of a token's place beside another's
_PLACES = 7  # of tables of these, while it is found out in whose vectors they stand
_SCORES = 2  # what positions add to each head's scores, and its copy
_COLOURS = 3


def reading(options: Mapping[str, Any], tokens: int, itemsize: int = 2) -> int:
    """Of a text. options: transformers', all of them.  itemsize: of the weights."""
    width: int = options["d_model"]
    inner: int = options["d_ff"]
    heads: int = options["num_heads"]
    placing = _PLACES * _PLACE * tokens**2 + itemsize * 6 * tokens * width
    attending = itemsize * (_SCORES * heads * tokens**2 + 7 * tokens * width)
    widened = itemsize * 4 * tokens * (inner + width)
    return max(placing, attending, widened)


def seeing(options: Mapping[str, Any], itemsize: int = 2) -> int:
    """Of a picture that is as wide already as the tower sees it, or smaller."""
    side: int = options["image_size"]
    vectors = (side // options["patch_size"]) ** 2 + 1
    widened: int = vectors * max(3 * options["intermediate_size"], 12 * options["hidden_size"])
    return itemsize * (widened + _COLOURS * side**2)
