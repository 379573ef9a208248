"""What ``torch.save`` writes: a zip with a pickle in it; nothing is unpickled but tensors and plain containers."""

from __future__ import annotations

import pickle
import struct
import sys
import warnings
import zipfile
from bisect import bisect_right
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from greenroom.errors import quoted
from greenroom.weights.contents import Span, Stored, Version, name_of
from greenroom.weights.errors import AGAIN, NotACheckpoint, WeightsTruncated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from greenroom.weights.contents import WeightsFile

ZIP, PICKLE = b"PK\x03\x04", b"\x80"
BARE = "tensor"
"""The name of a tensor that was saved alone."""

_WEIGHTS_ALONE = "use the .safetensors file, or save the weights alone"
_ORDER_LENGTH = len("little")
_INT_BITS = 64
# What torch raises for pickles that make no sense. MemoryError: they may ask for any length.
_DAMAGE = (
    RuntimeError, ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError, OverflowError,
    MemoryError, zipfile.BadZipFile,
)  # fmt: skip


def open_torch(path: Path, sections: Sequence[str], *, zipped: bool) -> WeightsFile:
    """Unpickle what is safe. A zip is mapped, so that no tensor is read yet; the format before it is read whole.

    Raises NotACheckpoint, WeightsTruncated; OSError.
    """
    if zipped and not zipfile.is_zipfile(path):  # a zip's directory is its end
        raise WeightsTruncated(f"{path.name} has no end, at {path.stat().st_size:,} bytes", mend=AGAIN)
    try:
        as_they_lie = zipped and _lie_plain(path)
        with warnings.catch_warnings(action="ignore"):  # torch warns of odd pickles before it refuses them
            payload = torch.load(path, map_location="cpu", mmap=zipped, weights_only=True)
    except (EOFError, struct.error) as error:
        raise WeightsTruncated(f"{path.name} has no end, at {path.stat().st_size:,} bytes", mend=AGAIN) from error
    except pickle.UnpicklingError as error:
        if "GLOBAL" in str(error):  # the pickle's instruction that names a function or a class
            raise NotACheckpoint(
                f"{path.name} holds more than tensors: loading it would run code", mend=_WEIGHTS_ALONE
            ) from error
        raise NotACheckpoint(f"{path.name} is damaged", mend=AGAIN) from error
    except _DAMAGE as error:
        raise NotACheckpoint(f"{path.name} is damaged, or no torch file", mend=AGAIN) from error
    values = _tensors_of(path.name, payload, sections)
    return _TorchFile(path.name, values, _spans_of(path, values) if as_they_lie else {})


def _lie_plain(path: Path) -> bool:
    """Whether a zip's numbers have their bytes in the order of this machine; else torch turns them, in memory.

    Raises NotACheckpoint for a TorchScript program, and where records are compressed: torch maps them, and would take
    what they are packed in for numbers.
    """
    with zipfile.ZipFile(path) as archive:
        # All lie in a folder of any name.
        records = {record.filename.partition("/")[2]: record for record in archive.infolist()}
        if "constants.pkl" in records:
            raise NotACheckpoint(
                f"{path.name} is a TorchScript program: loading it would run code", mend=_WEIGHTS_ALONE
            )
        if any(record.compress_type != zipfile.ZIP_STORED for record in archive.infolist()):
            raise NotACheckpoint(
                f"{path.name} is a compressed zip, and no file as torch saves it",
                mend="download the file itself, or pack it again without compression",
            )
        if "byteorder" not in records:  # older than the question
            return True
        with archive.open(records["byteorder"]) as file:
            return file.read(_ORDER_LENGTH).decode() == sys.byteorder


def _tensors_of(name: str, payload: object, sections: Sequence[str]) -> dict[str, Tensor]:
    held: dict[object, Any] = payload if isinstance(payload, dict) else {BARE: payload}
    chosen: dict[object, Any] = next(
        (held[section] for section in sections if isinstance(held.get(section), dict)), held
    )
    if not any(isinstance(value, torch.Tensor) for value in chosen.values()):
        raise NotACheckpoint(f"{name} is a torch file without weights", mend="name a checkpoint")
    # Counters may be plain numbers; whatever else stands beside tensors is no weight.
    return {
        str(key): _plain(name, key, value) if isinstance(value, torch.Tensor) else torch.tensor(value)
        for key, value in chosen.items()
        if isinstance(value, torch.Tensor) or _is_number(value)
    }


def _plain(name: str, key: object, value: Tensor) -> Tensor:
    """A tensor whose values are what its memory holds. Raises NotACheckpoint for a sparse one or one without values."""
    if value.layout is not torch.strided or value.is_nested or value.device.type != "cpu":
        raise NotACheckpoint(
            f"{name}: {quoted(key, 120)} is no plain tensor", mend="save it dense, with its values, or use another file"
        )
    return value.detach().resolve_conj().resolve_neg()


def _is_number(value: object) -> bool:
    return isinstance(value, float) or (isinstance(value, int) and value.bit_length() < _INT_BITS)


class _TorchFile:
    """See ``WeightsFile``."""

    def __init__(self, name: str, values: Mapping[str, Tensor], spans: Mapping[str, Span]) -> None:
        self.name = name
        self.tensors = {key: Stored(name_of(value.dtype), tuple(value.shape)) for key, value in values.items()}
        self._values = values
        self._spans = spans

    def read(self, name: str) -> Tensor:
        return self._values[name]

    def span(self, name: str) -> Span | None:
        return self._spans.get(name)


def _spans_of(path: Path, values: Mapping[str, Tensor]) -> dict[str, Span]:
    """Where the tensors of a mapped file lie in it: torch does not say, and the system knows by their addresses."""
    version = Version.of(path.stat())
    regions = _mapped_regions()
    starts = [start for start, _, _ in regions]
    spans: dict[str, Span] = {}
    for name, value in values.items():
        place = bisect_right(starts, value.data_ptr()) - 1
        if place < 0 or not value.is_contiguous():
            continue
        start, end, offset = regions[place]
        if value.data_ptr() + value.nbytes <= end:
            spans[name] = Span(path, offset + value.data_ptr() - start, value.nbytes, version)
    return {name: span for name, span in spans.items() if span.start + span.length <= version.size}


def _mapped_regions() -> list[tuple[int, int, int]]:
    """Addresses of this process that are of a file: first, end, and the first one's place in that file, in order."""
    maps = Path("/proc/self/maps")
    lines = [line.split(maxsplit=5) for line in maps.read_text().splitlines()] if maps.exists() else []
    # addresses, rights, offset, device, inode: zero where no file is behind it
    found = [(addresses.split("-"), offset) for addresses, _, offset, _, inode, *_ in lines if inode != "0"]
    return [(int(start, 16), int(end, 16), int(offset, 16)) for (start, end), offset in found]
