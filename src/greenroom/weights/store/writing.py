"""What the system says about the store, in words that help."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from greenroom.errors import OutputUnwritable, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.weights.store.places import Store


class StoreUnwritable(OutputUnwritable):
    """The folder for weights may not be written to."""

    code = "store-unwritable"


@contextlib.contextmanager
def writing_store(store: Store) -> Iterator[None]:
    """Turn what the system says into StoreUnwritable, which names the store and the setting that changes it."""
    try:
        yield
    except (OSError, OutputUnwritable) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else str(error)
        raise StoreUnwritable(
            f"the folder for weights, {quoted(store.cache)}, cannot be written to: {reason}",
            mend="check its rights and its disk, or set HF_HOME to another folder",
        ) from error


def now() -> str:
    """The time as records have it: UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
