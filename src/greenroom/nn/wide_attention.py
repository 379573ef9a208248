"""Attention of one head that is wider than what fused kernels are made for."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

_HALF = (torch.bfloat16, torch.float16)
_SCORES = 2**26  # at a time: 256 MiB of float32


def attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Of every position to all, scores scaled by the width's root: (positions, width) each.

    In half precision on a GPU two products, and float32 scores between them, of some queries at a time: memory does
    not grow with the square of the positions. Fused kernels there reach a fifth of what the products do.
    """
    if query.dtype not in _HALF or not query.is_cuda:
        return functional.scaled_dot_product_attention(query[None, None], key[None, None], value[None, None])[0, 0]
    from greenroom.nn.kernels.softmax import softmax

    out = torch.empty_like(query)
    scale = query.shape[1] ** -0.5 * math.log2(math.e)
    at_once = max(1, _SCORES // len(key))
    for part, result in zip(torch.split(query, at_once), torch.split(out, at_once), strict=True):
        scores = torch.mm(part, key.T, out_dtype=torch.float32)
        weights = torch.empty_like(scores, dtype=value.dtype)
        softmax(scores, weights, scale)
        torch.mm(weights, value, out=result)
    return out
