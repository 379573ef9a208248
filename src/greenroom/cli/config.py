"""``greenroom config``: every setting, its value, and where it came from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, columns, json_option
from greenroom.settings import Row, resolve

if TYPE_CHECKING:
    from greenroom.findings import Format


@click.command()
@click.option("--file", type=click.Path(path_type=Path), help="Read this settings file instead of the usual one.")
@click.option("--sarif", "form", flag_value="sarif", help="Give the findings as SARIF.")
@click.option("--github", "form", flag_value="github", help="Give the findings as GitHub annotations.")
@setting_flags()
@json_option
def config(file: Path | None, form: Format | None, as_json: bool, **flags: Any) -> int:
    """Show every setting and where it came from.

    A flag wins over the environment, the environment over the file, the file over the default. Secrets are masked.
    """
    resolved = resolve(flags, file=file)
    out = Output("config", as_json)
    rows = resolved.rows()
    if form is None:
        out.result({"settings": rows, "findings": resolved.findings}, _table(rows))
    out.findings(resolved.findings, form or "text")
    return 1 if resolved.findings else 0


def _table(rows: tuple[Row, ...]) -> str:
    return columns([(row.name, _value(row), f"{row.source} {row.place}") for row in rows])


def _value(row: Row) -> str:
    if isinstance(row.value, bool):
        return str(row.value).lower()
    return row.value or "-"
