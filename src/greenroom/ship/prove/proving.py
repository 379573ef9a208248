"""A folder's image built, and started in every way that was chosen."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.errors import FileUnreadable, InputInvalid, quoted
from greenroom.ship.image.files import read_record
from greenroom.ship.prove.building import build
from greenroom.ship.prove.instructions import exposed
from greenroom.ship.prove.proof import Proof
from greenroom.ship.prove.scenarios import SCENARIOS
from greenroom.ship.prove.trying import Proving, Trying

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.findings import Finding
    from greenroom.progress import Step
    from greenroom.ship.image.files import Image
    from greenroom.ship.prove.proof import Trial
    from greenroom.ship.prove.scenarios import Scenario


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
        tag = f"localhost/greenroom-proof:{asked.folder.resolve().name.lower() or 'image'}"
        step("building the image", 0, 1)
        built = build(asked.engine, asked.folder, tag)
        build_s = round(built.seconds, 2)
        if built.findings:
            return Proof(tag, "", asked.engine.name, build_s, (), (*built.findings, *_diagnosed(asked.folder)))
    known = asked.engine.ask("image", "inspect", "--format", "{{.Id}}", tag)
    if known.code:
        raise InputInvalid(f"the engine has no image {quoted(tag)}", mend="build it first, or leave out --image")
    trials: list[Trial] = []
    findings: list[Finding] = []
    scenarios = _with_what_fills(asked, record)
    with tempfile.TemporaryDirectory(prefix="greenroom-proof-", ignore_cleanup_errors=True) as place:
        for number, scenario in enumerate(scenarios):
            step(f"{scenario.name}: {scenario.summary}", number, len(scenarios))
            done, found = Trying(asked, scenario, tag, port, record, Path(place)).run()
            trials.append(done)
            findings += found
    said = known.out.decode().strip()
    if findings:
        findings += _diagnosed(asked.folder)
    return Proof(tag, said, asked.engine.name, build_s, tuple(trials), tuple(dict.fromkeys(findings)))


def _diagnosed(folder: Path) -> tuple[Finding, ...]:
    from greenroom.diagnose.diagnosing import diagnose  # many analysers, for what fails alone

    return tuple(finding for finding in diagnose(folder) if finding.severity == "error")


def _with_what_fills(asked: Proving, record: Image | None) -> Sequence[Scenario]:
    """Whatever is on the volume was put there by a first start."""
    first = SCENARIOS[0]
    filled = asked.volume is not None or record is None or record.environment == "baked"
    return asked.scenarios if filled or first in asked.scenarios else (first, *asked.scenarios)
