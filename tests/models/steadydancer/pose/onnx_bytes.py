"""ONNX files written by hand, small ones with the signatures of the pose networks: nothing here needs onnx itself.

Numbers of fields: onnx.proto. Of its kinds only varints and bytes are written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Dims = Sequence[int | str]

_FLOAT, _INT64, DOUBLE = 1, 7, 11
_INT, _INTS = 2, 7  # of attributes
STRIDES = (8, 16, 32)


def model(
    nodes: Sequence[bytes],
    inputs: Mapping[str, Dims],
    outputs: Mapping[str, Dims],
    constants: Mapping[str, NDArray[np.generic]],
    kind: int = _FLOAT,
) -> bytes:
    """A file of one graph. kind: of numbers that go in and come out."""
    graph = b"".join(
        [
            *(_bytes(1, one) for one in nodes),
            _bytes(2, b"graph"),
            *(_bytes(5, _tensor(name, value)) for name, value in constants.items()),
            *(_bytes(11, _value(name, dims, kind)) for name, dims in inputs.items()),
            *(_bytes(12, _value(name, dims, kind)) for name, dims in outputs.items()),
        ]
    )
    return _number(1, 8) + _bytes(7, graph) + _bytes(8, _bytes(1, b"") + _number(2, 11))


def node(kind: str, inputs: Sequence[str], output: str, **attributes: int | Sequence[int]) -> bytes:
    """One operation."""
    told = []
    for name, value in attributes.items():
        if isinstance(value, int):
            told.append(_bytes(1, name.encode()) + _number(3, value) + _number(20, _INT))
        else:
            listed = b"".join(_number(8, one) for one in value)
            told.append(_bytes(1, name.encode()) + listed + _number(20, _INTS))
    ends = [*(_bytes(1, name.encode()) for name in inputs), _bytes(2, output.encode())]
    return b"".join([*ends, _bytes(4, kind.encode()), *(_bytes(5, one) for one in told)])


def detector(side: int = 64, batch: int | str = 1, names: tuple[str, str] = ("images", "output")) -> bytes:
    """A network that sees a person in each cell of 32 pixels by how red it is: a box twice as high as wide."""
    given, made = names
    constants: dict[str, NDArray[np.generic]] = {"shape": np.asarray([0, 85, -1], np.int64)}
    nodes, parts = [], []
    for stride in STRIDES:
        weight = np.zeros((85, 3, stride, stride), np.float32)
        bias = np.zeros(85, np.float32)
        bias[:4] = 0.5, 0.5, 0, np.log(2)
        if stride == STRIDES[-1]:
            # Red and neither green nor blue, and certain that it is a person.
            weight[4, 0], weight[4, 1:] = 1 / (255 * stride**2), -1 / (255 * stride**2)
            bias[5] = 1
        name = f"of{stride}"
        constants[f"{name}.weight"], constants[f"{name}.bias"] = weight, bias
        conv = node("Conv", [given, f"{name}.weight", f"{name}.bias"], f"{name}.conv", strides=[stride, stride])
        nodes += [conv, node("Reshape", [f"{name}.conv", "shape"], name)]
        parts.append(name)
    nodes += [node("Concat", parts, "all", axis=2), node("Transpose", ["all"], made, perm=[0, 2, 1])]
    places = sum((side // stride) ** 2 for stride in STRIDES)
    return model(nodes, {given: [batch, 3, side, side]}, {made: [batch, places, 85]}, constants)


def keypoints(
    along: NDArray[np.float32],
    down: NDArray[np.float32],
    batch: int | str = "batch",
    names: tuple[str, str, str] = ("input", "simcc_x", "simcc_y"),
) -> bytes:
    """A network that answers the same for every picture: along x, (133, 2 width), and down y, (133, 2 height)."""
    given, x, y = names
    constants = {"along": along, "down": down, "nothing": np.zeros(1, np.float32)}
    nodes = [
        node("ReduceMean", [given], "columns", axes=[1, 2], keepdims=0),
        node("ReduceMean", ["columns"], "one", axes=[1], keepdims=1),
        node("Mul", ["one", "nothing"], "zero"),
        node("Reshape", ["zero", "shape"], "each"),
        node("Add", ["each", "along"], x),
        node("Add", ["each", "down"], y),
    ]
    width, height = along.shape[1] // 2, down.shape[1] // 2
    return model(
        nodes,
        {given: [batch, 3, height, width]},
        {x: [batch, *along.shape], y: [batch, *down.shape]},
        {**constants, "shape": np.asarray([-1, 1, 1], np.int64)},
    )


def _tensor(name: str, value: NDArray[np.generic]) -> bytes:
    kind = {np.dtype(np.float32): _FLOAT, np.dtype(np.int64): _INT64}[value.dtype]
    dims = b"".join(_number(1, length) for length in value.shape)
    return dims + _number(2, kind) + _bytes(8, name.encode()) + _bytes(9, value.tobytes())


def _value(name: str, dims: Dims, number: int) -> bytes:
    shape = b"".join(_bytes(1, _number(1, dim) if isinstance(dim, int) else _bytes(2, dim.encode())) for dim in dims)
    kind = _bytes(1, _number(1, number) + _bytes(2, shape))
    return _bytes(1, name.encode()) + _bytes(2, kind)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value & 0xFFFF_FFFF_FFFF_FFFF)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
