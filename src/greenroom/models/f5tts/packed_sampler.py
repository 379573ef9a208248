"""Rows through the packed DiT: one CUDA graph a bucket, replayed once a step."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from greenroom.models.f5tts.packed_text import PackedText
from greenroom.models.f5tts.packing import Bucket, Packing
from greenroom.models.f5tts.time_grid import time_grid
from greenroom.progress import Step, silent
from greenroom.runtime.graphs import Pool, Recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from greenroom.models.f5tts.packed_dit import Buffers, PackedDiT
    from greenroom.models.f5tts.rows import Row, Sampling
    from greenroom.models.f5tts.text_embedding import TextEmbedding

# Frames of all buckets that are kept, 5 kB each; what a step needs beside them is shared by all graphs.
_KEPT_FRAMES = 65_536
_GRIDS = 8

# Steps, sway, EPSS: what a table of modulation depends on.
_Grid = tuple[int, float | None, bool]


@dataclass(frozen=True, slots=True, eq=False)
class _Prepared:
    """One bucket's inputs, and its step as a graph; None where graphs are off.

    tables, mels: copies on the host, pinned for CUDA, which reads them while the host goes on.  read: when it has.
    """

    buffers: Buffers
    graph: Recorded[None] | None
    tables: Tensor
    mels: Tensor
    read: torch.cuda.Event | None


class PackedSampler:
    """Samples rows of any lengths at once on a CUDA device; a row's result does not depend on its neighbours.

    Used by one thread at a time.
    """

    def __init__(self, network: PackedDiT, text: TextEmbedding, *, graphs: bool = True) -> None:
        self._network = network
        self._pool = Pool() if graphs else None
        self._text = PackedText(text, self._pool)
        self._prepared: OrderedDict[Bucket, _Prepared] = OrderedDict()
        self._grids: OrderedDict[_Grid, tuple[Tensor, Tensor]] = OrderedDict()
        self._grid: _Grid | None = None

    @torch.inference_mode()
    def sample(self, rows: Sequence[Row], sampling: Sampling, step: Step = silent) -> list[Tensor]:
        """Each row's mel, float32 (frames, mel_dim) on the device, its conditioning put back."""
        packing = Packing.of([row.frames for row in rows])
        prepared = self._prepare(packing.bucket)
        buffers = prepared.buffers
        self._set_grid(sampling)
        self._fill(prepared, packing, rows, sampling)
        step("sampling", 0, sampling.steps)
        for done in range(1, sampling.steps + 1):
            if prepared.graph is None:
                self._network.advance(buffers)
            else:
                prepared.graph.replay()
            step("sampling", done, sampling.steps)
        return [
            _put_back(buffers.state[start : start + row.frames].clone(), row)
            for start, row in zip(packing.starts, rows, strict=True)
        ]

    def forget(self) -> None:
        """Give back the memory of all graphs; they are recorded again when they are needed."""
        self._prepared.clear()
        self._text.forget()

    def _prepare(self, bucket: Bucket) -> _Prepared:
        if bucket in self._prepared:
            self._prepared.move_to_end(bucket)
            return self._prepared[bucket]
        while self._prepared and sum(kept.frames for kept in self._prepared) + bucket.frames > _KEPT_FRAMES:
            self._prepared.popitem(last=False)
        buffers = self._network.buffers(bucket)
        # Recording does a step, and there is none behind the last one of the rows before.
        self._network.step.zero_()
        on_cuda = self._network.device.type == "cuda"
        graph = Recorded(lambda: self._network.advance(buffers), self._pool) if self._pool else None
        self._prepared[bucket] = _Prepared(
            buffers,
            graph,
            tables=torch.empty_like(buffers.tables.whole, device="cpu", pin_memory=on_cuda),
            mels=torch.empty_like(buffers.mels, device="cpu", pin_memory=on_cuda),
            # torch gives the constructor no types.
            read=torch.cuda.Event() if on_cuda else None,  # type: ignore[no-untyped-call]
        )
        return self._prepared[bucket]

    def _set_grid(self, sampling: Sampling) -> None:
        """Put the schedule where the graphs read it. What its times give the network is kept."""
        network = self._network
        network.step.zero_()
        key = (sampling.steps, sampling.sway, sampling.epss)
        if key == self._grid:
            return
        if key not in self._grids:
            times = time_grid(sampling.steps, sampling.sway, epss=sampling.epss).to(network.device)
            self._grids[key] = times, network.modulation(times[:-1])
            if len(self._grids) > _GRIDS:
                self._grids.popitem(last=False)
        times, table = self._grids[key]
        network.times[: len(times)] = times
        network.table[: len(table)] = table
        self._grid = key

    def _fill(self, prepared: _Prepared, packing: Packing, rows: Sequence[Row], sampling: Sampling) -> None:
        """Give a bucket's graph its rows. The device is not waited for."""
        network, buffers, frames = self._network, prepared.buffers, packing.bucket.frames
        if prepared.read is not None:
            prepared.read.synchronize()  # of the rows before; long ago
        prepared.tables.copy_(packing.tables.whole)
        noise, given = prepared.mels.zero_()
        for start, row in zip(packing.starts, rows, strict=True):
            noise[start : start + row.frames] = row.noise
            given[start : start + len(row.conditioning)] = row.conditioning.where(row.given[:, None], 0)
        buffers.tables.whole.copy_(prepared.tables, non_blocking=True)
        buffers.mels.copy_(prepared.mels, non_blocking=True)
        if prepared.read is not None:
            prepared.read.record()
        buffers.half[:, : noise.shape[1]].copy_(buffers.state)
        buffers.guidance.fill_(sampling.guidance)
        text, without = self._text.embed(packing, rows)
        network.constant(buffers.mels[1].to(network.dtype), text, buffers.constant[:frames])
        network.constant_without(without, buffers.constant[frames:])


def _put_back(mel: Tensor, row: Row) -> Tensor:
    """Where conditioning was given, it is the result."""
    given = row.conditioning.to(mel.device, non_blocking=True)
    kept = row.given[:, None].to(mel.device, non_blocking=True)
    mel[: len(given)] = given.where(kept, mel[: len(given)])
    return mel
