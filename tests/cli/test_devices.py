"""A verb's device: what is said, else what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.cli.devices import Chosen, chosen_device
from greenroom.errors import UnknownName
from greenroom.serve import devices
from greenroom.settings import Settings


def gpus(monkeypatch: pytest.MonkeyPatch, folder: Path, count: int) -> None:
    for number in range(count):
        (folder / "gpus" / str(number)).mkdir(parents=True)
    monkeypatch.setattr(devices, "_GPUS", folder / "gpus")


def test_the_first_gpu_is_taken_where_nobody_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(monkeypatch, tmp_path, 2)
    assert chosen_device(None, Settings()) == Chosen("cuda:0", unasked=False)
    assert chosen_device(None, Settings(devices="cuda:1,cuda:0")) == Chosen("cuda:1", unasked=False)
    assert chosen_device("cuda:0+cuda:1", Settings()) == Chosen("cuda:0+cuda:1", unasked=False)
    assert chosen_device("cpu", Settings()) == Chosen("cpu", unasked=False)


def test_a_cpu_that_nobody_asked_for_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(monkeypatch, tmp_path, 0)
    assert chosen_device(None, Settings()) == Chosen("cpu", unasked=True)
    assert chosen_device(None, Settings(devices="cpu")) == Chosen("cpu", unasked=False)
    with pytest.raises(UnknownName, match="there is no device 'cuda:0'"):
        chosen_device("cuda:0", Settings())
