"""Which engine a device has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from greenroom.models.seedvr2.architecture import PUBLISHED
from greenroom.models.seedvr2.engine import Engine
from greenroom.models.seedvr2.engines import Files, load_engine
from greenroom.models.seedvr2.ranks.gang_engine import GangEngine
from greenroom.runtime.device import DevicesMixed

FILES = Files(Path("transformer"), Path("vae"), Path("prompt"))


@pytest.mark.parametrize(("device", "kind"), [("cpu", Engine), ("cpu+cpu", GangEngine), ("cuda:0+cuda:1", GangEngine)])
def test_several_devices_are_a_gang(monkeypatch: pytest.MonkeyPatch, device: str, kind: type[Engine]) -> None:
    asked: list[Any] = []
    for each in (Engine, GangEngine):
        monkeypatch.setattr(each, "load", lambda *given, small, each=each: asked.append((each, *given, small)))
    load_engine(PUBLISHED["seedvr2-3b"], FILES, device, small=True)
    assert asked == [(kind, PUBLISHED["seedvr2-3b"], FILES, device, True)]


def test_devices_that_cannot_work_together_are_refused() -> None:
    with pytest.raises(DevicesMixed):
        load_engine(PUBLISHED["seedvr2-3b"], FILES, "cpu+cuda:0")
