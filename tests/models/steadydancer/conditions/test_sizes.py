"""How large a video is; the golden has the original's table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.errors import InputInvalid, UnknownName
from greenroom.models.steadydancer.conditions.sizes import SETTINGS, Size, area_of, size_of, size_within, usual_shift

sides = st.integers(64, 4096)


@given(st.sampled_from(sorted(SETTINGS)), sides, sides)
def test_a_size_is_the_setting_in_the_shape_of_the_picture(setting: str, height: int, width: int) -> None:
    size = size_of(setting, height, width)
    assert size.height % 16 == size.width % 16 == 0
    assert size.height * size.width <= SETTINGS[setting] * (1 + 1e-9)
    exact = (SETTINGS[setting] * height / width) ** 0.5
    assert exact - 16 < size.height <= exact + 1e-6
    assert size.latent == (size.height // 8, size.width // 8)


@given(sides, sides)
def test_orientation_is_the_pictures(height: int, width: int) -> None:
    assert size_of("832x480", height, width) == size_of("480*832", height, width)
    turned = size_of("832x480", width, height)
    assert size_of("832x480", height, width) == Size(turned.width, turned.height)


def test_a_square_is_a_setting() -> None:
    assert str(size_of("1024*1024", 720, 720)) == "1024x1024"
    assert str(size_of("1024*1024", 720, 1280)) == "1360x768"


def test_only_the_small_setting_is_bent_less() -> None:
    assert {name: usual_shift(name) for name in SETTINGS} == {
        "832x480": 3.0, "1024x576": 5.0, "1024x800": 5.0, "1024x1024": 5.0, "1280x720": 5.0
    }  # fmt: skip
    assert usual_shift("480*832") == 3.0


@pytest.mark.parametrize("setting", ["832x481", "", "x", "576x1025", "1024", "1024x576x1"])
def test_a_setting_that_is_none_is_refused(setting: str) -> None:
    with pytest.raises(UnknownName):
        area_of(setting)


@pytest.mark.parametrize(("height", "width"), [(0, 5), (5, 0), (-1, 5), (1, 4000), (4000, 1), (1, 500), (5000, 10)])
def test_a_picture_of_no_size_is_refused(height: int, width: int) -> None:
    with pytest.raises(InputInvalid, match=str(width)):
        size_within(589_824, height, width)
