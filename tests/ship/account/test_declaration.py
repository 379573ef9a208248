"""``endpoint.json`` as a file says it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from greenroom.errors import FileUnreadable, GreenroomError, InputInvalid, UnknownName
from greenroom.ship.account.declaration import http_ports, read_declaration
from greenroom.ship.deploy.records import checked_name
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


POD = {"type": "POD", "gpu": {"id": "NVIDIA L4"}, "ports": ["7860/http"]}
NETWORK = {"volumeId": "v1", "path": "/workspace"}


def test_a_pod_is_declared_in_the_same_file(tmp_path: Path) -> None:
    read = read_declaration(written(tmp_path, **POD, mounts={"network": [NETWORK]}))
    assert (read.type, read.values["disk"], read.values["cloud"]) == ("POD", 20, "SECURE")
    assert "workers" not in read.values
    assert http_ports(read.values) == (7860,)
    assert "disk" not in read_declaration(written(tmp_path, **POD, templateId="t")).values, "the template says it"


@pytest.mark.parametrize(
    ("changed", "kind", "words"),
    [
        ({"workers": {}}, UnknownName, "field of a pod"),
        ({"gpu": {"pools": ["ADA_24"]}}, InputInvalid, "gpu.id"),
        ({"gpu": {"id": "NVIDIA L4", "count": 0}}, InputInvalid, "gpu.count"),
        ({"gpu": {"id": "x", "allowedCudaVersions": ["12.8"], "minCudaVersion": "12.8"}}, InputInvalid, "leave one"),
        ({"cpu": {"id": "cpu3c", "vcpuCount": 2}}, InputInvalid, "one of gpu and cpu"),
        ({"gpu": None, "cpu": {"id": "cpu3c", "vcpuCount": "2"}}, InputInvalid, "cpu.vcpuCount"),
        ({"gpu": None, "cpu": [{"id": "cpu3c"}]}, InputInvalid, "an object"),
        ({"disk": 0}, InputInvalid, "disk"),
        ({"cloud": "secure"}, UnknownName, "SECURE"),
        ({"ports": ["7860"]}, InputInvalid, "7860/http"),
        ({"ports": "7860/http"}, InputInvalid, "a list"),
        ({"mounts": {"volume": {}}}, UnknownName, "kind of mount"),
        ({"mounts": {"network": [NETWORK], "persistent": {}}}, InputInvalid, "both kinds"),
        ({"mounts": {"network": []}}, InputInvalid, "one volume"),
        ({"mounts": {"network": [{"volumeId": "v1"}]}}, InputInvalid, "mounts.network.path"),
        ({"mounts": {"persistent": {"size": 5, "path": "/w"}}}, InputInvalid, "from 10"),
        (
            {"gpu": None, "cpu": {"id": "x", "vcpuCount": 2}, "mounts": {"persistent": {"size": 10, "path": "/w"}}},
            InputInvalid, "with a GPU",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_of_a_pod_is_named(
    tmp_path: Path, changed: dict[str, Any], kind: type[GreenroomError], words: str
) -> None:
    with pytest.raises(kind) as raised:
        read_declaration(written(tmp_path, **{**POD, **changed}))
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
