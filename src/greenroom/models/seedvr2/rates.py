"""How fast the networks ran where that was measured: what a plan's time comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rates:
    """Of one kind of GPU, in half precision.

    encode, transformer, decode: FLOP a second, as ``arithmetic`` counts them; what an engine does around its networks
    (resizing, colours, the way to the host) is in the time.  from_host: bytes a second of weights that come back.
    """

    encode: float
    transformer: float
    decode: float
    from_host: float


# By torch's name of the GPU; benchmarks/results/seedvr2-engine-h200.json.
RATES = {
    "NVIDIA H200": Rates(encode=512e12, transformer=519e12, decode=649e12, from_host=40e9),
}
