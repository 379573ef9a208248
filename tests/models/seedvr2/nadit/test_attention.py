"""Attention within windows, beside attention with a mask over everything."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from greenroom.models.seedvr2.nadit.attention import attend_windows
from greenroom.models.seedvr2.nadit.grouping import Group
from tests.models.seedvr2.networks import normal

GROUPS = (Group(0, 2, 5), Group(10, 1, 7), Group(17, 3, 9))
TOKENS, TEXT, HEADS, WIDTH = 44, 3, 2, 8
VIDEO, SAID = normal(3, TOKENS, HEADS, WIDTH), normal(3, TEXT, HEADS, WIDTH, seed=1)


def with_room() -> Tensor:
    """The video with room for the text behind each window, in which anything may stand."""
    room = torch.full((3, TEXT, HEADS, WIDTH), float("nan"))
    windows = torch.split(VIDEO, [group.tokens for group in GROUPS for _ in range(group.windows)], dim=1)
    return torch.cat([part for window in windows for part in (window, room)], dim=1)


def one_by_one() -> tuple[Tensor, Tensor]:
    """Each window on its own, in float64."""
    seen, heard = [], torch.zeros(TEXT, HEADS * WIDTH, dtype=torch.float64)
    first = 0
    for group in GROUPS:
        for _ in range(group.windows):
            rows = slice(first, first + group.tokens)
            q, k, v = (torch.cat((x[rows], t)).double().transpose(0, 1) for x, t in zip(VIDEO, SAID, strict=True))
            weights = functional.softmax(q @ k.mT / WIDTH**0.5, dim=-1)
            answer = (weights @ v).transpose(0, 1).flatten(1)
            seen.append(answer[: group.tokens])
            heard += answer[group.tokens :]
            first = rows.stop
    return torch.cat(seen), heard


def test_each_window_sees_itself_and_the_text() -> None:
    seen, heard = attend_windows(with_room(), SAID, GROUPS, hear=True)
    wanted = one_by_one()
    assert heard is not None
    torch.testing.assert_close(seen.double(), wanted[0], atol=2e-6, rtol=0)
    torch.testing.assert_close(heard.double(), wanted[1], atol=1e-5, rtol=0)


def test_the_video_sees_the_same_when_the_text_does_not_listen() -> None:
    seen, heard = attend_windows(with_room(), SAID, GROUPS, hear=False)
    assert heard is None
    torch.testing.assert_close(seen, attend_windows(with_room(), SAID, GROUPS, hear=True)[0])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_what_the_text_hears_is_summed_in_float64(dtype: torch.dtype) -> None:
    seen, heard = attend_windows(with_room().to(dtype), SAID.to(dtype), GROUPS, hear=True)
    assert heard is not None
    assert (seen.dtype, heard.dtype) == (dtype, torch.float64)
