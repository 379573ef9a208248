"""Verbs leave entries in the ledger of the folder in which they are called, and no secret in any."""

from __future__ import annotations

import json
import os
import socket
import string
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.cli.recording import masking
from greenroom.findings import Finding
from greenroom.ledger.accounts import command_line
from greenroom.ledger.errors_table import read_errors
from greenroom.ledger.journal import Entry, read_journal
from greenroom.ledger.operations import Asked, Ledger, operation
from greenroom.ledger.tree import Tree
from greenroom.machine.environments import own_wheel
from greenroom.models import rehearsing
from greenroom.settings import Settings
from greenroom.ship.runpod.fake import Behaviour, FakeRunPod, Fault
from greenroom.weights.transfer.patience import Patience
from tests.cli.conftest import Run
from tests.cli.test_rehearse import PASSED
from tests.machine.environments import conftest as environments
from tests.machine.environments.index import Index
from tests.machine.environments.index import own_wheel as made_up
from tests.serve.routes.asking import post_job, until
from tests.serve.servers import MODELS, start_server
from tests.ship.prove import conftest as proving
from tests.ship.prove.conftest import Script
from tests.ship.prove.test_proving import SERVER
from tests.weights.hub import HubServer, hub_server
from tests.weights.recipes import NETWORK, publish, use_catalogue, write_catalogue

engine, folder, port, script = proving.engine, proving.folder, proving.port, proving.script
served, index = environments.served, environments.index

TASK = "TASK-2026-03-04-001"
IMAGE = f"127.0.0.1:9/joe@sha256:{'a' * 64}"
OTHER = f"127.0.0.1:9/fails-jobs@sha256:{'b' * 64}"
CANARY = ("--canary", '{"text": "Hello."}', "--poll-s", "0.05")


@pytest.fixture(autouse=True)
def _ledger(tmp_path: Path) -> None:
    (tmp_path / "JOURNAL.md").write_text("# Engineering Journal\n")
    (tmp_path / "TASKS.md").write_text(
        f"# Tasks\n\n## Current Task\n\n**Task ID**: {TASK}\n**Title**: Say hello\n**Status**: IN_PROGRESS\n"
    )


def entries(root: Path) -> list[Entry]:
    return list(read_journal(Tree.of(root)).entries)


def last(root: Path, title: str) -> Entry:
    """The newest entry of a title; those of one minute have no order."""
    return [entry for entry in entries(root) if entry.items[0].title == title][-1]


def only(root: Path) -> dict[str, str]:
    """The title and the fields of the only entry."""
    (entry,) = entries(root)
    return shown(entry)


def shown(entry: Entry) -> dict[str, str]:
    (item,) = entry.items
    return {"title": item.title, **{field.name: field.text for field in item.fields}}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubServer]:
    use_catalogue(monkeypatch, write_catalogue(tmp_path / "recipes"))
    monkeypatch.setattr("greenroom.weights.pulling.hub._stored_token", lambda: None)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with hub_server() as server:
        publish(server)
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


def test_a_pull_is_told_once_and_not_where_all_is_here(greenroom: Run, hub: HubServer, tmp_path: Path) -> None:
    assert greenroom("pull", "tiny").returncode == 0
    told = only(tmp_path)
    assert told["title"] == "Pull tiny: done"
    assert told["What"] == "Fetch and verify tiny: `greenroom pull tiny`"
    assert told["Why"] == f"{TASK}: Say hello"
    assert "acme/tiny/net/model.safetensors @ " in told["How"]
    assert "store ./hf/hub" in told["How"], "no folder of this machine"
    assert told["Issues"] == "None."
    assert told["Result"].startswith("tiny: 3 files, 350 kB; 350 kB fetched in ")
    assert told["Result"].endswith(" s, exit code 0")
    assert [tag.id for tag in entries(tmp_path)[0].tags] == [TASK]
    assert greenroom("pull", "tiny").returncode == 0
    assert greenroom("pull", "tiny", "--plan").returncode == 0
    assert greenroom("pull", "tinny").returncode == 2
    assert len(entries(tmp_path)) == 1


def test_a_pull_that_fails_keeps_its_last_words(greenroom: Run, hub: HubServer, tmp_path: Path) -> None:
    assert greenroom("pull", "tiny", "--offline", "--json").returncode == 1
    told = only(tmp_path)
    assert told["title"] == "Pull tiny: failed"
    assert told["Issues"] != "None."
    assert "exit code 1; it said last:" in told["Result"]
    assert "error: " in told["Result"]
    assert read_errors(Tree.of(tmp_path)) == ()


def test_tries_that_were_made_again_are_issues(
    greenroom: Run, hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.busy = 3  # of which the first may be one that the hub's own client does not mind
    monkeypatch.setattr(Patience, "backoff", lambda self, failures: 0.0)
    assert greenroom("pull", "tiny").returncode == 0
    assert only(tmp_path)["Issues"].startswith("tries that failed and were made again: ")


def test_without_a_ledger_nothing_is_written(greenroom: Run, hub: HubServer, tmp_path: Path) -> None:
    (tmp_path / "JOURNAL.md").unlink()
    assert greenroom("pull", "tiny").returncode == 0
    assert not (tmp_path / "JOURNAL.d").exists()
    assert greenroom("weights", "verify", "--ledger", ".").returncode == 0
    assert only(tmp_path)["title"] == "Verify all weights: done"
    assert greenroom("weights", "verify", "--ledger", "none").returncode == 0
    assert len(entries(tmp_path)) == 1


def test_a_ledger_that_cannot_be_written_is_a_warning(greenroom: Run, hub: HubServer, tmp_path: Path) -> None:
    (tmp_path / "JOURNAL.d").write_text("in the way")
    done = greenroom("pull", "tiny")
    assert done.returncode == 0
    assert "3 files, 350 kB" in done.stdout
    assert done.stderr.count("warning: nothing of this is kept in the ledger") == 1
    nowhere = greenroom("weights", "verify", "--ledger", "JOURNAL.d/nowhere", "--json")
    assert nowhere.returncode == 0
    assert json.loads(nowhere.stdout)["ok"]
    assert nowhere.stderr.startswith("warning: nothing of this is kept in the ledger")


def test_a_verification_that_fails_opens_an_error_and_one_that_passes_drafts_its_mend(
    greenroom: Run, hub: HubServer, tmp_path: Path
) -> None:
    greenroom("pull", "tiny", "--ledger", "none")
    path = next((tmp_path / "hf").rglob("model.safetensors"))
    path.write_bytes(bytes(len(NETWORK)))
    for _ in range(2):
        assert greenroom("weights", "verify", "tiny").returncode == 1
    (row,) = read_errors(Tree.of(tmp_path))
    assert (row.status, row.severity, row.area, row.fix) == ("active", "P1", "verify weights of tiny", "")
    first, second = entries(tmp_path)
    for entry in (first, second):
        assert [str(tag) for tag in entry.tags] == [f"|TASK:{TASK}|", f"|ERROR:{row.id}|"]
    assert shown(first)["title"] == "Verify weights of tiny: failed"
    assert "has the hash" in shown(first)["Result"]
    assert "weights-damaged" in shown(first)["Issues"]
    greenroom("weights", "verify", "--fix", "--ledger", "none")
    greenroom("pull", "tiny", "--ledger", "none")
    assert greenroom("weights", "verify", "tiny").returncode == 0
    (row,) = read_errors(Tree.of(tmp_path))
    assert row.status == "active"
    assert row.fix.startswith("works again: [JOURNAL](JOURNAL.d/")
    resolved = greenroom("ledger", "error", "resolve", row.id, "--commit", "abc1234")
    assert resolved.returncode == 0, resolved.stderr
    (row,) = read_errors(Tree.of(tmp_path))
    assert row.status == "resolved"
    assert "commit abc1234" in row.fix
    assert "works again" in row.fix


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeRunPod]:
    said = {"name": "joe", "image": IMAGE, "gpu": {"pools": ["ADA_24"]}, "env": {"API_KEY": "hush-hush"}}
    (tmp_path / "endpoint.json").write_text(json.dumps(said))
    with FakeRunPod() as started:
        started.platform.behave = {"fails": Behaviour(0, 0, answers=False), "joe": Behaviour(0, 0)}
        monkeypatch.setenv("RUNPOD_API_KEY", started.key)
        monkeypatch.setenv("GREENROOM_RUNPOD_URL", started.url)
        monkeypatch.setenv("GREENROOM_DATA", str(tmp_path / "data"))
        yield started


def test_a_release_that_fails_and_the_rollback(greenroom: Run, fake: FakeRunPod, tmp_path: Path) -> None:
    assert greenroom("deploy", "endpoint.json", *CANARY).returncode == 0
    assert greenroom("deploy", "endpoint.json", *CANARY).returncode == 0, "it is so already, and no news"
    live = only(tmp_path)
    assert live["title"] == "Deploy joe: live"
    assert f"image {IMAGE}" in live["How"]
    assert "$1.10 an hour" in live["How"]
    assert "(secret-in-env)" in live["Issues"]
    assert greenroom("deploy", "endpoint.json", *CANARY, "--image", OTHER).returncode == 1
    (row,) = read_errors(Tree.of(tmp_path))
    assert (row.status, row.severity, row.area) == ("active", "P1", "deploy joe"), "the one before runs again"
    failed = shown(last(tmp_path, "Deploy joe: failed, reverted"))
    assert "release 2 of joe failed and was taken back" in failed["Result"]
    assert greenroom("rollback", "joe", "--to", "0", "--poll-s", "0.05").returncode == 0
    back = last(tmp_path, "Rollback joe: removed")
    assert f"|ERROR:{row.id}|" in map(str, back.tags)
    (row,) = read_errors(Tree.of(tmp_path))
    assert row.status == "active"
    assert row.fix == f"brought back: [JOURNAL]({back.path})"
    written = "".join(path.read_text() for path in tmp_path.rglob("JOURNAL.d/*.md"))
    assert "hush-hush" not in written
    assert str(tmp_path) not in written
    from greenroom.ledger.checks import check

    assert [finding for finding in check(Tree.of(tmp_path)) if finding.code.startswith(("journal-", "err-"))] == []


def test_a_release_that_takes_the_service_down_is_p0(
    greenroom: Run, fake: FakeRunPod, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Patience, "backoff", lambda self, failures: 0.0)
    assert greenroom("deploy", "endpoint.json", *CANARY).returncode == 0
    # The values of the release that fails are set, and the old ones cannot be brought back.
    fake.faults.append(Fault("refuse", at=len(fake.seen) + 12, method="PATCH", times=99))
    assert greenroom("deploy", "endpoint.json", *CANARY, "--image", OTHER).returncode == 1
    (row,) = read_errors(Tree.of(tmp_path))
    assert (row.severity, row.area) == ("P0", "deploy joe")
    assert last(tmp_path, "Deploy joe: failed, unsettled").tags[-1].id == row.id
    fake.faults.clear()
    assert greenroom("rollback", "joe", "--poll-s", "0.05").returncode == 0
    (row,) = read_errors(Tree.of(tmp_path))
    assert (row.status, row.fix.partition(":")[0]) == ("active", "brought back")


def test_a_release_that_was_refused_opens_no_error(greenroom: Run, fake: FakeRunPod, tmp_path: Path) -> None:
    assert greenroom("deploy", "endpoint.json", *CANARY, "--max-hourly", "0.10").returncode == 1
    told = only(tmp_path)
    assert told["title"] == "Deploy joe: refused"
    assert "above the limit" in told["Issues"]
    assert read_errors(Tree.of(tmp_path)) == ()


def test_files_of_an_image_are_told_where_any_is_new(greenroom: Run, tmp_path: Path) -> None:
    for _ in range(2):
        assert greenroom("build", "voice-joe", "-o", "image", "--no-lock").returncode == 0
    assert greenroom("build", "voice-joe", "-o", "image", "--no-lock", "--plan").returncode == 0
    told = only(tmp_path)
    assert told["title"] == "Build voice-joe: files written"
    assert told["What"] == ("Write the files of voice-joe into image: `greenroom build voice-joe -o image --no-lock`")
    assert "9 files written, 0 as before" in told["Result"]


@pytest.mark.usefixtures("port")
def test_an_image_that_is_not_proven_opens_an_error(
    greenroom: Run, folder: Path, script: Script, engine: object, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from greenroom.ship.prove import engine as engines

    monkeypatch.setattr(engines, "find_engine", lambda prefer: engine)
    asked = ("build", "-o", folder, "--prove", "--scenario", "no-network", "--ledger", tmp_path, "--image")
    assert greenroom(*asked, script("#!/bin/sh\n")).returncode == 1
    (row,) = read_errors(Tree.of(tmp_path))
    assert row.severity == "P1"
    assert "port-absent" in only(tmp_path)["Result"]
    assert greenroom(*asked, script(SERVER)).returncode == 0
    assert sorted(entry.items[0].title.rpartition(": ")[2] for entry in entries(tmp_path)) == ["not proven", "proven"]
    (row,) = read_errors(Tree.of(tmp_path))
    assert row.fix.startswith("works again: ")


def test_an_environment_is_told_when_it_is_made(
    greenroom: Run, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_wheel, "pack", made_up)
    del index.wheels["gamma-1.0-py3-none-any.whl"]
    for _ in range(2):
        assert greenroom("install", "voice-joe", "--into", "e").returncode == 0
    told = shown(last(tmp_path, "Install voice-joe: built"))
    assert "without serve" in told["Issues"], "a part that is left out is an issue"
    assert "is built and checked: 3 packages" in told["Result"]
    assert "of ./e" in told["How"]


def test_a_rehearsal_that_fails_is_about_this_machine(
    greenroom: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Finding("out-of-memory", "error", "it does not fit", "a larger GPU")
    failed = replace(PASSED, passed=False, findings=(wrong,))
    monkeypatch.setattr(rehearsing, "rehearse", lambda name, **asked: failed)
    assert greenroom("rehearse", "f5tts-v1-base").returncode == 1
    told = only(tmp_path)
    assert told["title"] == "Verify rehearsal of f5tts-v1-base: failed"
    assert "it does not fit (out-of-memory)" in told["Issues"]
    assert "device cuda:0; precision fp16; size 10s" in told["How"]
    assert read_errors(Tree.of(tmp_path)) == ()


secret = st.text(string.ascii_letters + string.digits + "+/=_-.'\"\\ $&?#@:%|`é\n", min_size=8, max_size=40).filter(
    lambda value: len(value.strip()) >= 8 and all(len(line.strip()) >= 8 for line in value.splitlines())
)
_SECRETS = [name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]


@settings(max_examples=60)
@given(secret, st.sampled_from([*_SECRETS, "bucket_access_key_id", "MY_PASSWORD"]), st.data())
def test_no_secret_of_the_settings_reaches_an_entry(value: str, name: str, data: st.DataObject) -> None:
    chosen = Settings.check({name: value}) if name in Settings.model_fields else Settings()
    environ = {} if name in Settings.model_fields else {name: value}
    where = data.draw(st.sampled_from(["said", "warned", "uses", "result", "words", "subject", "area", "command"]))
    text = data.draw(
        st.sampled_from([value, json.dumps({"a": value}), repr(value), f"x{value}y", quote(value, safe="")])
    )
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        mask = masking(chosen, environ)
        command = command_line(["pull", value], mask) if where == "command" else ""
        ledger = Ledger(root, mask, pytest.fail, command)
        asked = Asked(
            "deploy",
            text if where == "subject" else "joe",
            text if where == "words" else "release",
            text if where == "area" else "deploy",
        )
        said = text.splitlines() if where == "said" else []
        with operation(ledger, asked, said) as done:
            done.warned += [text] if where == "warned" else []
            done.uses(image=text if where == "uses" else "")
            done.failed(text if where == "result" else "no", severity="P1")
        written = [path.read_text() for path in root.rglob("*.md")]
    assert len(written) == 2
    for line in map(str.strip, value.splitlines()):
        for shown_as in (line, json.dumps(line)[1:-1], repr(line)[1:-1], quote(line, safe="")):
            assert shown_as not in "".join(written)


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer hush.hush-hush",
        "token hf_hushhushhushhushhush",
        "https://me:hush@host.example/x",
        "https://host.example/x?sig=hush&other=hush",
        '{"api_key": "hush"}',
        "MY_SECRET=hush",
        "psql --password hush: password: hush",
    ],
)
def test_what_looks_like_a_secret_is_one(text: str) -> None:
    assert "hush" not in masking(Settings(), {})(text).replace("--password hush", "")


@pytest.mark.parametrize("text", ["tokenizers==0.23.1", "512 tokens: 3 s", "see https://host.example/x", "key"])
def test_what_does_not_stays(text: str) -> None:
    assert masking(Settings(), {})(text) == text


def test_a_secret_may_hold_bytes_that_are_no_text() -> None:
    value = os.fsdecode(b"hush\xff\xfehush")
    mask = masking(Settings(), {"API_TOKEN": value})
    assert mask(f"a {value} b hush%FF%FEhush") == "a ******** b ********"


def test_what_goes_wrong_while_a_server_runs(tmp_path: Path) -> None:
    server = start_server(tmp_path, "Crasher", "OutOfMem")
    try:
        with server.client() as http:
            lost = post_job(http, f"{MODELS}:Crasher", {"times": 1}, max_attempts=1)["id"]
            assert until(http, lost)["status"] == "failed"
            fitted = post_job(http, f"{MODELS}:OutOfMem")["id"]
            assert until(http, fitted)["status"] == "succeeded"
    finally:
        server.stop()
    told = {entry.items[0].title: shown(entry) for entry in entries(tmp_path)}
    assert sorted(told) == [
        f"Serve: job given up, {lost}",
        f"Serve: out of memory, {MODELS}:OutOfMem",
        "Serve: worker lost, cpu",
    ]
    worker = told["Serve: worker lost, cpu"]
    assert worker["What"].startswith(f"Serve models: `greenroom serve {MODELS}:Crasher {MODELS}:OutOfMem --port 0")
    assert "SIGKILL" in worker["Result"]
    assert "SIGKILL" in worker["Issues"]
    assert "(worker-crashed)" in told[f"Serve: job given up, {lost}"]["Result"]
    assert read_errors(Tree.of(tmp_path)) == ()


def test_a_verb_that_is_killed_is_closed_by_the_next(greenroom: Run, hub: HubServer, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/model.bin?token=hush-hush"
        command = [sys.executable, "-m", "greenroom", "pull", url, "-o", "model.bin"]
        with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
            asked, _ = mute.accept()
            with asked:  # and it is never answered
                process.kill()
    (part,) = (tmp_path / "JOURNAL.d").glob("*.part")
    assert greenroom("pull", "tiny").returncode == 0
    assert not part.exists()
    told = shown(next(entry for entry in entries(tmp_path) if entry.path.endswith(f"{part.stem}.md")))
    assert told["title"].endswith("/model.bin?********: interrupted")
    assert "hush-hush" not in part.with_suffix(".md").read_text()
