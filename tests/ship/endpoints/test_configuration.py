"""Values of endpoints: what differs, what is sent, what may be shown."""

from __future__ import annotations

from typing import Any

import pytest

from greenroom.ship.account.values import without_empty
from greenroom.ship.endpoints.configuration import as_patch, changes, values_of
from greenroom.ship.runpod.types import Endpoint
from tests.ship.endpoints.stage import image, values


@pytest.mark.parametrize(
    ("wanted", "actual", "different"),
    [
        ({"disk": 20}, {"disk": 20, "args": "x"}, []),
        ({"disk": 20}, {"disk": 30}, ["disk"]),
        ({"workers": {"max": 2}}, {"workers": {"min": 0, "max": 2}}, []),
        ({"env": {"A": "1"}}, {"env": {"A": "1", "B": "2"}}, ["env"]),
        ({"dataCenterIds": ["a", "b"]}, {"dataCenterIds": ["b", "a"]}, []),
        ({"gpu": {"pools": ["X"], "minCudaVersion": ""}}, {"gpu": {"pools": ["X"], "minCudaVersion": None}}, []),
        ({"gpu": {"pools": ["X", "Y"]}}, {"gpu": {"pools": ["X"]}}, ["gpu"]),
        ({"registry": None}, {}, []),
        ({"type": "QUEUE", "templateId": "t"}, {}, []),
    ],
)
def test_only_what_differs_is_changed(wanted: dict[str, Any], actual: dict[str, Any], different: list[str]) -> None:
    assert list(changes(wanted, actual)) == different


def test_what_an_endpoint_has_makes_it_again() -> None:
    endpoint = Endpoint.model_validate({"id": "e", **values("a"), "registry": None})
    said = values_of(endpoint)
    assert changes(values("a"), said) == {}
    body = without_empty(said)
    assert body["type"] == "QUEUE"
    assert "registry" not in body
    assert "allowedCudaVersions" not in body["gpu"]
    assert body["image"] == image("a")


def test_a_limit_that_is_not_there_is_cleared_by_name() -> None:
    assert as_patch({"gpu": {"pools": ["X"]}})["gpu"] == {
        "pools": ["X"],
        "minCudaVersion": "",
        "allowedCudaVersions": [],
    }
    given = as_patch({"gpu": {"pools": ["X"], "allowedCudaVersions": ["12.8"]}})["gpu"]
    assert given["allowedCudaVersions"] == ["12.8"]
    assert as_patch({"disk": 1}) == {"disk": 1}
