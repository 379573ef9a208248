"""``python -m greenroom.parity FAMILY DIR``: does our code answer as the original implementation did?

Runs every golden case of a folder (see ``greenroom.models.golden``) and prints a line a case and a last line
``N passed, M failed``. Exit code 0: all passed.  1: a case failed, or there is none.  2: the command line is wrong.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from greenroom.errors import Cancelled, ExtraMissing, FileUnreadable, GreenroomError, InputInvalid, UnknownName, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from greenroom.models.golden import Case, CaseResult

FAMILIES = {
    "f5tts": "greenroom.models.f5tts.parity",
    "foley": "greenroom.models.foley.parity",
    "seedvr2": "greenroom.models.seedvr2.parity",
    "steadydancer": "greenroom.models.steadydancer.parity",
}
"""The module of each family that names its cases, as ``CASES``."""

_FOLDER = "name a folder of NAME.json and NAME.safetensors"
_USAGE = "python -m greenroom.parity FAMILY DIR"


class NoCases(FileUnreadable):
    """The folder holds no golden case."""

    code = "no-cases"


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit."""
    try:
        code = run(list(sys.argv[1:] if arguments is None else arguments))
    except GreenroomError as error:
        code = _show(error)
    except KeyboardInterrupt:
        code = _show(Cancelled("stopped before the last case"))
    except BrokenPipeError:  # whoever read the lines has seen enough
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - for the flush at exit
        code = 1
    sys.exit(code)


def _show(error: GreenroomError) -> int:
    print(f"error: {error.message}", file=sys.stderr)
    if error.mend:
        print(f" mend: {error.mend}", file=sys.stderr)
    return error.exit_code


def run(arguments: Sequence[str]) -> int:
    """Compare and print; gives the exit code. Raises GreenroomError for what is wrong before the first case."""
    if len(arguments) != 2:
        raise InputInvalid(f"a family and a folder are needed, given: {quoted(' '.join(arguments))}", mend=_USAGE)
    family, folder = arguments
    passed = failed = 0
    for result in compare(family, Path(folder)):
        print(line(result), flush=True)
        passed += result.passed
        failed += not result.passed
    print(f"{passed} passed, {failed} failed")
    return 0 if not failed else 1


def compare(family: str, folder: Path) -> Iterator[CaseResult]:
    """Run the cases of a folder, in order of their names. Raises UnknownName, ExtraMissing, NoCases."""
    cases = cases_of(family)
    from greenroom.models.golden import run_case

    for file in _case_files(folder):
        yield run_case(file, cases)


def cases_of(family: str) -> Mapping[str, Case]:
    """What each case of a family runs, by its name. Raises UnknownName, ExtraMissing."""
    if family not in FAMILIES:
        raise UnknownName("family", family, FAMILIES)
    try:
        module = importlib.import_module(FAMILIES[family])
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "greenroom":
            raise
        raise ExtraMissing(f"{error.name}, which {family} needs,", "models") from error
    cases: Mapping[str, Case] = module.CASES
    return cases


def _case_files(folder: Path) -> list[Path]:
    """The JSON file of each case; also where it is missing beside its tensors, which then fails when it is read."""
    try:
        found = [file for file in folder.iterdir() if file.suffix in (".json", ".safetensors")]
    except OSError as error:
        raise NoCases(f"{quoted(folder)} cannot be read: {error.strerror}", mend=_FOLDER) from error
    if not found:
        raise NoCases(f"{quoted(folder)} holds no case", mend=_FOLDER)
    return sorted({file.with_suffix(".json") for file in found})


def line(result: CaseResult) -> str:
    """One case as it is printed: name, largest error, tolerance, verdict, and why it failed."""
    shown = f"{result.name:<24} error {result.error:<9.3g} tolerance {result.tolerance!s:<18}"
    if result.passed:
        return f"{shown} pass"
    more = f" (and {len(result.reasons) - 1} more)" if len(result.reasons) > 1 else ""
    return f"{shown} FAIL  {' '.join(result.reasons[0].split())}{more}"


if __name__ == "__main__":
    main()
