"""``greenroom rollback``: the release before, or a named one, again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from greenroom.cli.configured import configured
from greenroom.cli.deploy import log_of, pace_of, show_plan, show_report, waiting_options
from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, json_option

if TYPE_CHECKING:
    from greenroom.settings import Settings
    from greenroom.ship.deploy.pace import Pace


@click.command()
@click.argument("name")
@click.option("--to", type=click.IntRange(min=0), help="A release that was proved, by number; 0 takes everything down.")
@click.option("--plan", "--dry-run", "plan_only", is_flag=True, help="Show plan and requests; change nothing.")
@waiting_options
@setting_flags("data", "runpod_url")
@json_option
def rollback(
    name: str,
    to: int | None,
    plan_only: bool,
    as_json: bool,
    data: str | None,
    runpod_url: str | None,
    **given: Any,
) -> int:
    """Bring back the release before, or a named one.

    A deploy that did not end is taken back. Done twice, it goes forth again.
    """
    from greenroom.ship.deploy.records import History

    out = Output("rollback", as_json)
    settings = configured(out, {"data": data, "runpod_url": runpod_url})
    history = History.read(settings.data, name)
    on_host = bool(history.releases) and history.releases[-1].target == "compose"
    return (_on_host if on_host else _on_runpod)(out, settings, name, to, pace_of(given), plan_only=plan_only)


def _on_runpod(out: Output, settings: Settings, name: str, to: int | None, pace: Pace, *, plan_only: bool) -> int:
    from greenroom.ship.deploy.deploying import rollback
    from greenroom.ship.deploy.preparing import Workplace, prepare_rollback
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.transport import Transport

    with Transport.of(settings) as transport:
        runpod = RunPod(transport)
        place = Workplace(settings.data, runpod, pace)
        if plan_only:
            prepared = prepare_rollback(place, name, to)
            plan = prepared.working(runpod, pace, back=True).plan()
            return show_plan(out, plan, prepared.findings, prepared.requests(back=True))
        with out.progress() as step:
            report = rollback(place, name, to, step=step, said=log_of(out))
    return show_report(out, report)


def _on_host(out: Output, settings: Settings, name: str, to: int | None, pace: Pace, *, plan_only: bool) -> int:
    from greenroom.ship.hosts.deploying import HostPlace, prepare_rollback, rollback

    place = HostPlace(settings.data, pace)
    if plan_only:
        prepared = prepare_rollback(place, name, to)
        return show_plan(out, prepared.working(pace, back=True).plan(), prepared.findings)
    with out.progress() as step:
        report = rollback(place, name, to, step=step, said=log_of(out))
    return show_report(out, report)
