"""What of a deploy is there now: its release, what runs of it, and what costs money. One form for every target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greenroom.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from greenroom.ship.deploy.records import Release

# in-use: what callers use.  beside: the other one of a blue/green deploy.  unfinished: of a deploy that did not end.
# stray: marked as ours, and no record here knows it.  pod: any pod of the account that is paid for.
Role = Literal["in-use", "beside", "unfinished", "stray", "pod"]
What = Literal["endpoint", "pod", "project"]
_ROLES: dict[Role, str] = {
    "in-use": "in use",
    "beside": "kept beside it",
    "unfinished": "of a deploy that did not end",
    "stray": "marked as greenroom's, and in no record here",
    "pod": "not greenroom's",
}


def dollars(amount: float) -> str:
    """``$1.38 an hour``."""
    return f"${amount:.2f} an hour"


@dataclass(frozen=True, slots=True)
class Running:
    """One thing on the platform, or a compose project on a host.

    workers: how many workers, or containers, in which state; of a pod its own.  always: how many never go.  hourly:
    dollars now, None where nobody knows.
    """

    what: What
    role: Role
    id: str
    name: str
    workers: Mapping[str, int]
    always: int
    hourly: float | None

    @property
    def words(self) -> str:
        """``endpoint ep1 (joe), in use: 1 idle worker, $0.69 an hour``."""
        said = ", ".join(f"{count} {state.lower()}" for state, count in sorted(self.workers.items()))
        unit = " container" if self.what == "project" else " worker"
        many = "s" if sum(self.workers.values()) != 1 else ""
        if self.what == "pod":  # it is what runs
            said, unit, many = ", ".join(state.lower() for state in self.workers), "", ""
        parts = [f"{said}{unit}{many}"] if said else []
        if self.what != "project":
            free = "costs nothing now"
            parts.append("of unknown price" if self.hourly is None else dollars(self.hourly) if self.hourly else free)
        always = f" ({self.always} always on)" if self.always else ""
        return f"{self.what} {self.id} ({self.name}), {_ROLES[self.role]}: {', '.join(parts) or 'nothing runs'}{always}"


@dataclass(frozen=True, slots=True)
class Standing:
    """One name. release: what is in use, None for nothing.  percent: of workers on the newest version.

    unfinished: what was begun and did not end.  drift: values that differ from the record.  gone: what the record names
    is not there any more.  ended: the state in which it is there and answers nobody, such as ``EXITED``.
    """

    name: str
    release: Release | None
    unfinished: Release | None
    endpoint: str | None = None
    address: str = ""
    image: str = ""
    rolling: bool = False
    percent: int | None = None
    drift: tuple[str, ...] = ()
    gone: bool = False
    what: What = "endpoint"
    ended: str = ""

    @property
    def is_mixed(self) -> bool:
        """Whether what is in use has the values of a release that did not come to its end."""
        begun = self.unfinished
        proved = self.release.image if self.release else ""
        return begun is not None and begun.state != "switched" and begun.image == self.image != proved


@dataclass(frozen=True, slots=True)
class Survey:
    """All names that were asked for, and all that runs of ours. findings: of what could not be looked at."""

    standings: tuple[Standing, ...] = ()
    running: tuple[Running, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def hourly(self) -> float | None:
        """Dollars in all, None where one is unknown."""
        return cost(self.running)

    def __add__(self, other: Survey) -> Survey:
        return Survey(
            (*self.standings, *other.standings),
            (*self.running, *other.running),
            (*self.findings, *other.findings),
        )


def cost(running: Sequence[Running]) -> float | None:
    """Dollars an hour of all of them, None where one is unknown."""
    known = [one.hourly for one in running if one.hourly is not None]
    return sum(known) if len(known) == len(running) else None


def found(seen: Survey) -> tuple[Finding, ...]:
    """What of it a person should act on."""
    return (*seen.findings, *_of_names(seen), *_of_running(seen))


def _of_names(seen: Survey) -> Iterator[Finding]:
    for one in seen.standings:
        if one.unfinished is not None and one.unfinished.state != "switched":
            message = f"{one.unfinished} ({one.unfinished.kind}, {one.unfinished.state}) did not come to its end"
            if one.is_mixed:
                message += f": its values are set, and {one.release or 'no release'} is the last one that was proved"
            mend = f"run it again to go on, or greenroom rollback {one.name}"
            yield Finding("release-unfinished", "error", message, mend)
        if one.unfinished is not None and one.unfinished.state == "switched":
            message = f"{one.unfinished} is in use, and {one.unfinished.beside} is kept beside it until the soak ends"
            yield Finding("soaking", "note", message, f"deploy it again to end the soak; greenroom rollback {one.name}")
        if one.gone:
            message = f"the {one.what} {one.endpoint} of {one.name} is not there any more"
            yield Finding(f"{one.what}-gone", "error", message, "deploy it again")
        if one.ended:
            message = f"the {one.what} {one.endpoint} of {one.name} is {one.ended}: nobody is answered"
            yield Finding(f"{one.what}-ended", "error", message, "deploy it again, or start it in the console")
        if one.drift:
            message = f"{', '.join(one.drift)} of {one.name} are not what {one.release} set: somebody changed them"
            yield Finding(
                f"{one.what}-drifted", "warning", message, "deploy it again, or take the change into its file"
            )


def _of_running(seen: Survey) -> Iterator[Finding]:
    for one in seen.running:
        if one.role == "stray":
            message = f"{one.words}: another machine may have deployed it"
            yield Finding(f"{one.what}-stray", "warning", message, "delete it in the console if nobody needs it")


def rows(seen: Survey) -> list[tuple[str, ...]]:
    """One row a name, a heading first."""
    table: list[tuple[str, ...]] = [("NAME", "RELEASE", "ENDPOINT", "ROLLED OUT", "IMAGE")]
    for one in seen.standings:
        release = str(one.release.number) if one.release else "-"
        if one.unfinished is not None and one.unfinished.state != "switched":
            release += f" ({one.unfinished.number} {one.unfinished.state})"
        percent = "no workers" if one.percent is None else f"{one.percent} %"
        table.append((one.name, release, one.endpoint or "-", percent if one.endpoint else "-", one.image or "-"))
    return table
