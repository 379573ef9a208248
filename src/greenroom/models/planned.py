"""What the plans of all families count and say alike: what is taken of memory, and about how long it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from greenroom.runtime.residency import MemoryShort, in_gigabytes
from greenroom.runtime.rooms import HostMemoryShort, host_needed
from greenroom.words import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from greenroom.runtime.rooms import Room

_PIECE = 8 << 20  # bytes that weights wait in, see ``nn.packing``

_Way = TypeVar("_Way")
_Way_contra = TypeVar("_Way_contra", contravariant=True)


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


class Costs(Protocol[_Way_contra]):
    """Bytes that ways through the networks take, as far as families share it."""

    @property
    def on_host(self) -> bool:
        """The device is a CPU: what is taken of the device and of the host is of the same memory."""

    def device(self, way: _Way_contra) -> int:
        """Of the device at most."""

    def host(self, way: _Way_contra) -> int:
        """Of the host."""


def fits(costs: Costs[_Way], way: _Way, budget: int, host: int | None) -> bool:
    """Whether a way takes no more than it may. budget: bytes of the device.  host: of the host, None for any amount."""
    taken, on_host = costs.device(way), costs.host(way)
    if costs.on_host:
        return taken + on_host <= budget
    return taken <= budget and (host is None or on_host <= host)


def shortage(
    name: str, costs: Costs[_Way], room: Room, budget: int, *, tried: Iterable[_Way], least: Iterable[_Way]
) -> MemoryShort:
    """What is to be said where no way fits: who has too little, the device or the host.

    name: of the model.  budget: see ``fits``.  tried: the ways.  least: those of which one takes the least of a device.
    """
    if room.host is not None:
        wanted = [costs.host(way) for way in tried if costs.device(way) <= budget]
        if wanted:
            return HostMemoryShort(name, host_needed(min(wanted)), room.device, room.host)
    needs = min(costs.device(way) + (costs.host(way) if costs.on_host else 0) for way in least)
    return MemoryShort(name, room.needed(needs), room.device, room.free)


def pinned_alone(length: int) -> int:
    """Bytes of the host that torch pins for a tensor of so many: a power of two."""
    return 1 << (length - 1).bit_length() if length else 0


def pinned_row(length: int) -> int:
    """Bytes of the host that weights of so many take as ``Packed`` has them."""
    whole, rest = divmod(length, _PIECE)
    return whole * _PIECE + pinned_alone(rest)
