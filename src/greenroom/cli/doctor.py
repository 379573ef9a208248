"""``greenroom doctor``: what this machine is, what is wrong with it, and which models fit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from greenroom.cli.configured import configured
from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, columns, json_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.findings import Format
    from greenroom.recipes.recipe import Recipe
    from greenroom.weights.store.places import Places


@click.command()
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option("--fix", "mend", is_flag=True, help="Mend what is safe to mend, and say what was done.")
@click.option("--measure", is_flag=True, help="Write for 0.2 s where weights lie, to see how fast that is.")
@click.option("--sarif", "form", flag_value="sarif", help="Give the findings as SARIF.")
@click.option("--github", "form", flag_value="github", help="Give the findings as GitHub annotations.")
@setting_flags("data", "weights", "artifacts", "host", "port")
@json_option
def doctor(models: tuple[str, ...], mend: bool, measure: bool, form: Format | None, as_json: bool, **flags: Any) -> int:
    """Look whether this machine can run greenroom, and whether models fit.

    Looks and changes nothing, unless --fix or --measure says so. Ends with 1 when something will fail.
    """
    from greenroom.machine.checks.every import examine
    from greenroom.machine.fit import fit, room_for_all
    from greenroom.machine.fixes import fix
    from greenroom.machine.probe import probe
    from greenroom.machine.show import fit_rows, host_rows
    from greenroom.recipes.catalogue import with_components
    from greenroom.weights.store.places import Places

    out = Output("doctor", as_json)
    settings = configured(out, flags)
    wanted = [with_components(name) for name in dict.fromkeys(models)]
    places = Places.of(settings)
    host = probe(settings, cache=places.caches[0], measure=measure)
    found = examine(host)
    fixes = fix(found) if mend else ()
    if fixes:
        host = probe(settings, cache=places.caches[0], measure=measure)
        found = examine(host)
    fits = [fit(host, recipes, *_to_come(recipes, places)) for recipes in wanted]
    everything = [*found, *(finding for one in fits for finding in one.findings)]
    if len(wanted) > 1 and not any(finding.code == "disk-short" for finding in everything):
        everything += room_for_all(host, *_to_come([recipe for recipes in wanted for recipe in recipes], places))
    if form is not None:
        out.findings(everything, form)
    else:
        for done in fixes:
            out.say(f"fixed: {done.done}" if done.done else f"not fixed: {done.path}: {done.problem}")
        out.result({"host": host, "findings": everything, "fits": fits, "fixes": fixes}, columns(host_rows(host)))
        out.findings(everything)
        if not everything:
            out.say("nothing was found wrong")
        if not as_json and fits:
            click.echo(columns([row for one in fits for row in fit_rows(one)]))
    return 1 if any(finding.severity == "error" for finding in everything) else 0


def _to_come(recipes: Sequence[Recipe], places: Places) -> tuple[int, int]:
    """Bytes of models that are not here, as far as their sizes are known; and of them, those with room set aside."""
    from greenroom.weights.store.unfinished import begun

    known = {recipe.name: recipe for recipe in recipes}.values()  # models may share a component
    files = [file for recipe in known for file in recipe.file_set() if file.host != "pypi"]
    absent = [file for file in files if not (places.shards(file) if file.is_pattern else places.find(file))]
    sizes = {file: file.size.bytes for file in absent if file.size is not None}
    return sum(sizes.values()), sum(min(size, begun(file, places.stores[0])) for file, size in sizes.items())
