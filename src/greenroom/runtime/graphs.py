"""CUDA graphs: a sequence of kernels recorded once and started as one, so that the host's pace does not matter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Recorded(Generic[T]):
    """Work on fixed buffers, recorded. ``result`` is what it returned; a replay writes it anew.

    work: reads and writes tensors that stay where they are, and waits for nothing.  pool: memory that graphs share
    which never run at the same time.
    """

    def __init__(self, work: Callable[[], T], pool: Any) -> None:
        self._work = work  # holds the tensors that the graph reads by their addresses
        # First uses compile kernels and choose algorithms, which a graph cannot record.
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            work()
        torch.cuda.current_stream().wait_stream(stream)
        self._graph = torch.cuda.CUDAGraph()
        # Other threads may ask the device for its memory, or give some back, while this one records.
        with torch.cuda.graph(self._graph, pool=pool, capture_error_mode="thread_local"):
            self.result = work()

    def replay(self) -> None:
        """Start the work; the host does not wait."""
        self._graph.replay()
