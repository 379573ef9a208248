"""What the plans of all families say alike: what is taken of memory, and about how long it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from greenroom.runtime.residency import in_gigabytes
from greenroom.words import duration

if TYPE_CHECKING:
    from collections.abc import Iterator


_PIECE = 8 << 20  # bytes that weights wait in, see ``nn.packing``


class Planned(Protocol):
    """A plan, as far as families share it; see theirs for what each is of."""

    @property
    def model(self) -> str:
        """Its name."""

    @property
    def device(self) -> str:
        """The GPU's own name, else that of the device."""

    @property
    def bytes(self) -> int:
        """Of the device at most."""

    @property
    def weights(self) -> int:
        """Bytes of the networks."""

    @property
    def host_bytes(self) -> int:
        """Of the host."""

    @property
    def free(self) -> int:
        """Bytes of the device that were free."""

    @property
    def seconds(self) -> float | None:
        """Of the networks; None where nothing is known of such a device."""

    @property
    def estimated(self) -> bool:
        """They are by data sheets, since nobody measured them."""


def lines_of(plan: Planned) -> Iterator[str]:
    """Memory and time, for people."""
    weights = f", weights {in_gigabytes(plan.weights)}"
    beside = f", and {in_gigabytes(plan.host_bytes)} of the host" if plan.host_bytes else ""
    yield f"memory: {in_gigabytes(plan.bytes)} of {in_gigabytes(plan.free)} at most{weights}{beside}"
    if plan.seconds is None:
        yield "time: unknown for this device, since nobody measured it"
    else:
        yield f"time: about {duration(plan.seconds)}{', estimated from its data sheet' if plan.estimated else ''}"


def costs_of(plan: Planned) -> dict[str, object]:
    """The same in JSON, for an event of a job."""
    return {
        "model": plan.model,
        "device": plan.device,
        "bytes": plan.bytes,
        "weights": plan.weights,
        "host_bytes": plan.host_bytes,
        "free": plan.free,
        "seconds": plan.seconds,
        "estimated": plan.estimated,
    }


def pinned_alone(length: int) -> int:
    """Bytes of the host that torch pins for a tensor of so many: a power of two."""
    return 1 << (length - 1).bit_length() if length else 0


def pinned_row(length: int) -> int:
    """Bytes of the host that weights of so many take as ``Packed`` has them."""
    whole, rest = divmod(length, _PIECE)
    return whole * _PIECE + pinned_alone(rest)
