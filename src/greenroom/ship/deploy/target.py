"""What a place where releases run must offer, so that the course of a deploy is the same everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.findings import Finding
    from greenroom.ship.deploy import records
    from greenroom.ship.deploy.beside import Beside
    from greenroom.ship.deploy.records import History, Release
    from greenroom.ship.deploy.rollout import Rollout
    from greenroom.ship.deploy.standing import Running, Standing


class Asked(Protocol):
    """A deploy as it is asked for. image: as its user wrote it."""

    @property
    def name(self) -> str:
        """Of the deploy."""
        ...

    @property
    def image(self) -> str:
        """As its user wrote it; empty where only the target's file says it."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """A request or a command that would change something. body: what goes with it, its secrets masked."""

    method: str
    path: str
    body: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that is known before anything is written.

    release: as it would be kept, or the one that is gone on with (resumes).  bring_about: how, once it is kept.
    is_so: what is wanted is live already.  requests: what would change something, in its order.
    """

    history: History
    release: Release
    bring_about: Callable[[History, Release], Rollout]
    resumes: bool = False
    findings: tuple[Finding, ...] = ()
    is_so: bool = False
    requests: tuple[Request, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Whether a check found an error."""
        return any(finding.severity == "error" for finding in self.findings)

    @property
    def rollout(self) -> Rollout:
        """What brings it about, as far as it is known."""
        return self.bring_about(self.history, self.release)


Asked_contra = TypeVar("Asked_contra", bound=Asked, contravariant=True)


class Target(Protocol[Asked_contra]):
    """A place where releases run. kind: as records name it."""

    @property
    def kind(self) -> records.Target:
        """As records name it."""
        ...

    def prepare_deploy(self, history: History, asked: Asked_contra) -> Prepared:
        """Look at everything that a deploy would meet, and change nothing. Raises GreenroomError."""
        ...

    def prepare_rollback(self, history: History, to: int | None) -> Prepared:
        """What going back would do. to: the number of a release that was proved; 0 takes everything down.

        Raises RollbackImpossible, UnknownName, GreenroomError.
        """
        ...

    def beside(self, history: History, release: Release) -> Beside:
        """What knows how to put the old one of a live release away."""
        ...

    def survey(self, history: History) -> tuple[Standing, tuple[Running, ...]]:
        """What of a name is there now. Raises GreenroomError."""
        ...
