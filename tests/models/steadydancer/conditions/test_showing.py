"""Pictures on their way to the device, and frames on their way from it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch

from greenroom.models.steadydancer.conditions.showing import Shown, tensor_of, whole

CPU = torch.device("cpu")


def test_pictures_are_asked_for_one_by_one_and_told() -> None:
    poses = [np.full((2, 3, 3), number, np.uint8) for number in range(5)]
    told: list[tuple[str, float, float]] = []
    shown = Shown(poses, (0, 3, 4), CPU, lambda *said: told.append(said), done=2, total=9)
    assert len(shown) == 3
    assert [int(picture.max()) for picture in shown] == [0, 3, 4]
    assert told == [("posing", 2, 9), ("posing", 3, 9), ("posing", 4, 9)]
    with pytest.raises(IndexError):
        shown[3]


def test_pictures_that_must_not_be_written_to_are_copied() -> None:
    picture = np.zeros((2, 3, 3), np.uint8)
    assert tensor_of(picture).data_ptr() == picture.ctypes.data
    picture.flags.writeable = False
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tensor_of(picture).data_ptr() != picture.ctypes.data
    given = torch.zeros(2, 3, 3, dtype=torch.uint8)
    assert tensor_of(given) is given


def test_frames_are_cut_off_and_not_rounded() -> None:
    frames = torch.tensor([-1.0, -0.9922, -0.992, 0.0, 1.0]).expand(3, 2, 1, 5).clone()
    made, finite = whole(frames)
    assert made.shape == (2, 1, 5, 3)
    assert made[0, 0, :, 0].tolist() == [0, 0, 1, 127, 255]
    assert bool(finite)
    assert not whole(torch.tensor([torch.inf]).expand(3, 1, 1, 1).clone())[1]
