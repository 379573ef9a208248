"""Logs: one form for all, ids of the work on every line, and no secret in any."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from greenroom.serve.logs import HIDDEN, Redactor, bind, bound, configure
from greenroom.settings import Settings

TOKEN = "gr_" + "Ab3_-" * 8
LOG = logging.getLogger("greenroom.test")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    names = ("", "dbos", "uvicorn", "uvicorn.error", "uvicorn.access", "httpx", "httpcore")
    before = [(one, one.handlers[:], one.propagate, one.level) for one in map(logging.getLogger, names)]
    yield
    for one, handlers, propagate, level in before:
        one.handlers, one.propagate, one.level = handlers, propagate, level
        logging.getLogger().manager._clear_cache()  # type: ignore[attr-defined]  # levels are remembered


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_an_object_with_time_level_logger_and_message() -> None:
    configure(stream=(stream := io.StringIO()))
    LOG.warning("%d of %s", 7, "many", extra={"size": 3, "parts": ["a", None]})
    (line,) = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning", "logger": "greenroom.test", "message": "7 of many", "size": 3, "parts": ["a", None],
    }  # fmt: skip


def test_ids_stand_on_every_line_of_their_context_alone() -> None:
    configure(stream=(stream := io.StringIO()))

    async def work(number: int) -> None:
        with bind(job=f"job_{number}"), bind(device="cpu"):
            await asyncio.sleep(0.01)
            LOG.info("%d", number)

    async def both() -> None:
        await asyncio.gather(work(1), work(2))

    asyncio.run(both())
    LOG.info("3")
    said = {line["message"]: (line.get("job"), line.get("device")) for line in lines(stream)}
    assert said == {"1": ("job_1", "cpu"), "2": ("job_2", "cpu"), "3": (None, None)}
    assert bound("job") is None


def test_a_failure_is_one_line_with_its_traceback_and_no_secret() -> None:
    configure(stream=(stream := io.StringIO()))
    try:
        int(f"https://ann:hunter2@host/x?signature=abc with {TOKEN}")
    except ValueError:
        LOG.exception("it failed")
    (line,) = lines(stream)
    assert "Traceback" in line["error"]
    assert "ValueError" in line["error"]
    assert "hunter2" not in line["error"]
    assert "signature=abc" not in line["error"]
    assert TOKEN not in line["error"]


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abc.def-123", "abc.def-123"),
        ("{'authorization': 'Basic QWxhZGRpbjpvcGVu'}", "QWxhZGRpbjpvcGVu"),
        ("[(b'authorization', b'Bearer abcdefgh12')]", "abcdefgh12"),
        ('headers={"Authorization": "Token xyz"}', "xyz"),
        ("cookie: session=s3cr3t; other=1", "s3cr3t"),
        ("curl -H 'X-API-Key: topsecret'", "topsecret"),
        ("sent bearer eyJhbGciOi.J9", "eyJhbGciOi.J9"),
        (f"key {TOKEN}.", TOKEN),
        ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        ("hf_abcdefghijklmnopqrstuvwxyz012345", "abcdefghijklmnopqrstuvwxyz012345"),
        ("sk-proj-abcdefghijklmnop", "abcdefghijklmnop"),
        ("postgresql+psycopg://ann:p:a%40ss@db:5432/jobs", "p:a%40ss"),
        ("redis://:hunter2@host", "hunter2"),
        ("GET /v1/artifacts/a?expires=9&signature=AbC-_9 200", "AbC-_9"),
        ("https://s3/x?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=0f0f&x=1", "0f0f"),
        ("https://s3/x?X-Amz-Credential=AKIA%2F1&X-Amz-Signature=0f0f&x=1", "AKIA"),
        ("https://host/x?api_key=abc", "=abc"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, secret: str) -> None:
    shown = Redactor()(text)
    assert secret not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize(
    "text",
    [
        "task-runner-with-a-long-name-of-thirty", "the basic plan", "https://host:8080/a/b?x=1&y=2",
        "ann@host.org wrote hf_hub", "gr_short", "a key: none", "mailto://",
    ],
)  # fmt: skip
def test_ordinary_words_stay(text: str) -> None:
    assert Redactor()(text) == text


def test_values_of_secret_settings_are_hidden_everywhere() -> None:
    settings = Settings(hf_token=SecretStr("plain words/42"), runpod_api_key=SecretStr("abc"))
    configure(settings, stream=(stream := io.StringIO()), environ={"MY_PASSWORD": "correct horse", "LANG": "english"})
    LOG.info("plain words/42 and %s", "plain%20words%2F42", extra={"x": {"deep": ["plain words/42"]}, "my_token": "t"})
    LOG.info("correct horse speaks english")
    LOG.info("the abc", extra={"job": "plain words/42"})
    assert "plain words/42" not in stream.getvalue()
    assert "plain%20words" not in stream.getvalue()
    assert "correct horse" not in stream.getvalue()
    said = lines(stream)
    assert said[0]["my_token"] == HIDDEN
    assert said[1]["message"].endswith("speaks english")
    assert said[2]["message"] == "the abc"  # three letters are no secret, and hiding them would hide words


def test_secrets_that_json_would_escape_are_hidden() -> None:
    secret = 'quo"te\\back\nline'
    configure(Settings(hf_token=SecretStr(secret)), stream=(stream := io.StringIO()))
    LOG.info("it is %s", secret)
    assert lines(stream)[0]["message"] == f"it is {HIDDEN}"


def test_other_loggers_join() -> None:
    configure(stream=(stream := io.StringIO()))
    logging.getLogger("uvicorn.access").info(
        '%s - "%s %s HTTP/%s" %d', "1.2.3.4:5", "GET", "/x?signature=q", "1.1", 200
    )
    from dbos._logger import dbos_logger, init_logger

    init_logger()
    dbos_logger.info("dbos speaks", extra={"executorID": "x"})
    logging.getLogger("httpx").info("HTTP Request: POST https://receiver/path")
    said = lines(stream)
    assert [line["logger"] for line in said] == ["uvicorn.access", "dbos"]
    assert "signature=q" not in said[0]["message"]
    assert "executorID" not in said[1]


def test_a_terminal_gets_text_on_one_line() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    configure(stream=(stream := Terminal()))
    with bind(job="job_1"):
        LOG.info("evil\nline \x1b[31mred %s", TOKEN)
    (line,) = stream.getvalue().splitlines()
    assert line.endswith(rf"info    greenroom.test: evil\x0aline \x1b[31mred {HIDDEN}  job=job_1")


def test_a_wrong_format_loses_no_line() -> None:
    configure(stream=(stream := io.StringIO()))
    LOG.info("%d", "no number")
    assert "no number" in lines(stream)[0]["message"]


def test_standard_error_is_the_default(capsys: pytest.CaptureFixture[str]) -> None:
    configure()
    LOG.info("hello")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert json.loads(shown.err)["message"] == "hello"
    assert logging.getLogger().handlers[0].stream is sys.stderr  # type: ignore[attr-defined]
