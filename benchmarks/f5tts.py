"""How fast F5-TTS v1 Base speaks here, beside the original's own code where its packages are installed.

    python benchmarks/f5tts.py [--device cuda:0] [--runs 20] [--original-runs 10] [--output FILE]

Weights are random, of the published size and layout: no figure here depends on their values but the error of half
precision. Prints one JSON. Times are wall clocks around synchronised work.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import sys
import tempfile
import time
import wave
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

import f5tts_original as original
import f5tts_workload as workload
from greenroom.models.f5tts.architecture import PUBLISHED
from greenroom.models.f5tts.checkpoint import load_flow
from greenroom.models.f5tts.durations import prompt_text, requested_frames
from greenroom.models.f5tts.engine import Engine
from greenroom.models.f5tts.mel import log_mel
from greenroom.models.f5tts.model import F5TTSV1Base, Sources
from greenroom.models.f5tts.reference import ended
from greenroom.models.f5tts.rows import Row, Sampling, sample_rows
from greenroom.models.f5tts.synthetic import synthesise_flow, synthesise_vocos
from greenroom.models.f5tts.tokens import tokens
from greenroom.models.f5tts.vocabulary import Vocabulary
from greenroom.models.model import Work
from greenroom.recipes.inputs.f5tts import F5SpeechInputs
from report import report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import Tensor

    from f5tts_original import Original
    from greenroom.settings import Settings

_ARCHITECTURE = PUBLISHED["f5tts-v1-base"]
_STEPS = (32, 16, 7)
_SEED = 7
_TERA = 1e12


def velocity_flop(frames: int) -> float:
    """Of one evaluation with guidance for a row: input, convolutions, blocks, output (two FLOP a multiply-add)."""
    a = _ARCHITECTURE
    layers = a.depth * (16 * frames * a.dim**2 + 4 * frames**2 * a.dim + 12 * a.dim**2)
    ends = 2 * frames * (2 * a.mel_dim + a.text_dim) * a.dim + 2 * (2 * frames * a.dim * 64 * 31)
    return 2 * (layers + ends + 2 * frames * a.dim * a.mel_dim)


class Ours:
    """Our engine with the workload's reference and vocabulary."""

    def __init__(self, engine: Engine, vocabulary: Vocabulary, device: str) -> None:
        self.engine = engine
        self.device = device
        self.vocabulary = vocabulary
        self.prompt = prompt_text(ended(workload.REFERENCE_TEXT))
        self.reference = workload.reference()
        self.mel = self.heard()

    def heard(self) -> Tensor:
        """The log mel of the reference, by the device: (frames, mel_dim). Served, it is computed once a voice."""
        wave = torch.from_numpy(self.reference).to(self.device)
        return log_mel(wave).T.cpu().contiguous()

    def row(self, text: str, mel: Tensor, seed: int) -> Row:
        """A text as a row, as published: tokens, frames by the rule, what is vocoded."""
        frames = requested_frames(text, self.prompt, workload.REFERENCE_FRAMES)
        ids = tuple(self.vocabulary.ids(tokens(self.prompt + text)))
        return Row(mel, ids, frames, workload.REFERENCE_FRAMES, seed)

    def end_to_end(self, steps: int) -> Any:
        """From samples and text to samples on the host."""
        row = self.row(workload.TEXT, self.heard(), _SEED)
        return self.engine.speak([row], Sampling(steps=steps))[0]

    def rows(self, lines: Sequence[workload.Line]) -> list[Row]:
        """A batch, each row with a seed of its own."""
        return [self.row(line.text, self.mel, seed) for seed, line in enumerate(lines)]


def timed(work: Callable[[], Any], runs: int, device: str) -> dict[str, float]:
    """Median, spread and ends of some runs, after one that warms up: seconds."""
    work()
    took = []
    for _ in range(runs):
        synchronise(device)
        began = time.perf_counter()
        work()
        synchronise(device)
        took.append(time.perf_counter() - began)
    return summary(took)


def summary(took: Sequence[float]) -> dict[str, float]:
    """Seconds in a few numbers. p95 is the value below which 95 % lie, interpolated."""
    ordered = sorted(took)
    median = statistics.median(ordered)
    p95 = statistics.quantiles(ordered, n=20, method="inclusive")[-1] if len(ordered) > 1 else median
    return {
        "median_s": round(median, 5),
        "min_s": round(ordered[0], 5),
        "max_s": round(ordered[-1], 5),
        "p95_s": round(p95, 5),
        "p95_over_median": round(p95 / median, 3),
        "runs": len(ordered),
    }


def synchronise(device: str) -> None:
    """Wait for what was asked of the device."""
    if device != "cpu":
        torch.cuda.synchronize()


def end_to_end(ours: Ours, theirs: Original | None, runs: int, original_runs: int, device: str) -> dict[str, Any]:
    """One text at a time, at each number of steps; both in one process, in turns."""
    found: dict[str, Any] = {}
    for steps in _STEPS:
        ours_took = timed(partial(ours.end_to_end, steps), runs, device)
        flop = steps * velocity_flop(workload.FRAMES)
        ours_took["achieved_tflops"] = round(flop / ours_took["median_s"] / _TERA, 1)
        found[f"nfe{steps}"] = {"ours": ours_took}
        if theirs is not None:
            speak = partial(theirs.end_to_end, workload.TEXT, ours.reference, workload.REFERENCE_TEXT, steps, _SEED)
            found[f"nfe{steps}"]["original"] = timed(speak, original_runs, device)
    return found


def batches(ours: Ours, theirs: Original | None, runs: int, device: str) -> dict[str, Any]:
    """The sampler over batches of 8 and 32, equal and spread, at 32 steps; seconds of sound made a second."""
    found: dict[str, Any] = {}
    cases = {f"{name}{count}": make(count) for count in (8, 32) for name, make in _BATCHES.items()}
    for name, lines in cases.items():
        seconds = sum(line.seconds for line in lines)
        flop = 32 * sum(velocity_flop(line.frames) for line in lines)
        rows = ours.rows(lines)
        took = timed(partial(ours.engine.sample, rows, Sampling()), runs, device)
        whole = timed(partial(ours.engine.speak, rows, Sampling()), runs, device)
        found[name] = {
            "ours": took
            | {
                "audio_s_per_s": round(seconds / took["median_s"], 1),
                "with_vocoder_audio_s_per_s": round(seconds / whole["median_s"], 1),
                "achieved_tflops": round(flop / took["median_s"] / _TERA, 1),
            }
        }
        if theirs is not None:
            ids = [theirs.tokens(ours.prompt + line.text) for line in lines]
            cond = theirs.mel(ours.reference)
            sample = partial(theirs.sample_batch, cond, ids, [line.frames for line in lines], 32)
            took = timed(sample, 2, device)
            found[name]["original"] = took | {"audio_s_per_s": round(seconds / took["median_s"], 1)}
    return found


_BATCHES = {"equal": workload.equal, "spread": workload.spread}


def first_sound(folder: Path, device: str, runs: int) -> dict[str, Any]:
    """A text of 30 s through the model as it is served, streamed: seconds until the first bytes, and until the end."""

    class Here(F5TTSV1Base):
        @classmethod
        def sources(cls, settings: Settings) -> Sources:
            return Sources(_ARCHITECTURE, folder / "model.safetensors", folder / "vocab.txt", folder / "vocos.bin")

    model = Here.load(device)
    model.warm_up(Work(folder))
    recording = folder / "reference.wav"
    with wave.open(str(recording), "wb") as file:
        file.setparams((1, 2, workload.RATE, 0, "NONE", ""))
        file.writeframes((workload.recording() * 32_767).astype("<i2").tobytes())
    said = {
        "text": " ".join([workload.TEXT] * 3), "reference": str(recording), "reference_text": workload.REFERENCE_TEXT,
        "check_reference": False, "format": "pcm", "captions": "",
    }  # fmt: skip
    found: dict[str, Any] = {}
    for steps in _STEPS:
        first, last, bytes_made = [], [], 0
        for seed in range(runs + 1):
            came: list[float] = []
            sizes: list[int] = []

            def hand_on(data: bytes, came: list[float] = came, sizes: list[int] = sizes) -> None:
                came.append(time.perf_counter())
                sizes.append(len(data))

            inputs = F5SpeechInputs.check({**said, "steps": steps, "seed": seed})
            began = time.perf_counter()
            model.generate(inputs, Work(folder, hand_on=hand_on))
            if seed:  # the first one reads the reference and records graphs
                first.append(came[0] - began)
                last.append(came[-1] - began)
                bytes_made = sum(sizes)
        found[f"nfe{steps}"] = {
            "first_bytes": summary(first),
            "last_bytes": summary(last),
            "made_s": round(bytes_made / 2 / workload.RATE, 2),
        }
    model.speaker.batcher.close()
    return found


def half_precision_error(ours: Ours, flow: Path, device: str) -> dict[str, Any]:
    """The mel against fp32 on the same device by the plain way, the same seed: ||a - b|| / ||b|| of what is made."""
    network = load_flow(flow, _ARCHITECTURE, device=device, dtype=torch.float32)
    found: dict[str, Any] = {}
    for steps in _STEPS:
        sampling = Sampling(steps=steps)
        row = ours.row(workload.TEXT, ours.mel, _SEED)
        wanted = sample_rows(network, [row], sampling)[0][row.start :]
        alone = ours.engine.sample([row], sampling)[0][row.start :]
        among = ours.engine.sample([row, *ours.rows(workload.spread(8))], sampling)[0][row.start :]
        found[f"nfe{steps}"] = {
            "alone": float(f"{_difference(alone, wanted):.2e}"),
            "in_a_batch_of_9": float(f"{_difference(among, wanted):.2e}"),
            "batch_against_alone": float(f"{_difference(among, alone):.2e}"),
        }
    return found


def _difference(a: Tensor, b: Tensor) -> float:
    return float((a - b).norm() / b.norm())


def machine(device: str) -> dict[str, Any]:
    """What this ran on."""
    facts: dict[str, Any] = {"python": sys.version.split()[0], "torch": torch.__version__, "device": device}
    if device != "cpu":
        import triton

        facts |= {"gpu": torch.cuda.get_device_name(), "triton": triton.__version__}
        facts["matmul_tflops"] = round(_ceiling(), 0)
    return facts


def _ceiling() -> float:
    """TFLOP/s of a large half-precision product on random data: what this card sustains."""
    a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.float16) for _ in range(2))
    took = timed(lambda: a @ b, 20, "cuda")
    return float(2 * 8192**3 / took["median_s"] / _TERA)


def load(folder: Path, device: str) -> tuple[Engine, dict[str, float]]:
    """Files in the page cache to an engine that has spoken: seconds of each part."""
    flow, vocos = folder / "model.safetensors", folder / "vocos.bin"
    synchronise(device)
    began = time.perf_counter()
    engine = Engine.load(_ARCHITECTURE, flow, vocos, device)
    synchronise(device)
    loaded = time.perf_counter()
    engine.warm()
    synchronise(device)
    warm = time.perf_counter()
    return engine, {
        "load_s": round(loaded - began, 3),
        "warm_up_s": round(warm - loaded, 3),
        "to_warm_s": round(warm - began, 3),
    }


def main() -> None:
    """Measure, and print one JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda:0" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--batch-runs", type=int, default=3)
    parser.add_argument("--original-runs", type=int, default=10)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    device: str = options.device
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        flow, vocos = folder / "model.safetensors", folder / "vocos.bin"
        synthesise_flow(flow, _ARCHITECTURE)
        synthesise_vocos(vocos)
        words = workload.write_vocabulary(folder / "vocab.txt")
        found: dict[str, Any] = {"benchmark": "f5tts", "machine": machine(device)}
        engine, found["first_load"] = load(folder, device)
        del engine
        gc.collect()
        engine, found["second_load_in_the_process"] = load(folder, device)
        ours = Ours(engine, Vocabulary.read(words), device)
        theirs = None
        if device != "cpu" and original.available() and options.original_runs:
            theirs = original.load(flow, vocos, words, device)
            found["original"] = theirs.facts | {"load_s": dict(theirs.seconds)}
        found["floor_nfe32_s_at_990_tflops"] = round(32 * velocity_flop(workload.FRAMES) / 990e12, 4)
        found["end_to_end_batch_1"] = end_to_end(ours, theirs, options.runs, options.original_runs, device)
        if device != "cpu":
            torch.cuda.reset_peak_memory_stats()
            ours.end_to_end(32)
            beside = "_with_the_original_loaded" if theirs else ""
            found[f"peak_mib_batch_1{beside}"] = torch.cuda.max_memory_allocated() >> 20
            if options.batch_runs:
                found["batches_nfe32"] = batches(ours, theirs, options.batch_runs, device)
                found[f"peak_mib_batches{beside}"] = torch.cuda.max_memory_allocated() >> 20
        del theirs
        gc.collect()
        if options.runs:
            found["streamed_30_s"] = first_sound(folder, device, options.runs)
        found["half_precision_error"] = half_precision_error(ours, flow, device)
    report(found, options.output)


if __name__ == "__main__":
    main()
