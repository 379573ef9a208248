"""How fast the networks run on a GPU, measured or estimated: what a plan's time comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from greenroom.runtime.cards import slower

if TYPE_CHECKING:
    from greenroom.models.steadydancer.planning.arithmetic import Flop


@dataclass(frozen=True, slots=True)
class Rates:
    """Of one kind of GPU.

    linear, attention, products, encode, decode: FLOP a second of the denoiser's linear layers and all that stands
    between them, of its attention, of these layers where they multiply in eight bits, and of the autoencoder, as
    ``arithmetic`` counts them.  from_host: bytes a second of weights that come.  estimated: nobody measured this kind.
    """

    linear: float
    attention: float
    products: float
    encode: float
    decode: float
    from_host: float
    estimated: bool = False

    def pass_seconds(self, flop: Flop, streamed: int, *, in_eight_bits: bool = False) -> float:
        """A pass over a window. streamed: bytes of weights that come from the host, beside the work: what takes longest
        is the time. Weights that are dequantised take a hundredth more, which is not counted."""
        work = flop.linear / (self.products if in_eight_bits else self.linear) + flop.attention / self.attention
        return max(work, streamed / self.from_host)


# By torch's name of the GPU; benchmarks/results/steadydancer-forward-h200.json, steadydancer-forward-fp8-h200.json, and
# steadydancer-vae-h200.json with two latent frames at a time. Of a clip, which steadydancer-h200.json has whole, what
# else there is takes less than these are off by. Of copies it is what SeedVR2 was measured to take.
RATES = {
    "NVIDIA H200": Rates(
        linear=716e12, attention=552e12, products=1_273e12, encode=366e12, decode=387e12, from_host=54e9
    ),
}

# Of a request's time, what goes with arithmetic: at tens of thousands of tokens hardly anything else is there.
_ARITHMETIC = 0.9


def rates_of(gpu: str) -> Rates | None:
    """What was measured; or that of another kind scaled by data sheets, which may be off by half; or None.

    gpu: by torch's name.
    """
    if gpu in RATES:
        return RATES[gpu]
    for measured, known in RATES.items():
        times = slower(gpu, measured, _ARITHMETIC)
        if times is not None:
            return replace(
                known,
                linear=known.linear / times,
                attention=known.attention / times,
                products=known.products / times,
                encode=known.encode / times,
                decode=known.decode / times,
                from_host=known.from_host / 2,  # as of PCIe of the generation before: no sheet here says which
                estimated=True,
            )
    return None
