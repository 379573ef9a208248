"""How fast the networks run on a GPU, measured or estimated: what a plan's time comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Rates:
    """Of one kind of GPU, in half precision.

    encode, transformer, decode: FLOP a second, as ``arithmetic`` counts them; what an engine does around its networks
    (resizing, colours, the way to the host) is in the time.  from_host: bytes a second of weights that come back.
    window: seconds that each window takes beside, however short it is.  estimated: nobody measured this kind.
    """

    encode: float
    transformer: float
    decode: float
    from_host: float
    window: float = 0.0
    estimated: bool = False


# By torch's name of the GPU; benchmarks/results/seedvr2-engine-h200.json.
RATES = {
    "NVIDIA H200": Rates(encode=523e12, transformer=505e12, decode=662e12, from_host=54e9, window=0.02),
}


class _Card(NamedTuple):
    """By its maker's data sheet: bfloat16 FLOP a second of dense products summed in float32, and bytes a second."""

    flop: float
    memory: float


_MEASURED = "NVIDIA H200"
_CARDS = {
    "NVIDIA H200": _Card(989e12, 4.8e12),
    "NVIDIA H100 80GB HBM3": _Card(989e12, 3.35e12),
    "NVIDIA H100 PCIe": _Card(756e12, 2.0e12),
    "NVIDIA H100 NVL": _Card(835e12, 3.9e12),
    "NVIDIA A100-SXM4-80GB": _Card(312e12, 2.04e12),
    "NVIDIA A100-SXM4-40GB": _Card(312e12, 1.56e12),
    "NVIDIA A100 80GB PCIe": _Card(312e12, 1.94e12),
    "NVIDIA L40S": _Card(362e12, 0.864e12),
    "NVIDIA L4": _Card(121e12, 0.3e12),
    "NVIDIA A10G": _Card(70e12, 0.6e12),
    "NVIDIA RTX 6000 Ada Generation": _Card(364e12, 0.96e12),
    "NVIDIA RTX A6000": _Card(155e12, 0.768e12),
    "NVIDIA GeForce RTX 5090": _Card(209e12, 1.79e12),
    "NVIDIA GeForce RTX 4090": _Card(165e12, 1.01e12),
    "NVIDIA GeForce RTX 3090": _Card(71e12, 0.936e12),
}
# Of decoding's time on the H200, that of its convolutions (results/seedvr2-vae-h200.json); the rest moves memory.
_ARITHMETIC = 0.78


def rates_of(gpu: str) -> Rates | None:
    """What was measured; or the H200's scaled by data sheets, which may be off by half; None for unknown kinds.

    gpu: by torch's name.
    """
    if gpu in RATES:
        return RATES[gpu]
    card, measured = _CARDS.get(gpu), _CARDS[_MEASURED]
    if card is None:
        return None
    slower = _ARITHMETIC * measured.flop / card.flop + (1 - _ARITHMETIC) * measured.memory / card.memory
    known = RATES[_MEASURED]
    return replace(
        known,
        encode=known.encode / slower,
        transformer=known.transformer / slower,
        decode=known.decode / slower,
        from_host=known.from_host / 2,  # PCIe of the generation before
        estimated=True,
    )
