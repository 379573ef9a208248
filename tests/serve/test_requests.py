"""Bodies: checked in bounded time, and refused in few words."""

from __future__ import annotations

import json
import time

import pytest
from fastapi.exceptions import RequestValidationError

from greenroom.errors import InputInvalid
from greenroom.models.registry import find
from greenroom.serve.requests import read, read_job_body, read_object, run_body
from tests.serve.servers import MODELS

NOOP = find(f"{MODELS}:Noop")
SERVED = {NOOP.name: NOOP}


def job(**said: object) -> bytes:
    return json.dumps({"model": NOOP.name, "input": {}, **said}).encode()


def test_many_faults_are_counted_and_not_listed() -> None:
    few = job(**{f"unknown-{number}": 1 for number in range(20)})
    with pytest.raises(RequestValidationError) as listed:
        read_job_body(few, SERVED)
    assert len(listed.value.errors()) == 20
    many = job(**{f"unknown-{number}": 1 for number in range(50_000)})
    begun = time.process_time()
    with pytest.raises(InputInvalid, match="the body has 50,000 faults") as counted:
        read_job_body(many, SERVED)
    assert time.process_time() - begun < 1
    assert len(counted.value.message) < 100


def test_a_name_has_an_end() -> None:
    assert read_job_body(job(), SERVED).model == NOOP.name
    with pytest.raises(RequestValidationError) as caught:
        read_job_body(job(model="x" * 201), SERVED)
    assert caught.value.errors()[0]["type"] == "string_too_long"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ('{"a": ' + "[" * 200_000 + "]" * 200_000 + "}", "more than 200 levels"),
        ('{"a": ' + "[" * 300 + "]" * 300 + "}", "more than 200 levels"),
        ('{"a": ' * 250 + "1" + "}" * 250, "more than 200 levels"),
        ('{"a": ' + "1" * 5000 + "}", "too many digits"),
        ("[1]", "no JSON object"),
        ("{", "no JSON object"),
        (b"\xff", "no JSON object"),
    ],
    ids=["abyss", "deep", "deep objects", "digits", "list", "half", "no text"],
)
def test_what_cannot_be_read_is_refused_in_words(raw: str | bytes, words: str) -> None:
    with pytest.raises(InputInvalid, match=f"the body .*{words}"):
        read_object(raw, "the body")


def test_an_object_is_read() -> None:
    assert read_object('{"a": [{"b": 1.5}], "c": null}', "it") == {"a": [{"b": 1.5}], "c": None}
    deep = '{"a": ' + "[" * 190 + "]" * 190 + "}"
    assert json.dumps(read_object(deep, "it")) == deep


@pytest.mark.parametrize("junk", ["[" * 200_000 + "]" * 200_000, "1" * 5000], ids=["brackets", "digits"])
def test_what_is_not_looked_at_is_bounded_too(junk: str) -> None:
    """RunPod's clients may send names that are not known; a whole number with a point has all read once more."""
    raw = f'{{"input": {{}}, "policy": {{"ttl": 20000.0}}, "more": {junk}}}'.encode()
    with pytest.raises(RequestValidationError) as caught:
        read(run_body(NOOP), raw)
    assert caught.value.errors()[0]["type"] == "json_invalid"
