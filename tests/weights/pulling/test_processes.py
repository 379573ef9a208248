"""Pulls as processes: two at once, killed in the middle, stopped, and out of room."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from greenroom.weights.store.pruning import leftovers, prune
from tests.weights.hub import HubServer
from tests.weights.pulling import puller
from tests.weights.pulling.pulls import Machine
from tests.weights.recipes import NETWORK, VOCABULARY, VOCODER

WHOLE = {"net/model.safetensors": NETWORK, "net/vocab.txt": VOCABULARY, "vocoder.bin": VOCODER}
SIZE = sum(map(len, WHOLE.values()))
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(hub: HubServer, machine: Machine, tmp_path: Path) -> Iterator[Start]:
    """Starts ``greenroom ARGUMENTS``, all with one store."""
    processes: list[subprocess.Popen[str]] = []
    told = {"HF_HOME": str(machine.folder), "HF_ENDPOINT": hub.url, "PYTHONPATH": str(Path(__file__).parents[3])}

    def begin(*arguments: str, **more: str) -> subprocess.Popen[str]:
        command = [sys.executable, puller.__file__, str(tmp_path / "recipes"), *arguments]
        process = subprocess.Popen(
            command, env=os.environ | told | more, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def wait_for(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.005)


def content(machine: Machine) -> dict[str, bytes]:
    """The files that greenroom would load, by name."""
    wanted = (("acme/tiny", "net/model.safetensors"), ("acme/tiny", "net/vocab.txt"), ("acme/vocoder", "vocoder.bin"))
    found = {path: machine.store.repository(name).find(path, None) for name, path in wanted}
    return {path: file.read_bytes() for path, file in found.items() if file is not None}


def test_two_at_once_share_one_download(start: Start, hub: HubServer, machine: Machine) -> None:
    hub.hold = SIZE // 2
    first = start("pull", "tiny", "--json")
    wait_for(hub.is_held)
    second = start("pull", "tiny")
    assert second.stderr is not None
    said = next(line for line in second.stderr if "waiting" in line)
    assert f"process {first.pid} on " in said
    assert "(pull tiny) is writing to the store; waiting until it has ended" in said
    hub.hold = None
    (code, out, err), (second_code, _, second_err) = ended(first), ended(second)
    assert (code, second_code) == (0, 0), err + second_err
    assert json.loads(out)["result"]["fetched"] == SIZE
    assert hub.total_served() == SIZE
    assert content(machine) == WHOLE


def test_killed_in_the_middle_the_next_pull_ends_whole(start: Start, hub: HubServer, machine: Machine) -> None:
    hub.hold = SIZE // 2
    killed = start("pull", "tiny")
    wait_for(hub.is_held)
    killed.kill()
    assert ended(killed)[0] == -signal.SIGKILL
    assert content(machine).items() <= WHOLE.items()
    hub.hold = None
    machine.pull("tiny")
    assert machine.waited_for == []
    assert content(machine) == WHOLE
    prune(machine.store, leftovers(machine.places))
    assert [path.name for path in machine.folder.rglob("*.part*")] == []


def test_ctrl_c_stops_it_and_says_so(start: Start, hub: HubServer, machine: Machine) -> None:
    hub.hold = SIZE // 2
    stopped = start("pull", "tiny")
    wait_for(hub.is_held)
    stopped.send_signal(signal.SIGINT)
    code, _, err = ended(stopped)
    assert (code, "Traceback" in err) == (130, False)
    assert "error: stopped before the end" in err
    hub.hold = None
    machine.pull("tiny")
    assert content(machine) == WHOLE


def test_a_disk_that_takes_no_more_keeps_the_store_sound(start: Start, machine: Machine) -> None:
    code, out, _ = ended(start("pull", "tiny", "--json", FILE_LIMIT="100000"))
    assert (code, json.loads(out)["error"]["code"]) == (1, "transfer-disk")
    assert content(machine).keys() <= {"net/vocab.txt", "vocoder.bin"}
    machine.pull("tiny")
    assert content(machine) == WHOLE
