"""What one release made of one kind of resource, known by its mark: also a creation whose reply never came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from greenroom.ship.account.values import MARK, with_mark, without_empty
from greenroom.ship.runpod.types import Container

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from greenroom.plan.actions import Attempt
    from greenroom.ship.runpod.client import Collection

C = TypeVar("C", bound=Container)


@dataclass(frozen=True, slots=True)
class Marked(Generic[C]):
    """noun: ``endpoint``.  marks: of the release, its own first. Each method may be called again without harm."""

    collection: Collection[C]
    noun: str
    marks: tuple[str, ...]

    def all(self) -> list[C]:
        """All with one of the marks, in the platform's order. Raises RunPodError."""
        return list(filter(self._is_marked, self.collection.list()))

    def find(self, identity: str | None) -> C | None:
        """By its id, or by a mark where the id was never learned. Raises RunPodError."""
        if identity is not None:
            return self.collection.find(identity)
        return next(iter(self.all()), None)

    def create(self, values: Mapping[str, Any], attempt: Attempt) -> C:
        """Make one. Raises RunPodError.

        It bears the release's own mark, also where a rollback makes what had another: by it a creation is found again.
        """
        made = self.collection.create(without_empty(with_mark(values, self.marks[0])), self._is_marked)
        attempt.say(f"created the {self.noun} {made.name} ({made.id})")
        # A request that was given up may have had its effect late.
        for twin in self.all():
            if twin.id != made.id:
                self.delete(twin.id, attempt)
        return made

    def delete(self, identity: str | None, attempt: Attempt) -> None:
        """Take one down; one that is gone is. Raises RunPodError."""
        if identity is not None and self.collection.delete(identity):
            attempt.say(f"deleted the {self.noun} {identity}")

    def delete_made(self, identity: str | None, attempt: Attempt) -> None:
        """Take down all that the release made, also what it never learned of. Raises RunPodError."""
        self.delete(identity, attempt)
        for one in self.all():
            self.delete(one.id, attempt)

    def _is_marked(self, one: C) -> bool:
        return one.env.get(MARK) in self.marks
