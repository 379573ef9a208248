"""The routes of the page: what they serve, with which headers, and nothing else."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from greenroom.serve.page.page import page_routes

NAMES = sorted(entry.name for entry in files("greenroom.serve.page").iterdir() if entry.is_file())
PARTS = [name for name in NAMES if not name.endswith(".py")]


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(Starlette(routes=page_routes()))


def test_the_page_is_at_the_root(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "<title>greenroom</title>" in answer.text


@pytest.mark.parametrize("name", PARTS)
def test_every_part_has_its_type(client: TestClient, name: str) -> None:
    types = {"css": "text/css", "html": "text/html", "js": "text/javascript", "svg": "image/svg+xml"}
    answer = client.get(f"/page/{name}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith(types[name.rpartition(".")[2]])
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_policy_lets_nothing_in_from_elsewhere(client: TestClient) -> None:
    headers = client.get("/").headers
    policy = dict(rule.split(" ", 1) for rule in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["media-src"] == policy["img-src"] == "'self' blob:"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["trusted-types"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"


def test_what_a_browser_has_already_is_not_sent_again(client: TestClient) -> None:
    first = client.get("/page/app.js")
    assert first.headers["Cache-Control"] == "no-cache"
    again = client.get("/page/app.js", headers={"If-None-Match": f'"other", W/{first.headers["ETag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get("/page/app.js", headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_head_has_no_body(client: TestClient) -> None:
    answer = client.head("/page/app.js")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Content-Length"]) > 0


@pytest.mark.parametrize(
    "name", ["page.py", "__init__.py", "..%2Fpage.py", "%2e%2e%2f__init__.py", "nothing.js", ".js"]
)
def test_only_the_parts_of_the_page_are_served(client: TestClient, name: str) -> None:
    assert client.get(f"/page/{name}").status_code == 404


def test_no_part_names_another_host() -> None:
    allowed = {"http://www.w3.org/2000/svg"}  # a name of XML
    for name in PARTS:
        text = files("greenroom.serve.page").joinpath(name).read_text("utf-8")
        assert set(re.findall(r"https?://\w[\w./-]*", text)) <= allowed, name


def test_no_part_makes_markup_of_text() -> None:
    for name in PARTS:
        text = files("greenroom.serve.page").joinpath(name).read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text), name


def test_every_named_part_is_there(client: TestClient) -> None:
    named = re.findall(r'(?:href|src)="(page/[^"]+)"', client.get("/").text)
    imports = [
        f"page/{target}"
        for name in PARTS
        if name.endswith(".js")
        for target in re.findall(
            r'from "\./([^"]+)"|import "\./([^"]+)"', files("greenroom.serve.page").joinpath(name).read_text()
        )
        for target in target
        if target
    ]
    assert len(named) > 4
    assert len(imports) > 20
    assert {client.get(f"/{part}").status_code for part in {*named, *imports}} == {200}


def test_every_module_is_fetched_at_once(client: TestClient) -> None:
    """A module that is not named in the page waits for those that import it."""
    modules = {f"page/{name}" for name in PARTS if name.endswith(".js")} - {"page/app.js", "page/scheme.js"}
    assert set(re.findall(r'rel="modulepreload" href="([^"]+)"', client.get("/").text)) == modules
