"""Errors over HTTP: RFC 9457, plain words, and nothing of the machine."""

from __future__ import annotations

import importlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient

from greenroom.errors import FileUnreadable, GreenroomError, InputInvalid, UnknownName
from greenroom.serve.logs import bind
from greenroom.serve.paths import without_paths
from greenroom.serve.problems import KINDS, MEDIA_TYPE, install, problem


class Later(GreenroomError):
    code = "busy"
    retry_after_s = 1.2


class Strange(GreenroomError):
    code = "strange"


class Unauthorised(GreenroomError):
    code = "unauthorised"


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=5)]
    count: int = 1


RAISED: dict[str, Exception] = {
    "invalid": InputInvalid("speed is 9", mend="speed is 0.5 to 2"),
    "unknown": UnknownName("model", "voice-jo", ["voice-joe"]),
    "busy": Later("too many wait"),
    "strange": Strange("x"),
    "unauthorised": Unauthorised("no key"),
    "file": FileUnreadable("'/srv/jobs/job_1/in.wav' is not sound", mend="convert it to WAV"),
    "teapot": HTTPException(418, "short and stout", {"X-Tea": "yes"}),
    "odd": HTTPException(499),
    "bug": KeyError("/srv/secret/path"),
    "gone": ClientDisconnect(),
}


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    install(app)

    @app.get("/raise/{name}")
    async def fail(name: str) -> None:
        raise RAISED[name]

    @app.post("/full")
    async def full() -> None:
        with Path("/dev/full").open("wb", buffering=0) as disk:
            disk.write(b"an upload")

    @app.post("/body")
    async def body(body: Body) -> None:
        """Takes one."""

    @app.get("/stream/{name}")
    async def stream(name: str) -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"first"
            raise RAISED[name]

        return StreamingResponse(parts())

    return TestClient(app)


def said(answer: Any) -> dict[str, Any]:
    assert answer.headers["content-type"] == MEDIA_TYPE
    found: dict[str, Any] = answer.json()
    assert found["status"] == answer.status_code
    return found


def test_an_error_says_all_that_the_standard_asks_and_its_mend(client: TestClient) -> None:
    with bind(request="req_1"):
        answer = said(client.get("/raise/invalid"))
    assert answer == {
        "type": "urn:greenroom:error:input-invalid",
        "title": "The input is not valid",
        "status": 422,
        "detail": "speed is 9",
        "code": "input-invalid",
        "mend": "speed is 0.5 to 2",
        "error": {
            "message": "speed is 9 (speed is 0.5 to 2)",
            "type": "invalid_request_error",
            "code": "input-invalid",
            "param": None,
        },
        "instance": "urn:greenroom:request:req_1",
    }


def test_a_status_may_be_given() -> None:
    assert problem(RAISED["unknown"], 404).status_code == 404  # type: ignore[arg-type]
    assert problem(RAISED["unknown"]).status_code == 422  # type: ignore[arg-type]


def test_a_busy_server_says_when_to_come_back(client: TestClient) -> None:
    answer = client.get("/raise/busy")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_a_missing_key_is_answered_with_the_way_to_give_one(client: TestClient) -> None:
    answer = client.get("/raise/unauthorised")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_code_of_which_nothing_is_known_is_ours_to_blame(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    assert said(client.get("/raise/strange"))["code"] == "strange"
    assert client.get("/raise/strange").status_code == 500
    assert "GET /raise/strange" in caplog.text


def test_a_path_of_the_machine_reaches_nobody(client: TestClient) -> None:
    assert said(client.get("/raise/file"))["detail"] == "'in.wav' is not sound"


def test_a_path_with_spaces_is_one_path() -> None:
    assert without_paths("'/home/ann lee/a b.wav' is no sound") == "'a b.wav' is no sound"
    assert without_paths("(/srv/x/a.wav) and http://127.0.0.1/x/y") == "(a.wav) and http://127.0.0.1/x/y"


def test_every_field_at_fault_is_named_and_no_value_repeated(client: TestClient) -> None:
    answer = said(client.post("/body", json={"text": "very secret words", "count": "x", "more": 1}))
    assert answer["errors"] == [
        {"field": "text", "message": "string should have at most 5 characters"},
        {"field": "count", "message": "input should be a valid integer, unable to parse string as an integer"},
        {"field": "more", "message": "there is no such field"},
    ]
    assert answer["detail"] == "text: string should have at most 5 characters (and 2 more)"
    assert "secret" not in str(answer)
    assert said(client.post("/body", json={}))["errors"] == [{"field": "text", "message": "it is missing"}]


def test_what_is_shown_of_a_field_has_an_end(client: TestClient) -> None:
    answer = client.post("/body", json={"text": "a", "x" * 100_000: 1})
    assert said(answer)["errors"] == [{"field": "x" * 200 + "…", "message": "there is no such field"}]
    assert len(answer.content) < 2000


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[1,]"])
def test_what_is_no_json_is_said_to_be_none(client: TestClient, body: bytes) -> None:
    answer = said(client.post("/body", content=body, headers={"content-type": "application/json"}))
    assert answer["status"] == 400
    assert answer["code"] == "input-invalid"


def test_paths_and_methods_that_are_not_there(client: TestClient) -> None:
    assert said(client.get("/nowhere"))["detail"] == "there is nothing at /nowhere"
    answer = client.delete("/body")
    assert said(answer)["code"] == "method-not-allowed"
    assert answer.headers["allow"] == "POST"


def test_an_http_error_keeps_its_status_and_headers(client: TestClient) -> None:
    answer = client.get("/raise/teapot")
    assert (said(answer)["code"], answer.headers["x-tea"]) == ("http-418", "yes")
    assert said(client.get("/raise/odd"))["status"] == 499


def test_a_bug_is_words_for_the_caller_and_one_traceback_for_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = said(client.get("/raise/bug"))
    assert (answer["status"], answer["code"]) == (500, "failed")
    assert answer["detail"] == "unexpected failure (KeyError)"
    assert "secret" not in str(answer)
    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert record.exc_info is not None
    assert record.exc_info[0] is KeyError


@pytest.mark.parametrize("name", ["bug", "strange"])
def test_an_answer_that_breaks_off_is_logged_and_gets_no_second_head(
    client: TestClient, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    answer = client.get(f"/stream/{name}")
    assert (answer.status_code, answer.content) == (200, b"first")
    assert "/stream/" in caplog.text


def test_a_client_that_left_is_no_error(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(AssertionError):  # the test's client insists on an answer
        client.get("/raise/gone")
    assert not caplog.records


def test_a_full_disk_is_said_to_be_full(client: TestClient) -> None:
    answer = client.post("/full")
    assert (answer.status_code, answer.json()["code"]) == (507, "storage-full")
    assert answer.json()["mend"] == "free some of it, then try again"


def test_half_a_letter_can_be_told() -> None:
    assert b"\\ud800" in problem(InputInvalid("there is no voice '\ud800'")).body


def test_details_have_an_end() -> None:
    assert len(problem(InputInvalid("x" * 100_000)).body) < 3000


def test_every_code_has_a_status_of_an_error_and_a_title() -> None:
    for code, (status, title) in KINDS.items():
        assert code == code.lower()
        assert 400 <= status <= 599
        assert title[:1].isupper()


def test_codes_of_the_code_base_have_a_status_of_their_own() -> None:
    """Errors that a route can meet are no surprise to the table."""
    from greenroom.jobs import errors as jobs
    from greenroom.jobs import signing
    from greenroom.serve import fetching, keys, limits, origins, outbound, probing
    from greenroom.serve.workers import errors as workers

    defined = {
        kind.code
        for module in (jobs, workers, signing, fetching, keys, limits, origins, outbound, probing)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, GreenroomError)
    }
    assert not defined - KINDS.keys() - {"poison-job", "signature-invalid"}


def test_what_a_request_does_wrong_is_never_our_fault() -> None:
    """Every error of a speaking model that is for bad input has a status of 4xx."""
    importlib.import_module("greenroom.models.f5tts.speaking")
    seen, classes = set(), [InputInvalid]
    while classes:
        kind = classes.pop()
        classes += kind.__subclasses__()
        if kind.__module__.startswith("greenroom.models.f5tts"):
            seen.add(kind.code)
    assert len(seen) > 10
    assert {code for code in seen if KINDS.get(code, (500,))[0] >= 500} == set()
