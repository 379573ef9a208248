"""Why each endpoint or pod of an account counts for a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.ship.account.values import MARK

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from greenroom.ship.deploy.records import History
    from greenroom.ship.deploy.standing import Role
    from greenroom.ship.runpod.types import Container


def roles(history: History, there: Mapping[str, Container]) -> dict[str, Role]:
    """By id, of one name; the first reason is the strongest."""
    under_way = history.unfinished
    said: list[tuple[str | None, Role]] = [(history.endpoint, "in-use")]
    for release in filter(None, (under_way, history.current)):
        said += [(release.beside, "beside"), (release.endpoint, "unfinished" if release is under_way else "in-use")]
    if under_way is not None:
        said += [(one.id, "unfinished") for one in there.values() if one.env.get(MARK) in under_way.marks]
    found: dict[str, Role] = {}
    for identity, role in said:
        if identity is not None and identity in there:
            found.setdefault(identity, role)
    return found


def roles_with_strays(history: History, there: Mapping[str, Container]) -> dict[str, Role]:
    """The same, and what bears a mark of this name that its records do not know."""
    found = roles(history, there)
    for one in there.values():
        if one.env.get(MARK, "").startswith(f"{history.name}/"):
            found.setdefault(one.id, "stray")
    return found


def roles_of_all(
    histories: Sequence[History], asked: Collection[History], there: Mapping[str, Container]
) -> dict[str, Role]:
    """Of the names that are asked for, and every stray. histories: of all names, so that theirs is nobody's stray."""
    of_others = {identity for history in histories if history not in asked for identity in roles(history, there)}
    found: dict[str, Role] = {}
    for history in asked:
        found = {**roles(history, there), **found}
    strays = [one.id for one in there.values() if MARK in one.env and one.id not in {*found, *of_others}]
    return found | dict.fromkeys(strays, "stray")
