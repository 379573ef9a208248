"""Near misses of what one stage makes and another runs, of servers that nothing installed, and of failures unheard."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.diagnose.diagnosing import diagnose
from tests.diagnose.conftest import Look, Recipe, judged, write

_BUILD = "FROM python:3.12-slim AS build\nRUN python -m venv /opt/venv\n"
_COPY = "COPY --from=build /opt/venv /opt/venv\n"
_RUN = 'CMD ["/opt/venv/bin/python", "-c", "1"]\n'
_PYTHON = "RUN apt-get update && apt-get install -y --no-install-recommends python3\n"
_UVICORN = 'COPY app.py .\nCMD ["uvicorn", "app:app", "--host", "0.0.0.0"]\n'
_SLIM = "FROM python:3.11-slim\n"
_PIP = f"{_SLIM}RUN pip install --no-cache-dir "
_APP = 'from fastapi import FastAPI\napp = FastAPI()\n\n@app.get("/health")\ndef health():\n    return {}\n'
_PROBE = "HEALTHCHECK CMD python -c \"import urllib.request as u; u.urlopen('http://localhost:8000/healthz')\"\n"

# What it is, its files, and the error that it must have with its line; None: it is right.
CASES: list[tuple[str, Recipe, tuple[str, str] | None]] = [
    (
        "a link to the other image's Python",
        {"Dockerfile": f"{_BUILD}FROM ubuntu:22.04\n{_COPY}{_RUN}"},
        ("stage-python-mismatch", "4"),
    ),
    (
        "the same with Debian's own Python beside it",
        {"Dockerfile": f"{_BUILD}FROM ubuntu:22.04\n{_PYTHON}{_COPY}ENV PATH=/opt/venv/bin:$PATH\n"},
        ("stage-python-mismatch", "5"),
    ),
    ("the same image again", {"Dockerfile": f"{_BUILD}FROM python:3.12-slim\n{_COPY}{_RUN}"}, None),
    (
        "its Python is copied too",
        {
            "Dockerfile": f"{_BUILD}FROM ubuntu:22.04\nCOPY --from=build /usr/local /usr/local\n{_COPY}{_RUN}",
        },
        None,
    ),
    (
        "its link is made anew",
        {"Dockerfile": f"{_BUILD}FROM ubuntu:22.04\n{_COPY}RUN ln -sf /usr/bin/python3 /opt/venv/bin/python\n{_RUN}"},
        None,
    ),
    (
        "nobody uses it",
        {"Dockerfile": f'{_BUILD}FROM ubuntu:22.04\n{_PYTHON}{_COPY}CMD ["/usr/bin/python3", "-c", "1"]\n'},
        None,
    ),
    (
        "the system's Python makes it after all",
        {"Dockerfile": f"{_BUILD}FROM ubuntu:22.04\n{_PYTHON}RUN python3 -m venv /opt/other\n"},
        ("venv-package-missing", "5"),
    ),
    (
        "COPY --from with --chmod",
        {
            "Dockerfile": (
                "FROM ubuntu:22.04 AS build\nCOPY start.sh /start.sh\nFROM ubuntu:22.04\n"
                'COPY --from=build --chmod=755 /start.sh /start.sh\nENTRYPOINT ["/start.sh"]\n'
            ),
            "start.sh": "#!/bin/sh\nexec sleep 10\n",
        },
        None,
    ),
    (
        "COPY --from with a --chmod that takes the right away",
        {
            "Dockerfile": (
                "FROM ubuntu:22.04 AS build\nCOPY --chmod=755 start.sh /start.sh\nFROM ubuntu:22.04\n"
                'COPY --from=build --chmod=644 /start.sh /start.sh\nENTRYPOINT ["/start.sh"]\n'
            ),
            "start.sh": "#!/bin/sh\nexec sleep 10\n",
        },
        ("entrypoint-not-executable", "4"),
    ),
    (
        "FastAPI brings no uvicorn",
        {"Dockerfile": f"{_PIP}fastapi==0.115.6\n{_UVICORN}", "app.py": _APP},
        ("server-missing", "4"),
    ),
    (
        "as a file of requirements has it",
        {
            "Dockerfile": f"{_SLIM}COPY requirements.txt .\nRUN pip install -r requirements.txt\n{_UVICORN}",
            "requirements.txt": "fastapi==0.115.6\ntorch==2.8.0\n",
            "app.py": _APP,
        },
        ("server-missing", "5"),
    ),
    ("its extra brings it", {"Dockerfile": f"{_PIP}'fastapi[standard]==0.115.6'\n{_UVICORN}", "app.py": _APP}, None),
    ("its one release that brings it", {"Dockerfile": f"{_PIP}fastapi==0.111.1\n{_UVICORN}", "app.py": _APP}, None),
    ("another package may", {"Dockerfile": f"{_PIP}fastapi==0.115.6 gradio\n{_UVICORN}", "app.py": _APP}, None),
    (
        "a script may have installed it",
        {"Dockerfile": f"{_PIP}fastapi==0.115.6\nCOPY x.py .\nRUN python x.py\n{_UVICORN}", "app.py": _APP, "x.py": ""},
        None,
    ),
    (
        "a path that uvicorn's module has not",
        {"Dockerfile": f"{_PIP}fastapi uvicorn\n{_PROBE}{_UVICORN}", "app.py": _APP},
        ("probe-path-unknown", "3"),
    ),
    (
        "a probe that takes 404 for health",
        {
            "Dockerfile": (
                f"{_PIP}fastapi uvicorn\nRUN apt-get update && apt-get install -y curl\n"
                f"HEALTHCHECK CMD curl -s http://localhost:8000/healthz\n{_UVICORN}"
            ),
            "app.py": _APP,
        },
        None,
    ),
    (
        "a path that a router may have",
        {"Dockerfile": f"{_PIP}fastapi uvicorn\n{_PROBE}{_UVICORN}", "app.py": f"{_APP}app.include_router(more)\n"},
        None,
    ),
    (
        "a path with a variable in it",
        {
            "Dockerfile": f"{_PIP}fastapi uvicorn\n{_PROBE}{_UVICORN}",
            "app.py": f'{_APP}\n@app.get("/{{name}}")\ndef one(name: str):\n    return name\n',
        },
        None,
    ),
    (
        "the shell form hides no server in the background",
        {
            "Dockerfile": f"FROM ubuntu:22.04\n{_PYTHON}COPY --chmod=755 start.sh /start.sh\nCMD /start.sh\n",
            "start.sh": "#!/bin/sh\npython3 -m http.server 8000 &\n",
        },
        ("server-in-background", "2"),
    ),
    (
        "the shell form waits for it",
        {
            "Dockerfile": f"FROM ubuntu:22.04\n{_PYTHON}COPY --chmod=755 start.sh /start.sh\nCMD /start.sh; wait\n",
            "start.sh": "#!/bin/sh\npython3 -m http.server 8000 &\nexec sleep infinity\n",
        },
        None,
    ),
]


@pytest.mark.parametrize(("files", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_near_misses(files: Recipe, expected: tuple[str, str] | None, look: Look) -> None:
    judged(look(files), expected)


_PIP_CALL = 'subprocess.run([sys.executable, "-m", "pip", "install", "x"], check=True)'
_START = f'{_SLIM}COPY s.sh a.py /\nCMD ["bash", "/s.sh"]\n'
_WGET = "wget https://example.org/a.gguf -O /a.gguf\n"


@pytest.mark.parametrize(
    ("code", "script", "program", "line"),
    [
        (
            "install-failure-ignored",
            "",
            f"try:\n    {_PIP_CALL}\nexcept subprocess.CalledProcessError:\n    print(1)\n",
            4,
        ),
        ("install-failure-ignored", "", f"try:\n    {_PIP_CALL}\nexcept Exception:\n    raise\n", None),
        ("install-failure-ignored", "", f"try:\n    {_PIP_CALL}\nexcept Exception:\n    failed.append(1)\n", None),
        ("install-failure-ignored", "", f"try:\n    {_PIP_CALL}\nexcept Exception:\n    sys.exit(1)\n", None),
        ("download-failure-ignored", f"{_WGET}exec python /a.py\n", "", 2),
        ("download-failure-ignored", f"set -e\n{_WGET}exec python /a.py\n", "", None),
        ("download-failure-ignored", f"{_WGET}[ -s /a.gguf ] || exit 1\nexec python /a.py\n", "", None),
        ("wait-loses-failure", f"({_WGET[:-1]} &\n) &\nwait\n[ -f /b ] && echo b\n", "", 4),
        ("wait-loses-failure", f"({_WGET[:-1]} &\n) &\nwait\n[ -f /a.gguf ] || exit 1\n", "", None),
    ],
)
def test_failures_that_nobody_hears(code: str, script: str, program: str, line: int | None, look: Look) -> None:
    program = f"import subprocess, sys\n\n{program}"
    script = f"#!/bin/bash\n{script or 'exec python /a.py'}"
    found = [one for one in look({"Dockerfile": _START, "s.sh": script, "a.py": program}) if one.code == code]
    assert [one.line for one in found] == ([] if line is None else [line])
    assert all(one.severity == "warning" for one in found)


def test_the_parents_history_is_not_in_a_subfolders_context(tmp_path: Path) -> None:
    folder = write(tmp_path, {"one/Dockerfile": f"{_SLIM}COPY . /app\n", "one/a.py": ""})
    (folder / ".git").mkdir()
    assert "context-unfiltered" not in {finding.code for finding in diagnose(folder)}
    (folder / "one" / ".git").mkdir()
    assert "context-unfiltered" in {finding.code for finding in diagnose(folder)}
