"""How fast a checkpoint is read to a device: greenroom beside safetensors' own load_file, in turns, every byte used.

    python benchmarks/loading.py [--device cpu] [--dtype bfloat16] [--rounds 5] > benchmarks/results/loading-DEVICE.json
    python benchmarks/loading.py --device cuda --buffers 8:4 16:4 16:8 64:4 --readers 1 2 4 8

Writes a safetensors file of 1 GiB of bfloat16 in 128 tensors, and removes it. Cold: the file is dropped from this
machine's page cache before each load; what the disk or a host of this machine caches stays. Warm: it was just read. On
the CPU every value is looked at, as greenroom does for NaN: so load_file's tensors are, too, in the same way. Loads are
timed in one process; memory is that of a process for each. A table goes to stderr, the JSON to stdout. Needs torch,
safetensors and numpy alone; greenroom's source may stand in PYTHONPATH.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file, save_file

from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights
from greenroom.weights.staging import CUDA_SIZES, HOST_SIZES, Sizes
from machine import machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Loader = Callable[[], dict[str, torch.Tensor]]

_MIB = 1 << 20


def write(path: Path, count: int, mib: int) -> None:
    """Tensors of random bfloat16, none of them NaN."""
    generator = torch.Generator().manual_seed(0)
    side = mib * _MIB // 2 // 2048
    draw = {f"layers.{n:03}.weight": torch.randn(side, 2048, generator=generator).bfloat16() for n in range(count)}
    save_file(draw, path)


def drop(path: Path) -> None:
    """Take a file out of the page cache."""
    number = os.open(path, os.O_RDONLY)
    os.fsync(number)
    os.posix_fadvise(number, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(number)


def greenroom(path: Path, device: str, dtype: torch.dtype, sizes: Sizes | None = None) -> dict[str, torch.Tensor]:
    """As a family loads."""
    weights = open_weights(path)
    return read_weights(weights, {name: name for name in weights.tensors}, device, dtype, sizes=sizes)


def safetensors(path: Path, device: str, dtype: torch.dtype) -> dict[str, torch.Tensor]:
    """As its documentation says, with the cast that most callers do, and the look for NaN."""
    tensors = {name: tensor.to(dtype) for name, tensor in load_file(path, device=device).items()}
    extremes = [torch.stack(torch.aminmax(tensor)) for tensor in tensors.values()]
    if not torch.stack(extremes).isfinite().all():
        raise ValueError(path)
    return tensors


def reads_alone(path: Path) -> dict[str, torch.Tensor]:
    """What no loader passes where the file is cold: reads of 8 MiB, one behind the other, into one buffer."""
    buffer = bytearray(8 * _MIB)
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass
    return {}


def timed(load: Loader, device: str) -> float:
    """Seconds of one load, until the device has all of it."""
    began = time.perf_counter()
    tensors = load()
    if device.startswith("cuda"):
        torch.cuda.synchronize()
    seconds = time.perf_counter() - began
    del tensors
    return seconds


def measure(loaders: dict[str, Loader], path: Path, device: str, rounds: int) -> dict[str, dict[str, list[float]]]:
    """MiB/s of each loader, cold and warm, in turns."""
    rates: dict[str, dict[str, list[float]]] = {name: {"cold": [], "warm": []} for name in loaders}
    mib = path.stat().st_size / _MIB
    for load in loaders.values():
        load()  # kernels, contexts and pinned memory are there
    for turn in range(rounds):
        # Who comes first changes, so that what others do on this machine meets all alike.
        order = list(loaders)[turn % len(loaders) :] + list(loaders)[: turn % len(loaders)]
        for name in order:
            drop(path)
            rates[name]["cold"].append(mib / timed(loaders[name], device))
        for name in order:
            rates[name]["warm"].append(mib / timed(loaders[name], device))
    return rates


def highest_rss() -> int:
    """Bytes that this process held at most."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))


def memory_here(load: Callable[[], object], device: str) -> None:
    """Print the memory that one load takes in this process."""
    if device.startswith("cuda"):
        torch.zeros(1, device=device)
    before = highest_rss()
    kept = load()
    peak = torch.cuda.max_memory_allocated() if device.startswith("cuda") else 0
    print(json.dumps({"host_mib": round((highest_rss() - before) / _MIB), "device_mib": round(peak / _MIB)}))
    del kept


def memory(name: str, path: Path, device: str, dtype: str) -> dict[str, int]:
    """The same of a process of its own."""
    command = [sys.executable, __file__, "--device", device, "--dtype", dtype, "--memory-of", name, "--file", str(path)]
    found: dict[str, int] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def variants(device: str, buffers: list[str], readers: list[int]) -> Iterator[tuple[str, Sizes]]:
    """The sizes that were asked for, by name; none where only the usual ones are to be measured."""
    usual = CUDA_SIZES if device.startswith("cuda") else HOST_SIZES
    asked = buffers or ([f"{usual.buffer // _MIB}:{usual.count}"] if readers else [])
    for said, threads in product(asked, readers or [usual.readers]):
        mib, count = map(int, said.split(":"))
        yield f"greenroom {mib} MiB x {count}, {threads} readers", Sizes(mib * _MIB, count, threads)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--dtype", default="bfloat16", choices=["bfloat16", "float16", "float32"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tensors", type=int, default=128)
    parser.add_argument("--mib", type=int, default=8, help="of each tensor")
    parser.add_argument("--folder", type=Path, help="of the disk to measure; default: the temporary one")
    parser.add_argument("--buffers", nargs="*", default=[], help="MIB:COUNT, to compare")
    parser.add_argument("--readers", nargs="*", type=int, default=[])
    parser.add_argument("--memory-of", choices=["greenroom", "load_file"], help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    dtype: torch.dtype = getattr(torch, asked.dtype)
    named = {"load_file": safetensors, "greenroom": greenroom}
    if asked.memory_of:
        memory_here(partial(named[asked.memory_of], asked.file, asked.device, dtype), asked.device)
        return

    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        path = Path(folder) / "weights.safetensors"
        write(path, asked.tensors, asked.mib)
        loaders: dict[str, Loader] = {
            "load_file": partial(safetensors, path, asked.device, dtype),
            "greenroom": partial(greenroom, path, asked.device, dtype),
            "reads alone": partial(reads_alone, path),
        }
        for name, sizes in variants(asked.device, asked.buffers, asked.readers):
            loaders[name] = partial(greenroom, path, asked.device, dtype, sizes)
        rates = measure(loaders, path, asked.device, asked.rounds)
        held = {name: memory(name, path, asked.device, asked.dtype) for name in named}
    show(rates, held)
    rows = {
        name: {state: summary(found, rates["load_file"][state]) for state, found in states.items()}
        for name, states in rates.items()
    }
    where = machine("safetensors", "numpy") | {"torch": torch.__version__, "device": device_name(asked.device)}
    said = {"dtype": asked.dtype, "tensors": asked.tensors, "mib_each": asked.mib, "rounds": asked.rounds}
    json.dump({"machine": where, **said, "mib_per_s": rows, "peak": held}, sys.stdout, indent=2)
    print()


def summary(found: list[float], others: list[float]) -> dict[str, float]:
    """Of several rates, MiB/s, and of their ratios to load_file's of the same turn."""
    ratios = [rate / other for rate, other in zip(found, others, strict=True)]
    return {
        "best": round(max(found)),
        "median": round(statistics.median(found)),
        "median_of_ratios": round(statistics.median(ratios), 2),
    }


def show(rates: dict[str, dict[str, list[float]]], held: dict[str, dict[str, int]]) -> None:
    """The table for people."""
    print(f"{'MiB/s, best (median)':38} {'cold':>16} {'warm':>16}   peak MiB host, device", file=sys.stderr)
    for name, states in rates.items():
        cells = [f"{max(found):7.0f} ({statistics.median(found):6.0f})" for found in states.values()]
        memory_of = held.get(name)
        shown = f"{memory_of['host_mib']:12}, {memory_of['device_mib']}" if memory_of else ""
        print(f"{name:38} {cells[0]:>16} {cells[1]:>16}   {shown}", file=sys.stderr)


def device_name(device: str) -> str:
    """What the device is."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else "cpu"


if __name__ == "__main__":
    main()
