"""Where the file of a URL lies: readable, apart from others, and never outside."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import InputInvalid
from greenroom.recipes.recipe import ModelFile
from greenroom.weights.store.url_layout import UrlFiles, github_url

BASE = UrlFiles(Path("/store/urls"))


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("https://host.org/a/b/model.gguf", "host.org/a/b/model.gguf"),
        ("https://Host.org:8443/model.gguf", "host.org_8443/model.gguf"),
        ("https://host.org/a%20b/%C3%BC.gguf", "host.org/a b/ü.gguf"),
        ("https://user:secret@host.org/model.gguf", "host.org/model.gguf"),
        ("https://host.org/../../etc/passwd", "host.org/_./_./etc/passwd"),
        ("https://host.org/%2e%2e/%2Fetc%2Fx", "host.org/_./_etc_x"),
        ("https://host.org/.greenroom/x", "host.org/_greenroom/x"),
        ("https://host.org/model.part", "host.org/model.part_"),
    ],
)
def test_a_place_reads_as_its_address(url: str, place: str) -> None:
    assert BASE.place(url) == BASE.base / place


def test_queries_tell_files_apart_and_stay_secret() -> None:
    first, second = (BASE.place(f"https://host.org/get.bin?id={number}&token=SECRET") for number in (1, 2))
    assert first != second
    assert first.suffix == ".bin"
    assert "SECRET" not in str(first)


@pytest.mark.parametrize("url", ["https://host.org", "https://host.org/", "https://host.org/a/", "https:///x"])
def test_an_address_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        BASE.place(url)
    assert caught.value.mend == "say where it goes: -o FILE"


@given(st.text(max_size=300), st.text(max_size=20))
def test_no_address_leads_out(path: str, query: str) -> None:
    url = f"https://host.org/{path.replace('?', '').replace('#', '')}?{query}"
    try:
        place = BASE.place(url)
    except (InputInvalid, ValueError):
        return
    inside = place.relative_to(BASE.base)
    assert ".." not in inside.parts
    assert all(len(part.encode("utf-8", "surrogatepass")) < 256 and "\0" not in part for part in inside.parts)


def test_github_s_address_gives_the_bytes() -> None:
    file = ModelFile(role="weights", host="github", repository="acme/code", revision="abc", path="a b/x.pt")
    assert github_url(file) == "https://github.com/acme/code/raw/abc/a%20b/x.pt"
