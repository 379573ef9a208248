"""``greenroom serve`` from start to end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from greenroom.cli.main import main
from greenroom.settings import variable
from tests.cli.conftest import Run
from tests.forked import Forked
from tests.serve.routes.asking import SLEEPER, post_job, until
from tests.serve.servers import MODELS, ROOT, start_server


def test_the_address_is_said_in_json_once_it_answers(tmp_path: Path) -> None:
    server = start_server(tmp_path, "Noop", ready=False)
    try:
        said = json.loads((tmp_path / "server.out").read_text())
        assert (said["schema"], said["ok"]) == ("greenroom/serve/1", True)
        assert httpx.get(f"{said['result']['url']}/livez", trust_env=False).status_code == 200
    finally:
        server.stop()


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(tmp_path: Path, told: signal.Signals) -> None:
    server = start_server(tmp_path, "Noop", "Sleeper")
    with server.client() as http:
        job = post_job(http, SLEEPER, {"steps": 40, "step_s": 0.02})["id"]
        until(http, job, "running")
    server.process.send_signal(told)
    assert server.process.wait(60) == 0
    lines = [json.loads(line) for line in server.log().splitlines()]
    assert not [line for line in lines if line["level"] in ("error", "critical")]
    # What ran had the time to end.
    again = start_server(tmp_path, "Noop", "Sleeper", ready=False)
    try:
        with again.client() as http:
            found = http.get(f"/v1/jobs/{job}").json()
            assert (found["status"], found["attempts"]) == ("succeeded", 1)
    finally:
        again.stop()


@pytest.fixture
def _restored(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The verb takes its process for its own: its logs, path, environment and rights of new files."""
    monkeypatch.setattr("greenroom.serve.logs.configure", lambda settings: None)
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.setenv(variable("data"), str(tmp_path / "data"))
    mask = os.umask(0o077)
    yield
    os.umask(mask)


def apart(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """``greenroom serve``, in a process of its own, that ends by itself."""
    out, err = folder / "out", folder / "err"
    command = ["serve", *map(str, arguments), "--data", str(folder / "data")]
    process = Forked(main, command, folder=folder, env=os.environ, out=out, err=err)
    code = process.wait(120)
    return subprocess.CompletedProcess(command, code, out.read_text(), err.read_text())


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = apart(tmp_path, "--port", port)
    assert done.returncode == 1
    assert f"127.0.0.1:{port} cannot be listened on" in done.stderr
    assert "choose another --port" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "'0.0.0.0' can be reached from other machines, and no key is set"),
        (("--host", ""), "can be reached from other machines"),
        (("--host", "no.such.host.invalid"), "has no address"),
        (("voice-jo",), "did you mean voice-joe?"),
        (("wan21-vae",), "cannot be served yet"),
        (("nowhere:Model",), "cannot be imported"),
        (("--keys", "none.toml"), "there is no file of keys"),
        (("--port", "70000"), "port"),
    ],
)
def test_what_cannot_be_served_is_refused_at_once(
    greenroom: Run, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = greenroom("serve", *arguments, "--data", "data", *(() if "--port" in arguments else ("--port", "0")))
    assert done.returncode in (1, 2)
    assert words in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_a_database_of_another_kind_is_refused(tmp_path: Path) -> None:
    done = apart(tmp_path, "--port", 0, "--database", "mysql://a/b")
    assert done.returncode in (1, 2)
    assert "database" in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_other_machines_need_a_key_or_a_word(tmp_path: Path) -> None:
    for arguments, env in (((), {"GREENROOM_API_KEY": "some words"}), (("--allow-anonymous",), {})):
        server = start_server(tmp_path, "Noop", arguments=("--host", "0.0.0.0", *arguments), env=env, ready=False)
        assert httpx.get(f"http://127.0.0.1:{server.port}/livez", trust_env=False).status_code == 200
        assert server.stop() == 0


def test_people_are_told_the_address(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "greenroom", "serve", f"{MODELS}:Noop", "--port", "0", "--data", str(tmp_path))
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as process:
        assert process.stdout is not None
        line = process.stdout.readline().decode()
        process.terminate()
        assert process.wait(60) == 0
    assert line.startswith("greenroom serves at http://127.0.0.1:")
