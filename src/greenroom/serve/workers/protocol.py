"""What the server and a worker say to each other: a closed set of messages, each a frame of MessagePack.

A frame is its length in four bytes, big-endian, then an array: the message's name, then its fields in order. Both ends
are of one release, so there is no version; tests hold the bytes of each message.
"""

import struct
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

import msgspec

from greenroom.serve.workers.errors import Problem
from greenroom.serve.workers.state import Standing


class Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of all messages."""


class ModelSpec(msgspec.Struct, frozen=True, array_like=True):
    """A model to load: what users call it, and its ``module:Class``."""

    name: str
    factory: str


class Setup(Message, frozen=True):
    """To a worker, first of all: what it serves, and how.

    folder: for the requests that warm models up.  budget: bytes for models together, None for what is free.
    search_path: where modules are looked for.  log_level: records below it stay in the worker.
    """

    device: str
    models: tuple[ModelSpec, ...]
    folder: str
    budget: int | None
    idle_unload_s: float | None
    search_path: tuple[str, ...]
    log_level: int


class Run(Message, frozen=True):
    """To a worker: do a request. request: its name in the log.  stream: hand on bytes as they are made.

    kept: a folder that outlives the worker, if there is one.  shown: where copies go of what the model shows before
    its end; None where nobody looks.
    """

    id: int
    model: str
    inputs: dict[str, Any]
    folder: str
    request: str
    stream: bool
    kept: str | None
    shown: str | None


class Load(Message, frozen=True):
    """To a worker: try again to load a model that failed."""

    model: str


class Cancel(Message, frozen=True):
    """To a worker: stop the request."""

    id: int


class Room(Message, frozen=True):
    """To a worker: there is room for so many more bytes of the request's result; without any it waits."""

    id: int
    size: int


class Ping(Message, frozen=True):
    """To a worker: say that you live."""

    number: int


class Stop(Message, frozen=True):
    """To a worker: end when the requests that run are done."""


class Pong(Message, frozen=True):
    """From a worker: it lives."""

    number: int


class State(Message, frozen=True):
    """From a worker: how a model stands now, and why if it failed."""

    model: str
    state: Standing
    reason: str


class Settled(Message, frozen=True):
    """From a worker: loading is over, well or badly; it takes requests."""


class Progress(Message, frozen=True):
    """From a worker: how far a request is."""

    id: int
    stage: str
    done: float
    total: float


class Told(Message, frozen=True):
    """From a worker: a fact about a request, of a kind that its model named."""

    id: int
    kind: str
    data: dict[str, Any]


class Shown(Message, frozen=True):
    """From a worker: a file to look at before the request is done, in the folder that was named for it."""

    id: int
    path: str
    media_type: str


class Chunk(Message, frozen=True):
    """From a worker: bytes of a result, in order."""

    id: int
    data: bytes


class Done(Message, frozen=True):
    """From a worker: the request is done. files: path and media type of each."""

    id: int
    output: dict[str, Any]
    files: tuple[tuple[str, str], ...]


class Failed(Message, frozen=True):
    """From a worker: the request is not done. sick: the process cannot do another, and wants to be replaced."""

    id: int
    problem: Problem
    sick: bool


class Log(Message, frozen=True):
    """From a worker: a line for the log. level: as in ``logging``."""

    request: str
    level: int
    name: str
    text: str


class Timing(Message, frozen=True):
    """From a worker: how long a model took to load, warm, wake or sleep."""

    model: str
    stage: str
    seconds: float


class ShortOfMemory(Message, frozen=True):
    """From a worker: an attempt ran out of memory."""

    model: str


class DeviceMemory(Message, frozen=True):
    """From a worker: bytes of its device."""

    used: int
    total: int


ToWorker = Setup | Run | Load | Cancel | Room | Ping | Stop
_OfRequests = Progress | Told | Shown | Chunk | Done | Failed
FromWorker = Pong | State | Settled | _OfRequests | Log | Timing | ShortOfMemory | DeviceMemory

M = TypeVar("M")

_LENGTH = struct.Struct(">I")
_encode = msgspec.msgpack.Encoder().encode


def frame(message: Message) -> bytes:
    """A message as it goes over the wire. Raises TypeError for values that are no JSON."""
    body = _encode(message)
    return _LENGTH.pack(len(body)) + body


class Splitter(Generic[M]):
    """Cuts what arrives into messages of one direction."""

    def __init__(self, decoder: msgspec.msgpack.Decoder[M]) -> None:
        self._decode = decoder.decode
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[M]:
        """The messages that ``data`` completes. Raises msgspec.ValidationError for what is none of the set."""
        self._buffer += data
        start = 0
        while len(self._buffer) - start >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer, start)
            end = start + _LENGTH.size + length
            if len(self._buffer) < end:
                break
            body = bytes(memoryview(self._buffer)[start + _LENGTH.size : end])
            start = end
            yield self._decode(body)
        del self._buffer[:start]


def from_worker() -> Splitter[FromWorker]:
    """Cuts what a worker sends."""
    return Splitter(msgspec.msgpack.Decoder(FromWorker))


def to_worker() -> Splitter[ToWorker]:
    """Cuts what a worker is sent."""
    return Splitter(msgspec.msgpack.Decoder(ToWorker))
