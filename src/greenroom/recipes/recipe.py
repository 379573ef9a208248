"""What a recipe says of one published model: its licence, its files, what it needs, and where each fact comes from.

Nothing here is guessed. A fact that nobody could find is absent (``None``), and shown as unknown.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from greenroom.errors import UnknownName
from greenroom.recipes.sizes import readable

Family = Literal["voice", "f5tts", "foley", "seedvr2", "steadydancer"]
Task = Literal["speech", "sound-for-video", "video-restoration", "person-animation", "component"]
Precision = Literal["fp32", "bf16", "fp16", "fp8"]

# measured: read off the file itself, or off a run.  computed: follows from the published shapes.
# stated: the makers or a public listing say so.  unverified: one report alone, or inferred; may be wrong.
Source = Literal["measured", "computed", "stated", "unverified"]

# One SPDX identifier, or several joined as SPDX joins them; LicenseRef- names a licence outside its list.
_LICENCE = r"^[A-Za-z0-9][A-Za-z0-9.+-]*( (OR|AND|WITH) [A-Za-z0-9][A-Za-z0-9.+-]*)*$"
_NAME = r"^[a-z0-9]+([._-][a-z0-9]+)*$"
_WEB = r"^https://[^\s]+$"

_T = TypeVar("_T")
# TOML has arrays only, so a list is taken for a tuple; what is inside stays strict.
_Listed = Annotated[tuple[_T, ...], Field(strict=False)]


class Part(BaseModel):
    """Base of all that a recipe holds: frozen, strict about types, no unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Licence(Part):
    """The terms of one part of a model. ``id`` is None when nobody states any."""

    part: Literal["code", "weights"] = Field(description="code or weights")
    id: str | None = Field(
        default=None, pattern=_LICENCE, description="an SPDX identifier, or LicenseRef- and a name of its own"
    )
    source: Source | None = Field(default=None, description="where the licence was read; given with id")
    note: str = Field(default="", description="a sentence")

    @model_validator(mode="after")
    def _id_has_a_source(self) -> Self:
        if (self.id is None) != (self.source is None):
            raise ValueError("id and source are given together, or neither")
        return self

    @property
    def words(self) -> str:
        """The identifier as people read it: ``MIT``, ``MIT (unverified)``, ``unknown``."""
        if self.id is None:
            return "unknown"
        return f"{self.id} (unverified)" if self.source == "unverified" else self.id


class Restriction(Part):
    """Something that the licence, or a missing one, keeps users from doing."""

    kind: Literal[
        "non-commercial", "territory", "users", "output-use", "redistribution", "copyleft", "evaluation", "no-licence"
    ] = Field(description="what sort of restriction it is")
    short: str = Field(min_length=1, max_length=60, description="a few words, for a table")
    text: str = Field(min_length=1, description="one plain sentence")


class Size(Part):
    """How long a file is. Not ``exact``: rounded by whoever stated it, or without the file's header."""

    bytes: int = Field(gt=0, description="a whole number of bytes, above 0")
    source: Source = Field(description="where the number comes from")
    exact: bool = Field(default=True, description="true, or false for a rounded or partial number")

    @property
    def words(self) -> str:
        """``1.35 GB``, ``about 6.78 GB``."""
        return readable(self.bytes) if self.is_sure else f"about {readable(self.bytes)}"

    @property
    def is_sure(self) -> bool:
        """Whether a good copy must have just this length."""
        return self.exact and self.source != "unverified"


class Digest(Part):
    """The SHA-256 of a file. From an ``unverified`` source, a difference accuses the source as much as the file."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$", description="64 hexadecimal digits, in lower case")
    source: Source = Field(description="where the hash comes from")


class ModelFile(Part):
    """One published file, or a numbered set of shards: then ``path`` holds a ``*``.

    repository: owner/name on the host; for pypi the project, whose version is the revision and whose path is the
    place inside the installed package.
    """

    role: Literal["weights", "config", "vocabulary", "tokenizer", "embedding", "card"] = Field(
        description="what the file is for"
    )
    host: Literal["huggingface", "github", "pypi"] = Field(default="huggingface", description="where it is published")
    repository: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$", description="owner/name"
    )
    revision: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", description="a commit, a tag or a version"
    )
    path: str = Field(min_length=1, description="the file's path in its repository, parts joined by /")
    size: Size | None = Field(default=None, description="{ bytes = ..., source = ... }")
    digest: Digest | None = Field(default=None, description="{ sha256 = ..., source = ... }")

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        if "\\" in path or path != str(PurePosixPath(path)) or path.startswith("/") or ".." in path.split("/"):
            raise ValueError("it must lead down from the repository's root")
        return path

    def __str__(self) -> str:
        return f"{self.repository}/{self.path}"

    @property
    def is_pattern(self) -> bool:
        """Whether ``path`` stands for several files whose names are not known."""
        return "*" in self.path


class Variant(Part):
    """One of several file sets that hold the same network: another precision, another container."""

    name: str = Field(pattern=_NAME, description="a short name such as fp16")
    note: str = Field(default="", description="a sentence")
    files: _Listed[ModelFile] = Field(min_length=1, description="at least one file")


class Memory(Part):
    """Bytes that a run takes. ``weights`` alone is a floor; ``peak`` says for which work it was read."""

    precision: Precision = Field(description="what the network runs in")
    counts: Literal["peak", "weights"] = Field(description="peak or weights")
    bytes: int = Field(gt=0, description="a whole number of bytes, above 0")
    source: Source = Field(description="where the number comes from")
    device: Literal["gpu", "host"] = Field(default="gpu", description="gpu or host")
    workload: str = Field(min_length=1, description="what was run, or what is counted")

    @property
    def words(self) -> str:
        """``18.9 GB``, or for weights alone ``over 16.5 GB``: the work itself comes on top."""
        return readable(self.bytes) if self.counts == "peak" else f"over {readable(self.bytes)}"


class Output(Part):
    """What a model makes. A rate that is absent is the input's own."""

    kind: Literal["audio", "video", "image"] = Field(description="audio, video or image")
    container: Literal["wav", "mp4", "png"] = Field(description="wav, mp4 or png")
    sample_rate: int | None = Field(default=None, gt=0, description="samples a second")
    channels: int | None = Field(default=None, gt=0, description="a number of channels")
    frame_rate: float | None = Field(default=None, gt=0, description="frames a second")
    note: str = Field(default="", description="a sentence")

    @property
    def words(self) -> str:
        """``audio, wav, 24000 Hz, mono``."""
        facts: list[str] = [self.kind, self.container]
        if self.sample_rate:
            facts.append(f"{self.sample_rate} Hz")
        if self.channels:
            facts.append({1: "mono", 2: "stereo"}.get(self.channels, f"{self.channels} channels"))
        if self.frame_rate:
            facts.append(f"{self.frame_rate:g} frames a second")
        return ", ".join(facts) + (f" ({self.note})" if self.note else "")


@dataclass(frozen=True, slots=True)
class Download:
    """How much a set of files is. ``unsized`` files have no known size, so ``bytes`` is then a lower bound."""

    bytes: int = 0
    exact: bool = True
    unsized: int = 0

    @classmethod
    def of(cls, files: Iterable[ModelFile]) -> Self:
        """The sum over ``files``."""
        sizes = [file.size for file in files]
        known = [size for size in sizes if size is not None]
        return cls(
            bytes=sum(size.bytes for size in known),
            exact=all(size.is_sure for size in known),
            unsized=len(sizes) - len(known),
        )

    def __add__(self, other: "Download") -> "Download":
        return Download(self.bytes + other.bytes, self.exact and other.exact, self.unsized + other.unsized)

    def __str__(self) -> str:
        if self.unsized and not self.bytes:
            return "unknown"
        if self.unsized:
            return f"at least {readable(self.bytes)}"
        return readable(self.bytes) if self.exact else f"about {readable(self.bytes)}"


class Recipe(Part):
    """One published model, or a part that several models share (task ``component``)."""

    schema_version: Literal[1] = Field(description="1")
    name: str = Field(pattern=_NAME, description="the file's name without .toml: lower case, digits, single dashes")
    family: Family = Field(description="the family whose code runs it")
    task: Task = Field(description="what it does")
    title: str = Field(min_length=1, description="the name as its makers write it")
    summary: str = Field(min_length=1, max_length=120, description="one line")
    homepage: str | None = Field(default=None, pattern=_WEB, description="an https address")
    repository: str | None = Field(default=None, pattern=_WEB, description="the https address of the original's code")
    # Which published configuration the weights are in. Weights alone do not always tell: F5-TTS v1 Base and Base have
    # the same names and shapes, and compute differently.
    architecture: str | None = Field(default=None, pattern=_NAME, description="the name of a published configuration")
    parameters: int | None = Field(default=None, gt=0, description="numbers that the network's file holds, as counted")
    licences: _Listed[Licence] = Field(min_length=1, description="one table a part; weights must be among them")
    restrictions: _Listed[Restriction] = Field(default=(), description="tables of kind, short and text")
    files: _Listed[ModelFile] = Field(default=(), description="the files that every variant needs")
    variants: _Listed[Variant] = Field(default=(), description="alternative file sets")
    default: str | None = Field(default=None, validate_default=True, description="the name of one of the variants")
    components: _Listed[str] = Field(default=(), description="names of other recipes, each once")
    memory: _Listed[Memory] = Field(default=(), description="tables, the ordinary way to run first")
    outputs: _Listed[Output] = Field(default=(), description="tables of kind and container")
    notes: _Listed[str] = Field(default=(), description="sentences")

    @field_validator("licences")
    @classmethod
    def _weights_have_terms(cls, licences: tuple[Licence, ...]) -> tuple[Licence, ...]:
        parts = [licence.part for licence in licences]
        _refuse_repeats("part", parts)
        if "weights" not in parts:
            raise ValueError('there is none with part = "weights"')
        return licences

    @field_validator("files")
    @classmethod
    def _files_differ(cls, files: tuple[ModelFile, ...]) -> tuple[ModelFile, ...]:
        _refuse_repeats("file", map(str, files))
        return files

    @field_validator("variants")
    @classmethod
    def _variants_differ(cls, variants: tuple[Variant, ...], info: ValidationInfo) -> tuple[Variant, ...]:
        _refuse_repeats("variant", [variant.name for variant in variants])
        for variant in variants:
            _refuse_repeats("file", map(str, (*info.data.get("files", ()), *variant.files)))
        return variants

    @field_validator("default")
    @classmethod
    def _default_is_a_variant(cls, default: str | None, info: ValidationInfo) -> str | None:
        if "variants" not in info.data:
            return default  # they are wrong themselves, and said to be
        known = [variant.name for variant in info.data["variants"]]
        if default not in known and (known or default is not None):
            raise ValueError(f"the variants are {', '.join(known)}" if known else "there are no variants")
        return default

    @field_validator("components")
    @classmethod
    def _components_differ(cls, components: tuple[str, ...]) -> tuple[str, ...]:
        _refuse_repeats("component", components)
        return components

    @model_validator(mode="after")
    def _has_files(self) -> Self:
        if not self.files and not self.variants:
            raise ValueError("a recipe names at least one file, in files or in variants")
        return self

    @property
    def is_component(self) -> bool:
        """Whether it is a part of other models, and not run by itself."""
        return self.task == "component"

    @property
    def all_restrictions(self) -> tuple[Restriction, ...]:
        """What users may not do, the parts that have no stated licence included."""
        silent = [licence.part for licence in self.licences if licence.id is None]
        return self.restrictions + tuple(_no_licence(self.title, part) for part in silent)

    def file_set(self, variant: str | None = None) -> tuple[ModelFile, ...]:
        """The files of ``variant``, by default of the default one. Raises UnknownName."""
        if variant is None and self.default is None:
            return self.files
        sets = {known.name: known.files for known in self.variants}
        name = self.default if variant is None else variant
        if name not in sets:
            raise UnknownName(f"variant of {self.name}", str(name), sets)
        return self.files + sets[name]

    def download(self, variant: str | None = None) -> Download:
        """The bytes of one file set, components not counted. Raises UnknownName."""
        return Download.of(self.file_set(variant))

    def without_hash(self, variant: str | None = None) -> tuple[ModelFile, ...]:
        """The files of one file set whose SHA-256 nobody could find. Raises UnknownName."""
        return tuple(file for file in self.file_set(variant) if file.digest is None)

    @property
    def gpu_memory(self) -> Memory | None:
        """What the ordinary way to run takes on a GPU, as far as it is known."""
        return next((memory for memory in self.memory if memory.device == "gpu"), None)


def _no_licence(title: str, part: str) -> Restriction:
    return Restriction(
        kind="no-licence",
        short=f"{title}: no known licence",
        text=f"No licence is known for the {part} of {title}: find its terms before you use it.",
    )


def _refuse_repeats(kind: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{kind} {name} is there twice")
        seen.add(name)
