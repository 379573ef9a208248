"""``greenroom weights``: what is here, whether it is right, and what may go."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from greenroom.leases import lease
from greenroom.weights.store.places import Store
from tests.cli.conftest import Run
from tests.weights.hub import hub_server, sha256
from tests.weights.recipes import NETWORK, publish, use_catalogue, write_catalogue


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, greenroom: Run) -> Store:
    """A store with ``tiny`` in it."""
    use_catalogue(monkeypatch, write_catalogue(tmp_path / "recipes"))
    monkeypatch.setattr("greenroom.weights.pulling.hub._stored_token", lambda: None)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with hub_server() as hub:
        publish(hub)
        pulled = greenroom("pull", "tiny", "--hf-endpoint", hub.url)
    assert pulled.returncode == 0, pulled.stderr
    return Store(tmp_path / "hf" / "hub")


def model(store: Store) -> Path:
    found = store.repository("acme/tiny").find("net/model.safetensors", None)
    assert found is not None
    return found


def test_the_list_says_for_whom_how_large_and_when_verified(greenroom: Run, store: Store) -> None:
    other = store.cache / "models--someone--else" / "snapshots" / ("c" * 40)
    other.mkdir(parents=True)
    (other / "x.bin").write_bytes(b"12345")
    heading, *rows = greenroom("weights", "list").stdout.splitlines()
    assert heading.split() == ["for", "size", "verified", "file"]
    assert [row.split()[-1] for row in rows[:3]] == [
        "acme/tiny/net/model.safetensors",
        "acme/tiny/net/vocab.txt",
        "acme/vocoder/vocoder.bin",
    ]
    assert rows[3].split(maxsplit=4) == ["-", "5", "B", "-", "someone/else: 1 file of no recipe"]
    told = json.loads(greenroom("weights", "list", "--json").stdout)["result"]
    assert told["files"][0]["sha256"] == sha256(NETWORK)
    assert told["unknown"][0]["repository"] == "someone/else"
    os.utime(model(store), ns=(0, 0))
    assert "changed" in greenroom("weights", "list").stdout.splitlines()[1]


def test_nothing_is_here(greenroom: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    use_catalogue(monkeypatch, write_catalogue(tmp_path / "recipes"))
    done = greenroom("weights", "list", "--hf-home", "empty")
    assert (done.returncode, done.stdout) == (0, "no weights are here\n")


def test_a_damaged_file_is_named_and_put_aside_on_demand(greenroom: Run, store: Store) -> None:
    good = greenroom("weights", "verify")
    assert (good.returncode, "3 files, 350 kB verified in " in good.stdout, good.stderr) == (0, True, "")
    path = model(store)
    path.write_bytes(bytes(len(NETWORK)))
    assert greenroom("weights", "verify", "--quick").returncode == 1
    bad = greenroom("weights", "verify", "tiny")
    assert (bad.returncode, "1 error" in bad.stdout) == (1, True)
    assert "acme/tiny/net/model.safetensors has the hash " in bad.stderr
    assert "mend: greenroom pull tiny" in bad.stderr
    assert path.exists()
    fixed = greenroom("weights", "verify", "--fix", "--json")
    (finding,) = json.loads(fixed.stdout)["result"]["findings"]
    assert finding["code"] == "weights-damaged"
    assert finding["message"].endswith(f"it is kept as {sha256(NETWORK)}.damaged")
    assert not path.is_symlink()
    missing = greenroom("weights", "verify", "tiny")
    assert "tiny is not here as a whole: acme/tiny/net/model.safetensors missing" in missing.stderr


def test_findings_come_in_the_shared_forms(greenroom: Run, store: Store) -> None:
    os.truncate(model(store), 10)
    annotation = greenroom("weights", "verify", "--github")
    assert annotation.stdout.startswith("::error file=")
    assert json.loads(greenroom("weights", "verify", "--sarif").stdout)["version"] == "2.1.0"
    refused = greenroom("weights", "verify", "--quick", "--fix")
    assert (refused.returncode, "leave out --quick" in refused.stderr) == (2, True)


def test_what_may_go_is_shown_asked_about_and_deleted(greenroom: Run, store: Store) -> None:
    assert greenroom("weights", "prune").stdout == "nothing may go\n"
    blobs = store.repository("acme/tiny").folder / "blobs"
    (blobs / f"{'1' * 64}.part").write_bytes(bytes(5000))
    shown = greenroom("weights", "prune", "--dry-run")
    assert shown.stdout == greenroom("weights", "prune", "--plan").stdout
    assert shown.stdout.split()[0] == "unfinished"
    unasked = greenroom("weights", "prune")
    assert (unasked.returncode, "add --yes, or --dry-run" in unasked.stderr) == (2, True)
    assert len(list(blobs.iterdir())) == 3
    done = greenroom("weights", "prune", "--yes")
    assert (done.returncode, done.stdout.endswith(" freed\n")) == (0, True)
    assert len(list(blobs.iterdir())) == 2


def test_a_model_goes_when_it_is_named(greenroom: Run, store: Store) -> None:
    done = greenroom("weights", "prune", "tiny", "--yes", "--json")
    assert json.loads(done.stdout)["result"]["removed"] is True
    assert not store.repository("acme/tiny").folder.exists()
    assert store.repository("acme/vocoder").find("vocoder.bin", None) is not None
    unknown = greenroom("weights", "prune", "acme/none", "--yes")
    assert unknown.returncode == 2
    assert "there is no model, repository or URL in the store 'acme/none'" in unknown.stderr


def test_nothing_goes_while_another_process_writes(greenroom: Run, store: Store) -> None:
    with lease(store.lease, "pull tiny"):
        done = greenroom("weights", "prune", "tiny", "--yes")
        fixing = greenroom("weights", "verify", "--fix")
    assert (done.returncode, "(pull tiny) is at work" in done.stderr) == (1, True)
    assert fixing.returncode == 1
    assert model(store).exists()
