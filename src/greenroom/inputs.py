"""Inputs are said once: the flag, the form, the JSON schema and the check all come from one class.

>>> class SpeakInputs(Inputs):
...     speed: Annotated[float, Input("1.0 keeps the voice's own pace.", ge=0.5, le=2.0, unit="x")] = 1.0
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from greenroom.errors import InputInvalid, UnknownName, closest, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

Kind = Literal["string", "integer", "number", "boolean"]
Media = Literal["audio", "video", "image", "video-or-image"]


def Input(  # noqa: N802 - stands where pydantic's Field would
    help: str,  # noqa: A002 - the field's standard term
    *,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    min_length: int | None = None,
    max_length: int | None = None,
    unit: str = "",
    media: Media | None = None,
    subject: bool = False,
) -> Any:
    """Describe one input, inside ``Annotated``: help, bounds, the unit they are in, and which media file it names.

    subject: it says what is made and not how, though it may be left out; forms show it first, and presets leave it.
    """
    told = (("unit", unit), ("format", media), ("subject", subject))
    said: dict[str, Any] = {name: word for name, word in told if word}
    bounds: dict[str, Any] = {"ge": ge, "gt": gt, "le": le, "min_length": min_length, "max_length": max_length}
    return Field(description=help, json_schema_extra=said or None, **bounds)


class Inputs(BaseModel):
    """Base of every declaration: frozen, no unknown names, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    # Good values for one purpose, by a name that says which; what a preset leaves out keeps its default.
    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def pixels_from(self, width: int, height: int) -> int | None:
        """Pixels of a picture of the result, where it is made from one of this size; None where that is not known."""
        return None

    @classmethod
    def check(cls, values: Mapping[str, Any]) -> Self:
        """Validate at the edge; everything behind it may trust the result. Raises InputInvalid, UnknownName."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            raise _first_problem(cls, error) from None


@dataclass(frozen=True, slots=True)
class InputField:
    """One input as a command line or a form needs it.

    minimum and maximum: None is unbounded.  above_minimum: the minimum itself is not allowed.  media: the kind of file
    that a string names.
    """

    name: str
    kind: Kind
    help: str
    required: bool
    default: Any = None
    minimum: float | None = None
    maximum: float | None = None
    above_minimum: bool = False
    min_length: int | None = None
    max_length: int | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    media: Media | None = None

    @property
    def range(self) -> str:
        """The bounds in words, unit included: ``0.5 to 2 x``."""
        low, high = (None if bound is None else _number(bound) for bound in (self.minimum, self.maximum))
        unit = f" {self.unit}" if self.unit else ""
        if low is not None and self.above_minimum:
            return f"more than {low}{'' if high is None else f', at most {high}'}{unit}"
        if low is not None:
            return f"{low}{unit} or more" if high is None else f"{low} to {high}{unit}"
        if high is None and self.max_length is not None:
            return f"{self.min_length or 0:,} to {self.max_length:,}{unit or ' characters'}"
        return f"at most {high}{unit}" if high is not None else self.unit


def fields(declaration: type[Inputs]) -> tuple[InputField, ...]:
    """The inputs of a declaration, in its order."""
    schema = declaration.model_json_schema()
    required = set(schema.get("required", ()))
    return tuple(_field(name, said, name in required) for name, said in schema.get("properties", {}).items())


def _field(name: str, said: Mapping[str, Any], required: bool) -> InputField:
    # An optional input is ``anyOf`` its type and null; what describes the value stands in the first branch.
    value = next((branch for branch in said.get("anyOf", ()) if branch.get("type") != "null"), said)
    choices = value.get("enum") or ([value["const"]] if "const" in value else [])
    return InputField(
        name=name,
        kind=value.get("type", "string"),
        help=said.get("description", ""),
        required=required,
        default=said.get("default"),
        minimum=value.get("minimum", value.get("exclusiveMinimum")),
        above_minimum="exclusiveMinimum" in value,
        maximum=value.get("maximum"),
        min_length=value.get("minLength"),
        max_length=value.get("maxLength"),
        choices=tuple(map(str, choices)),
        unit=said.get("unit", ""),
        media=said.get("format"),
    )


def _number(bound: float) -> str:
    """Whole numbers whole, however large."""
    return str(int(bound)) if bound == int(bound) else f"{bound:g}"


def _first_problem(declaration: type[Inputs], error: ValidationError) -> InputInvalid:
    problem = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in problem["loc"] if not str(part).startswith("function-")) or "input"
    known = list(declaration.model_fields)
    if problem["type"] == "extra_forbidden":
        return UnknownName("input", name, known)
    if problem["type"] == "missing":
        return InputInvalid(f"{name} is missing", mend=f"give {name}")
    described = {field.name: field for field in fields(declaration)}.get(name)
    bounds = f"{name} is {described.range}" if described and described.range else ""
    if described and described.choices:
        meant = closest(str(problem["input"]), described.choices)
        bounds = f"{f'did you mean {meant}? ' if meant else ''}{name} is one of {', '.join(described.choices)}"
    if problem["type"] in ("string_too_long", "string_too_short"):
        length = len(problem["input"])
        said = f"{name} has {length:,} characters" if length else f"{name} is empty"
        return InputInvalid(said, mend=bounds or f"give {name}")
    if problem["type"] == "string_unicode":
        named = "a file whose name is not UTF-8" if described and described.media else "no UTF-8"
        mend = "rename it" if described and described.media else f"give {name} as UTF-8"
        return InputInvalid(f"{name} is {quoted(problem['input'])}: {named}", mend=mend)
    reason = problem["msg"].removeprefix("Value error, ")
    message = f"{name} is {quoted(problem['input'])}: {reason[:1].lower()}{reason[1:]}"
    return InputInvalid(message, mend=bounds or f"change {name}")
