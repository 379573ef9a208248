"""``greenroom status``: what is deployed, how it stands, and what costs money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from greenroom.cli.configured import configured
from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, columns, json_option
from greenroom.errors import InputInvalid, UnknownName, quoted

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

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
    from greenroom.ship.deploy.records import names as all_names
    from greenroom.ship.deploy.standing import found, rows

    out = Output("status", as_json)
    settings = configured(out, flags)
    known = all_names(settings.data)
    for name in names:
        if name not in known:
            raise _unknown(name, known)
    histories, unreadable = _histories(settings, known)
    seen = unreadable + _seen(settings, histories, names)
    findings = found(seen)
    told = {"standings": seen.standings, "running": seen.running, "hourly": seen.hourly, "findings": findings}
    out.result(told, _text(seen, columns(rows(seen))))
    out.findings(findings)
    return 1 if any(finding.severity == "error" for finding in findings) else 0


def _unknown(name: str, known: Sequence[str]) -> InputInvalid:
    """Where nothing was deployed from here, no list helps."""
    if known:
        return UnknownName("deploy", name, known)
    return InputInvalid(
        f"nothing of {quoted(name)} is known here: no deploy was made from this machine",
        mend="greenroom status without a name shows what the account has; --data names another folder of records",
    )


def _histories(settings: Settings, names: Sequence[str]) -> tuple[list[History], Survey]:
    """The records of all names; those that cannot be read hide no others, and what they made is named as a stray."""
    from greenroom.errors import FileUnreadable
    from greenroom.findings import Finding
    from greenroom.ship.deploy.records import History
    from greenroom.ship.deploy.standing import Survey

    histories: list[History] = []
    unreadable = Survey()
    for name in names:
        try:
            histories.append(History.read(settings.data, name))
        except FileUnreadable as error:
            unreadable += Survey(findings=(Finding(error.code, "error", error.message, error.mend),))
    return histories, unreadable


def _seen(settings: Settings, histories: Sequence[History], names: Collection[str]) -> Survey:
    """Everything on RunPod, if a key is set or something asked for is there, and everything on hosts."""
    from greenroom.findings import Finding
    from greenroom.ship.deploy.standing import Survey
    from greenroom.ship.endpoints.survey import survey_endpoints
    from greenroom.ship.hosts.survey import survey_hosts
    from greenroom.ship.pods.door import Door
    from greenroom.ship.pods.survey import survey_pods
    from greenroom.ship.runpod.client import RunPod
    from greenroom.ship.runpod.errors import RunPodError
    from greenroom.ship.runpod.transport import Transport

    asked = [history for history in histories if not names or history.name in names]
    on_hosts = [history for history in asked if history.releases[-1].target == "compose"]
    seen = Survey()
    if settings.runpod_api_key is not None or len(on_hosts) < len(asked) or not asked:
        on_endpoints, on_pods = (
            [history for history in histories if history.releases[-1].target == where] for where in ("runpod", "pod")
        )
        with Transport.of(settings) as transport, Door(settings.runpod_pod_url) as door:
            runpod = RunPod(transport)
            try:
                seen = survey_endpoints(runpod, on_endpoints, names) + survey_pods(runpod, door, on_pods, names)
            except RunPodError as error:
                if not on_hosts:
                    raise
                seen = Survey(findings=(Finding(error.code, "error", error.message, error.mend),))
    return seen + survey_hosts(on_hosts)


def _text(seen: Survey, table: str) -> str:
    from greenroom.ship.deploy.standing import dollars

    parts = [table] if seen.standings else ["nothing was deployed from this machine"]
    parts += [one.words for one in seen.running] or ["nothing of ours runs"]
    if any(one.what != "project" for one in seen.running):
        parts.append(f"together: {'of unknown price' if seen.hourly is None else dollars(seen.hourly)}")
    return "\n".join(parts)
