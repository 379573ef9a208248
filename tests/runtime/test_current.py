"""The device that is a thread's own."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch

from greenroom.runtime.current import current


def test_a_gpu_is_made_the_thread_s_own_and_a_cpu_need_not_be(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[torch.device] = []

    def of(device: torch.device) -> nullcontext[None]:
        made.append(device)
        return nullcontext()

    monkeypatch.setattr(torch.cuda, "device", of)
    for name in ("cpu", "cuda:1"):
        with current(torch.device(name)):
            pass
    assert made == [torch.device("cuda:1")]
