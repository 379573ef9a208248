"""A recipe as `greenroom models` shows it: a row of the list, or one model in full, its licence first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.inputs import InputField, fields
from greenroom.recipes.catalogue import names, with_components
from greenroom.recipes.inputs import declaration
from greenroom.recipes.recipe import Download

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from greenroom.recipes.recipe import Licence, Memory, ModelFile, Output, Recipe, Restriction

COLUMNS = ("model", "licence", "task", "download", "GPU memory", "restrictions")


@dataclass(frozen=True, slots=True)
class Terms:
    """The licences and restrictions of one recipe among those that a model is made of."""

    of: str
    restrictions: tuple[Restriction, ...]
    licences: tuple[Licence, ...]


@dataclass(frozen=True, slots=True)
class FileSet:
    """The files of one variant, the shared ones included. ``name`` is empty where there is only one set."""

    name: str
    default: bool
    note: str
    download: Download
    files: tuple[ModelFile, ...]


@dataclass(frozen=True, slots=True)
class ComponentSummary:
    """A part that the model needs beside its own files."""

    name: str
    title: str
    download: Download


@dataclass(frozen=True, slots=True)
class ModelSummary:
    """What one should know of a model before using it.

    terms: the model's own first, then its components'.  download: the default file sets of the model and all its
    components, in bytes.
    """

    name: str
    terms: tuple[Terms, ...]
    title: str
    summary: str
    task: str
    family: str
    homepage: str | None
    repository: str | None
    download: Download
    gpu_memory: Memory | None
    file_sets: tuple[FileSet, ...]
    components: tuple[ComponentSummary, ...]
    memory: tuple[Memory, ...]
    inputs: tuple[InputField, ...]
    outputs: tuple[Output, ...]
    notes: tuple[str, ...]

    def row(self) -> tuple[str, ...]:
        """One cell for each of COLUMNS."""
        memory = self.gpu_memory.words if self.gpu_memory else "none" if self.memory else "unknown"
        licence = next(licence.words for licence in self.terms[0].licences if licence.part == "weights")
        shorts = dict.fromkeys(said.short for terms in self.terms for said in terms.restrictions)
        return self.name, licence, self.task, str(self.download), memory, "; ".join(shorts) or "none"

    def lines(self) -> tuple[str, ...]:
        """The model in full, licence and restrictions first."""
        return (
            f"{self.title} ({self.name})",
            self.summary,
            *(address for address in (self.homepage, self.repository) if address),
            *_section("Restrictions", _restriction_lines(self.terms)),
            *_section("Licences", _licence_lines(self.terms)),
            *_section(f"Files, {self.download} in all", _file_lines(self.file_sets)),
            *_section("Needs", (f"{part.name}  {part.title}, {part.download}" for part in self.components)),
            *_section("Memory", map(_memory_line, self.memory)),
            *_section("Inputs", map(_input_line, self.inputs)),
            *_section("Outputs", (output.words for output in self.outputs)),
            *_section("Notes", self.notes),
        )


def summary(recipe: Recipe) -> ModelSummary:
    """All that is known of a recipe that comes with greenroom."""
    return summary_of(with_components(recipe.name))


def summaries(*, components: bool = False) -> tuple[ModelSummary, ...]:
    """The models, by name; with ``components`` also the parts that models share."""
    found = (with_components(name) for name in names())
    return tuple(summary_of(recipes) for recipes in found if components or not recipes[0].is_component)


def summary_of(recipes: Sequence[Recipe]) -> ModelSummary:
    """The first of ``recipes``; the others are its components."""
    model, *others = recipes
    declared = None if model.is_component else declaration(model.family)
    return ModelSummary(
        name=model.name,
        terms=tuple(Terms(recipe.name, recipe.all_restrictions, recipe.licences) for recipe in recipes),
        title=model.title,
        summary=model.summary,
        task=model.task,
        family=model.family,
        homepage=model.homepage,
        repository=model.repository,
        download=sum((recipe.download() for recipe in recipes), Download()),
        gpu_memory=model.gpu_memory,
        file_sets=_file_sets(model),
        components=tuple(ComponentSummary(part.name, part.title, part.download()) for part in others),
        memory=model.memory,
        inputs=fields(declared) if declared else (),
        outputs=model.outputs,
        notes=model.notes,
    )


def _file_sets(recipe: Recipe) -> tuple[FileSet, ...]:
    if not recipe.variants:
        return (FileSet("", default=True, note="", download=recipe.download(), files=recipe.files),)
    return tuple(
        FileSet(
            variant.name,
            default=variant.name == recipe.default,
            note=variant.note,
            download=recipe.download(variant.name),
            files=recipe.file_set(variant.name),
        )
        for variant in recipe.variants
    )


def _section(title: str, lines: Iterable[str]) -> tuple[str, ...]:
    """A heading over indented lines, or nothing at all."""
    indented = tuple(f"  {line}" for line in lines)
    return ("", title, *indented) if indented else ()


def _restriction_lines(terms: Iterable[Terms]) -> tuple[str, ...]:
    """Each sentence once: parts of one release repeat its terms."""
    said = dict.fromkeys(f"{entry.kind}: {entry.text}" for part in terms for entry in part.restrictions)
    return tuple(said) or ("none that the licences do not say themselves",)


def _licence_lines(terms: Iterable[Terms]) -> Iterable[str]:
    for part in terms:
        for licence in part.licences:
            note = f"  {licence.note}" if licence.note else ""
            yield f"{part.of} {licence.part}: {licence.words}{note}"


def _file_lines(file_sets: Iterable[FileSet]) -> Iterable[str]:
    for files in file_sets:
        if files.name:
            note = f"  {files.note}" if files.note else ""
            yield f"{files.name}{' (default)' if files.default else ''}: {files.download}{note}"
        for file in files.files:
            size = file.size.words if file.size else "size unknown"
            yield f"{'  ' if files.name else ''}{file}  {size}, {_hash_words(file)}"


def _hash_words(file: ModelFile) -> str:
    if file.digest is None:
        return "hash unknown"
    doubt = " (unverified)" if file.digest.source == "unverified" else ""
    return f"sha256 {file.digest.sha256[:12]}…{doubt}"


def _memory_line(memory: Memory) -> str:
    return f"{memory.precision} on the {memory.device}: {memory.words}, {memory.source}: {memory.workload}"


def _input_line(entry: InputField) -> str:
    facts = [f"{entry.media.replace('-', ' ')} file" if entry.media else entry.kind]
    if entry.choices:
        facts = [" | ".join(entry.choices)]
    if entry.range:
        facts.append(entry.range)
    if entry.required:
        facts.append("required")
    elif entry.default not in (None, ""):
        facts.append(f"default {entry.default}")
    return f"{entry.name} ({', '.join(facts)}): {entry.help}"
