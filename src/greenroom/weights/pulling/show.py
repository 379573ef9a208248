"""Plans and results of a pull, as people read them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from greenroom.recipes.sizes import readable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.weights.pulling.plan import Plan, PlannedFile
    from greenroom.weights.pulling.pulled import Pulled

_STATES = {"verified": "here", "unverified": "to verify", "absent": "to fetch", "installed": "installed"}
_COMMIT = 12


def plan_rows(plan: Plan) -> list[tuple[str, str, str]]:
    """What happens to each file, its size, and its name with the commit."""
    return [(_STATES[file.state], _size(file), _name(file)) for file in plan.files]


def plan_lines(plan: Plan) -> tuple[str, ...]:
    """What all of it comes to: bytes, disks, terms."""
    return tuple(_summary(plan))


def _summary(plan: Plan) -> Iterator[str]:
    fetch, unsized = plan.bytes_to_fetch, sum(file.state == "absent" and file.size is None for file in plan.files)
    at_least = "at least " if unsized and fetch else ""
    amount = "an unknown number of bytes" if unsized and not fetch else f"{at_least}{readable(fetch)}"
    yield f"{amount} to fetch, {readable(plan.bytes_here)} here"
    for disk in plan.disks:
        yield f"{disk.place}: {readable(disk.free)} free now, {readable(max(disk.left, 0))} afterwards"
    for terms in plan.terms:
        yield f"{terms.recipe} is under {terms.licence}. {' '.join(terms.restrictions)}"
    for note in plan.notes:
        yield f"{note.severity}: {note.message}"


def _size(file: PlannedFile) -> str:
    return readable(file.size) if file.size is not None else "unknown"


def _name(file: PlannedFile) -> str:
    at = f" @ {file.revision[:_COMMIT]}" if file.revision else ""
    begun = f" ({readable(file.partial)} of it are here)" if file.partial else ""
    return f"{file.name}{at}{begun}"


def pulled_lines(done: Pulled) -> tuple[str, ...]:
    """What is here now, and who said its hashes; a file that belongs to no model is named by its path."""
    return tuple(_pulled(done))


_AUTHORITIES = {
    "recipe": "the recipe's hash",
    "hub": "the hub's hash",
    "user": "the given hash",
    "none": "no hash, since nobody says one",
}


def _pulled(done: Pulled) -> Iterator[str]:
    if not done.models:
        yield from (str(file.path) for file in done.files)
        return
    size = readable(sum(file.size for file in done.files))
    rate = f", {readable(round(done.fetched / done.seconds))}/s" if done.fetched and done.seconds else ""
    came = f"{readable(done.fetched)} fetched in {done.seconds:.0f} s{rate}" if done.fetched else "nothing to fetch"
    count = "1 file" if len(done.files) == 1 else f"{len(done.files)} files"
    yield f"{', '.join(done.models)}: {count}, {size}; {came}"
    carried = sum(file.sha256 is None for file in done.files)
    if carried:
        yield f"{carried} of them come with an installed package"
    checked = Counter(file.authority for file in done.files if file.sha256)
    if checked:
        yield "verified against " + ", ".join(
            f"{_AUTHORITIES[authority or 'none']} ({number})" for authority, number in checked.items()
        )
