"""Files of jobs: by key or by link, whole or in parts, and harmless."""

from __future__ import annotations

import re
import time

import httpx
import pytest

from tests.serve.routes.asking import post_job, until
from tests.serve.servers import MODELS, RunningServer


@pytest.fixture
def link(http: httpx.Client) -> str:
    """The address of a file of 5,000 bytes."""
    job = until(http, post_job(http, f"{MODELS}:NoopFile", {"size": 5000})["id"])
    [artifact] = job["artifacts"]
    assert (artifact["name"], artifact["media_type"], artifact["size"]) == (
        "zeros.bin", "application/octet-stream", 5000,
    )  # fmt: skip
    return str(artifact["url"])


def test_a_file_comes_whole_with_its_kind_and_name(http: httpx.Client, link: str) -> None:
    answer = http.get(link)
    assert answer.content == bytes(5000)
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == "inline; filename*=UTF-8''zeros.bin"
    assert answer.headers["accept-ranges"] == "bytes"


def test_it_can_be_saved_instead_of_shown(http: httpx.Client, link: str) -> None:
    assert http.get(f"{link}&download=1").headers["content-disposition"].startswith("attachment;")


def test_a_file_that_a_model_made_can_run_nothing(http: httpx.Client, link: str) -> None:
    headers = http.get(link).headers
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["x-content-type-options"] == "nosniff"


def test_parts_come_by_range(http: httpx.Client, link: str) -> None:
    part = http.get(link, headers={"Range": "bytes=100-199"})
    assert (part.status_code, len(part.content)) == (206, 100)
    assert part.headers["content-range"] == "bytes 100-199/5000"
    assert len(http.get(link, headers={"Range": "bytes=-10"}).content) == 10
    beyond = http.get(link, headers={"Range": "bytes=5000-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, "bytes */5000")
    assert http.get(link, headers={"Range": "lines=1-2"}).status_code in (200, 400)


def test_its_head_says_how_large_it_is(http: httpx.Client, link: str) -> None:
    answer = http.head(link)
    assert (answer.status_code, answer.headers["content-length"], answer.content) == (200, "5000", b"")


def test_what_a_reader_has_is_not_sent_again(http: httpx.Client, link: str) -> None:
    tag = http.get(link).headers["etag"]
    half = {"Range": "bytes=0-9"}
    assert http.get(link, headers={**half, "If-Range": tag}).status_code == 206
    assert http.get(link, headers={**half, "If-Range": '"another"'}).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link[:-1] + ("A" if link[-1] != "A" else "B"),
        lambda link: re.sub(r"expires=\d+", f"expires={int(time.time()) + 9_999_999}", link),
        lambda link: link.replace("signature=", "signature=%F0%9F%92%A9"),
    ],
)
def test_a_link_that_was_changed_opens_nothing(http: httpx.Client, link: str, change: object) -> None:
    assert callable(change)
    answer = http.get(change(link))
    assert (answer.status_code, answer.json()["code"]) == (403, "link-invalid")


def test_a_link_opens_one_file(http: httpx.Client, link: str) -> None:
    job = until(http, post_job(http, f"{MODELS}:NoopFile", {"size": 1})["id"])
    other = job["artifacts"][0]["id"]
    moved = re.sub(r"art_\w+", other, link)
    assert http.get(moved).status_code == 403


def test_a_link_has_an_end(live: RunningServer, http: httpx.Client, link: str) -> None:
    import sqlite3

    from greenroom.jobs.signing import LinkSigner

    with sqlite3.connect(live.data / "jobs.sqlite") as database:
        secrets = [
            value for (value,) in database.execute("select value from greenroom_about where name = 'signing-secret'")
        ]
    artifact = re.findall(r"art_\w+", link)[0]
    old = LinkSigner(secrets).query(artifact, 10, now=time.time() - 20)
    answer = http.get(f"/v1/artifacts/{artifact}?{old}")
    assert (answer.status_code, answer.json()["code"]) == (403, "link-expired")


@pytest.mark.parametrize(
    ("name", "code"),
    [("art_none", "artifact-unknown"), ("%00", "artifact-unknown"), ("..%2f..%2fjobs.sqlite", "not-found")],
)
def test_a_file_that_is_not_there(http: httpx.Client, name: str, code: str) -> None:
    answer = http.get(f"/v1/artifacts/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, code)
