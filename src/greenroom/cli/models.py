"""``greenroom models``: the catalogue, licence first."""

from __future__ import annotations

import click

from greenroom.cli.output import Output, columns, json_option
from greenroom.recipes.catalogue import recipe
from greenroom.recipes.show import COLUMNS, summaries, summary


@click.command()
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="List the parts that models share, too.")
@json_option
def models(name: str | None, everything: bool, as_json: bool) -> int:
    """List the models and voices, licence first, or show one.

    NAME: show all that is known of this one: restrictions and licences, files with sizes and hashes, memory, inputs.
    """
    out = Output("models", as_json)
    if name is not None:
        shown = summary(recipe(name))
        out.result(shown, "\n".join(shown.lines()))
        return 0
    listed = summaries(components=everything)
    out.result(listed, columns([COLUMNS, *(model.row() for model in listed)]))
    return 0
