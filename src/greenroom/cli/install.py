"""``greenroom install``: the environment for models, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from greenroom.cli.configured import configured
from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, columns, json_option, plain
from greenroom.cli.recording import recorded
from greenroom.errors import InputInvalid
from greenroom.words import counted

if TYPE_CHECKING:
    from greenroom.ledger.operations import Operation
    from greenroom.machine.environments.estimating import Estimate
    from greenroom.machine.environments.folder import Environment
    from greenroom.machine.environments.install import Installed
    from greenroom.machine.environments.request import Request
    from greenroom.settings import Settings

_FOLDER = "environments"
_OUTCOMES = {"kept": "is here already", "built": "is built and checked", "unpacked": "is unpacked and checked"}
_FILE = click.Path(path_type=Path, dir_okay=False)
_DIR = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL...]")
@click.option("--into", type=_DIR, help=f"Folder of environments; {_FOLDER} in the data folder if not given.")
@click.option("--with", "wanted", multiple=True, metavar="PART", help="A part besides, such as google or runpod.")
@click.option("--lock", type=_FILE, help="Install what this pylock.toml says, and resolve nothing.")
@click.option("-c", "--constraint", "constraints", type=_FILE, multiple=True, help="A file of constraints, as for pip.")
@click.option("--volume", type=_DIR, help="Keep the environment here too, packed, for other machines.")
@click.option("--upgrade", is_flag=True, help="Look for newer releases, and for parts that failed before.")
@click.option("--verify", is_flag=True, help="Hash every file that is here, and not only look at sizes and times.")
@click.option("--plan", "--dry-run", "only_plan", is_flag=True, help="Say what is to be fetched; install nothing.")
@click.option("--undo", is_flag=True, help="Go back to the environment before.")
@click.option("--list", "only_list", is_flag=True, help="List the environments.")
@setting_flags("data", "ledger")
@json_option
def install(
    models: tuple[str, ...],
    into: Path | None,
    wanted: tuple[str, ...],
    lock: Path | None,
    constraints: tuple[Path, ...],
    volume: Path | None,
    upgrade: bool,
    verify: bool,
    only_plan: bool,
    undo: bool,
    only_list: bool,
    data: str | None,
    ledger: str | None,
    as_json: bool,
) -> int:
    """Make the environment for models: locked, checked file by file.

    It lies in a folder of its own; the one before stays, and --undo goes back to it. DIR/current/bin/greenroom is what
    to run. A part that is not needed and fails is left out, and named.
    """
    out = Output("install", as_json)
    settings = configured(out, {"data": data, "ledger": ledger})
    root = (into or settings.data / _FOLDER).absolute()
    if undo or only_list:
        if models or (undo and only_list):
            raise InputInvalid("--undo and --list stand alone", mend="greenroom install --undo --into DIR")
        return _undo(out, settings, root) if undo else _list(out, root)
    if not models:
        raise InputInvalid("no model is named", mend="greenroom install f5tts-v1-base; greenroom models lists them")

    from greenroom.machine.environments.install import estimate_install, install, plan_install
    from greenroom.machine.environments.options import Options
    from greenroom.machine.environments.volume import Volume

    shared = Volume(volume.absolute()) if volume else None
    options = Options(volume=shared, upgrade=upgrade, verify=verify)
    request = _request(models, wanted, constraints, lock, settings)
    if only_plan:
        from greenroom.plan.writing import render

        estimated, plan = estimate_install(request, root, options), render(plan_install(request, root, options))
        _warn(out, estimated)
        out.result({**plain(estimated), "plan": plan}, f"{_estimate(estimated)}\n\n{plan.rstrip()}")
        return 0
    named = ", ".join(models)
    with recorded(out, settings, "install", named, f"make the environment for {named}") as done:
        with out.progress() as step:
            made = install(request, root, step, options)
        _record(done, made)
        _warn(out, made)
        out.result(made, _installed(made))
    return 0


def _record(done: Operation, made: Installed) -> None:
    if made.outcome == "kept" and not (made.repaired or made.degraded):
        done.unchanged()
        return
    done.uses(environment=made.folder.name, of=made.folder.parent)
    done.warned += [f"damaged by the installer, and repaired: {', '.join(made.repaired)}"] if made.repaired else []
    gone = f", {counted(len(made.removed), 'older environment')} removed" if made.removed else ""
    done.done(f"{made.folder.name} {_OUTCOMES[made.outcome]}: {counted(made.packages, 'package')}{gone}", made.outcome)


def _warn(out: Output, done: Installed | Estimate) -> None:
    for entry in done.degraded:
        out.say(f"warning: without {entry.part}: {entry.reason}; all else works, --upgrade tries again")
    for warning in done.warnings:
        out.say(f"warning: {warning}")


def _request(
    models: tuple[str, ...],
    wanted: tuple[str, ...],
    constraints: tuple[Path, ...],
    lock: Path | None,
    settings: Settings,
) -> Request:
    from greenroom.machine.environments.own_wheel import pack
    from greenroom.machine.environments.parts import parts_for
    from greenroom.machine.environments.request import Request, pins_torch
    from greenroom.machine.probe import probe
    from greenroom.machine.torch_build import torch_build_for
    from greenroom.models.registry import find

    parts = parts_for([served.recipe.family for name in models if (served := find(name)).recipe], wanted)
    chosen = None
    if "models" in parts.needs and lock is None and not pins_torch(constraints):
        chosen = torch_build_for(probe(settings))
    return Request(parts, pack(), constraints, chosen, lock)


def _undo(out: Output, settings: Settings, root: Path) -> int:
    from greenroom.machine.environments.folder import check_undo, opened

    check_undo(root)
    with recorded(out, settings, "rollback", "environment", "go back to the environment before") as done:
        with out.progress() as step, opened(root, step) as environments:
            now = environments.undo()
        done.uses(environment=now.path.name, of=root)
        done.done(f"{now.path.name} is current again")
    out.result({"environment": now.marker.id, "folder": now.path}, f"{root}/current is {now.path.name} again")
    return 0


def _list(out: Output, root: Path) -> int:
    from greenroom.machine.environments.folder import all_environments, linked

    found = all_environments(root)
    names = {name: environment.path for name in ("current", "previous") if (environment := linked(root, name))}
    if not found:
        out.say(f"no environment is in {root} yet: greenroom install MODEL")
    listed = [{"marker": known.marker, "use": _use(known, names)} for known in found]
    out.result({"environments": listed}, columns([_row(known, names) for known in found]) if found else "")
    return 0


def _row(known: Environment, names: dict[str, Path]) -> tuple[str, str, str, str]:
    lost = f"; without {', '.join(entry.part for entry in known.marker.degraded)}" if known.marker.degraded else ""
    count = counted(len(known.lock.packages), "package")
    return known.path.name, _use(known, names), count, f"{', '.join(known.marker.parts)}{lost}"


def _use(known: Environment, names: dict[str, Path]) -> str:
    return next((name for name, path in names.items() if path == known.path), "-")


def _installed(done: Installed) -> str:
    said = f"{done.folder.name} {_OUTCOMES[done.outcome]}: {counted(done.packages, 'package')}, {done.seconds:.1f} s"
    repaired = f"; repaired: {', '.join(done.repaired)}" if done.repaired else ""
    return f"{said}{repaired}\nrun    {done.command}"


def _estimate(estimated: Estimate) -> str:
    from greenroom.recipes.sizes import readable

    unknown = f", and {estimated.unsized} of unknown size" if estimated.unsized else ""
    rows = [
        (
            "environment",
            f"env-{estimated.environment}, {counted(estimated.packages, 'package')}, by {estimated.installer}",
        ),
        ("download", f"at most {readable(estimated.download)} for {counted(estimated.fetched, 'package')}{unknown}"),
        ("unpacked", f"about {readable(estimated.unpacked)}"),
        *(
            (space.purpose, f"{space.folder}: {readable(space.needs)}, {readable(space.left)} left after")
            for space in estimated.spaces
        ),
    ]
    return columns(rows)
