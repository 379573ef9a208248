"""Rotary angles by the formula. Equality with the original: test_parity."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from greenroom.models.seedvr2.architecture import PUBLISHED
from greenroom.models.seedvr2.nadit.rotary import Rope, frequencies, text_angles, window_angles

V2, V1 = PUBLISHED["seedvr2-3b"], PUBLISHED["seedvr2-7b"]


def test_there_are_as_many_frequencies_as_published() -> None:
    assert (len(frequencies(V2)), len(frequencies(V1))) == (21, 10)
    assert frequencies(V1)[-1].item() == torch.tensor(128 * math.pi).item()
    assert {frequencies(v).dtype for v in (V1, V2)} == {torch.float32}


def test_time_goes_on_behind_the_text_and_the_rest_begins_in_the_window() -> None:
    angles = window_angles(V2, (2, 3, 4), 58).view(2, 3, 4, 64)
    f = frequencies(V2)
    wanted = torch.cat((59 * f, 2 * f, 3 * f, torch.zeros(1)))
    torch.testing.assert_close(angles[1, 2, 3], wanted)


def test_the_text_has_its_position_on_all_axes() -> None:
    f = frequencies(V2)
    torch.testing.assert_close(text_angles(V2, 9)[7], torch.cat((7 * f, 7 * f, 7 * f, torch.zeros(1))))


def test_the_7b_counts_between_the_borders_of_the_window() -> None:
    f = frequencies(V1)
    angles = window_angles(V1, (1, 3, 5), 58).view(1, 3, 5, 64)
    assert torch.equal(angles[0, 1, 4, :30], torch.cat((-f, 0 * f, f)))
    assert not angles[..., 30:].any()
    assert not text_angles(V1, 58).any()


def test_the_buffer_is_the_formula() -> None:
    for architecture in (V1, V2, replace(V1, head_dim=32)):
        wanted = frequencies(architecture)
        assert torch.equal(Rope(architecture).freqs, wanted)
        with torch.device("meta"):
            assert Rope(architecture).freqs.shape == wanted.shape
