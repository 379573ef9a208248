"""How much may be asked and answered in JSON, and by whom, on a server that is open to all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.media import media_files
from tests.serve.routes.asking import NOOP, SLEEPER, SLOW, eventually, post_job, until
from tests.serve.servers import MODELS, RunningServer, running_server

MIRROR, NOOP_FILE = f"{MODELS}:Mirror", f"{MODELS}:NoopFile"
JSON_BYTES = 2_000_000


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    env = {"GREENROOM_MAX_UPLOAD_MB": "10", "GREENROOM_PUBLIC_URL": "https://speech.example/"}
    folder = tmp_path_factory.mktemp("open")
    models = ("Noop", "NoopFile", "Sleeper", "Mirror")
    with running_server(folder, *models, env=env, arguments=("--allow-anonymous",)) as server:
        yield server


@pytest.fixture
def http(opened: RunningServer) -> Iterator[httpx.Client]:
    with opened.client() as client:
        yield client


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/uploads", "/v1/jobs", "/run", f"/v1/models/{NOOP}/generate"])
def test_json_has_one_limit_everywhere(http: httpx.Client, path: str) -> None:
    body = json.dumps({"model": NOOP, "text": "x" * JSON_BYTES})
    answer = http.post(path, content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_the_longest_text_fits_however_it_is_written(http: httpx.Client) -> None:
    text = "\U0001f3ad" * 100_000
    answer = http.post(f"/v1/models/{NOOP}/generate", content=json.dumps({"text": text}).encode(), headers=JSON)
    assert answer.json()["output"]["echo"]["text"] == text


def test_a_form_may_have_a_file_beyond_it(http: httpx.Client, tmp_path: Path) -> None:
    path = media_files.video(tmp_path / "clip.mp4", frames=5)
    with path.open("ab") as file:
        file.write(bytes(3_000_000))
    for asked in (("/v1/uploads", "file", {}), ("/v1/videos", "input_reference", {"model": MIRROR})):
        with path.open("rb") as file:
            assert http.post(asked[0], files={asked[1]: file}, data=asked[2]).status_code in (200, 201)


@pytest.mark.parametrize("path", ["/v1/videos", "/v1/jobs", "/run", "/v1/audio/speech"])
@pytest.mark.parametrize("junk", ["[" * 200_000 + "]" * 200_000, "1" * 5000], ids=["brackets", "digits"])
def test_what_no_program_would_send_is_the_sender_s_fault(http: httpx.Client, path: str, junk: str) -> None:
    body = f'{{"model": "{NOOP}", "input": {{"text": {junk}}}, "extra_params": {junk}}}'
    answer = http.post(path, content=body.encode(), headers=JSON)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["code"] == "input-invalid"


@pytest.mark.parametrize("junk", ["[" * 200_000 + "]" * 200_000, '{"seed": ' + "1" * 5000 + "}"])
def test_nor_does_it_help_inside_a_form(http: httpx.Client, junk: str) -> None:
    answer = http.post("/v1/videos", files={"model": (None, NOOP), "extra_params": (None, junk)})
    assert (answer.status_code, answer.json()["code"]) == (422, "input-invalid")


def test_unknown_names_by_the_thousand_have_a_short_answer(http: httpx.Client) -> None:
    names = {f"name-{number}": 1 for number in range(50_000)}
    asked: list[tuple[str, Any]] = [
        ("/v1/jobs", {"model": NOOP, "input": names}), ("/run", {"input": names}),
        (f"/v1/models/{NOOP}/generate", names), ("/v1/videos", {"model": NOOP, "extra_params": names}),
        ("/v1/videos", {"model": NOOP, "x" * 1_000_000: 1}), ("/v1/jobs", {"model": NOOP, "x" * 1_000_000: 1}),
        ("/v1/jobs", {"model": "x" * 1_000_000}), ("/v1/audio/speech", {"model": "x" * 1_000_000, "input": "a"}),
    ]  # fmt: skip
    for path, body in asked:
        answer = http.post(path, json=body)
        assert answer.status_code == 422
        assert len(answer.content) < 3000, path


def test_a_result_that_is_too_large_for_json_is_told_so(http: httpx.Client) -> None:
    path, body = f"/v1/models/{NOOP_FILE}/generate", {"size": 25_000_001}
    refused = http.post(path, json=body, headers={"Accept": "application/json"})
    assert (refused.status_code, refused.json()["code"]) == (406, "result-too-large")
    assert "Accept" in refused.json()["mend"]
    assert len(http.post(path, json=body).content) == 25_000_001
    small = http.post(path, json={"size": 25_000}, headers={"Accept": "application/json"})
    assert small.json()["files"][0]["size"] == 25_000


def test_nothing_is_left_of_requests_that_were_answered(http: httpx.Client, opened: RunningServer) -> None:
    path = f"/v1/models/{NOOP_FILE}/generate"
    for size in (25_000, 25_000_001):
        http.post(path, json={"size": size}, headers={"Accept": "application/json"})
    [now] = opened.data.glob("servers/*/now")
    eventually(lambda: not list(now.iterdir()), "nothing is left")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost:1"])
def test_a_page_of_another_site_stops_nothing(http: httpx.Client, origin: str) -> None:
    job_id = post_job(http, SLEEPER, SLOW)["id"]
    until(http, job_id, "running")
    for path in ("/purge-queue", f"/v1/jobs/{job_id}/cancel", f"/cancel/{job_id}", "/v1/uploads"):
        assert http.post(path, headers={"Origin": origin}).json()["code"] == "forbidden"
    assert http.get(f"/v1/jobs/{job_id}").json()["status"] == "running"
    assert http.post(f"/v1/jobs/{job_id}/cancel", headers={"Origin": str(http.base_url).rstrip("/")}).is_success
    until(http, job_id)


def test_other_names_and_the_page_behind_a_proxy_are_served(http: httpx.Client) -> None:
    for origin in ("http://box.example:7860", "https://speech.example"):
        headers = {"Host": "box.example:7860", "Origin": origin}
        assert http.post("/purge-queue", headers=headers).status_code == 200


JSON = {"Content-Type": "application/json"}
