"""Files whose names are not known beforehand: the numbered parts of one checkpoint."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pydantic import ValidationError

from greenroom.errors import quoted
from greenroom.recipes.recipe import ModelFile
from greenroom.weights.pulling.errors import HubAnswerInvalid, HubFileUnknown
from greenroom.weights.store.places import shard_counts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.weights.pulling.hub import Listing
    from greenroom.weights.store.places import Found


def shards_here(file: ModelFile, found: Sequence[Found]) -> tuple[ModelFile, ...]:
    """The shards of a pattern when all are here; none where some are missing, or where that cannot be told."""
    if shard_counts(found) != {len(found)}:
        return ()
    depth = len(PurePosixPath(file.path).parts)
    return tuple(_shard(file, "/".join(one.path.parts[-depth:])) for one in found)


def shards_published(file: ModelFile, listing: Listing) -> tuple[ModelFile, ...]:
    """The files of a commit that fit a pattern, by name. Raises HubFileUnknown, HubAnswerInvalid."""
    depth = len(PurePosixPath(file.path).parts)
    paths = [path for path in map(PurePosixPath, listing.files) if len(path.parts) == depth and path.match(file.path)]
    if not paths:
        raise HubFileUnknown(
            f"{file.repository} has no files {quoted(file.path)} (commit {listing.commit[:12]})",
            mend="update greenroom: its recipe may be older than the repository",
        )
    return tuple(_shard(file, str(path)) for path in sorted(paths))


def _shard(file: ModelFile, path: str) -> ModelFile:
    try:
        return ModelFile.model_validate(file.model_dump() | {"path": path, "size": None, "digest": None})
    except ValidationError:
        raise HubAnswerInvalid(
            f"{file.repository} has a file {quoted(path)}, which leads out of its folder", mend="check HF_ENDPOINT"
        ) from None
