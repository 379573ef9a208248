"""What memory of the host the two pose networks take as onnxruntime runs them on the processor.

    python benchmarks/steadydancer_poses.py [--threads 2] [--rounds 5] [--runs 8] [--output FILE]

Run it in the repository's root. Both networks are written in their published shapes, with random weights: their files
are within 0.02 % of the published ones' sizes. Each is asked as a clip asks it: the detector for one picture, the
keypoint network for eight crops, and for three; rounds of that in a process, in several of them, which differ. Prints
one JSON: bytes that a process has resident above what it had with its imports, once both are loaded and behind each
round, and at most.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from greenroom.models.steadydancer.pose.networks import DETECTOR, KEYPOINTS, Network
from machine import machine
from report import report
from tests.models.steadydancer.pose.onnx_bytes import model, node

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CROPS = (8, 3)


class _Graph:
    """Nodes and weights as they are made. Each method returns its output's name."""

    def __init__(self) -> None:
        self.nodes: list[bytes] = []
        self.constants: dict[str, NDArray[np.generic]] = {}
        self._drawn = np.random.default_rng(0)
        self._names = 0

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        self._names += 1
        self.nodes.append(node(kind, inputs, f"of{self._names}", **attributes))
        return f"of{self._names}"

    def constant(self, value: NDArray[np.generic]) -> str:
        name = f"constant{len(self.constants)}"
        self.constants[name] = value
        return name

    def places(self, *values: int) -> str:
        return self.constant(np.asarray(values, np.int64))

    def weight(self, *shape: int) -> str:
        spread = np.sqrt(max(1, int(np.prod(shape[1:]))))
        return self.constant((self._drawn.standard_normal(shape, np.float32) / spread).astype(np.float32))

    def bare(self, x: str, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> str:
        own = {"kernel_shape": [kernel] * 2, "strides": [stride] * 2, "pads": [kernel // 2] * 4, "group": groups}
        return self.op("Conv", x, self.weight(outputs, inputs // groups, kernel, kernel), self.weight(outputs), **own)

    def conv(self, x: str, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> str:
        return self.silu(self.bare(x, inputs, outputs, kernel, stride, groups))

    def silu(self, x: str) -> str:
        return self.op("Mul", x, self.op("Sigmoid", x))

    def beside(self, *parts: str) -> str:
        return self.op("Concat", *parts, axis=1)

    def pooled(self, x: str, width: int) -> str:
        """Of three neighbourhoods, to twice the width."""
        x = self.conv(x, width, width // 2)
        kernels = ({"kernel_shape": [side] * 2, "strides": [1, 1], "pads": [side // 2] * 4} for side in (5, 9, 13))
        return self.conv(self.beside(x, *(self.op("MaxPool", x, **own) for own in kernels)), 2 * width, width)


def _csp(graph: _Graph, x: str, inputs: int, outputs: int, count: int, *, added: bool = True) -> str:
    """YOLOX's."""
    half = outputs // 2
    x, beside = graph.conv(x, inputs, half), graph.conv(x, inputs, half)
    for _ in range(count):
        made = graph.conv(graph.conv(x, half, half), half, half, 3)
        x = graph.op("Add", x, made) if added else made
    return graph.conv(graph.beside(x, beside), outputs, outputs)


def _detector() -> bytes:
    """YOLOX-L."""
    graph = _Graph()
    corners = ((0, 0), (1, 0), (0, 1), (1, 1))
    ends, axes, steps = graph.places(1 << 30, 1 << 30), graph.places(2, 3), graph.places(2, 2)
    x = graph.beside(*(graph.op("Slice", "images", graph.places(*corner), ends, axes, steps) for corner in corners))
    x = graph.conv(x, 12, 64, 3)
    levels = []
    for width, count in ((128, 3), (256, 9), (512, 9)):
        x = _csp(graph, graph.conv(x, width // 2, width, 3, 2), width, width, count)
        levels.append(x)
    _, fine, middle = levels
    x = graph.pooled(graph.conv(x, 512, 1024, 3, 2), 1024)
    x = _csp(graph, x, 1024, 1024, 3, added=False)

    def doubled(small: str) -> str:
        none, times = np.zeros(0, np.float32), np.asarray([1, 1, 2, 2], np.float32)
        return graph.op("Resize", small, graph.constant(none), graph.constant(times))

    def joined(first: str, second: str, inputs: int, outputs: int) -> str:
        return _csp(graph, graph.beside(first, second), inputs, outputs, 3, added=False)

    coarse = graph.conv(x, 1024, 512)
    between = graph.conv(joined(doubled(coarse), middle, 1024, 512), 512, 256)
    first = joined(doubled(between), fine, 512, 256)
    second = joined(graph.conv(first, 256, 256, 3, 2), between, 512, 512)
    third = joined(graph.conv(second, 512, 512, 3, 2), coarse, 1024, 1024)
    answers = [
        _answer(graph, level, width, side)
        for level, width, side in ((first, 256, 80), (second, 512, 40), (third, 1024, 20))
    ]
    graph.nodes.append(node("Transpose", [graph.op("Concat", *answers, axis=2)], "output", perm=[0, 2, 1]))
    return model(graph.nodes, {"images": [1, 3, 640, 640]}, {"output": [1, 8400, 85]}, graph.constants)


def _answer(graph: _Graph, level: str, width: int, side: int) -> str:
    x = graph.conv(level, width, 256)
    kinds, boxes = (graph.conv(graph.conv(x, 256, 256, 3), 256, 256, 3) for _ in range(2))
    scores = (graph.op("Sigmoid", graph.bare(own, 256, count)) for own, count in ((boxes, 1), (kinds, 80)))
    return graph.op("Reshape", graph.beside(graph.bare(boxes, 256, 4), *scores), graph.places(0, 85, side**2))


def _keypoints() -> bytes:
    """RTMPose-l of whole bodies, as DWPose trained it."""
    graph = _Graph()
    x = graph.conv(graph.conv(graph.conv("input", 3, 32, 3, 2), 32, 32, 3), 32, 64, 3)
    for width, count in ((128, 3), (256, 6), (512, 6), (1024, 3)):
        x = graph.conv(x, width // 2, width, 3, 2)
        last = width == 1024
        x = _attended(graph, graph.pooled(x, width) if last else x, width, count, added=not last)
    x = graph.op("Reshape", graph.bare(x, 1024, 133, 7), graph.places(0, 133, 108))
    x = graph.op("MatMul", x, graph.weight(108, 256))
    units = graph.silu(graph.op("MatMul", x, graph.weight(256, 2 * 512 + 128)))
    spans = ((0, 512), (512, 1024), (1024, 1152))
    gate, value, base = (
        graph.op("Slice", units, graph.places(first), graph.places(end), graph.places(2)) for first, end in spans
    )
    looks = graph.op("Relu", graph.op("MatMul", base, graph.op("Transpose", base, perm=[0, 2, 1])))
    gated = graph.op("Mul", gate, graph.op("MatMul", looks, value))
    x = graph.op("Add", x, graph.op("MatMul", gated, graph.weight(512, 256)))
    lengths = {"simcc_x": 576, "simcc_y": 768}
    graph.nodes += [node("MatMul", [x, graph.weight(256, length)], name) for name, length in lengths.items()]
    made: dict[str, list[int | str]] = {name: ["batch", 133, length] for name, length in lengths.items()}
    return model(graph.nodes, {"input": ["batch", 3, 384, 288]}, made, graph.constants)


def _attended(graph: _Graph, x: str, width: int, count: int, *, added: bool) -> str:
    """RTMPose's, with attention over channels."""
    half = width // 2
    x, beside = graph.conv(x, width, half), graph.conv(x, width, half)
    for _ in range(count):
        made = graph.conv(x, half, half, 3)
        made = graph.conv(graph.conv(made, half, half, 5, groups=half), half, half)
        x = graph.op("Add", x, made) if added else made
    both = graph.beside(x, beside)
    told = graph.op("HardSigmoid", graph.bare(graph.op("GlobalAveragePool", both), width, width))
    return graph.conv(graph.op("Mul", both, told), width, width)


def _resident(what: str) -> int:
    """Bytes of this process now, VmRSS, or at most so far, VmHWM."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(what)).split()[1]) * 1024


def _measured(folder: Path, threads: int, rounds: int) -> dict[str, Any]:
    import onnxruntime  # noqa: F401 - it is there before anything is counted

    before = _resident("VmRSS")
    detector = Network.open(folder / DETECTOR.file, DETECTOR, device="cpu", threads=threads)
    estimator = Network.open(folder / KEYPOINTS.file, KEYPOINTS, device="cpu", threads=threads)
    found: dict[str, Any] = {"loaded": _resident("VmRSS") - before, "rounds": []}
    for _ in range(rounds):
        detector.run([np.zeros((3, 640, 640), np.float32)])
        for crops in _CROPS:
            estimator.run([np.zeros((3, 384, 288), np.float32)] * crops)
        found["rounds"].append(_resident("VmRSS") - before)
    return {**found, "at_most": _resident("VmHWM") - before}


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--runs", type=int, default=8)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    if options.folder is not None:
        print(json.dumps(_measured(options.folder, options.threads, options.rounds)))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / DETECTOR.file).write_bytes(_detector())
        (folder / KEYPOINTS.file).write_bytes(_keypoints())
        sizes = {role.file: (folder / role.file).stat().st_size for role in (DETECTOR, KEYPOINTS)}
        # In processes of their own, which never had the weights.
        asked = [sys.executable, *sys.argv, "--folder", place]
        runs = [subprocess.run(asked, check=True, capture_output=True, text=True).stdout for _ in range(options.runs)]
    found: dict[str, Any] = {
        "benchmark": "steadydancer poses",
        "machine": machine("onnxruntime", "greenroom"),
        "options": {"threads": options.threads, "rounds": options.rounds, "crops": _CROPS},
        "files": sizes,
        "runs": [json.loads(told) for told in runs],
    }
    report(found, options.output)


if __name__ == "__main__":
    main()
