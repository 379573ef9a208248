"""Flags drawn from declarations: an input or a setting that exists is a flag, with its bounds and help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from greenroom.inputs import InputField, Inputs, fields
from greenroom.settings import Settings, variable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    Verb = Callable[..., Any]

_KINDS: dict[str, click.ParamType[Any]] = {"integer": click.INT, "number": click.FLOAT, "string": click.STRING}


def input_flags(
    declaration: type[Inputs], *, without: Collection[str] = (), only_with: str = ""
) -> Callable[[Verb], Verb]:
    """A flag for each input but those in ``without``, which the verb takes in its own way.

    only_with: the flag beside which these mean something; their help says so.

    Flags carry no default: what was not given stays None, so that the declaration alone says the default. Bounds are
    checked by the declaration too, for one wording everywhere.
    """

    def add(verb: Verb) -> Verb:
        for field in reversed(fields(declaration)):
            if field.name not in without:
                verb = _option(field, only_with)(verb)
        return verb

    return add


def given(values: dict[str, Any]) -> dict[str, Any]:
    """The flags that were given."""
    return {name: value for name, value in values.items() if value is not None}


def setting_flags(*names: str) -> Callable[[Verb], Verb]:
    """A flag for each setting of these names, or for every one."""

    def add(verb: Verb) -> Verb:
        for name in reversed(names or tuple(Settings.model_fields)):
            verb = _setting(name)(verb)
        return verb

    return add


def _setting(name: str) -> Callable[[Verb], Verb]:
    field = Settings.model_fields[name]
    flag = f"--{name.replace('_', '-')}"
    help_text = f"{field.description} [{variable(name)}]"
    if field.annotation is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", name, default=None, help=help_text)
    return click.option(flag, name, default=None, help=help_text)


def _option(field: InputField, only_with: str) -> Callable[[Verb], Verb]:
    said = f"{_help(field)} (with {only_with})" if only_with else _help(field)
    flag = f"--{field.name.replace('_', '-')}"
    if field.kind == "boolean":
        return click.option(f"{flag}/--no-{flag[2:]}", field.name, default=None, help=said)
    kind = click.Choice(field.choices) if field.choices else _KINDS[field.kind]
    return click.option(flag, field.name, type=kind, default=None, help=said)


def _help(field: InputField) -> str:
    """The declaration's help, then range and default as one bracket."""
    default = "" if field.default in (None, "") else f"default {field.default}"
    facts = "; ".join(fact for fact in (field.range, default) if fact)
    return f"{field.help} [{facts}]" if facts else field.help
