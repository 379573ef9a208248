"""``greenroom deploy``: a release on RunPod or on a compose host, checked, proved, or taken back."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from greenroom.cli.configured import configured
from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, json_option
from greenroom.cli.recording import recorded
from greenroom.errors import InputInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from greenroom.ledger.operations import Operation
    from greenroom.settings import Settings
    from greenroom.ship.account.declaration import Declaration
    from greenroom.ship.deploy.pace import Pace
    from greenroom.ship.deploy.reports import Report
    from greenroom.ship.deploy.target import Asked_contra, Prepared, Target
    from greenroom.ship.endpoints.target import EndpointAsked, EndpointTarget
    from greenroom.ship.hosts.target import HostAsked, HostTarget
    from greenroom.ship.pods.target import PodAsked, PodTarget

_COMPOSE = (".yaml", ".yml")
_ENDPOINT, _POD, _HOST = "a RunPod endpoint", "a RunPod pod", "a compose host"
# Options that not every place has.
_ONLY_FOR: dict[str, tuple[str, ...]] = {
    "model": (_ENDPOINT, _POD),
    "max_hourly": (_ENDPOINT, _POD),
    "blue_green": (_ENDPOINT,),
    "adopt": (_ENDPOINT,),
    "stop_old": (_POD,),
    "share_volume": (_POD,),
    "probe": (_POD, _HOST),
    "host": (_HOST,),
    "service": (_HOST,),
    "switch": (_HOST,),
}


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
@click.option(
    "--max-hourly", type=click.FloatRange(min=0), help="Dollars an hour that workers, or pods, may cost at most."
)
@click.option("--blue-green", is_flag=True, help="Make a second endpoint, prove it, then switch; for endpoints.")
@click.option(
    "--soak-s",
    type=click.FloatRange(min=0),
    default=600.0,
    show_default=True,
    help="Seconds that the old one is kept behind a switch.",
)
@click.option("--stop-old", is_flag=True, help="Stop the old pod behind the switch; it runs until it goes if not.")
@click.option("--share-volume", is_flag=True, help="Let the new pod and others write to one network volume.")
@click.option("--adopt", is_flag=True, help="Take over an endpoint of this name that greenroom did not make.")
@click.option("--host", default="", help="The compose host, USER@MACHINE as ssh knows it; this machine if not given.")
@click.option("--service", help="The service of the compose file; the one that publishes a port if not given.")
@click.option(
    "--probe", default="/readyz", show_default=True, help="Path that a pod or a compose service answers with 200."
)
@click.option("--switch", default="", help="Command on the compose host that sends callers to {port}.")
@click.option("--plan", "--dry-run", "plan_only", is_flag=True, help="Show checks, plan and requests; change nothing.")
@waiting_options
@setting_flags("data", "runpod_url", "ledger")
@json_option
def deploy(
    file: Path,
    plan_only: bool,
    as_json: bool,
    data: str | None,
    runpod_url: str | None,
    ledger: str | None,
    **given: Any,
) -> int:
    """Release an image on RunPod or a compose host; prove it, or take it back.

    FILE is endpoint.json, the body that RunPod's interface takes for an endpoint or a pod, or a compose file.
    """
    out = Output("deploy", as_json)
    settings = configured(out, {"data": data, "runpod_url": runpod_url, "ledger": ledger})
    pace = pace_of(given)
    if file.suffix in _COMPOSE:
        _check(_HOST)
        return _release(out, settings, host_target(pace), _host_asked(file, given), {}, plan_only=plan_only)
    declaration = _declaration(file, given)
    if declaration.type == "POD":
        _check(_POD)
        with pod_target(settings, pace) as pods:
            return _release(
                out, settings, pods, _pod_asked(declaration, given), _secrets_in(declaration), plan_only=plan_only
            )
    _check(_ENDPOINT, soaks=given["blue_green"])
    with endpoint_target(settings, pace) as target:
        return _release(
            out, settings, target, _endpoint_asked(declaration, given), _secrets_in(declaration), plan_only=plan_only
        )


def _check(place: str, *, soaks: bool = True) -> None:
    """Refuse options that would change nothing. soaks: whether an old one is kept. Raises InputInvalid."""
    context = click.get_current_context()
    for option in context.command.params:
        if context.get_parameter_source(option.name or "") is not ParameterSource.COMMANDLINE:
            continue
        flag = option.opts[0]
        places = _ONLY_FOR.get(option.name or "", (place,))
        if place not in places:
            raise InputInvalid(
                f"{flag} is for {' or '.join(places)}, and the file is for {place}", mend=f"leave {flag} out"
            )
        if option.name == "soak_s" and not soaks:
            raise InputInvalid(
                "--soak-s is about an endpoint that is kept, and none is",
                mend="add --blue-green, or leave --soak-s out",
            )


def _release(
    out: Output,
    settings: Settings,
    target: Target[Asked_contra],
    asked: Asked_contra,
    secrets: Mapping[str, str],
    *,
    plan_only: bool,
) -> int:
    from greenroom.ship.deploy.deploying import deploy, prepare_deploy

    if plan_only:
        return show_plan(out, prepare_deploy(settings.data, target, asked))
    words, area = f"release {asked.name}", area_of(asked.name)
    with recorded(out, settings, "deploy", asked.name, words, area=area, hidden=secrets) as done:
        with out.progress() as step:
            report = deploy(settings.data, target, asked, step=step, said=log_of(out))
        record_report(done, settings, target, report)
        return show_report(out, report)


@contextlib.contextmanager
def endpoint_target(settings: Settings, pace: Pace) -> Iterator[EndpointTarget]:
    """RunPod, as the settings say."""
    from greenroom.ship.endpoints.target import EndpointTarget
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.transport import Transport

    with Transport.of(settings) as transport:
        yield EndpointTarget(RunPod(transport), pace)


@contextlib.contextmanager
def pod_target(settings: Settings, pace: Pace) -> Iterator[PodTarget]:
    """RunPod's pods, as the settings say."""
    from greenroom.ship.pods.door import Door
    from greenroom.ship.pods.target import PodTarget
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.transport import Transport

    with Transport.of(settings) as transport, Door(settings.runpod_pod_url) as door:
        yield PodTarget(RunPod(transport), door, pace)


def host_target(pace: Pace) -> HostTarget:
    """Machines with Docker Compose."""
    from greenroom.ship.hosts.target import HostTarget

    return HostTarget(pace)


def _secrets_in(declaration: Declaration) -> Mapping[str, str]:
    from greenroom.ship.deploy.masking import secrets_of

    return secrets_of(declaration.values)


def _declaration(file: Path, given: dict[str, Any]) -> Declaration:
    from greenroom.ship.account.declaration import read_declaration

    return read_declaration(file, image=given["image"], name=given["name"])


def _pod_asked(declaration: Declaration, given: dict[str, Any]) -> PodAsked:
    from greenroom.recipes.catalogue import with_components
    from greenroom.ship.deploy.canary import read_canary
    from greenroom.ship.pods.target import PodAsked

    return PodAsked(
        declaration=declaration,
        probe=given["probe"],
        canary=read_canary(given["canary"]) if given["canary"] else None,
        model=given["model"],
        recipes=with_components(given["model"]) if given["model"] else (),
        max_hourly=given["max_hourly"],
        soak_s=given["soak_s"],
        stops_old=given["stop_old"],
        shares_volume=given["share_volume"],
    )


def _endpoint_asked(declaration: Declaration, given: dict[str, Any]) -> EndpointAsked:
    from greenroom.recipes.catalogue import with_components
    from greenroom.ship.deploy.canary import read_canary, usual_canary
    from greenroom.ship.endpoints.target import EndpointAsked

    model = given["model"]
    recipes = with_components(model) if model else ()
    usual = usual_canary(model) if model and declaration.type == "QUEUE" else None
    return EndpointAsked(
        declaration=declaration,
        canary=read_canary(given["canary"]) if given["canary"] else usual,
        model=model,
        recipes=recipes,
        max_hourly=given["max_hourly"],
        blue_green=given["blue_green"],
        soak_s=given["soak_s"],
        adopt=given["adopt"],
    )


def _host_asked(file: Path, given: dict[str, Any]) -> HostAsked:
    from greenroom.ship.deploy.canary import read_canary
    from greenroom.ship.hosts.project import name_of, read_text
    from greenroom.ship.hosts.target import HostAsked

    text = read_text(file)
    return HostAsked(
        name=given["name"] or name_of(file, text),
        text=text,
        host=given["host"],
        image=given["image"] or "",
        service=given["service"],
        probe=given["probe"],
        switch=given["switch"],
        canary=read_canary(given["canary"]) if given["canary"] else None,
        soak_s=given["soak_s"],
        folder="" if given["host"] else str(file.absolute().parent),
    )


def pace_of(given: dict[str, Any]) -> Pace:
    """How long a release may take, as the flags say."""
    from greenroom.ship.deploy.pace import Pace

    return Pace(look=given["poll_s"], rollout=given["rollout_s"], canary=given["canary_s"])


def log_of(out: Output) -> Callable[[str], None] | None:
    """Where no bar is drawn, the log says how far a release is."""
    return None if sys.stderr.isatty() else out.say


def show_plan(out: Output, prepared: Prepared) -> int:
    """Show what would be done. Gives the exit code."""
    import json

    from greenroom.plan.writing import render

    text = render(prepared.rollout.plan())
    parts = [text]
    for request in prepared.requests:
        parts.append(f"{request.method} {request.path}")
        if request.body is not None:
            parts.append(json.dumps(request.body, ensure_ascii=False, indent=2))
    out.result({"plan": text, "requests": prepared.requests, "findings": prepared.findings}, "\n".join(parts))
    out.findings(prepared.findings)
    return 1 if prepared.is_refused else 0


def show_report(out: Output, report: Report) -> int:
    """Show how it ended. Gives the exit code."""
    from greenroom.ship.deploy.reports import lines

    out.findings(report.findings)
    out.result(report, "\n".join(lines(report)))
    return 0 if report.ok else 130 if report.outcome == "stopped" else 1


def area_of(name: str) -> str:
    """What is affected when a release of this name fails, as the ledger says it."""
    return f"deploy {name}"


def record_report(done: Operation, settings: Settings, target: Target[Any], report: Report) -> None:
    """Tell the ledger how it ended: an error is P0 where what callers use answers nobody now."""
    from greenroom.ship.deploy.reports import lines

    done.uses(image=report.image, release=report.number, endpoint=report.endpoint, in_use=report.in_use)
    done.uses(costs="; ".join(report.costs))
    said = next(lines(report)).removeprefix(f"{report.kind}: ").rpartition(" (")[0]
    result = f"{said}: {report.why}" if report.why else said
    if report.outcome == "unchanged":
        done.unchanged()
    elif report.ok:
        done.done(result, report.outcome)
    elif report.outcome == "stopped":
        done.stopped(result)
    elif report.outcome == "refused":
        done.failed(result, state="refused")
    else:
        down = done.is_kept and report.outcome == "unsettled" and _is_down(settings, target, report.name)
        done.failed(result, state=f"failed, {report.outcome}", severity="P0" if down else "P1")


def _is_down(settings: Settings, target: Target[Any], name: str) -> bool:
    """Whether what callers use is known to answer nobody, or has the values of a release that was never proved."""
    from greenroom.errors import GreenroomError
    from greenroom.ship.deploy.records import History

    try:
        standing, running = target.survey(History.read(settings.data, name))
    except GreenroomError:
        return False
    used = (one for one in running if one.role == "in-use" and one.what == "project")
    return (
        standing.gone or bool(standing.ended) or standing.is_mixed or any("running" not in one.workers for one in used)
    )
