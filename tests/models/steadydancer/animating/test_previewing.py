"""Where the networks run that a preview needs."""

from __future__ import annotations

from typing import Any

import pytest

from greenroom.models.steadydancer.pose.networks import Network
from tests.models.steadydancer.tiny import pose_files


@pytest.mark.parametrize(
    ("device", "where", "gpu"),
    [
        ("cpu", "cpu", 0),
        ("cpu+cpu", "cpu", 0),
        ("cuda", "auto", 0),
        ("cuda:5", "auto", 5),
        ("cuda:2+cuda:3", "auto", 2),
    ],
)
def test_pose_networks_run_where_the_model_is(
    monkeypatch: pytest.MonkeyPatch, device: str, where: str, gpu: int
) -> None:
    asked: list[tuple[str, int]] = []
    whole = Network.open

    def opened(*given: Any, device: str, gpu: int, threads: int | None = None) -> Network:
        asked.append((device, gpu))
        return whole(*given, device="cpu", threads=threads)

    monkeypatch.setattr(Network, "open", opened)
    pose_files().load(device)
    assert asked == [(where, gpu)] * 2
