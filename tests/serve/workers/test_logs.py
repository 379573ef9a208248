"""What a model prints, logs and writes is in the server's log, under the request that it belongs to."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from greenroom.serve.workers.logs import Logs, Printed, sendable
from greenroom.serve.workers.protocol import Log, Message
from tests.serve.workers.pools import eventually, fresh, named, pool_of


def test_every_line_is_logged_with_its_request(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "greenroom.worker")

    async def work() -> None:
        async with pool_of("Chatty", folder=tmp_path) as pool:
            for text in ("one", "two"):
                await pool.run(named("Chatty"), {"text": text}, fresh(tmp_path), request=f"job_{text}")
            await eventually(lambda: "output: wrote two" in caplog.text)

    asyncio.run(work())
    records = [record for record in caplog.records if record.name == "greenroom.worker"]
    said = {(record.getMessage(), record.levelno, record.__dict__["request"]) for record in records}
    assert said >= {
        *((f"stdout: printed {text}", logging.INFO, f"job_{text}") for text in ("one", "two")),
        *((f"stderr: complained {text}", logging.WARNING, f"job_{text}") for text in ("one", "two")),
        *((f"chatty: logged {text}", logging.WARNING, f"job_{text}") for text in ("one", "two")),
    }
    assert {record.__dict__["device"] for record in records} == {"cpu"}


def test_a_flood_is_never_lost_and_never_blocks(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """More than a pipe holds."""
    caplog.set_level(logging.INFO, "greenroom.worker")
    text = "x" * 10_000

    async def work() -> None:
        async with pool_of("Chatty", folder=tmp_path) as pool:
            for _ in range(30):
                await pool.run(named("Chatty"), {"text": text}, fresh(tmp_path))
            await eventually(lambda: caplog.text.count("xxx\n") >= 120)

    asyncio.run(work())
    assert caplog.text.count(text) >= 90


def test_prints_are_cut_into_lines_and_a_bar_is_its_last_state() -> None:
    sent: list[Message] = []
    logs = Logs(sent.append, logging.INFO)
    logs.request = "job_1"
    out = Printed(logs, logging.INFO, "stdout", 1)
    assert (out.writable(), out.encoding, out.fileno(), out.isatty()) == (True, "utf-8", 1, False)
    print("a", "b", file=out)
    print("first\nsecond", file=out, end="")
    print("\r10%\r50%\r100%", file=out)
    print("unfinished", file=out, end="")
    out.end_line()
    out.end_line()
    assert [said.text for said in sent if isinstance(said, Log)] == ["a b", "first", "100%", "unfinished"]
    assert {said.request for said in sent if isinstance(said, Log)} == {"job_1"}
    out.write("y" * 20_000)
    assert isinstance(sent[-1], Log)
    assert sent[-1].text == "y" * 20_000


def test_text_that_utf8_cannot_hold_is_mended() -> None:
    assert sendable("plain") == "plain"
    assert sendable("ä\udcff") == "ä?"
