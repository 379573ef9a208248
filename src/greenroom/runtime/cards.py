"""What makers' data sheets say of GPUs: by it a rate that was measured on one of them is estimated for another."""

from __future__ import annotations

from typing import NamedTuple


class Card(NamedTuple):
    """By its maker's data sheet: bfloat16 FLOP a second of dense products summed in float32, and bytes a second."""

    flop: float
    memory: float


# By torch's name of the GPU.
CARDS = {
    "NVIDIA H200": Card(989e12, 4.8e12),
    "NVIDIA H100 80GB HBM3": Card(989e12, 3.35e12),
    "NVIDIA H100 PCIe": Card(756e12, 2.0e12),
    "NVIDIA H100 NVL": Card(835e12, 3.9e12),
    "NVIDIA A100-SXM4-80GB": Card(312e12, 2.04e12),
    "NVIDIA A100-SXM4-40GB": Card(312e12, 1.56e12),
    "NVIDIA A100 80GB PCIe": Card(312e12, 1.94e12),
    "NVIDIA L40S": Card(362e12, 0.864e12),
    "NVIDIA L4": Card(121e12, 0.3e12),
    "NVIDIA A10G": Card(70e12, 0.6e12),
    "NVIDIA RTX 6000 Ada Generation": Card(364e12, 0.96e12),
    "NVIDIA RTX A6000": Card(155e12, 0.768e12),
    "NVIDIA GeForce RTX 5090": Card(209e12, 1.79e12),
    "NVIDIA GeForce RTX 4090": Card(165e12, 1.01e12),
    "NVIDIA GeForce RTX 3090": Card(71e12, 0.936e12),
}


def slower(gpu: str, measured: str, arithmetic: float) -> float | None:
    """How many times as long a GPU takes as one that was measured; None where no data sheet of either is known.

    gpu, measured: by torch's names.  arithmetic: of the measured time, the share that goes with FLOP; the rest goes
    with the bytes of memory.
    """
    card, known = CARDS.get(gpu), CARDS.get(measured)
    if card is None or known is None:
        return None
    return arithmetic * known.flop / card.flop + (1 - arithmetic) * known.memory / card.memory
