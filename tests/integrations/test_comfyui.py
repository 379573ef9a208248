"""ComfyUI's nodes: they hold to its contract, and a real server does their work."""

from __future__ import annotations

import ast
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
import torch

from greenroom import __version__
from tests.integrations import comfyui as comfy
from tests.integrations.comfyui import NAME, PACKAGE, ComfyUI, Interrupted, Video, faults
from tests.serve.servers import RunningServer, running_server

comfyui, package = comfy.comfyui, comfy.package


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(
        tmp_path_factory.mktemp("comfyui"), "voice-joe", "Sleeper", "TakesMedia", "Mirror", "Restorer"
    ) as running:
        yield running


@pytest.fixture
def nodes(package: Any, comfyui: ComfyUI, server: RunningServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("GREENROOM_SERVER", server.url)
    return sys.modules[f"{NAME}.nodes"]


def test_all_nodes_hold_to_the_contract_without_a_server(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENROOM_SERVER", "http://127.0.0.1:9")
    assert faults(package) == []
    assert len(package.NODE_CLASS_MAPPINGS) == 4


def test_options_are_explained_by_an_example_where_there_is_one(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENROOM_SERVER", "http://127.0.0.1:9")
    said = {
        name: node.INPUT_TYPES()["optional"]["options"][1]["tooltip"]
        for name, node in package.NODE_CLASS_MAPPINGS.items()
    }
    assert 'a JSON object such as {"speed": 1.1};' in said["GreenroomSpeak"]
    assert 'such as {"colour": "lab"};' in said["GreenroomRestore"]
    assert all("such as" not in said[name] for name in ("GreenroomFoley", "GreenroomAnimate"))


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
    made, images, preview = Reflect().run(model="tests.serve.models:Mirror", seed=0, images=pictures)
    assert images.shape == (5, 48, 64, 3)
    assert preview is None
    again, first, _ = Reflect().run(model="tests.serve.models:Mirror", seed=0, video=made, frames=False)
    assert isinstance(again, Video)
    assert first.shape == (1, 48, 64, 3)


def test_a_video_is_restored_at_a_height_with_a_picture_of_before_and_after(nodes: Any) -> None:
    restore = _restore(nodes)
    video, images, preview = restore(images=torch.rand(5, 48, 64, 3), height=96)
    assert isinstance(video, Video)
    assert images.shape == (5, 96, 128, 3)
    assert preview.shape == (1, 96, 128, 3)
    # Without a height it is the source's own.
    assert restore(video=video, height=0)[1].shape == (5, 96, 128, 3)


def test_one_picture_comes_back_as_one(nodes: Any) -> None:
    picture = torch.rand(1, 48, 64, 3)
    video, images, preview = _restore(nodes)(images=picture, height=96)
    assert video is None
    assert (images[0, ::2, ::2] - picture[0]).abs().max() < 0.01
    assert preview.shape == images.shape


@pytest.mark.parametrize("given", [{}, {"video": object(), "images": torch.rand(1, 8, 8, 3)}], ids=["none", "two"])
def test_a_restoration_has_one_source(nodes: Any, given: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="connect video or images, one of them"):
        _restore(nodes)(**given)


def _restore(nodes: Any) -> Callable[..., tuple[Any, ...]]:
    """The node, with the model of the tests."""

    class Renew(nodes.Restore):  # type: ignore[misc]  # a class known at run time alone
        task: ClassVar[str] = "other"

    return partial(Renew().run, model="tests.serve.models:Restorer", seed=0)


def test_sound_is_uploaded_for_the_input_that_takes_it(nodes: Any, server: RunningServer) -> None:
    class Listen(nodes.Speak):  # type: ignore[misc]  # a class known at run time alone
        task: ClassVar[str] = "other"

        def outputs(self, server: Any, job: dict[str, Any], given: dict[str, Any]) -> tuple[Any, ...]:
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


def test_what_another_node_gives_is_not_known_before_the_run(nodes: Any) -> None:
    """ComfyUI gives None for an input that is linked."""
    assert nodes.Speak.VALIDATE_INPUTS(model=None, options=None) is True
    assert nodes.Speak.VALIDATE_INPUTS(model="") == "model is empty"


def test_a_task_that_no_model_has_is_said(nodes: Any) -> None:
    with pytest.raises(Exception, match="serves no model for sound-for-video; start one that does"):
        nodes.Foley().run(model="the server's own", seed=0)


class Asked(BaseHTTPRequestHandler):
    """A server that is none of greenroom's: by path, what it answers, one after another. seen: what it was told."""

    answers: ClassVar[dict[str, list[tuple[int, bytes]]]] = {}
    seen: ClassVar[list[tuple[str, dict[str, str]]]] = []

    def do_GET(self) -> None:
        self.seen.append((self.path, dict(self.headers)))
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        waiting = self.answers[self.path]
        code, body = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def other() -> Iterator[str]:
    Asked.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Asked) as listening:
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


@pytest.fixture
def client(package: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    module = sys.modules[f"{NAME}.client"]
    monkeypatch.setattr(module, "_LOOK_S", 0.01)
    monkeypatch.setenv("GREENROOM_API_KEY", "a-key")
    return module


def test_the_key_goes_to_its_own_server_alone(client: Any, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Asked.answers = {"/v1/models": [(401, b"{}")]}
    with pytest.raises(client.GreenroomFailed, match="goes to the server of GREENROOM_SERVER alone"):
        client.Server.of(other).models()
    monkeypatch.setenv("GREENROOM_SERVER", other + "/")
    with pytest.raises(client.GreenroomFailed):
        client.Server.of(other).models()
    assert [headers.get("Authorization") for _, headers in Asked.seen] == [None, "Bearer a-key"]


def test_no_redirect_takes_the_key_along(client: Any, other: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREENROOM_SERVER", other)
    Asked.answers = {"/v1/models": [(302, b"")], "/elsewhere": [(200, b"{}")]}
    with pytest.raises(client.GreenroomFailed, match="302"):
        client.Server.of("").models()
    assert [path for path, _ in Asked.seen] == ["/v1/models"]


@pytest.mark.parametrize("page", [b"<html>", b"[]", b"{}"])
def test_a_page_of_another_server_is_said(client: Any, other: str, page: bytes) -> None:
    Asked.answers = {"/v1/models": [(200, page)]}
    with pytest.raises(client.GreenroomFailed, match="is no greenroom server"):
        client.Server.of(other).models()


def test_a_job_that_was_not_taken_is_sent_again_as_the_same(client: Any, other: str) -> None:
    done = b'{"id": "1", "status": "succeeded", "progress": null}'
    Asked.answers = {"/v1/jobs": [(503, b"{}"), (200, done)]}
    told: list[float] = []
    assert client.Server.of(other).run("it", {}, told.append, bool)["status"] == "succeeded"
    assert told == [1.0]
    keys = [headers["Idempotency-Key"] for _, headers in Asked.seen]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_what_the_registry_reads_is_true() -> None:
    said = tomllib.loads((PACKAGE / "pyproject.toml").read_text())
    assert said["project"]["version"] == __version__
    assert said["project"]["dependencies"] == []


def test_pictures_and_sound_keep_their_values(package: Any) -> None:
    media = sys.modules[f"{NAME}.media"]
    picture = torch.rand(1, 8, 6, 3)
    assert (media.images_of(media.png_of(picture)) - picture).abs().max() < 0.01
    sound = {"waveform": torch.linspace(-1, 1, 400).reshape(1, 2, 200), "sample_rate": 8_000}
    again = media.audio_of(media.wav_of(sound))
    assert again["sample_rate"] == 8_000
    assert (again["waveform"] - sound["waveform"]).abs().max() < 1e-4
