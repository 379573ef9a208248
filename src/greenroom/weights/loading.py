"""Tensors of an opened checkpoint to a device and a type, in the order of the file, without a second copy on the host.

- Mapped: on the CPU, what needs no cast stays a view of the file. Its bytes are read into the page cache just ahead of
  the check that uses them, since faults alone read a cold file in small bites. What is cached already is left alone,
  and where memory is short nothing is read long before its turn.
- Staged: what is cast, dequantised or goes to a GPU passes a few buffers (``staging.py``) and is decoded piece by piece
  into memory that is allocated once.
- Loose: what lies in no file as one piece, as in torch's old format, is copied as a whole.

NaN and infinity are looked for in each piece while it is at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, prod
from typing import TYPE_CHECKING

import torch

from greenroom.weights.blocks import BLOCK_TYPES
from greenroom.weights.contents import name_of, plain_dtype
from greenroom.weights.errors import AGAIN, NotFinite
from greenroom.weights.fp8 import FP8, Fp8, are_finite
from greenroom.weights.quantised import Quantised, block_bytes, block_elements, decode
from greenroom.weights.staging import Buffer, HostLane, OpenFiles, Sizes, batches, lane_to, pump

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from torch import Tensor

    from greenroom.weights.contents import Span, Stored, WeightsFile
    from greenroom.weights.staging import Part

# As far as a cold file is read ahead of its use: so little memory is enough for reading each byte once.
_AHEAD = Sizes(buffer=8 << 20, count=4, readers=1)


def read_weights(
    weights: WeightsFile,
    sources: Mapping[str, str],
    device: torch.device | str,
    dtype: torch.dtype,
    *,
    sizes: Sizes | None = None,
) -> dict[str, Tensor]:
    """Read tensors to a device and a type; fp8 and GGUF ones are dequantised.

    sources: the network's name of each, and the file's, which ``check_fit`` has let pass.  sizes: of the buffers that
    tensors pass on their way; None for what is best for the device.
    On the CPU, a tensor that needs no cast stays mapped from the file, which must not be written to. Besides the
    tensors, the host holds the buffers: 32 MiB at most; for a GPU 64 MiB of pinned memory, kept by torch for later.
    Raises NotFinite, WeightsTruncated, WeightsUnreadable.
    """
    jobs = _load(weights, sources, torch.device(device), dtype, (), sizes)
    return {job.name: job.out.view(job.stored.shape) for job in jobs}


def read_quantised(
    weights: WeightsFile,
    sources: Mapping[str, str],
    device: torch.device | str,
    dtype: torch.dtype,
    kept: Container[str],
    *,
    sizes: Sizes | None = None,
) -> dict[str, Tensor | Fp8 | Quantised]:
    """Read tensors as ``read_weights`` does, but for those that stay as small as they are stored.

    kept: the network's names of these; one that is stored neither in fp8 nor in blocks is read like the rest.
    """
    jobs = _load(weights, sources, torch.device(device), dtype, kept, sizes)
    return {job.name: job.as_small() if job.as_stored else job.out.view(job.stored.shape) for job in jobs}


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """One tensor to read.

    scale: of all its numbers.  as_stored: its bytes are taken as they are.  out: flat, what it is read into; of the
    wanted type, or the bytes.  is_view: out is the file itself, or what it was unpickled to, and nothing is copied.
    """

    name: str
    source: str
    stored: Stored
    span: Span | None
    scale: float | None
    as_stored: bool
    is_view: bool
    out: Tensor

    def piece(self, part: Part) -> Tensor:
        """What a part of the stored bytes becomes in ``out``."""
        if self.as_stored:
            return self.out.narrow(0, part.first, part.length)
        unit, elements = block_bytes(self.stored.dtype), block_elements(self.stored.dtype)
        return self.out.narrow(0, part.first // unit * elements, part.length // unit * elements)

    def is_finite(self, piece: Tensor) -> Tensor:
        """Whether a piece of ``out`` that is taken as it is stored holds numbers: bool ()."""
        block = BLOCK_TYPES.get(self.stored.dtype)
        return block.is_finite(piece.view(-1, block.size)) if block else are_finite(piece, self.stored.dtype)

    def as_small(self) -> Fp8 | Quantised:
        """The weight in the form that it is stored in."""
        if block := BLOCK_TYPES.get(self.stored.dtype):
            return Quantised(self.out.view(-1, block.size), self.stored.dtype, self.stored.shape)
        scale = torch.tensor(1.0 if self.scale is None else self.scale, dtype=torch.float32, device=self.out.device)
        return Fp8(self.out.view(plain_dtype(self.stored.dtype)).view(self.stored.shape), scale)


class _Checks:
    """What of the pieces is finite; asked at the end, since a GPU's answer to each would be waited for.

    Of numbers the least and the largest are kept, since NaN and infinity are at the ends of any order.
    """

    def __init__(self) -> None:
        self._cast: list[_Job] = []
        self._ends: list[Tensor] = []  # two of each
        self._kept: list[_Job] = []
        self._finite: list[Tensor] = []

    def look(self, job: _Job, piece: Tensor) -> None:
        if not piece.numel():
            return
        if job.as_stored:
            self._kept.append(job)
            self._finite.append(job.is_finite(piece))
        else:
            self._cast.append(job)
            self._ends.extend(torch.aminmax(piece))

    def suspects(self) -> list[_Job]:
        """The jobs of which a piece, or the scale, is not finite."""
        cast = torch.stack(self._ends).isfinite().view(-1, 2).all(1).tolist() if self._ends else []
        kept = torch.stack(self._finite).tolist() if self._finite else []
        pairs = (*zip(self._cast, cast, strict=True), *zip(self._kept, kept, strict=True))
        return list(dict.fromkeys(job for job, finite in pairs if not (finite and isfinite(job.scale or 0.0))))


@torch.no_grad()
def _load(
    weights: WeightsFile,
    sources: Mapping[str, str],
    device: torch.device,
    dtype: torch.dtype,
    kept: Container[str],
    sizes: Sizes | None,
) -> list[_Job]:
    """Read everything, and look that all of it is numbers. The jobs, in the order of ``sources``."""
    jobs = [_job(weights, name, source, device, dtype, small=name in kept) for name, source in sources.items()]
    checks = _Checks()
    _read_ahead([job for job in jobs if job.span and job.is_view], checks)
    _stage([job for job in jobs if job.span and not job.is_view], device, sizes, checks)
    for job in (job for job in jobs if not job.span):
        if not job.is_view:
            _put(job, _bytes_of(weights.read(job.source)), job.out)
        checks.look(job, job.out)
    for job in checks.suspects():
        _refuse_not_finite(weights, job, dtype)
    return jobs


def _job(
    weights: WeightsFile, name: str, source: str, device: torch.device, dtype: torch.dtype, *, small: bool
) -> _Job:
    stored, span = weights.tensors[source], weights.span(source)
    scale = None if stored.scale is None else float(weights.read(stored.scale))
    as_stored = small and (stored.dtype in FP8 or stored.dtype in BLOCK_TYPES)
    kind = torch.uint8 if as_stored else dtype
    is_view = device.type == "cpu" and (as_stored or (stored.dtype == name_of(dtype) and scale is None))
    if is_view:
        out = weights.read(source).contiguous().view(-1).view(kind)
    else:
        count = prod(stored.shape)
        length = count // block_elements(stored.dtype) * block_bytes(stored.dtype) if as_stored else count
        out = torch.empty(length, dtype=kind, device=device)
    return _Job(name, source, stored, span, scale, as_stored, is_view, out)


def _read_ahead(jobs: Sequence[_Job], checks: _Checks) -> None:
    """Look at all of mapped tensors, of a cold file with a thread ahead that has the system read it in large bites."""
    jobs, spans, units = _in_file_order(jobs)

    def fetch(buffer: Buffer, batch: list[Part]) -> None:
        buffer.fill([part for part in batch if not files.is_cached(part.path, part.start, part.length)], files)

    def look(_: Buffer, batch: list[Part]) -> None:
        for part in batch:
            checks.look(jobs[part.tensor], jobs[part.tensor].piece(part))

    with OpenFiles({span.path for span in spans}) as files:
        if files.are_cached(spans):
            for job in jobs:
                checks.look(job, job.out)
        else:
            pump(batches(spans, units, _AHEAD.buffer), HostLane(_AHEAD), fetch, look, readers=1)


def _stage(jobs: Sequence[_Job], device: torch.device, sizes: Sizes | None, checks: _Checks) -> None:
    """Read tensors through buffers, decode them on the device, and look at every piece."""
    if not jobs:
        return
    jobs, spans, units = _in_file_order(jobs)
    lane = lane_to(device, sizes)

    def send(buffer: Buffer, batch: list[Part]) -> None:
        for part in batch:
            job, piece = jobs[part.tensor], jobs[part.tensor].piece(part)
            _put(job, buffer.bytes.narrow(0, part.place, part.length), piece)
            checks.look(job, piece)

    with OpenFiles({span.path for span in spans}) as files, lane:
        files.check_versions(spans)
        # A disk gives most to one reader, since the system reads ahead of one place; from memory several get more.
        readers = lane.sizes.readers if files.are_cached(spans) else 1
        work = batches(spans, units, lane.sizes.buffer)
        pump(work, lane, lambda buffer, batch: buffer.fill(batch, files), send, readers=readers)


def _in_file_order(jobs: Sequence[_Job]) -> tuple[list[_Job], list[Span], list[int]]:
    """Jobs that have spans, these, and the bytes of each that stay together."""
    pairs = sorted(((job.span, job) for job in jobs if job.span), key=lambda pair: (pair[0].path, pair[0].start))
    return (
        [job for _, job in pairs],
        [span for span, _ in pairs],
        [block_bytes(job.stored.dtype) for _, job in pairs],
    )


def _put(job: _Job, raw: Tensor, piece: Tensor) -> None:
    """Bytes as they are stored, on the host, into a piece of what they become."""
    late = piece.is_cuda  # of other devices no lane knows when a copy has been made
    if job.as_stored or (job.stored.dtype == name_of(piece.dtype) and job.scale is None):
        piece.copy_(raw.view(piece.dtype), non_blocking=late)
    else:  # first to the device: a GPU casts faster than the host, and stored bytes are mostly the fewer
        decode(job.stored.dtype, raw.to(piece.device, non_blocking=late), piece, job.scale)


def _bytes_of(tensor: Tensor) -> Tensor:
    return tensor.contiguous().view(-1).view(torch.uint8)


def _refuse_not_finite(weights: WeightsFile, job: _Job, dtype: torch.dtype) -> None:
    """Look closely at a tensor of which a piece is not finite, and say what is wrong with it."""
    values = torch.empty(prod(job.stored.shape))
    decode(job.stored.dtype, _bytes_of(weights.read(job.source)), values, job.scale)
    wrong = int((~values.isfinite()).sum())
    if wrong:
        kind = "NaN" if bool(values.isnan().any()) else "infinity"
        raise NotFinite(
            f"{weights.name}: {job.name} holds {kind} in {wrong:,} of {values.numel():,} places",
            mend=f"{AGAIN}; its publisher's SHA-256 tells whether it arrived whole",
        )
    largest = float(values.abs().max())
    raise NotFinite(
        f"{weights.name}: {job.name} holds {largest:g}, more than {name_of(dtype)} can", mend="load it in float32"
    )
