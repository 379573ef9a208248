"""The published files that a model needs, found on this machine; light, since it runs before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from greenroom.errors import FileUnreadable
from greenroom.recipes.catalogue import recipe
from greenroom.recipes.recipe import Download
from greenroom.weights.errors import WeightsUnreadable
from greenroom.weights.store.places import shard_counts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from greenroom.recipes.recipe import ModelFile, Recipe
    from greenroom.weights.store.places import Found, Places


class WeightsMissing(FileUnreadable):
    """Published files that a model needs are not on this machine."""

    code = "weights-missing"


class WeightsDamaged(WeightsUnreadable):
    """A file has another length than the published one."""

    code = "weights-damaged"


@dataclass(frozen=True, slots=True)
class Need:
    """One published file, by the recipe that lists it and what it is for there.

    path: of the file in its repository, where several have the role.  variant: the file set; None for the default one.
    """

    recipe: str
    role: str
    path: str | None = None
    variant: str | None = None

    @property
    def file(self) -> ModelFile:
        """What the recipe says of it. Raises UnknownName; ValueError where the recipe has no single such file."""
        (found,) = (file for file in recipe(self.recipe).file_set(self.variant) if self._is(file))
        return found

    def _is(self, file: ModelFile) -> bool:
        return file.role == self.role and self.path in (None, file.path)


def variant_here(known: Recipe, role: str, places: Places) -> str:
    """The variant whose file of a role is on this machine: the default one, or else the first in the recipe's order.

    The default one, too, where none is. known: a recipe that has variants.
    """
    names = sorted((variant.name for variant in known.variants), key=lambda name: name != known.default)
    here = (name for name in names if _here(Need(known.name, role, variant=name).file, places))
    return next(here, names[0])


def find_weights(name: str, needs: Sequence[Need], places: Places) -> tuple[Path, ...]:
    """The files of a model, each need of which is one. See ``find_files``."""
    return tuple(one.path for (one,) in find_files(name, needs, places))


def find_files(name: str, needs: Sequence[Need], places: Places) -> tuple[tuple[Found, ...], ...]:
    """The files of a model, in the order of ``needs``, each as long as the published one: one for each need, or all
    that fit a pattern.

    Raises WeightsMissing, which names all that are absent, their size and licence, and how to get them; WeightsDamaged.
    """
    files = [need.file for need in needs]
    found = tuple(_here(file, places) for file in files)
    missing = [need for need, here in zip(needs, found, strict=True) if not here]
    command = _command(name, needs)
    if missing:
        raise _missing(name, missing, command)
    for file, here in zip(files, found, strict=True):
        for one in here:
            _check_length(command, file, one)
    return found


def _here(file: ModelFile, places: Places) -> tuple[Found, ...]:
    """It, or all that fit its pattern, in the first place that has any; nothing where some of these are missing."""
    if not file.is_pattern:
        return tuple(islice(places.look(file), 1))
    found = places.shards(file)
    return found if shard_counts(found) <= {0, len(found)} else ()


def _check_length(command: str, file: ModelFile, found: Found) -> None:
    length = found.path.stat().st_size
    record = found.record
    is_sure = file.size is not None and file.size.is_sure and not file.is_pattern  # else it is of all together
    published = file.size.bytes if file.size and is_sure else record.size if record else None
    if published is None or length == published:
        return
    what = "it is cut short" if length < published else "it is another file"
    raise WeightsDamaged(
        f"{file} has {length:,} bytes here and {published:,} as published: {what}",
        mend=f"get it again: {command}",
    )


def _missing(name: str, needs: Sequence[Need], command: str) -> WeightsMissing:
    files = [need.file for need in needs]
    listed = ", ".join(f"{file} ({file.size.words})" if file.size else str(file) for file in files)
    terms = "; ".join(_terms(recipe(known)) for known in dict.fromkeys(need.recipe for need in needs))
    count = "1 file is" if len(files) == 1 else f"{len(files)} files are"
    return WeightsMissing(
        f"the weights of {name} are not here: {count} missing, {Download.of(files)} in all: {listed}. "
        f"Licences: {terms}",
        mend=f"{command}; or put each file at FOLDER/REPOSITORY/PATH, and set GREENROOM_WEIGHTS=FOLDER",
    )


def _command(name: str, needs: Sequence[Need]) -> str:
    """What brings the files."""
    variant = next((need.variant for need in needs if need.variant is not None), None)
    usual = variant is None or variant == recipe(name).default
    return f"greenroom pull {name}" if usual else f"greenroom pull {name} --variant {variant}"


def _terms(known: Recipe) -> str:
    """``f5tts-v1-base CC-BY-NC-4.0 (non-commercial)``."""
    licence = next(licence for licence in known.licences if licence.part == "weights")
    limits = ", ".join(said.short for said in known.all_restrictions)
    return f"{known.name} {licence.words}{f' ({limits})' if limits else ''}"
