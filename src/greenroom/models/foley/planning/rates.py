"""How fast the networks run on a GPU, measured or estimated: what a plan's time comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from greenroom.runtime.cards import slower


@dataclass(frozen=True, slots=True)
class Rates:
    """Of one kind of GPU.

    pictures, frames, denoiser, decoder: FLOP a second of SigLIP 2, of Synchformer, of steps, and of the autoencoder, as
    ``arithmetic`` counts them.  memory: bytes a second of weights that are dequantised.  from_host: bytes a second of
    weights that come.  call: seconds that an encoder takes for however little.  batch: seconds that each batch takes at
    each step beside its arithmetic.  request: the same of each request, reading the texts among them.  estimated:
    nobody measured this kind.
    """

    pictures: float
    frames: float
    denoiser: float
    decoder: float
    memory: float
    from_host: float
    call: float = 0.0
    batch: float = 0.0
    request: float = 0.0
    estimated: bool = False

    def pass_seconds(self, flop: float, widened: int, streamed: int) -> float:
        """A step of one batch. widened: see ``Networks.widened``.  streamed: bytes of weights that come from the host.

        Copies run beside the work: what takes longer is the time.
        """
        return max(self.batch + flop / self.denoiser + widened / self.memory, streamed / self.from_host)


# By torch's name of the GPU. XXL: clips of 8 s and 60 s, one and four samples; see benchmarks/NOTES.md, 14.
RATES = {
    "NVIDIA H200": Rates(
        pictures=2.65e14,
        frames=1.68e14,
        denoiser=5.65e14,
        decoder=2.5e13,
        memory=4.2e12,
        from_host=5.0e10,
        call=0.016,
        batch=0.0027,
        request=0.013,
    ),
}

# Of a step's time, what goes with arithmetic: products and attention in a step's profile. The rest moves memory.
_ARITHMETIC = 0.8


def rates_of(gpu: str) -> Rates | None:
    """What was measured; or that of another kind scaled by data sheets, which may be off by half; or None.

    gpu: by torch's name.
    """
    if gpu in RATES:
        return RATES[gpu]
    for measured, known in RATES.items():
        times, moving = slower(gpu, measured, _ARITHMETIC), slower(gpu, measured, 0.0)
        if times is not None and moving is not None:
            return replace(
                known,
                pictures=known.pictures / times,
                frames=known.frames / times,
                denoiser=known.denoiser / times,
                decoder=known.decoder / times,
                memory=known.memory / moving,
                batch=known.batch * moving,
                from_host=known.from_host / 2,  # as of PCIe of the generation before: no sheet here says which
                estimated=True,
            )
    return None
