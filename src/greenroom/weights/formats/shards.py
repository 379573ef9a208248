"""A checkpoint in several files: a list of them, or an index that names the file of each tensor."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from greenroom.errors import quoted
from greenroom.weights.errors import AGAIN, NotACheckpoint

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from torch import Tensor

    from greenroom.weights.contents import Span, WeightsFile

_LONGEST_INDEX = 100_000_000


class Shards:
    """Several opened files as one. See ``WeightsFile``. Raises NotACheckpoint for a tensor that two of them hold."""

    def __init__(self, name: str, files: Sequence[WeightsFile]) -> None:
        self.name = name
        self._of: dict[str, WeightsFile] = {}
        for file in files:
            for key in file.tensors:
                if key in self._of:
                    raise NotACheckpoint(
                        f"{file.name} holds {quoted(key, 120)}, and so does {self._of[key].name}",
                        mend="name the files of one checkpoint, each once",
                    )
                self._of[key] = file
        self.tensors = {key: file.tensors[key] for key, file in self._of.items()}

    def read(self, name: str) -> Tensor:
        """See ``WeightsFile``."""
        return self._of[name].read(name)

    def span(self, name: str) -> Span | None:
        """See ``WeightsFile``."""
        return self._of[name].span(name)

    def check_index(self, index: Mapping[str, str]) -> None:
        """Compare with what an index lists. Raises NotACheckpoint."""
        for key, file in index.items():
            if key not in self._of or self._of[key].name != file:
                raise NotACheckpoint(
                    f"{self.name} lists {quoted(key, 120)} in {quoted(file)}, which has it not",
                    mend="get the index and all its files anew, of one revision",
                )


def read_index(path: Path) -> dict[str, str]:
    """``model.safetensors.index.json``: the file of each tensor, all in the index's folder. Raises NotACheckpoint."""
    try:
        with path.open("rb") as file:
            index = dict(json.loads(file.read(_LONGEST_INDEX))["weight_map"])
    except (ValueError, TypeError, KeyError, RecursionError):
        index = {}
    if not index or not all(_is_plain(name) for name in index.values()):
        raise NotACheckpoint(
            f"{path.name} is no checkpoint, and no index of a checkpoint's files",
            mend=f"name a checkpoint; if it is one, {AGAIN}",
        )
    return index


def name_of_set(paths: Sequence[Path]) -> str:
    """``a-00001-of-00007.safetensors and 6 more``, for messages."""
    return paths[0].name if len(paths) == 1 else f"{paths[0].name} and {len(paths) - 1} more"


def _is_plain(name: object) -> bool:
    """A name of a file and not of a place: an index comes from outside, and may not lead elsewhere.

    What cannot be printed, a NUL for one, cannot be opened or does not belong into a message.
    """
    if not isinstance(name, str) or name in ("", ".", ".."):
        return False
    return name.isprintable() and PurePosixPath(name).name == name
