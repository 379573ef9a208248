"""How fast the networks run on a GPU, measured or estimated: what a plan's time comes from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from greenroom.runtime.cards import slower


@dataclass(frozen=True, slots=True)
class Rates:
    """Of one kind of GPU.

    pictures, frames, denoiser, decoder: FLOP a second of SigLIP 2, of Synchformer, of a step that is not held up by its
    weights, and of the autoencoder, as ``arithmetic`` counts them.  memory: bytes a second of weights that a step
    reads.  from_host: bytes a second of weights that come.  request: seconds that each request takes beside, reading
    the texts among them.  estimated: nobody measured this kind.
    """

    pictures: float
    frames: float
    denoiser: float
    decoder: float
    memory: float
    from_host: float
    request: float = 0.0
    estimated: bool = False

    def pass_seconds(self, flop: float, read: int, streamed: int) -> float:
        """A step of one batch. read: bytes of weights on the device.  streamed: of those that come from the host.

        Copies run beside the work, and so does reading: what takes longest is the time.
        """
        return max(flop / self.denoiser, read / self.memory, streamed / self.from_host)


# By torch's name of the GPU.
RATES: dict[str, Rates] = {}

# Of a request's time, what goes with arithmetic; the rest moves memory. Presumed: no step was profiled.
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
                from_host=known.from_host / 2,  # as of PCIe of the generation before: no sheet here says which
                estimated=True,
            )
    return None
