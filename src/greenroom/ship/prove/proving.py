"""A folder's image built, and started in every way that was chosen."""

from __future__ import annotations

import re
import tempfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.errors import ExtraMissing, FileUnreadable, InputInvalid, quoted
from greenroom.ship.image.files import read_record
from greenroom.ship.prove.building import build
from greenroom.ship.prove.instructions import exposed
from greenroom.ship.prove.proof import Proof, Trial
from greenroom.ship.prove.scenarios import FIRST
from greenroom.ship.prove.trying import Proving, Trying

if TYPE_CHECKING:
    from greenroom.findings import Finding
    from greenroom.progress import Step
    from greenroom.ship.image.files import Image
    from greenroom.ship.prove.scenarios import Scenario

_NOT_IN_A_TAG = re.compile(r"[^A-Za-z0-9_.-]")
_LONGEST_NAME = 60


def prove(asked: Proving, step: Step) -> Proof:
    """Build and try. A failed build is a finding, and so is each start that fails; the others are tried all the same.

    What fails is diagnosed as well: the files often show the line that a start can only show the effects of.
    Raises FileUnreadable without a Dockerfile, InputInvalid where no port is known, EngineFailed.
    """
    dockerfile = asked.folder / "Dockerfile"
    if not dockerfile.is_file():
        raise FileUnreadable(f"there is no Dockerfile in {quoted(asked.folder)}", mend="greenroom build MODEL -o DIR")
    record = read_record(asked.folder)
    port = asked.port or (record.port if record else exposed(dockerfile.read_text(encoding="utf-8")))
    if port is None:
        raise InputInvalid("nothing says which port the image serves", mend="write EXPOSE PORT, or give --port")
    tag, build_s = asked.image, None
    if tag is None:
        tag = _tag(asked.folder)
        step("building the image", 0, 1)
        built = build(asked.engine, asked.folder, tag)
        build_s = round(built.seconds, 2)
        if built.findings:
            return Proof(tag, "", asked.engine.name, build_s, (), (*built.findings, *_diagnosed(asked.folder)))
    known = asked.engine.ask("image", "inspect", "--format", "{{.Id}}", tag)
    if known.code:
        raise InputInvalid(f"the engine has no image {quoted(tag)}", mend="build it first, or leave out --image")
    said = known.out.decode().strip()
    trials, findings = _tried(asked, tag, port, record, step)
    if findings:
        findings = (*findings, *_diagnosed(asked.folder))
    return Proof(tag, said, asked.engine.name, build_s, trials, tuple(dict.fromkeys(findings)))


def _tag(folder: Path) -> str:
    """A name for the folder's image, which no other folder of the same name takes away."""
    path = folder.resolve()
    name = _NOT_IN_A_TAG.sub("-", path.name)[:_LONGEST_NAME]
    return f"localhost/greenroom-proof:{name.lstrip('.-') or 'image'}-{sha256(bytes(path)).hexdigest()[:8]}"


def _tried(
    asked: Proving, tag: str, port: int, record: Image | None, step: Step
) -> tuple[tuple[Trial, ...], tuple[Finding, ...]]:
    """Each scenario, and what failed. A start that is late ends it: the others would be waited for as long."""
    trials: list[Trial] = []
    failed: dict[Finding, list[str]] = {}
    scenarios = _fitting(asked, record)
    late = ""
    with tempfile.TemporaryDirectory(prefix="greenroom-proof-", ignore_cleanup_errors=True) as place:
        for number, scenario in enumerate(scenarios):
            if late:
                trials.append(Trial(scenario.name, "untried", (), f"{late} was late already"))
                continue
            step(f"{scenario.name}: {scenario.summary}", number, len(scenarios))
            trying = Trying(asked, scenario, tag, port, record, Path(place))
            done, found = trying.run()
            trials.append(done)
            for finding in found:
                failed.setdefault(finding, []).append(scenario.name)
            late = scenario.name if trying.late else ""
    findings = (replace(one, message=f"{', '.join(names)}: {one.message}") for one, names in failed.items())
    return tuple(trials), tuple(findings)


def _diagnosed(folder: Path) -> tuple[Finding, ...]:
    from greenroom.diagnose.diagnosing import diagnose  # many analysers, for what fails alone

    try:
        return tuple(finding for finding in diagnose(folder) if finding.severity == "error")
    except ExtraMissing:  # what the start showed stands alone
        return ()


def _fitting(asked: Proving, record: Image | None) -> tuple[Scenario, ...]:
    """Those that can show something, behind the one that leaves what they find. Raises InputInvalid for none."""
    fitting = tuple(scenario for scenario in asked.scenarios if record is not None or not scenario.ours)
    if not fitting:
        raise InputInvalid(
            f"{asked.scenarios[0].name} shows nothing of an image that greenroom did not make",
            mend="choose another --scenario, or none",
        )
    thin = record is not None and record.environment == "volume" and asked.volume is None
    needs_first = any(scenario.again or (thin and scenario.full) for scenario in fitting)
    return (FIRST, *fitting) if needs_first and FIRST not in fitting else fitting
