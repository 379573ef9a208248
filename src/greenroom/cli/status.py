"""``greenroom status``: what is deployed, how it stands, and what costs money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from greenroom.cli.configured import configured
from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, columns, json_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.settings import Settings
    from greenroom.ship.deploy.records import History
    from greenroom.ship.deploy.standing import Survey


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@setting_flags("data", "runpod_url")
@json_option
def status(names: tuple[str, ...], as_json: bool, **flags: Any) -> int:
    """Show what is deployed, how it stands, and what runs and costs money.

    Ends with 1 when a release did not come to its end, or what is in use is gone.
    """
    from greenroom.ship.deploy.records import History
    from greenroom.ship.deploy.records import names as all_names
    from greenroom.ship.deploy.standing import found, rows

    out = Output("status", as_json)
    settings = configured(out, flags)
    histories = [History.read(settings.data, name) for name in names or all_names(settings.data)]
    seen = _seen(settings, [history for history in histories if history.releases])
    findings = found(seen)
    told = {"standings": seen.standings, "running": seen.running, "hourly": seen.hourly, "findings": findings}
    out.result(told, _text(seen, columns(rows(seen))))
    out.findings(findings)
    return 1 if any(finding.severity == "error" for finding in findings) else 0


def _seen(settings: Settings, histories: Sequence[History]) -> Survey:
    """Everything on RunPod, if a key is set or something was deployed there, and everything on hosts."""
    from greenroom.ship.deploy.standing import Survey, survey
    from greenroom.ship.hosts.standing import survey_host
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.transport import Transport

    on_hosts = [history for history in histories if history.releases[-1].target == "compose"]
    on_runpod = [history for history in histories if history not in on_hosts]
    seen = Survey((), (), 0.0)
    if on_runpod or settings.runpod_api_key is not None or not on_hosts:
        with Transport.of(settings) as transport:
            seen = survey(RunPod(transport), on_runpod)
    for history in on_hosts:
        standing, running = survey_host(history)
        seen = Survey((*seen.standings, standing), (*seen.running, *running), seen.hourly)
    return seen


def _text(seen: Survey, table: str) -> str:
    from greenroom.ship.deploy.spending import dollars

    parts = [table] if seen.standings else ["nothing was deployed from this machine"]
    parts += [one.words for one in seen.running] or ["nothing of ours runs"]
    if any(one.what != "project" for one in seen.running):
        parts.append(f"together: {'of unknown price' if seen.hourly is None else dollars(seen.hourly)}")
    return "\n".join(parts)
