"""``greenroom rollback``: the release before, or a named one, again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from greenroom.cli.configured import configured
from greenroom.cli.deploy import (
    area_of,
    endpoint_target,
    host_target,
    log_of,
    pace_of,
    pod_target,
    record_report,
    show_plan,
    show_report,
    waiting_options,
)
from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, json_option
from greenroom.cli.recording import recorded

if TYPE_CHECKING:
    from greenroom.settings import Settings
    from greenroom.ship.deploy.target import Target


@click.command()
@click.argument("name")
@click.option("--to", type=click.IntRange(min=0), help="A release that was proved, by number; 0 takes everything down.")
@click.option("--plan", "--dry-run", "plan_only", is_flag=True, help="Show plan and requests; change nothing.")
@waiting_options
@setting_flags("data", "runpod_url", "ledger")
@json_option
def rollback(
    name: str,
    to: int | None,
    plan_only: bool,
    as_json: bool,
    data: str | None,
    runpod_url: str | None,
    ledger: str | None,
    **given: Any,
) -> int:
    """Bring back the release before, or a named one.

    A deploy that did not end is taken back. Done twice, it goes forth again.
    """
    from greenroom.ship.deploy.records import History

    out = Output("rollback", as_json)
    settings = configured(out, {"data": data, "runpod_url": runpod_url, "ledger": ledger})
    history = History.read(settings.data, name)
    pace = pace_of(given)
    where = history.releases[-1].target if history.releases else "runpod"
    if where == "compose":
        return _back(out, settings, host_target(pace), name, to, plan_only=plan_only)
    if where == "pod":
        with pod_target(settings, pace) as pods:
            return _back(out, settings, pods, name, to, plan_only=plan_only)
    with endpoint_target(settings, pace) as target:
        return _back(out, settings, target, name, to, plan_only=plan_only)


def _back(out: Output, settings: Settings, target: Target[Any], name: str, to: int | None, *, plan_only: bool) -> int:
    from greenroom.ship.deploy.deploying import prepare_rollback, rollback

    if plan_only:
        return show_plan(out, prepare_rollback(settings.data, target, name, to))
    words = f"bring back the release of {name} before" if to is None else f"bring back release {to} of {name}"
    with recorded(out, settings, "rollback", name, words, area=area_of(name)) as done:
        with out.progress() as step:
            report = rollback(settings.data, target, name, to, step=step, said=log_of(out))
        record_report(done, settings, target, report)
        return show_report(out, report)
