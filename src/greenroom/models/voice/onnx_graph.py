"""Two changes to a Piper model, made on its bytes: durations come out, noise goes in.

A Piper voice (VITS, arXiv 2106.06103) draws its noise inside the graph, so a seed cannot reach it, and keeps the length
of each phoneme to itself. Here every ``RandomNormalLike`` node gives way to nodes that cut the same shape out of a
``noise_N`` input, and the rounded-up durations (the graph's one ``Ceil``) become an output.

An ONNX file is a protobuf message; the few fields needed are read and written here, without the ``onnx`` package (a
compiler-sized dependency for two edits). Field numbers: onnx.proto, ModelProto, GraphProto and NodeProto.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.errors import FileUnreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_INPUT, GRAPH_OUTPUT = 1, 11, 12
NODE_INPUT, NODE_OUTPUT, NODE_NAME, NODE_OP, NODE_ATTRIBUTE = 1, 2, 3, 4, 5
VALUE_NAME, VALUE_TYPE = 1, 2
ATTRIBUTE_NAME, ATTRIBUTE_TENSOR, ATTRIBUTE_TYPE, ATTRIBUTE_IS_TENSOR = 1, 5, 20, 4
TENSOR_DIMS, TENSOR_TYPE, TENSOR_INT64, TENSOR_IS_FLOAT, TENSOR_IS_INT64 = 1, 2, 7, 1, 7
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


@dataclass(frozen=True, slots=True)
class OpenedGraph:
    """A model with its noise as inputs.

    model: the new bytes.  noise: names of the inputs, each a flat float vector of at least as many values as it is cut
    to.  durations: name of the output with each phoneme id's length in frames, None where the graph has no single one.
    """

    model: bytes
    noise: tuple[str, ...]
    durations: str | None


@dataclass(frozen=True, slots=True)
class _Node:
    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def open_graph(model: bytes) -> OpenedGraph:
    """Give a Piper model noise inputs and a duration output. Raises FileUnreadable when the bytes are not ONNX."""
    try:
        return _open_graph(memoryview(model))
    except (IndexError, UnicodeDecodeError, ValueError) as error:
        raise FileUnreadable(
            f"the voice model is not an ONNX file ({len(model):,} bytes)", mend="download it again"
        ) from error


def _open_graph(model: memoryview) -> OpenedGraph:
    before, graph, after = _split_at_graph(model)
    kept: list[bytes | memoryview] = []
    noise: list[str] = []
    ceilings: list[str] = []
    for field, value, record in _records(graph):
        node = _read_node(value) if field == GRAPH_NODE and _may_be_of_interest(value) else None
        if node is not None and node.op == "RandomNormalLike":
            name = f"noise_{len(noise)}"
            noise.append(name)
            kept.extend(_cut_noise(name, like=node.inputs[0], output=node.outputs[0]))
            continue
        if node is not None and node.op == "Ceil":
            ceilings.append(node.outputs[0])
        kept.append(record)
    durations = ceilings[0] if len(ceilings) == 1 else None
    kept.extend(_field(GRAPH_INPUT, _float_vector(name)) for name in noise)
    if durations is not None:
        kept.append(_field(GRAPH_OUTPUT, _field(VALUE_NAME, durations.encode())))
    head = _varint(MODEL_GRAPH << 3 | BYTES) + _varint(sum(map(len, kept)))
    return OpenedGraph(b"".join([before, head, *kept, after]), tuple(noise), durations)


def _may_be_of_interest(node: memoryview) -> bool:
    """A quick look: of some three thousand nodes, three are changed or noted."""
    body = bytes(node)
    return b"RandomNormalLike" in body or b"Ceil" in body


def _split_at_graph(model: memoryview) -> tuple[bytes, memoryview, bytes]:
    """The bytes before the graph, the graph's body, the bytes after."""
    before: list[bytes] = []
    after: list[bytes] = []
    graph = None
    for field, value, record in _records(model):
        if field == MODEL_GRAPH:
            graph = value
        else:
            (before if graph is None else after).append(bytes(record))
    if graph is None:
        raise ValueError("no graph")
    return b"".join(before), graph, b"".join(after)


def _cut_noise(noise: str, *, like: str, output: str) -> Iterator[bytes]:
    """Nodes that take the first values of ``noise`` and give them the shape of ``like``."""
    shape, size, start, flat = (f"{noise}/{part}" for part in ("shape", "size", "start", "flat"))
    yield _node("Shape", [like], shape)
    yield _node("ReduceProd", [shape], size)  # keeps its one dimension by default, as Slice wants it
    yield _node("Constant", [], start, attribute=_int64_vector("value", [0]))
    yield _node("Slice", [noise, start, size], flat)
    yield _node("Reshape", [flat, shape], output)


def _node(op: str, inputs: list[str], output: str, *, attribute: bytes = b"") -> bytes:
    body = b"".join(_field(NODE_INPUT, name.encode()) for name in inputs)
    body += _field(NODE_OUTPUT, output.encode()) + _field(NODE_NAME, f"{output}/node".encode())
    body += _field(NODE_OP, op.encode()) + attribute
    return _field(GRAPH_NODE, body)


def _int64_vector(name: str, values: list[int]) -> bytes:
    """A tensor attribute of a node."""
    tensor = _number(TENSOR_DIMS, len(values)) + _number(TENSOR_TYPE, TENSOR_IS_INT64)
    tensor += b"".join(_number(TENSOR_INT64, value) for value in values)
    body = _field(ATTRIBUTE_NAME, name.encode()) + _field(ATTRIBUTE_TENSOR, tensor)
    return _field(NODE_ATTRIBUTE, body + _number(ATTRIBUTE_TYPE, ATTRIBUTE_IS_TENSOR))


def _float_vector(name: str) -> bytes:
    """ValueInfoProto of a float vector of any length: type.tensor_type { elem_type, shape { dim { dim_param } } }."""
    dimension = _field(1, _field(2, f"{name}_length".encode()))
    tensor = _number(1, TENSOR_IS_FLOAT) + _field(2, dimension)
    return _field(VALUE_NAME, name.encode()) + _field(VALUE_TYPE, _field(1, tensor))


def _read_node(body: memoryview) -> _Node:
    op, inputs, outputs = "", [], []
    for field, value, _ in _records(body):
        if field == NODE_OP:
            op = str(value, "utf-8")
        elif field == NODE_INPUT:
            inputs.append(str(value, "utf-8"))
        elif field == NODE_OUTPUT:
            outputs.append(str(value, "utf-8"))
    return _Node(op, tuple(inputs), tuple(outputs))


def _records(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Fields of a message: number, value (empty for numbers), and the whole record with its tag."""
    position = 0
    while position < len(message):
        start = position
        tag, position = _read_varint(message, position)
        wire = tag & 7
        length = 0
        if wire == BYTES:
            length, position = _read_varint(message, position)
        elif wire == VARINT:
            _, position = _read_varint(message, position)
        elif wire in (FIXED32, FIXED64):
            position += 4 if wire == FIXED32 else 8
        else:
            raise ValueError(f"wire type {wire}")
        value = message[position : position + length]
        position += length
        if position > len(message):
            raise ValueError("the message ends inside a field")
        yield tag >> 3, value, message[start:position]


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | VARINT) + _varint(value)


def _field(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | BYTES) + _varint(len(body)) + body
