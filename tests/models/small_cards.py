"""Rehearsals on a card that is not there: how they ask for weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from greenroom.models.rehearsal import RehearsalFailed
from greenroom.runtime import rooms

if TYPE_CHECKING:
    from types import ModuleType

    from greenroom.models.rehearsal import Rehearsal
    from greenroom.runtime.rooms import Room


def weights_asked(
    rehearsal: Rehearsal, card: Room, synthetic: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> tuple[Any, str]:
    """The way and the precision. synthetic: where a family makes its weights; none are made."""
    asked: list[tuple[Any, str]] = []

    def parts(sizes: object, device: object, way: object, precision: str) -> None:
        asked.append((way, precision))
        raise RehearsalFailed("there is no card here")

    monkeypatch.setattr(synthetic, "synthetic_parts", parts)
    monkeypatch.setattr(rooms, "room_beside", lambda device: card)
    weights = next(stage for stage in rehearsal.prepare() if stage.name == "weights")
    with pytest.raises(RehearsalFailed):
        weights.work()
    (found,) = asked
    return found
