"""The host is one step ahead of the device, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch

from greenroom.runtime.abreast import Abreast

if TYPE_CHECKING:
    from collections.abc import Callable


def test_each_step_waits_for_the_one_before() -> None:
    log: list[str] = []

    class Event:
        def __init__(self) -> None:
            self.number = sum(line.startswith("began") for line in log) + 1

        def record(self) -> None:
            log.append(f"began {self.number}")

        def synchronize(self) -> None:
            log.append(f"waited for {self.number}")

    abreast = Abreast(torch.device("cpu"), cast("Callable[[], torch.cuda.Event]", Event))
    for _ in range(3):
        abreast.started()
    assert log == ["began 1", "began 2", "waited for 1", "began 3", "waited for 2"]


def test_without_a_gpu_there_is_nothing_to_wait_for() -> None:
    Abreast(torch.device("cpu")).started()
