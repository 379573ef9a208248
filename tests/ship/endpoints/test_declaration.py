"""``endpoint.json`` as a file says it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from greenroom.errors import FileUnreadable, GreenroomError, InputInvalid, UnknownName
from greenroom.ship.deploy.records import checked_name
from greenroom.ship.endpoints.declaration import read_declaration
from tests.ship.endpoints.stage import image

LEAST = {"name": "joe", "image": image("a"), "gpu": {"pools": ["ADA_24"]}}


def written(folder: Path, **changed: Any) -> Path:
    path = folder / "endpoint.json"
    path.write_text(json.dumps({name: value for name, value in {**LEAST, **changed}.items() if value is not None}))
    return path


def test_what_a_file_leaves_out_has_the_usual_value(tmp_path: Path) -> None:
    read = read_declaration(written(tmp_path))
    assert (read.name, read.type) == ("joe", "QUEUE")
    assert read.values["scaling"]["type"] == "QUEUE_DELAY"
    assert read.values["workers"] == {"min": 0, "max": 3}
    balancer = read_declaration(written(tmp_path, type="LOAD_BALANCER"))
    assert balancer.values["scaling"]["type"] == "REQUEST_COUNT"


def test_flags_win(tmp_path: Path) -> None:
    read = read_declaration(written(tmp_path, image=None), image=image("b"), name="ann")
    assert (read.name, read.values["image"]) == ("ann", image("b"))


@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        ({"imgae": "x"}, UnknownName, "did you mean image"),
        ({"type": "QUEUES"}, UnknownName, "QUEUE"),
        ({"image": None}, InputInvalid, "--image"),
        ({"gpu": None}, InputInvalid, "gpu"),
        ({"cpu": []}, InputInvalid, "gpu"),
        ({"name": "../x"}, InputInvalid, "--name"),
        ({"name": None}, InputInvalid, "--name"),
        ({"env": {"A": 1}}, InputInvalid, "quotes"),
        ({"env": []}, InputInvalid, "an object"),
        ({"workers": {"min": 3, "max": 1}}, InputInvalid, "raise max"),
        ({"workers": {"min": "1"}}, InputInvalid, "a number"),
        ({"networkVolumes": "v"}, InputInvalid, "a list"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, changed: dict[str, Any], kind: type[GreenroomError], words: str
) -> None:
    with pytest.raises(kind) as raised:
        read_declaration(written(tmp_path, **changed))
    assert words in f"{raised.value.message} {raised.value.mend}"


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff\xfe"])
def test_what_is_no_json_object_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "endpoint.json"
    path.write_bytes(content)
    with pytest.raises(FileUnreadable):
        read_declaration(path)
    with pytest.raises(FileUnreadable):
        read_declaration(tmp_path / "absent.json")


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "a\n", "x" * 64, "end.", 7])
def test_a_name_is_a_folder_too(name: object) -> None:
    with pytest.raises(InputInvalid):
        checked_name(name)
