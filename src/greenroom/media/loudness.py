"""How loud sound is to a listener, and making it as loud as asked (EBU R 128, ITU-R BS.1770-4)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.media.audio import Audio

# BS.1770 measures in blocks of 400 ms; shorter sound is repeated to fill some.
_SHORTEST_S = 1.0
# Room for what a lossy codec adds between the samples (EBU R 128 allows -1 dBTP).
TRUE_PEAK_LIMIT_DB = -1.0
# The measure's own floor: nothing above the absolute gate.
_SILENCE_LUFS = -70.0


@dataclass(frozen=True, slots=True)
class Loudness:
    """integrated: LUFS over the whole, None for silence.  true_peak: dBTP, between the samples too."""

    integrated: float | None
    true_peak: float


def measure(audio: Audio) -> Loudness:
    """Integrated loudness and true peak of the first two channels (FFmpeg's ebur128 filter)."""
    import av
    import numpy as np
    from av.filter import Graph

    samples = audio.samples[:2]
    count = samples.shape[-1]
    if not count or not samples.any():
        return Loudness(None, -np.inf)
    shortest = int(_SHORTEST_S * audio.rate)
    if count < shortest:
        samples = np.tile(samples, -(-shortest // count))
    layout = "mono" if len(samples) == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
    frame.sample_rate, frame.pts = audio.rate, 0
    graph = Graph()
    source = graph.add_abuffer(sample_rate=audio.rate, format="fltp", layout=layout, time_base=Fraction(1, audio.rate))
    meter, sink = graph.add("ebur128", "metadata=1:peak=true"), graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    graph.push(frame)
    graph.push(None)
    said: dict[str, str] = {}
    while True:
        try:
            said.update(graph.pull().metadata)
        except (av.error.EOFError, av.error.BlockingIOError):
            break
    integrated = float(said["lavfi.r128.I"])
    peak = max(float(value) for name, value in said.items() if name.startswith("lavfi.r128.true_peaks_ch"))
    return Loudness(
        integrated if integrated > _SILENCE_LUFS else None, float(20 * np.log10(peak)) if peak > 0 else -np.inf
    )


def gain_to(target_lufs: float, measured: Loudness) -> float:
    """The factor that brings sound to ``target_lufs`` without a true peak above -1 dBTP; 1 for silence.

    A target that the peaks do not allow is missed on the quiet side: limiting would change the sound.
    """
    if measured.integrated is None:
        return 1.0
    decibels = min(target_lufs - measured.integrated, TRUE_PEAK_LIMIT_DB - measured.true_peak)
    return float(10 ** (decibels / 20))
