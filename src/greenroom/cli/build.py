"""``greenroom build``: an image of a model, and the proof that it starts."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from greenroom.cli.configured import configured
from greenroom.cli.flags import setting_flags
from greenroom.cli.output import Output, columns, json_option
from greenroom.cli.recording import recorded
from greenroom.errors import InputInvalid
from greenroom.words import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenroom.findings import Format
    from greenroom.ledger.operations import Operation
    from greenroom.ship.image.blueprint import Place, Wanted
    from greenroom.ship.image.files import Files
    from greenroom.ship.prove.plan import Building
    from greenroom.ship.prove.trying import Proving

_PLACE = click.Choice(["baked", "volume"])
_DIR = click.Path(path_type=Path, file_okay=False)
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("model", required=False)
@click.option("-o", "--output", "folder", type=_DIR, required=True, help="Folder of the image's files.")
@click.option(
    "--gpu", "gpus", multiple=True, metavar="NAME", help="GPU or pool of RunPod, such as ADA_24; none for a CPU."
)
@click.option("--weights", type=_PLACE, default="volume", show_default=True, help="Where weights are.")
@click.option("--environment", type=_PLACE, default="baked", show_default=True, help="Where packages are.")
@click.option("--base", metavar="IMAGE", help="Debian 12 under another name, such as a mirror's, with tag or digest.")
@click.option("--lock", type=_FILE, help="Install what this pylock.toml says, instead of a lock that is made now.")
@click.option("--no-lock", is_flag=True, help="Pin releases without their hashes, and ask no index.")
@click.option("--force", is_flag=True, help="Replace files that differ.")
@click.option("--prove", "with_proof", is_flag=True, help="Build the image, and start it as platforms do.")
@click.option("--scenario", "scenarios", multiple=True, metavar="NAME", help="Only this way of starting; repeatable.")
@click.option("--image", help="Prove this image, which is built already.")
@click.option("--port", type=click.IntRange(1, 65_535), help="The port that must be served.")
@click.option(
    "--within", type=click.IntRange(1), metavar="SECONDS", help="How long a start may take until it is ready; 900."
)
@click.option("--volume", type=_DIR, help="A folder that stands for the platform's volume, with weights on it.")
@click.option("--engine", "prefer", type=click.Choice(["docker", "podman"]), help="What builds and runs images.")
@click.option("--push", "reference", metavar="IMAGE", help="Push the image there once it is proven.")
@click.option("--plan", "--dry-run", "only_plan", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--sarif", "form", flag_value="sarif", help="Give the findings as SARIF.")
@click.option("--github", "form", flag_value="github", help="Give the findings as GitHub annotations.")
@setting_flags("accept_licence", "ledger")
@json_option
def build(
    model: str | None,
    folder: Path,
    gpus: tuple[str, ...],
    weights: Place,
    environment: Place,
    base: str | None,
    lock: Path | None,
    no_lock: bool,
    force: bool,
    with_proof: bool,
    scenarios: tuple[str, ...],
    image: str | None,
    port: int | None,
    within: int | None,
    volume: Path | None,
    prefer: str | None,
    reference: str | None,
    only_plan: bool,
    form: Format | None,
    accept_licence: bool | None,
    ledger: str | None,
    as_json: bool,
) -> int:
    """Write an image of a model, and prove that it starts.

    The folder gets a Dockerfile, a start script, a compose file, a workflow, and RunPod's files where GPUs are named.
    Without MODEL the folder is taken as it is, whoever made it. Ends with 1 where the image is not proven.
    """
    from greenroom.ship.image.blueprint import BASE, Wanted
    from greenroom.ship.prove.plan import Building
    from greenroom.ship.prove.pushing import check_reference

    out = Output("build", as_json)
    settings = configured(out, {"accept_licence": accept_licence, "ledger": ledger})
    with_proof = with_proof or reference is not None
    about_files = bool(gpus or base or lock or no_lock or force)
    about_proof = bool(scenarios or image or port or within or volume or prefer)
    _check(model, with_proof=with_proof, about_files=about_files, about_proof=about_proof)
    if lock is not None and no_lock:
        raise InputInvalid("--lock and --no-lock exclude each other", mend="leave one of them out")
    building = Building(folder, force=force, reference=check_reference(reference) if reference else None)
    wanted = Wanted(model, weights, environment, gpus, base or BASE, lock, settings.accept_licence) if model else None
    proving = partial(_proving, folder, prefer, scenarios, image, port, within, volume) if with_proof else None
    prepare = partial(_prepare, out, building, wanted, proving, with_lock=not no_lock)
    if only_plan:
        prepare()
        return _show_plan(out, building)
    subject = model or image or str(folder)
    area = f"image of {subject}" if with_proof else ""
    with recorded(out, settings, "build", subject, _words(building, subject, with_proof=with_proof), area=area) as done:
        prepare()
        with out.progress() as step:
            building.run(step)
        _record(done, building)
        return _tell(out, building, form)


def _prepare(
    out: Output, building: Building, wanted: Wanted | None, proving: Callable[[], Proving] | None, *, with_lock: bool
) -> None:
    if wanted is not None:
        building.files = _files(out, wanted, building.folder, with_lock=with_lock)
    if proving is not None:
        building.proving = proving()


def _show_plan(out: Output, building: Building) -> int:
    from greenroom.plan.writing import render

    shown = render(building.plan())
    out.result({"plan": shown}, shown.rstrip())
    return 0


def _words(building: Building, subject: str, *, with_proof: bool) -> str:
    """What is asked for, as the ledger says it."""
    proved = f"prove the image of {subject}" if with_proof else ""
    pushed = f"push it to {building.reference}" if building.reference else ""
    written = "" if subject == str(building.folder) else f"write the files of {subject} into {building.folder}"
    return ", ".join(filter(None, (written, proved, pushed)))


def _record(done: Operation, building: Building) -> None:
    """Tell the ledger what came of it; nothing where every file was as before and nothing was proven."""
    written, proof = building.written, building.proof
    if proof is None and written is not None and not (written.written or written.removed):
        done.unchanged()
        return
    said = _summary(building)
    done.uses(folder=building.folder, image=proof.image if proof else "", id=proof.id if proof else "")
    done.uses(chosen=", ".join(written.reasons) if written else "")
    done.uses(engine=proof.engine if proof else "", pushed=building.pushed)
    if written is not None and written.open:
        done.warned.append(f"not pinned, since they are not installed here: {', '.join(written.open)}")
    if proof is None:
        done.done(said, "files written")
    elif proof.passed:
        done.done(said, "proven")
    else:
        done.failed(said, state="not proven", severity="P1")


def _check(model: str | None, *, with_proof: bool, about_files: bool, about_proof: bool) -> None:
    """Refuse options that would change nothing. Raises InputInvalid."""
    if model is None and (about_files or not with_proof):
        raise InputInvalid("no model is named", mend="greenroom build MODEL -o DIR")
    if about_proof and not with_proof:
        raise InputInvalid("that is about a proof, and none is asked for", mend="add --prove")


def _files(out: Output, wanted: Wanted, folder: Path, *, with_lock: bool) -> Files:
    """All files; with a lock, where one can be made."""
    from greenroom.machine.environments.errors import InstallerMissing, RequirementsUnresolved
    from greenroom.ship.image.choosing import decide
    from greenroom.ship.image.files import earlier_lock, files_of
    from greenroom.ship.image.locking import locked

    blueprint = decide(wanted)
    if with_lock:
        with out.progress() as step:
            step("locking every package by its hash", 0, 1)
            try:
                blueprint = locked(blueprint, earlier_lock(folder))
            except (InstallerMissing, RequirementsUnresolved) as error:
                out.say(f"warning: pinned without hashes: {error.message}; {error.mend}")
    return files_of(blueprint)


def _proving(
    folder: Path,
    prefer: str | None,
    scenarios: tuple[str, ...],
    image: str | None,
    port: int | None,
    within: int | None,
    volume: Path | None,
) -> Proving:
    from greenroom.ship.prove.engine import find_engine
    from greenroom.ship.prove.scenarios import chosen
    from greenroom.ship.prove.trying import Limits, Proving

    place = volume.absolute() if volume else None
    limits = Limits(start=float(within)) if within else Limits()
    return Proving(folder, find_engine(prefer), chosen(scenarios), image, port, place, limits)


def _tell(out: Output, building: Building, form: Format | None) -> int:
    from greenroom.cli.diagnose import from_here

    written, proof = building.written, building.proof
    findings = [from_here(finding, building.folder) for finding in proof.findings] if proof else []
    if form is not None:
        out.findings(findings, form)
    else:
        shown = replace(proof, findings=tuple(findings)) if proof else None
        result = {"written": written, "proof": shown, "pushed": building.pushed}
        out.result(result, "\n".join(_lines(building)))
        out.findings(findings)
        if written and written.open:
            named = ", ".join(written.open[:5]) + (" ..." if len(written.open) > 5 else "")
            out.say(f"not pinned, since they are not installed here: {named}; a lock pins all")
    return 1 if findings else 0


def _summary(building: Building) -> str:
    """In a line: what was written, how each way of starting went, what was pushed."""
    written, proof = building.written, building.proof
    parts = [f"{counted(len(written.written), 'file')} written, {len(written.same)} as before"] if written else []
    if proof is not None:
        built = "" if proof.build_s is None else f", built in {proof.build_s:.1f} s"
        trials = ", ".join(f"{trial.scenario} {trial.outcome}" for trial in proof.trials)
        parts.append(f"{'proven' if proof.passed else 'not proven'}{built} ({trials})")
        parts += [f"{finding.message} ({finding.code})" for finding in proof.findings]
    parts += [f"pushed {building.pushed}"] if building.pushed else []
    return "; ".join(parts)


def _lines(building: Building) -> Iterator[str]:
    written, proof = building.written, building.proof
    if written is not None:
        same = f", {len(written.same)} as before" if written.same else ""
        gone = f", {', '.join(written.removed)} removed" if written.removed else ""
        yield f"{counted(len(written.written), 'file')} written to {written.folder}{same}{gone}"
        yield from (f"  {reason}" for reason in written.reasons)
    if proof is not None:
        built = "" if proof.build_s is None else f", built in {proof.build_s:.1f} s"
        yield f"{proof.image} by {proof.engine}{built}: {'proven' if proof.passed else 'not proven'}"
        rows = [
            (trial.scenario, trial.outcome, ", ".join(f"{step.name} {step.seconds:.1f} s" for step in trial.steps))
            for trial in proof.trials
        ]
        if rows:
            yield columns(rows)
    if building.pushed:
        yield f"pushed {building.pushed}"
