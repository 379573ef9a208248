"""Images looked up where they are: digests, platforms, CUDA; what cannot be known is said to be so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import InputInvalid
from greenroom.ship.deploy.images import Reference, look_up
from tests.ship.deploy.registry import FakeRegistry


@pytest.fixture(scope="module")
def registry() -> Iterator[FakeRegistry]:
    with FakeRegistry() as started:
        yield started


@pytest.mark.parametrize(
    ("text", "host", "path", "tag"),
    [
        ("ubuntu", "registry-1.docker.io", "library/ubuntu", None),
        ("acme/joe:1", "registry-1.docker.io", "acme/joe", "1"),
        ("docker.io/acme/joe", "registry-1.docker.io", "acme/joe", None),
        ("ghcr.io/acme/joe:1.2", "ghcr.io", "acme/joe", "1.2"),
        ("localhost/joe", "localhost", "joe", None),
        ("here:5000/acme/joe:x", "here:5000", "acme/joe", "x"),
    ],
)
def test_names_of_images(text: str, host: str, path: str, tag: str | None) -> None:
    reference = Reference.parse(text)
    assert (reference.host, reference.path, reference.tag, reference.digest) == (host, path, tag, None)
    digest = f"sha256:{'0' * 64}"
    assert Reference.parse(f"{text}@{digest}").digest == digest


@given(st.text(max_size=40))
def test_whatever_is_no_name_is_refused(text: str) -> None:
    try:
        reference = Reference.parse(text)
    except InputInvalid:
        return
    assert reference.host
    assert reference.path


def test_a_tag_is_resolved_with_an_anonymous_token(registry: FakeRegistry) -> None:
    digest = registry.push("1", Env=["PATH=/bin", "CUDA_VERSION=12.8.1"], size=7_000)
    looked = look_up(Reference.parse(f"{registry.host}/acme/joe:1"))
    assert looked.state == "found"
    assert looked.image is not None
    assert (looked.image.digest, looked.image.cuda, looked.image.size) == (digest, "12.8", 7_000)
    registry.says_digest = False
    assert look_up(Reference.parse(f"{registry.host}/acme/joe:1")) == looked
    registry.says_digest = True


def test_an_index_is_read_for_the_hosts_platform(registry: FakeRegistry) -> None:
    digest = registry.push("2", platforms=("linux/arm64", "linux/amd64"), Labels={"greenroom.cuda": "13.0"})
    image = look_up(Reference.parse(f"{registry.host}/acme/joe@{digest}")).image
    assert image is not None
    assert (image.digest, image.platforms, image.cuda) == (digest, ("linux/arm64", "linux/amd64"), "13.0")
    other = registry.push("3", platforms=("linux/arm64", "linux/s390x"))
    image = look_up(Reference.parse(f"{registry.host}/acme/joe@{other}")).image
    assert image is not None
    assert image.platforms == ("linux/arm64", "linux/s390x")


@pytest.mark.parametrize(
    ("env", "cuda"),
    [
        (["NVIDIA_REQUIRE_CUDA=cuda>=12.4 brand=tesla,driver>=470"], "12.4"),
        (["CUDA_VERSION=x"], None),
        ([], None),
        (None, None),
    ],
)
def test_the_cuda_of_an_image_as_it_says_it(registry: FakeRegistry, env: list[str] | None, cuda: str | None) -> None:
    registry.push("4", Env=env)
    image = look_up(Reference.parse(f"{registry.host}/acme/joe:4")).image
    assert image is not None
    assert image.cuda == cuda


def test_what_is_not_there_is_absent_and_what_needs_a_login_says_so(registry: FakeRegistry) -> None:
    assert look_up(Reference.parse(f"{registry.host}/acme/joe:9")).state == "absent"
    registry.hands_token = False
    assert look_up(Reference.parse(f"{registry.host}/acme/joe:1")).state == "login"
    registry.hands_token = True
    assert look_up(Reference.parse("127.0.0.1:9/acme/joe:1")).state == "unreachable"


def test_content_that_is_not_what_its_digest_says_is_no_image(registry: FakeRegistry) -> None:
    digest = registry.push("5")
    registry.content[digest] = registry.content[digest].replace(b"2", b"3", 1)
    looked = look_up(Reference.parse(f"{registry.host}/acme/joe:5"))
    assert (looked.state, looked.image) == ("unreachable", None)
