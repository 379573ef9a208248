"""Which devices are served, as they are named in the setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.errors import UnknownName
from greenroom.runtime.device import DevicesMixed, DeviceTwice, GangInvalid
from greenroom.serve import devices as module
from greenroom.serve.devices import devices


@pytest.fixture(autouse=True)
def _three_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("0000:01:00.0", "0000:02:00.0", "0000:03:00.0"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(module, "_GPUS", tmp_path)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("auto", ("cuda:0", "cuda:1", "cuda:2")),
        ("", ("cuda:0", "cuda:1", "cuda:2")),
        ("cuda:1, cpu,cuda:1", ("cuda:1", "cpu")),
        ("cuda:0+cuda:1", ("cuda:0+cuda:1",)),
        ("cuda:2, cuda:1 + cuda:0", ("cuda:2", "cuda:1+cuda:0")),
        ("cpu+cpu,cpu", ("cpu+cpu", "cpu")),
    ],
)
def test_devices_are_one_by_one_or_work_together(said: str, named: tuple[str, ...]) -> None:
    assert devices(said) == named


@pytest.mark.parametrize(
    ("said", "error", "says"),
    [
        ("cuda:3", UnknownName, "there is no device 'cuda:3'"),
        ("cuda:0+cuda:9", UnknownName, "there is no device 'cuda:9'"),
        ("cuda:0+cuda:0", DeviceTwice, "'cuda:0\\+cuda:0' names cuda:0 more than once"),
        ("cuda:0+cuda:1,cuda:1", DeviceTwice, "cuda:1 is in two of the devices"),
        ("cuda:0+cpu", DevicesMixed, "cpu and cuda do not work together in 'cuda:0\\+cpu'"),
        ("cuda:0+", GangInvalid, "'cuda:0\\+' names no device beside a plus"),
    ],
)
def test_what_cannot_work_is_refused(said: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        devices(said)
