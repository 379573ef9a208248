"""Which of torch's back ends is quickest at HunyuanVideo-Foley's attentions, and where answers have to be copied.

    python benchmarks/foley_attention.py [--tiny] [--runs 20] [--output FILE]

Each attention of a step and of the encoders at the shapes of clips of 8 s and 60 s; queries, keys and values lie as the
networks have them. It is done by what torch chooses, and by each back end when there is no other. Times are of
``attend`` and of bringing the answer to where the next layer wants it; on a GPU of many in one graph, so that the
host's pace does not count. Errors are against float32 by plain products: root mean square of the difference over that
of what is exact. ``lies_as_queries``: nothing is copied behind it. Prints one JSON.
"""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from foley_clip import timed
from greenroom.nn.attention import attend
from machine import machine
from report import report

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from torch import Tensor

_BACK_ENDS = {
    "math": SDPBackend.MATH,
    "flash": SDPBackend.FLASH_ATTENTION,
    "efficient": SDPBackend.EFFICIENT_ATTENTION,
    "cudnn": SDPBackend.CUDNN_ATTENTION,
}
_HEADS, _FEW_HEADS = 12, 2
_HEARD = 0.8  # of the room for words: 64 of 80
_SEED = 7

# In what order (rows, heads, tokens, width) lie in memory, the outermost first.
_BY_ROW = (0, 2, 1, 3)  # a row's tokens, of each its heads: single blocks, the encoders
_BY_TOKEN = (2, 0, 1, 3)  # tokens outermost: triple blocks
_BY_HEAD = (0, 1, 2, 3)  # as they are named: what was copied for it


@dataclass(frozen=True, slots=True)
class Case:
    """An attention. order: of queries.  keys_order: of keys and values.  masked: some keys are not looked at."""

    rows: int
    queries: int
    keys: int
    order: tuple[int, ...]
    keys_order: tuple[int, ...]
    width: int = 128
    dtype: torch.dtype = torch.bfloat16
    masked: bool = False
    heads: int = _HEADS


def _denoiser() -> dict[str, Case]:
    """Of a step: 8 s are 400 latents and 64 pictures; windows of a minute are 640 and 103, five for two conditions."""
    cases: dict[str, Case] = {}
    for name, rows, latents, pictures in (("8 s", 2, 400, 64), ("8 s, 4 samples", 8, 400, 64), ("60 s", 10, 640, 103)):
        both = latents + pictures
        cases[f"self, {name}"] = Case(rows, latents, latents, _BY_ROW, _BY_ROW)
        cases[f"joint, {name}"] = Case(rows, both, both, _BY_TOKEN, _BY_TOKEN)
    for rows in (2, 8):
        for masked in (False, True):
            name = f"cross, {rows} texts{', masked' if masked else ''}"
            cases[name] = Case(rows, 464, 80, _BY_TOKEN, _BY_HEAD, masked=masked)
    cases["cross, 4 samples of 2 texts, masked"] = Case(2, 4 * 464, 80, _BY_TOKEN, _BY_HEAD, masked=True)
    return cases


def _encoders() -> dict[str, Case]:
    """Of 32 pictures, and of 24 segments: eight times 196 places, and the class token."""
    half, segments, frames, sites = torch.float16, 24, 8, 196
    return {
        "siglip2": Case(32, 1024, 1024, _BY_ROW, _BY_ROW, 64, half),
        "synchformer, time": Case(segments * sites, frames, 1 + frames, _BY_HEAD, _BY_HEAD, 64, half),
        "synchformer, space": Case(segments * frames, sites, 1 + sites, _BY_HEAD, _BY_HEAD, 64, half),
        "synchformer, class": Case(segments, 1, 1 + frames * sites, _BY_ROW, _BY_ROW, 64, half),
    }


def shrunk(case: Case) -> Case:
    """The same kind of attention, for a CPU."""
    return replace(
        case,
        rows=min(case.rows, 4),
        queries=-(-case.queries // 8),
        keys=-(-case.keys // 8),
        heads=_FEW_HEADS,
    )


def lying(shape: tuple[int, ...], order: tuple[int, ...], device: torch.device, dtype: torch.dtype) -> Tensor:
    """Random numbers whose dimensions lie in an order."""
    stored = torch.randn([shape[at] for at in order], device=device, dtype=dtype)
    return stored.permute(*(order.index(at) for at in range(len(order))))


def tensors(case: Case, device: torch.device) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Queries, keys, values, and what is added to scores of keys, as ``attend`` takes them."""
    query = lying((case.rows, case.heads, case.queries, case.width), case.order, device, case.dtype)
    key, value = (
        lying((case.rows, case.heads, case.keys, case.width), case.keys_order, device, case.dtype) for _ in range(2)
    )
    if not case.masked:
        return query, key, value, None
    unheard = torch.zeros(case.rows, case.keys, device=device, dtype=case.dtype)
    unheard[:, round(_HEARD * case.keys) :] = -torch.inf
    return query, key, value, unheard


def brought(case: Case, answer: Tensor) -> Tensor:
    """An answer where the next layer wants it: triple blocks have tokens outermost."""
    return answer.transpose(0, 1).contiguous() if case.order == _BY_TOKEN else answer


def measured(case: Case, device: torch.device, runs: int) -> dict[str, Any]:
    """By each back end, the one that torch chooses first."""
    query, key, value, unheard = tensors(case, device)
    with sdpa_kernel(SDPBackend.MATH):
        exact = attend(query.float(), key.float(), value.float(), None if unheard is None else unheard.float())
    mask = None if unheard is None else unheard[:, None, None, :]
    by = SDPBackend(torch._fused_sdp_choice(query, key, value, attn_mask=mask)).name.lower()
    found: dict[str, Any] = {"chosen_is": by}
    for name in ("chosen", *_BACK_ENDS):
        forced: AbstractContextManager[object] = sdpa_kernel(_BACK_ENDS[name]) if name in _BACK_ENDS else nullcontext()
        with forced:
            try:
                made = attend(query, key, value, unheard)
                answer = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
                took = timed(lambda: brought(case, attend(query, key, value, unheard)), runs)
            except RuntimeError as error:  # the back end is for other types, shapes or devices
                found[name] = {"refused": str(error).partition("\n")[0][:120]}
                continue
        off = (made.float() - exact).square().mean().sqrt() / exact.square().mean().sqrt()
        found[name] = {"us": took, "off": float(f"{float(off):.3g}"), "lies_as_queries": alike(answer, query)}
    return found


def alike(answer: Tensor, query: Tensor) -> bool:
    """Whether both have their numbers in the same order."""
    steps = ((one.stride(at) for at in range(one.dim()) if one.shape[at] > 1) for one in (answer, query))
    return all(own == its for own, its in zip(*steps, strict=True))


@torch.inference_mode()
def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tiny", action="store_true", help="small shapes, for a CPU")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(_SEED)
    torch.backends.cuda.matmul.allow_tf32 = False
    cases = {name: shrunk(case) if options.tiny else case for name, case in {**_denoiser(), **_encoders()}.items()}
    found: dict[str, Any] = {}
    for name, case in cases.items():
        found[name] = measured(case, device, options.runs)
        print(name, found[name], flush=True)  # of a run that is stopped, so much is known
    report(
        {
            "benchmark": "foley attention",
            "machine": machine("torch", "greenroom"),
            "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
            "tiny": options.tiny,
            "cases": found,
        },
        options.output,
    )


if __name__ == "__main__":
    main()
