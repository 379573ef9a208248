"""Google Speech through its own client, against a server on this machine."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from greenroom.captions.align.google import GoogleSpeech
from greenroom.captions.align.link import CannotAlign, Span
from greenroom.progress import silent
from tests.captions.align.conftest import silence


class Service(ThreadingHTTPServer):
    """Answers the token and the recognition of one test. words: of every request.  status: of recognition."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.words = [("It", 0.1, 0.3), ("cost", 0.3, 0.6), ("so", 0.9, 1.2)]
        self.status = 200
        self.requests: list[dict[str, Any]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/token":
            self.reply(200, {"access_token": "t", "expires_in": 3600, "token_type": "Bearer"})
            return
        self.server.requests.append(json.loads(body))
        words = [
            {"word": word, "startTime": f"{start}s", "endTime": f"{end}s"} for word, start, end in self.server.words
        ]
        answer = {"results": [{"alternatives": [{"transcript": "it cost so", "words": words}]}]}
        failure = {"error": {"code": self.server.status, "message": "billing is off", "status": "PERMISSION_DENIED"}}
        self.reply(self.server.status, answer if self.server.status == 200 else failure)

    def reply(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


@pytest.fixture
def key_file(tmp_path: Path, private_key: str, service: Service) -> Path:
    path = tmp_path / "key.json"
    said = {
        "type": "service_account",
        "client_email": "test@example.com",
        "private_key_id": "1",
        "private_key": private_key,
        "token_uri": f"{service.address}/token",
        "project_id": "test",
    }
    path.write_text(json.dumps(said))
    return path


def align(
    key_file: Path | None, service: Service, words: str = "It cost $3 so", seconds: float = 2.0
) -> list[Span | None]:
    return GoogleSpeech(key_file, endpoint=service.address).align(silence(seconds), words.split(), "en-us", silent)


def test_recognised_words_time_the_text_and_the_rest_have_none(key_file: Path, service: Service) -> None:
    assert align(key_file, service) == [Span(0.1, 0.3), Span(0.3, 0.6), None, Span(0.9, 1.2)]
    (request,) = service.requests
    assert request["config"]["languageCode"] == "en-US"
    assert request["config"]["enableWordTimeOffsets"] is True
    assert len(base64.b64decode(request["audio"]["content"])) == pytest.approx(2 * 2 * 16_000, abs=8)


def test_long_sound_goes_in_pieces_and_times_count_from_the_beginning(key_file: Path, service: Service) -> None:
    found = align(key_file, service, "It cost so It cost so It cost so", seconds=130.0)
    assert len(service.requests) == 3
    starts = [span.start for span in found if span]
    assert starts == sorted(starts)
    assert starts[3] > 35
    assert starts[6] > 80


def test_a_refusal_is_a_reason(key_file: Path, service: Service) -> None:
    service.status = 403
    with pytest.raises(CannotAlign, match="billing is off"):
        align(key_file, service)


def test_without_a_key_nothing_is_sent(service: Service) -> None:
    with pytest.raises(CannotAlign, match="no credentials") as caught:
        align(None, service)
    assert "GREENROOM_GOOGLE_CREDENTIALS" in caught.value.mend
    assert service.requests == []


@pytest.mark.parametrize("content", ["", "{}", '{"type": "service_account"}'])
def test_what_is_no_key_is_a_reason(tmp_path: Path, service: Service, content: str) -> None:
    path = tmp_path / "key.json"
    path.write_text(content)
    with pytest.raises(CannotAlign, match="no key file"):
        align(path, service)
    with pytest.raises(CannotAlign, match="no key file"):
        align(tmp_path / "absent.json", service)
