"""ComfyUI's nodes: they hold to its contract, and a real server does their work."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest
import torch

from tests.integrations import comfyui as comfy
from tests.integrations.comfyui import NAME, PACKAGE, ComfyUI, Interrupted, Video, faults
from tests.serve.servers import RunningServer, running_server

comfyui, package = comfy.comfyui, comfy.package


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("comfyui"), "voice-joe", "Sleeper", "TakesMedia", "Mirror") as running:
        yield running


@pytest.fixture
def nodes(package: Any, comfyui: ComfyUI, server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("GREENROOM_SERVER", server.url)
    return sys.modules[f"{NAME}.nodes"]


def test_all_nodes_hold_to_the_contract_without_a_server(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENROOM_SERVER", "http://127.0.0.1:9")
    assert faults(package) == []
    assert len(package.NODE_CLASS_MAPPINGS) == 4


def test_the_contract_can_be_broken(package: Any) -> None:
    changes = {"RETURN_TYPES": ("SOUND",), "RETURN_NAMES": ("one", "two"), "FUNCTION": "go"}
    nodes = package.NODE_CLASS_MAPPINGS
    nodes["Wrong"] = type("Wrong", (nodes["GreenroomSpeak"],), changes)
    assert len(faults(package)) == 3


def test_nothing_is_imported_but_the_standard_library_and_what_comfyui_brings() -> None:
    for file in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names.append(str(node.module))
            for name in names:
                root = name.partition(".")[0]
                assert root in sys.stdlib_module_names or root in {"av", "torch", "comfy", "comfy_api"}, (
                    f"{file}: {name}"
                )


def test_models_are_those_of_the_server(nodes: Any) -> None:
    assert "voice-joe" in nodes.Speak.INPUT_TYPES()["required"]["model"][0]
    assert nodes.Foley.INPUT_TYPES()["required"]["model"][0] == ["the server's own"]


def test_a_sentence_comes_as_audio_with_captions(nodes: Any, comfyui: ComfyUI) -> None:
    audio, captions = nodes.Speak().run(model="voice-joe", seed=1, text="The image speaks.", options='{"speed": 1.5}')
    assert audio["sample_rate"] == 22_050
    assert audio["waveform"].shape[:2] == (1, 1)
    assert audio["waveform"].abs().max() > 0.1
    assert captions.startswith("WEBVTT")
    assert comfyui.shown[-1] == (100, 100)


def test_an_interrupted_node_cancels_its_job(nodes: Any, comfyui: ComfyUI, server: RunningServer) -> None:
    class Sleep(nodes.Speak):  # type: ignore[misc]  # a class known at run time alone
        task: ClassVar[str] = "other"

    comfyui.interrupt = 1
    with pytest.raises(Interrupted):
        Sleep().run(model="tests.serve.models:Sleeper", seed=0, options='{"steps": 1000}')
    with server.client() as http:
        job = http.get("/v1/jobs", params={"model": "tests.serve.models:Sleeper"}).json()["data"][0]
    assert job["status"] == "cancelled" or job["cancel_requested"]


def test_a_video_goes_there_and_comes_back(nodes: Any) -> None:
    class Reflect(nodes.Restore):  # type: ignore[misc]  # a class known at run time alone
        task: ClassVar[str] = "other"

    pictures = torch.rand(5, 48, 64, 3)
    made, images = Reflect().run(model="tests.serve.models:Mirror", seed=0, images=pictures)
    assert images.shape == (5, 48, 64, 3)
    again, _ = Reflect().run(model="tests.serve.models:Mirror", seed=0, video=made)
    assert isinstance(again, Video)


def test_sound_is_uploaded_for_the_input_that_takes_it(nodes: Any, server: RunningServer) -> None:
    class Listen(nodes.Speak):  # type: ignore[misc]  # a class known at run time alone
        task: ClassVar[str] = "other"

        def outputs(self, server: Any, job: dict[str, Any]) -> tuple[Any, ...]:
            return (job["output"],)

    sound = {"waveform": torch.sin(torch.arange(16_000) / 20).reshape(1, 1, -1), "sample_rate": 16_000}
    (output,) = Listen().run(model="tests.serve.models:TakesMedia", seed=0, reference=sound)
    assert output


@pytest.mark.parametrize(
    ("address", "model", "words"),
    [
        ("http://127.0.0.1:9", "voice-joe", "greenroom serve"),
        ("ftp://example", "voice-joe", "is no address of a server"),
        ("", "another", "serves no another for speech; of this kind it serves voice-joe"),
    ],
)
def test_what_cannot_be_asked_is_said(nodes: Any, address: str, model: str, words: str) -> None:
    with pytest.raises(Exception, match=words):
        nodes.Speak().run(model=model, seed=0, text="Hello.", server=address)


def test_what_the_server_refuses_is_said_with_its_mend(nodes: Any) -> None:
    with pytest.raises(Exception, match="speed"):
        nodes.Speak().run(model="voice-joe", seed=0, text="Hello.", options='{"speed": 99}')


@pytest.mark.parametrize("options", ["[1]", "{", "2"])
def test_options_that_are_no_object_are_refused_before_the_run(nodes: Any, options: str) -> None:
    assert "must be a JSON object" in nodes.Speak.VALIDATE_INPUTS(model="voice-joe", options=options)
    assert nodes.Speak.VALIDATE_INPUTS(model="voice-joe") is True


def test_pictures_and_sound_keep_their_values(package: Any) -> None:
    media = sys.modules[f"{NAME}.media"]
    picture = torch.rand(1, 8, 6, 3)
    assert (media.images_of(media.png_of(picture)) - picture).abs().max() < 0.01
    sound = {"waveform": torch.linspace(-1, 1, 400).reshape(1, 2, 200), "sample_rate": 8_000}
    again = media.audio_of(media.wav_of(sound))
    assert again["sample_rate"] == 8_000
    assert (again["waveform"] - sound["waveform"]).abs().max() < 1e-4
