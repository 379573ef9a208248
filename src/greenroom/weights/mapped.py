"""A file mapped into memory: its tensors are views that are paged in when they are used, and keep it mapped."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import torch

from greenroom.weights.blocks import BLOCK_TYPES
from greenroom.weights.contents import Span, Version, plain_dtype
from greenroom.weights.errors import WeightsUnreadable, WrongDtype

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import Tensor

    from greenroom.weights.contents import Stored


class MappedWeights:
    """A checkpoint whose header says where each tensor's bytes lie: safetensors and GGUF. See ``WeightsFile``.

    spans: start and end of each tensor in the file, which the caller has compared with its length.
    """

    def __init__(self, path: Path, tensors: Mapping[str, Stored], spans: Mapping[str, tuple[int, int]]) -> None:
        self.name = path.name
        self.tensors = tensors
        self._path = path
        self._spans = spans
        stat = path.stat()
        self._version = Version.of(stat)
        # Private: what is written to a tensor stays in memory, as it does with safetensors' own loader.
        try:
            self._bytes = torch.UntypedStorage.from_file(str(path), shared=False, nbytes=stat.st_size)
        except RuntimeError as error:  # torch's word for whatever the system says
            raise WeightsUnreadable(
                f"{path.name} cannot be mapped into memory", mend="copy it to a local disk, and load it from there"
            ) from error

    def read(self, name: str) -> Tensor:
        """See ``WeightsFile``."""
        stored, (start, end) = self.tensors[name], self._spans[name]
        raw = torch.empty(0, dtype=torch.uint8).set_(self._bytes[start:end])
        if block := BLOCK_TYPES.get(stored.dtype):
            return raw.view(-1, block.size)
        try:
            dtype = plain_dtype(stored.dtype)
        except LookupError as error:
            raise WrongDtype(f"{self.name}: {name}: {error}", mend="use a file of another precision") from None
        if start % dtype.itemsize:  # by a header of odd length: not every kernel takes numbers across their bounds
            raw = raw.clone()
        assert raw.numel() == prod(stored.shape) * dtype.itemsize  # noqa: S101 - whoever read the header saw to it
        return raw.view(dtype).view(stored.shape)

    def span(self, name: str) -> Span | None:
        """See ``WeightsFile``."""
        start, end = self._spans[name]
        return Span(self._path, start, end - start, self._version)
