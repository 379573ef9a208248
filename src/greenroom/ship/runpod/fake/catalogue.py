"""What the fake platform rents out: a few GPUs and CPUs with list prices as the real catalogue writes them."""

from __future__ import annotations

from typing import Any

_DATA_CENTERS = ("EU-RO-1", "US-KS-2")
# id, pool, memory in GB, dollars an hour of serverless. The prices are examples.
_GPUS = (
    ("NVIDIA RTX A4000", "AMPERE_16", 16, 0.58),
    ("NVIDIA RTX A5000", "AMPERE_24", 24, 0.69),
    ("NVIDIA L4", "AMPERE_24", 24, 0.69),
    ("NVIDIA GeForce RTX 4090", "ADA_24", 24, 1.1),
    ("NVIDIA L40S", "ADA_48_PRO", 48, 1.9),
    ("NVIDIA RTX 6000 Ada Generation", "ADA_48_PRO", 48, 1.9),
    ("NVIDIA A100 80GB PCIe", "AMPERE_80", 80, 2.72),
    ("NVIDIA H100 80GB HBM3", "ADA_80_PRO", 80, 4.18),
    ("NVIDIA H200", "HOPPER_141", 141, 5.58),
)
# id, dollars an hour of serverless for one vCPU. The prices are examples.
_CPUS = (("cpu3c", 0.03), ("cpu5c", 0.05))
_CUDA_VERSIONS = ("12.4", "12.6", "12.8", "13.0")


def gpus() -> list[dict[str, Any]]:
    """The GPUs as the interface lists them, everything in stock; a new copy, to be changed at will."""
    return [_gpu(*row) for row in _GPUS]


def cpus() -> list[dict[str, Any]]:
    """The CPUs as the interface lists them; a new copy."""
    return [
        {"id": identity, "name": identity, "price": {"securePerVcpu": price, "serverlessPerVcpu": price}}
        for identity, price in _CPUS
    ]


def _gpu(identity: str, pool: str, memory: int, price: float) -> dict[str, Any]:
    return {
        "id": identity,
        "name": identity.removeprefix("NVIDIA ").removeprefix("GeForce "),
        "pool": pool,
        "manufacturer": "NVIDIA",
        "memory": memory,
        "secure": True,
        "community": False,
        "price": {"secure": round(price * 0.6, 2), "community": 0.0, "serverless": price},
        "maxCount": {"secure": 8, "community": 0},
        "availability": "HIGH",
        "dataCenters": [{"id": name, "name": name, "availability": "HIGH"} for name in _DATA_CENTERS],
        "cudaVersions": [{"version": version, "available": True} for version in _CUDA_VERSIONS],
    }
