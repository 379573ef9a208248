"""``greenroom deploy``: a release on RunPod or on a compose host, checked, proved, or taken back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from greenroom.cli.configured import configured
from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, json_option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from greenroom.findings import Finding
    from greenroom.plan.plan import Plan
    from greenroom.settings import Settings
    from greenroom.ship.deploy.pace import Pace
    from greenroom.ship.deploy.preparing import Asked, Request
    from greenroom.ship.deploy.reports import Report
    from greenroom.ship.hosts.deploying import HostAsked

_COMPOSE = (".yaml", ".yml")


def waiting_options(verb: Callable[..., Any]) -> Callable[..., Any]:
    """Flags for how long a release may take, and how often it is looked at."""
    for flag, least, usual, words in (
        ("--poll-s", 0.05, 5.0, "Seconds between two looks."),
        ("--canary-s", 5, 600.0, "Seconds that the canary may take."),
        ("--rollout-s", 1, 900.0, "Seconds until all workers are new."),
    ):
        verb = click.option(flag, type=click.FloatRange(min=least), default=usual, show_default=True, help=words)(verb)
    return verb


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--image", help="The image, instead of the file's own: NAME@sha256:DIGEST.")
@click.option("--name", help="Name of the deploy, instead of the file's own.")
@click.option("--model", help="Name of a recipe: memory, disk and the usual canary are taken from it.")
@click.option("--canary", help='Inputs of the job that proves it, as JSON; over HTTP {"path": ..., "body": ...}.')
@click.option("--max-hourly", type=click.FloatRange(min=0), help="Dollars an hour that all workers may cost at most.")
@click.option("--blue-green", is_flag=True, help="Make a second endpoint, prove it, then switch.")
@click.option(
    "--soak-s",
    type=click.FloatRange(min=0),
    default=600.0,
    show_default=True,
    help="Seconds that the old one is kept behind a switch.",
)
@click.option("--adopt", is_flag=True, help="Take over an endpoint of this name that greenroom did not make.")
@click.option("--host", default="", help="The compose host, USER@MACHINE as ssh knows it; this machine if not given.")
@click.option("--service", help="The service of the compose file; the one that publishes a port if not given.")
@click.option("--probe", default="/readyz", show_default=True, help="Path that a compose service answers with 200.")
@click.option("--switch", default="", help="Command on the compose host that sends callers to {port}.")
@click.option("--plan", "--dry-run", "plan_only", is_flag=True, help="Show checks, plan and requests; change nothing.")
@waiting_options
@setting_flags("data", "runpod_url")
@json_option
def deploy(file: Path, plan_only: bool, as_json: bool, data: str | None, runpod_url: str | None, **given: Any) -> int:
    """Release an image on RunPod or a compose host; prove it, or take it back.

    FILE is endpoint.json, the body that RunPod's interface takes, or a compose file.
    """
    out = Output("deploy", as_json)
    settings = configured(out, {"data": data, "runpod_url": runpod_url})
    if file.suffix in _COMPOSE:
        return _to_host(out, settings, _host_asked(file, given), pace_of(given), plan_only=plan_only)
    return _to_runpod(out, settings, _asked(file, given), pace_of(given), plan_only=plan_only)


def _to_runpod(out: Output, settings: Settings, asked: Asked, pace: Pace, *, plan_only: bool) -> int:
    from greenroom.ship.deploy.deploying import deploy
    from greenroom.ship.deploy.preparing import Workplace, prepare_deploy
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.transport import Transport

    with Transport.of(settings) as transport:
        runpod = RunPod(transport)
        place = Workplace(settings.data, runpod, pace)
        if plan_only:
            prepared = prepare_deploy(place, asked)
            return show_plan(out, prepared.working(runpod, pace).plan(), prepared.findings, prepared.requests())
        with out.progress() as step:
            report = deploy(place, asked, step=step, said=log_of(out))
    return show_report(out, report)


def _to_host(out: Output, settings: Settings, asked: HostAsked, pace: Pace, *, plan_only: bool) -> int:
    from greenroom.ship.hosts.deploying import HostPlace, deploy, prepare_deploy

    place = HostPlace(settings.data, pace)
    if plan_only:
        prepared = prepare_deploy(place, asked)
        return show_plan(out, prepared.working(pace).plan(), prepared.findings)
    with out.progress() as step:
        report = deploy(place, asked, step=step, said=log_of(out))
    return show_report(out, report)


def _asked(file: Path, given: dict[str, Any]) -> Asked:
    from greenroom.recipes.catalogue import with_components
    from greenroom.ship.deploy.canary import read_canary, usual_canary
    from greenroom.ship.deploy.declaration import read_declaration
    from greenroom.ship.deploy.preparing import Asked

    model = given["model"]
    recipes = with_components(model) if model else ()
    canary = read_canary(given["canary"]) if given["canary"] else usual_canary(model) if model else None
    return Asked(
        declaration=read_declaration(file, image=given["image"], name=given["name"]),
        canary=canary,
        model=model,
        recipes=recipes,
        max_hourly=given["max_hourly"],
        blue_green=given["blue_green"],
        soak_s=given["soak_s"],
        adopt=given["adopt"],
    )


def _host_asked(file: Path, given: dict[str, Any]) -> HostAsked:
    from greenroom.ship.deploy.canary import read_canary
    from greenroom.ship.hosts.deploying import HostAsked
    from greenroom.ship.hosts.project import name_of, read_text

    text = read_text(file)
    return HostAsked(
        name=given["name"] or name_of(file, text),
        text=text,
        host=given["host"],
        image=given["image"],
        service=given["service"],
        probe=given["probe"],
        switch=given["switch"],
        canary=read_canary(given["canary"]) if given["canary"] else None,
        soak_s=given["soak_s"],
    )


def pace_of(given: dict[str, Any]) -> Pace:
    """How long a release may take, as the flags say."""
    from greenroom.ship.deploy.pace import Pace

    return Pace(look=given["poll_s"], rollout=given["rollout_s"], canary=given["canary_s"])


def log_of(out: Output) -> Callable[[str], None] | None:
    """Where no bar is drawn, the log says how far a release is."""
    return None if sys.stderr.isatty() else out.say


def show_plan(out: Output, plan: Plan, findings: Sequence[Finding], requests: Sequence[Request] = ()) -> int:
    """Show what would be done. Gives the exit code."""
    import json

    from greenroom.plan.writing import render

    text = render(plan)
    parts = [text]
    for request in requests:
        parts.append(f"{request.method} {request.path}")
        if request.body is not None:
            parts.append(json.dumps(request.body, ensure_ascii=False, indent=2))
    out.result({"plan": text, "requests": requests, "findings": findings}, "\n".join(parts))
    out.findings(findings)
    return 1 if any(finding.severity == "error" for finding in findings) else 0


def show_report(out: Output, report: Report) -> int:
    """Show how it ended. Gives the exit code."""
    from greenroom.ship.deploy.reports import lines

    out.findings(report.findings)
    out.result(report, "\n".join(lines(report)))
    return 0 if report.ok else 130 if report.outcome == "stopped" else 1
