"""Bytes of many tensors through a few buffers that are used again and again.

Threads fill buffers in the order of the file; the caller takes them in the same order and sends what is in them to
where it belongs. Large tensors come in pieces, small ones many to a buffer. New memory costs more than copying into it,
and pinned memory costs most: so there are few buffers, and no tensor lies on the host as a whole.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import torch

from greenroom.weights.contents import Version
from greenroom.weights.errors import AGAIN, WeightsTruncated, WeightsUnreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path
    from types import TracebackType

    from torch import Tensor

    from greenroom.weights.contents import Span

_ALIGNMENT = 64  # of a part in its buffer: any type may be read there
_MIB = 1 << 20
_SAMPLES = 64


@dataclass(frozen=True, slots=True)
class Sizes:
    """buffer: bytes of one.  count: of buffers.  readers: threads that fill them from a warm page cache."""

    buffer: int
    count: int
    readers: int


HOST_SIZES = Sizes(buffer=4 << 20, count=4, readers=1)  # small: what was read is in the cache when it is used
CUDA_SIZES = Sizes(buffer=8 << 20, count=8, readers=6)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of one tensor in one buffer. tensor: which.  first: of the tensor's bytes.  place: in the buffer."""

    tensor: int
    path: Path
    start: int
    length: int
    first: int
    place: int


def batches(spans: Sequence[Span], units: Sequence[int], size: int) -> Iterator[list[Part]]:
    """Cut tensors into what goes into one buffer at a time, in their order.

    units: of each tensor, the bytes that stay together.  size: of a buffer, more than any unit.
    """
    batch: list[Part] = []
    place = 0
    for tensor, (span, unit) in enumerate(zip(spans, units, strict=True)):
        first = 0
        while first < span.length:
            length = min(span.length - first, (size - place) // unit * unit)
            if length:
                batch.append(Part(tensor, span.path, span.start + first, length, first, place))
                first += length
                place += -(-length // _ALIGNMENT) * _ALIGNMENT
            if not length or place >= size:
                yield batch
                batch, place = [], 0
    if batch:
        yield batch


class Lane(Protocol):
    """The way to a device: what its buffers are, and when one may be filled again."""

    sizes: Sizes

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Leave when all that was sent has arrived, also on an error: the buffers are freed next."""

    def buffer(self) -> Tensor:
        """A buffer on the host: uint8 (sizes.buffer,)."""

    def mark(self) -> object:
        """The moment when all that was sent so far has arrived."""

    def wait(self, mark: object) -> None:
        """Wait for it. Called by the threads that read."""


class HostLane:
    """On the CPU a copy is done when it returns."""

    def __init__(self, sizes: Sizes = HOST_SIZES) -> None:
        self.sizes = sizes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        return None

    def buffer(self) -> Tensor:
        """See ``Lane``."""
        return torch.empty(self.sizes.buffer, dtype=torch.uint8)

    def mark(self) -> None:
        """See ``Lane``."""

    def wait(self, mark: object) -> None:
        """See ``Lane``."""


class CudaLane:
    """Pinned buffers, whose copies to the device run beside the host on a stream of their own."""

    def __init__(self, device: torch.device, sizes: Sizes = CUDA_SIZES) -> None:
        self.sizes = sizes
        self._device = device
        self._contexts = ExitStack()

    def __enter__(self) -> Self:
        self._contexts.enter_context(torch.cuda.device(self._device))
        # torch gives the constructor no types.
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        # What the tensors' memory was before may still be in use by what the caller has under way.
        self._stream.wait_stream(torch.cuda.current_stream())
        self._contexts.enter_context(torch.cuda.stream(self._stream))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._contexts:
            self._stream.synchronize()

    def buffer(self) -> Tensor:
        """See ``Lane``."""
        return torch.empty(self.sizes.buffer, dtype=torch.uint8, pin_memory=True)

    def mark(self) -> torch.cuda.Event:
        """See ``Lane``."""
        # torch gives this constructor none either.
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record()
        return event

    def wait(self, mark: object) -> None:
        """See ``Lane``."""
        assert isinstance(mark, torch.cuda.Event)  # noqa: S101 - ours, see above
        mark.synchronize()


def lane_to(device: torch.device, sizes: Sizes | None = None) -> Lane:
    """The way to a device, by buffers of its usual sizes or others."""
    if device.type == "cuda":
        return CudaLane(device, sizes or CUDA_SIZES)
    return HostLane(sizes or HOST_SIZES)


class Buffer:
    """A buffer, and the moment from which it may be filled again. bytes: uint8 (size,)."""

    def __init__(self, content: Tensor) -> None:
        self.bytes = content
        self.mark: object = None
        self._view = content.numpy().data

    def fill(self, parts: Sequence[Part], files: OpenFiles) -> None:
        """Read parts to their places. Raises WeightsTruncated, WeightsUnreadable."""
        for part in parts:
            files.read(part.path, part.start, self._view[part.place : part.place + part.length])


class OpenFiles:
    """Files by their paths, open for as long as they are read."""

    def __init__(self, paths: set[Path]) -> None:
        self._numbers: dict[Path, int] = {}
        try:
            for path in paths:
                self._numbers[path] = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            self.__exit__()
            raise _unreadable(path, error) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for number in self._numbers.values():
            os.close(number)

    def read(self, path: Path, start: int, into: memoryview) -> None:
        """Fill memory from a place on. Raises WeightsTruncated, WeightsUnreadable."""
        done = 0
        while done < len(into):
            try:
                got = os.preadv(self._numbers[path], [into[done:]], start + done)
            except OSError as error:
                raise _unreadable(path, error) from None
            if not got:
                raise _shortened(path)
            done += got

    def check_versions(self, spans: Sequence[Span]) -> None:
        """Look that files are still those whose headers were read. Raises WeightsTruncated, WeightsUnreadable."""
        now = {path: Version.of(os.fstat(number)) for path, number in self._numbers.items()}
        for path, was in {span.path: span.version for span in spans}.items():
            if was is not None and now[path].size < was.size:
                raise _shortened(path)
            if was not in (None, now[path]):
                raise WeightsUnreadable(
                    f"{path.name} was replaced, or written to, after it was opened", mend="load it again"
                )

    def is_cached(self, path: Path, start: int, length: int) -> bool:
        """Whether the page cache has these bytes, by a look at every MiB; False also where the system cannot say."""
        return all(self._has(path, place) for place in (*range(start, start + length, _MIB), start + length - 1))

    def are_cached(self, spans: Sequence[Span]) -> bool:
        """Whether the page cache has these, by a look at the middle of some of them."""
        some = [span for span in spans if span.length][:: max(1, len(spans) // _SAMPLES)]
        return all(self._has(span.path, span.start + span.length // 2) for span in some)

    def _has(self, path: Path, place: int) -> bool:
        try:
            return os.preadv(self._numbers[path], [bytearray(1)], place, os.RWF_NOWAIT) == 1
        except OSError:  # EAGAIN is the answer no; file systems that have no answer say EOPNOTSUPP
            return False


def pump(
    work: Iterator[list[Part]],
    lane: Lane,
    fill: Callable[[Buffer, list[Part]], None],
    use: Callable[[Buffer, list[Part]], None],
    *,
    readers: int,
) -> None:
    """Fill buffers in threads and use them in this one, in order. Raises what either of the two does."""
    free: deque[Buffer] = deque()
    under_way: deque[tuple[Buffer, list[Part], Future[None]]] = deque()

    def filled(buffer: Buffer, batch: list[Part]) -> None:
        if buffer.mark is not None:
            lane.wait(buffer.mark)
        fill(buffer, batch)

    def used() -> None:
        buffer, batch, future = under_way.popleft()
        future.result()
        use(buffer, batch)
        buffer.mark = lane.mark()
        free.append(buffer)

    pool = ThreadPoolExecutor(readers, thread_name_prefix="weights")
    try:
        for batch in work:
            if not free and len(under_way) < lane.sizes.count:
                free.append(Buffer(lane.buffer()))  # small checkpoints need few
            elif not free:
                used()
            buffer = free.popleft()
            under_way.append((buffer, batch, pool.submit(filled, buffer, batch)))
        while under_way:
            used()
    finally:
        pool.shutdown(cancel_futures=True)


def _shortened(path: Path) -> WeightsTruncated:
    return WeightsTruncated(f"{path.name} became shorter while it was read", mend=AGAIN)


def _unreadable(path: Path, error: OSError) -> WeightsUnreadable:
    reason = error.strerror or type(error).__name__
    return WeightsUnreadable(f"{path.name} cannot be read: {reason}", mend="check the file and its rights")
