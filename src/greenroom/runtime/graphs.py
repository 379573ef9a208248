"""CUDA graphs: a sequence of kernels recorded once and started as one, so that the host's pace does not matter."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Pool:
    """Memory that graphs share which never run at the same time, and the stream that they are recorded on.

    With the last of its graphs, the memory goes back to the device, and the next one begins a new pool: a handle does
    not outlive its graphs. The stream stays: libraries take memory for each one that they meet, and never give it back.
    It is of the device that is the thread's own when it is first asked for.
    """

    def __init__(self) -> None:
        self._graphs: weakref.WeakSet[Recorded[Any]] = weakref.WeakSet()
        self._handle: Any = None
        self._stream: torch.cuda.Stream | None = None

    def stream(self) -> torch.cuda.Stream:
        """Where work is warmed up and recorded."""
        self._stream = self._stream or torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch gives it no types
        return self._stream

    def handle(self) -> Any:
        """What torch knows it by."""
        if not self._graphs:
            self._handle = torch.cuda.graph_pool_handle()
        return self._handle

    def add(self, graph: Recorded[Any]) -> None:
        """Take note of a graph that was recorded into it."""
        self._graphs.add(graph)


class Recorded(Generic[T]):
    """Work on fixed buffers, recorded. ``result`` is what it returned; a replay writes it anew.

    work: reads and writes tensors that stay where they are, and waits for nothing.  pool: where the
    memory between its kernels comes from.
    """

    def __init__(self, work: Callable[[], T], pool: Pool) -> None:
        self._work = work  # holds the tensors that the graph reads by their addresses
        # First uses compile kernels and choose algorithms, which a graph cannot record.
        stream = pool.stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            work()
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        # Other threads may ask the device for its memory, or give some back, while this one records.
        with torch.cuda.graph(self._graph, pool=pool.handle(), stream=stream, capture_error_mode="thread_local"):
            self.result = work()
        pool.add(self)

    def replay(self) -> None:
        """Start the work; the host does not wait."""
        self._graph.replay()
