"""shellcheck is a second reader, where it is there; without it nothing is missing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.diagnose.conftest import Look

FILES = {
    "Dockerfile": 'FROM python:3.11-slim\nCOPY --chmod=755 start.sh /s.sh\nCMD ["/s.sh"]\n',
    "start.sh": "#!/bin/sh\nexec python -c 1\n",
}


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shellcheck that answers with the content of a file."""
    program, answer = tmp_path / "bin" / "shellcheck", tmp_path / "answer"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ncat {answer}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return answer


def test_its_errors_are_warnings(look: Look, says: Path) -> None:
    comment = {"file": "./start.sh", "line": 2, "code": 1072, "message": "Unexpected end."}
    says.write_text(json.dumps({"comments": [comment]}))
    (finding,) = [one for one in look(FILES) if one.code == "shellcheck"]
    assert (finding.severity, finding.place) == ("warning", "start.sh:2")
    assert finding.message == "Unexpected end (SC1072)"


@pytest.mark.parametrize("answer", ["", "{}", "[1]", "no JSON"])
def test_what_it_cannot_say_is_no_failure(look: Look, says: Path, answer: str) -> None:
    says.write_text(answer)
    assert "shellcheck" not in {one.code for one in look(FILES)}
