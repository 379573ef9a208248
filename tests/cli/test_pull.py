"""``greenroom pull`` as a user types it, from a hub on this machine."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from greenroom.cli import pull as verb
from tests.cli.conftest import Run
from tests.weights.hub import HubServer, hub_server, sha256
from tests.weights.recipes import DEEP, NETWORK, RECIPES, file, publish, recipe, use_catalogue, write_catalogue

_TERRITORY = """
[[restrictions]]
kind = "territory"
short = "not in the EU, UK, South Korea"
text = "No rights are granted in the European Union, the United Kingdom and South Korea."
"""
_ABROAD = {
    "abroad": recipe("abroad", _TERRITORY, file("acme/bound", "model.bin", DEEP), licence="LicenseRef-Own"),
    "built": recipe("built", file("acme/vocoder", "vocoder.bin"), head='components = ["abroad"]\n'),
}


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with hub_server() as server:
        publish(server)
        server.plain["/x/model.gguf"] = DEEP
        yield server


@pytest.fixture(autouse=True)
def _a_machine_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hub: HubServer) -> None:
    use_catalogue(monkeypatch, write_catalogue(tmp_path / "recipes", RECIPES | _ABROAD))
    monkeypatch.setattr("greenroom.weights.pulling.hub._stored_token", lambda: None)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("HF_ENDPOINT", hub.url)


def test_the_plan_is_shown_then_what_came(greenroom: Run, tmp_path: Path) -> None:
    planned = greenroom("pull", "tiny", "--plan")
    assert planned.returncode == 0
    assert "to fetch  300 kB   acme/tiny/net/model.safetensors @ " in planned.stdout
    assert "350 kB to fetch, 0 B here" in planned.stdout
    assert f"{tmp_path / 'hf' / 'hub'}: " in planned.stdout
    assert not (tmp_path / "hf").exists()
    done = greenroom("pull", "tiny")
    assert planned.stdout.splitlines()[0] == done.stderr.splitlines()[0]
    said, hashes = done.stdout.splitlines()
    assert said.startswith("tiny: 3 files, 350 kB; 350 kB fetched in ")
    assert hashes == "verified against the recipe's hash (2), the hub's hash (1)"
    again = greenroom("pull", "tiny", "--offline")
    assert (again.stdout.splitlines()[0], again.stderr) == ("tiny: 3 files, 350 kB; nothing to fetch", "")


def test_programs_get_one_object_with_all_of_it(greenroom: Run, hub: HubServer) -> None:
    planned = json.loads(greenroom("pull", "tiny", "--plan", "--json").stdout)["result"]
    assert (planned["to_fetch"], planned["here"], planned["terms"]) == (350_007, 0, [])
    assert [file["state"] for file in planned["files"]] == ["absent"] * 3
    done = greenroom("pull", "tiny", "--json")
    told = json.loads(done.stdout)
    assert (told["schema"], done.stderr) == ("greenroom/pull/1", "")
    model = told["result"]["files"][0]
    assert Path(model["path"]).read_bytes() == NETWORK
    assert (model["sha256"], model["authority"]) == (sha256(NETWORK), "recipe")


def test_restricted_weights_are_agreed_to_once(greenroom: Run, hub: HubServer) -> None:
    refused = greenroom("pull", "bound")
    assert refused.returncode == 1
    assert refused.stderr.startswith("bound: non-commercial (weights CC-BY-NC-4.0); see greenroom models bound\n")
    assert "bound is under CC-BY-NC-4.0. For non-commercial use only." in refused.stderr
    assert "mend: if you accept them, add --accept-licence" in refused.stderr
    assert hub.served == {}
    assert greenroom("pull", "bound", "--accept-licence").returncode == 0
    assert greenroom("weights", "prune", "bound", "--yes").returncode == 0
    assert greenroom("pull", "bound").returncode == 0


def test_what_limits_a_component_limits_the_model(greenroom: Run, hub: HubServer) -> None:
    refused = greenroom("pull", "built")
    (notice, *_) = refused.stderr.splitlines()
    assert notice == "built: not in the EU, UK, South Korea (weights MIT); see greenroom models built"
    assert hub.served == {}


def test_where_weights_may_not_be_used_is_in_what_programs_get(greenroom: Run, hub: HubServer) -> None:
    sentence = "No rights are granted in the European Union, the United Kingdom and South Korea."
    said = greenroom("pull", "abroad", "--json")
    assert said.stderr.startswith("abroad: not in the EU, UK, South Korea (weights "), "before anything is asked for"
    assert len(said.stderr.splitlines()) == 1
    refused = json.loads(said.stdout)
    assert (refused["ok"], refused["error"]["code"]) == (False, "licence-not-accepted")
    assert sentence in refused["error"]["message"]
    assert hub.served == {}
    planned = json.loads(greenroom("pull", "abroad", "--plan", "--json").stdout)["result"]
    done = json.loads(greenroom("pull", "abroad", "--accept-licence", "--json").stdout)["result"]
    assert [said["restrictions"] for said in (*planned["terms"], *done["terms"])] == [[sentence]] * 2
    assert hub.total_served() > 0


def test_where_weights_may_not_be_used_is_said_before_anybody_is_asked_for_them(tmp_path: Path) -> None:
    """The published model: the hub is reached and does not answer, and the clause stands there."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        env = {
            **os.environ,
            "HF_HOME": str(tmp_path / "hf"),
            "HF_ENDPOINT": f"http://127.0.0.1:{silent.getsockname()[1]}",
        }
        command = (sys.executable, "-m", "greenroom", "pull", "hunyuanvideo-foley-xl", "--accept-licence")
        with subprocess.Popen(command, env=env, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as pull:
            assert pull.stderr is not None
            try:
                asked, _ = silent.accept()
                with asked:
                    # Whatever is not there by now never comes: its request is never answered.
                    first = pull.stderr.readline() if select.select([pull.stderr], [], [], 10)[0] else ""
                    assert pull.poll() is None
            finally:
                pull.kill()
    assert first.startswith("hunyuanvideo-foley-xl: not in the EU, UK, South Korea; ")


def test_someone_who_is_there_is_asked(greenroom: Run, hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "_someone_is_there", lambda: True)
    answers = iter([False, True])
    asked = []

    def confirm(question: str, **_: object) -> bool:
        asked.append(question)
        return next(answers)

    monkeypatch.setattr(click, "confirm", confirm)
    assert greenroom("pull", "bound").returncode == 1
    assert hub.served == {}
    assert greenroom("pull", "bound").returncode == 0
    assert asked == ["Do you accept these terms?"] * 2
    assert greenroom("pull", "bound", "--json").returncode == 0


def test_a_file_by_url_is_answered_with_its_path(greenroom: Run, hub: HubServer, tmp_path: Path) -> None:
    url = f"{hub.url}/x/model.gguf"
    stored = greenroom("pull", f"{url}?token=SECRET")
    assert Path(stored.stdout.strip()).read_bytes() == DEEP
    assert "SECRET" not in stored.stdout + stored.stderr
    named = greenroom("pull", url, "-o", "m.gguf", "--sha256", f"SHA256:{sha256(DEEP).upper()}")
    assert (named.returncode, named.stdout) == (0, "m.gguf\n")
    assert (tmp_path / "m.gguf").read_bytes() == DEEP


@pytest.mark.parametrize(
    ("arguments", "says", "mend"),
    [
        (["tinny"], "there is no model 'tinny'", "did you mean tiny?"),
        (["tiny", "--variant", "fp16"], "tiny has no variants", "leave out --variant"),
        (["tiny", "--sha256", "0" * 64], "--sha256 is about one file", "give one URL"),
        (["https://a.org/x", "https://a.org/y", "-o", "x"], "-o is about one file, and 2 names", "give one URL"),
        (["https://a.org/x", "--sha256", "abc"], "--sha256 is 'abc'", "64 hexadecimal digits"),
        (["https://a.org/x", "--mirror", "https://b.org/x"], "--mirror is given without --sha256", "--sha256 HASH"),
        (["https://a.org/x", "-o", "."], "'.' is a folder", "name the file"),
        (["https://a.org/x", "-o", "pipe"], "'pipe' is a device, a pipe or a link", "name a file"),
        (["https://a.org/x", "-o", "nowhere"], "'nowhere' is a device, a pipe or a link", "name a file"),
        (["https://a.org/x", "-o", "-"], "-o - would stream a file before it is verified", "name a file"),
        (["https://a.org:99999/x"], "'an address that cannot be read' is no http", "https://HOST/PATH"),
        (["ftp://a.org/x"], "'ftp://a.org/x' is no http or https address", "https://HOST/PATH"),
        (["https://a.org/"], "'https://a.org/' names no file", "say where it goes: -o FILE"),
    ],
)
def test_what_does_not_fit_together_is_refused_by_name(
    greenroom: Run, tmp_path: Path, arguments: list[str], says: str, mend: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to("gone")
    done = greenroom("pull", *arguments)
    assert says in done.stderr
    assert mend in done.stderr
    assert (done.returncode, done.stdout) == (2, "")


def test_a_store_that_may_not_be_written_to_is_named(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "hf").write_text("a file where a folder should be")
    done = greenroom("pull", "tiny")
    assert done.returncode == 1
    assert f"the folder for weights, '{tmp_path}/hf/hub', cannot be written to: Not a directory" in done.stderr
    assert "set HF_HOME to another folder" in done.stderr


def test_what_was_damaged_is_told(greenroom: Run, hub: HubServer) -> None:
    greenroom("pull", "tiny")
    model = Path(json.loads(greenroom("pull", "tiny", "--json").stdout)["result"]["files"][0]["path"])
    model.write_bytes(bytes(len(NETWORK)))
    done = greenroom("pull", "tiny")
    assert done.returncode == 0
    assert "warning: acme/tiny/net/model.safetensors was damaged: its SHA-256 is " in done.stderr
    assert model.read_bytes() == NETWORK
