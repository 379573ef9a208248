"""Uploads: looked at before they are kept, and no larger than allowed, whatever they say of themselves."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.media import media_files
from tests.serve.routes.asking import eventually, post_job, until
from tests.serve.servers import MODELS, RunningServer

# What tests/serve/conftest.py allows.
LIMIT = 2_000_000


def upload(http: httpx.Client, path: Path, name: str | None = None) -> httpx.Response:
    with path.open("rb") as file:
        return http.post("/v1/uploads", files={"file": (name or path.name, file)})


def test_a_file_is_kept_with_its_facts_and_used_by_a_job(http: httpx.Client, tmp_path: Path) -> None:
    sound = media_files.wav(tmp_path / "say.wav", seconds=0.5)
    answer = upload(http, sound)
    kept = answer.json()
    assert answer.status_code == 201
    assert (kept["object"], kept["name"], kept["size"]) == ("upload", "say.wav", sound.stat().st_size)
    assert kept["media_type"].startswith("audio/")
    assert kept["sha256"] == hashlib.sha256(sound.read_bytes()).hexdigest()
    assert kept["facts"]["seconds"] == pytest.approx(0.5)
    assert http.get(f"/v1/uploads/{kept['id']}").json() == kept
    job = until(http, post_job(http, f"{MODELS}:TakesMedia", {"sound": kept["id"]})["id"])
    assert job["output"]["size"] == kept["size"]
    assert http.delete(f"/v1/uploads/{kept['id']}").status_code == 204
    for method in ("GET", "DELETE"):
        assert http.request(method, f"/v1/uploads/{kept['id']}").status_code == 404
    assert http.post("/v1/jobs", json={"model": f"{MODELS}:TakesMedia", "input": {"sound": kept["id"]}}).is_error


def test_a_name_is_only_a_name(http: httpx.Client, live: RunningServer, tmp_path: Path) -> None:
    sound = media_files.wav(tmp_path / "say.wav", seconds=0.1)
    assert upload(http, sound, "../../../etc/cron.d/x.wav").json()["name"] == "x.wav"
    assert upload(http, sound, "..\\..\\é <b>.wav").json()["name"].endswith(".wav")
    assert not list(live.data.rglob("cron.d"))


@pytest.mark.parametrize(
    ("name", "words"),
    [("text.wav", "cannot be used"), ("empty.wav", "cannot be used"), ("large.png", "1200 x 1000 = 1,200,000 pixels")],
)
def test_what_is_no_use_is_refused_and_not_kept(
    http: httpx.Client, live: RunningServer, tmp_path: Path, name: str, words: str
) -> None:
    (tmp_path / "text.wav").write_text("these are words")
    (tmp_path / "empty.wav").touch()
    media_files.png(tmp_path / "large.png", 1200, 1000)
    answer = upload(http, tmp_path / name)
    assert (answer.status_code, answer.json()["code"]) == (422, "media-invalid")
    assert words in answer.json()["detail"]
    eventually(lambda: live.under_way == [], "nothing is left")


def test_a_video_is_no_sound_of_a_sound_model(http: httpx.Client, tmp_path: Path) -> None:
    mute = upload(http, media_files.video(tmp_path / "mute.mp4", frames=5)).json()["id"]
    job = until(http, post_job(http, f"{MODELS}:TakesMedia", {"sound": mute})["id"])
    assert (job["status"], job["error"]["code"]) == ("failed", "media-invalid")
    assert job["attempts"] == 1


def test_a_form_without_a_file_says_what_is_missing(http: httpx.Client) -> None:
    for form in ({"files": {"other": b"x"}}, {"files": {"a": b"x"}, "data": {"file": "words"}}):
        answer = http.post("/v1/uploads", **form)
        assert (answer.status_code, answer.json()["detail"]) == (422, "file is missing")
    assert http.post("/v1/uploads", json={"file": "x"}).status_code == 415
    broken = http.post("/v1/uploads", content=b"no form", headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert broken.status_code in (400, 422)


def test_a_file_that_says_it_is_too_large_is_not_even_read(live: RunningServer) -> None:
    head = (
        f"POST /v1/uploads HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\n"
        f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {10**12}\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", live.port), timeout=60) as connection:
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_file_that_does_not_say_is_counted(http: httpx.Client, live: RunningServer) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
        yield from (bytes(65_536) for _ in range(2 * LIMIT // 65_536))
        yield b"\r\n--b--\r\n"

    answer = http.post("/v1/uploads", content=pieces(), headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    eventually(lambda: live.under_way == [], "nothing is left")


def test_text_is_no_upload_route(http: httpx.Client) -> None:
    """JSON has a limit of its own: files do not go there."""
    answer = http.post("/v1/jobs", content=b"[" + b" " * 21_000_000, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
