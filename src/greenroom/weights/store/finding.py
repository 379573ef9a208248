"""Where the published files of a model lie on this machine: a folder of one's own, or the model hub's cache."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.errors import ExtraMissing, FileUnreadable
from greenroom.recipes.catalogue import recipe
from greenroom.recipes.recipe import Download
from greenroom.weights.errors import WeightsUnreadable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from greenroom.recipes.recipe import ModelFile, Recipe
    from greenroom.settings import Settings

# Where RunPod keeps the models that an endpoint names.
_RUNPOD_CACHE = Path("/runpod-volume/huggingface-cache/hub")


class WeightsMissing(FileUnreadable):
    """Published files that a model needs are not on this machine."""

    code = "weights-missing"


class WeightsDamaged(WeightsUnreadable):
    """A file has another length than the published one."""

    code = "weights-damaged"


@dataclass(frozen=True, slots=True)
class Need:
    """One published file, by the recipe that lists it and what it is for there."""

    recipe: str
    role: str

    @property
    def file(self) -> ModelFile:
        """What the recipe says of it. Raises UnknownName; ValueError where the recipe has no single such file."""
        (found,) = (file for file in recipe(self.recipe).file_set() if file.role == self.role)
        return found


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look. folder: holds ``owner/name/path``; None for none.  caches: of the model hub, in order."""

    folder: Path | None
    caches: tuple[Path, ...]

    @classmethod
    def of(cls, settings: Settings, environ: Mapping[str, str] = os.environ) -> Places:
        """The places that settings name, and RunPod's."""
        if environ.get("HF_HUB_CACHE"):
            cache = Path(environ["HF_HUB_CACHE"]).expanduser()
        else:
            cache = (settings.hf_home or Path("~/.cache/huggingface").expanduser()) / "hub"
        return cls(settings.weights, (cache, _RUNPOD_CACHE))

    def find(self, file: ModelFile) -> Path | None:
        """The file, if it is in one of the places; nothing is fetched. Raises ExtraMissing."""
        if self.folder is not None and (own := self.folder / file.repository / file.path).is_file():
            return own
        return next(filter(None, (_cached(file, cache) for cache in self.caches if cache.is_dir())), None)


def find_weights(name: str, needs: Sequence[Need], places: Places) -> tuple[Path, ...]:
    """The files of a model, in the order of ``needs``, each as long as the published one.

    Raises WeightsMissing, which names all that are absent, their size and licence, and how to get them; WeightsDamaged.
    """
    files = [need.file for need in needs]
    found = [places.find(file) for file in files]
    missing = [need for need, path in zip(needs, found, strict=True) if path is None]
    if missing:
        raise _missing(name, missing)
    paths = tuple(path for path in found if path is not None)
    for file, path in zip(files, paths, strict=True):
        _check_length(file, path)
    return paths


def _cached(file: ModelFile, cache: Path) -> Path | None:
    try:
        from huggingface_hub import try_to_load_from_cache
    except ImportError:
        raise ExtraMissing("huggingface_hub, which knows the model hub's cache,", "models") from None
    found = try_to_load_from_cache(file.repository, file.path, cache_dir=cache, revision=file.revision)
    return Path(found) if isinstance(found, str) else None


def _check_length(file: ModelFile, path: Path) -> None:
    length = path.stat().st_size
    if file.size is None or not file.size.is_sure or length == file.size.bytes:
        return
    what = "it is cut short" if length < file.size.bytes else "it is another file"
    raise WeightsDamaged(
        f"{file} has {length:,} bytes here and {file.size.bytes:,} as published: {what}",
        mend=f"get it again: {_command([file], again=True)}",
    )


def _missing(name: str, needs: Sequence[Need]) -> WeightsMissing:
    files = [need.file for need in needs]
    listed = ", ".join(f"{file} ({file.size.words})" if file.size else str(file) for file in files)
    terms = "; ".join(_terms(recipe(known)) for known in dict.fromkeys(need.recipe for need in needs))
    count = "1 file is" if len(files) == 1 else f"{len(files)} files are"
    return WeightsMissing(
        f"the weights of {name} are not here: {count} missing, {Download.of(files)} in all: {listed}. "
        f"Licences: {terms}",
        mend=f"{_command(files)}; or put each file at FOLDER/REPOSITORY/PATH, and set GREENROOM_WEIGHTS=FOLDER",
    )


def _terms(known: Recipe) -> str:
    """``f5tts-v1-base CC-BY-NC-4.0 (non-commercial)``."""
    licence = next(licence for licence in known.licences if licence.part == "weights")
    limits = ", ".join(said.short for said in known.all_restrictions)
    return f"{known.name} {licence.words}{f' ({limits})' if limits else ''}"


def _command(files: Sequence[ModelFile], *, again: bool = False) -> str:
    """What fetches files into the model hub's cache, a command a repository."""
    by_repository: dict[str, list[str]] = {}
    for file in files:
        by_repository.setdefault(file.repository, []).append(file.path)
    forced = " --force-download" if again else ""
    return " && ".join(
        f"hf download {repository} {' '.join(paths)}{forced}" for repository, paths in by_repository.items()
    )
