"""How fast the networks run on a GPU, measured or estimated: what a plan's time comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from greenroom.runtime.cards import slower


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

_MEASURED = "NVIDIA H200"
# Of decoding's time on the H200, that of its convolutions (results/seedvr2-vae-h200.json); the rest moves memory.
_ARITHMETIC = 0.78


def rates_of(gpu: str) -> Rates | None:
    """What was measured; or the H200's scaled by data sheets, which may be off by half; None for unknown kinds.

    gpu: by torch's name.
    """
    if gpu in RATES:
        return RATES[gpu]
    times = slower(gpu, _MEASURED, _ARITHMETIC)
    if times is None:
        return None
    known = RATES[_MEASURED]
    return replace(
        known,
        encode=known.encode / times,
        transformer=known.transformer / times,
        decode=known.decode / times,
        from_host=known.from_host / 2,  # PCIe of the generation before
        estimated=True,
    )
