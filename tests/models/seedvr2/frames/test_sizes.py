"""How large a result is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.seedvr2.frames.sizes import Size, SizeImpossible, Steps, wanted_size
from greenroom.recipes.inputs.seedvr2 import RestoreInputs


def wanted(source: Size, steps: Steps = Steps(), **inputs: Any) -> tuple[Size, tuple[str, ...]]:  # noqa: B008 - frozen
    return wanted_size(source, RestoreInputs.check({"source": "x", **inputs}), steps)


@pytest.mark.parametrize(
    ("inputs", "size"),
    [
        ({}, Size(479, 853)),
        ({"height": 1080}, Size(1080, 1923)),
        ({"scale": 2}, Size(958, 1706)),
        ({"scale": 0.5}, Size(240, 426)),
    ],
)
def test_the_shape_is_the_source_s(inputs: dict[str, Any], size: Size) -> None:
    assert wanted(Size(479, 853), **inputs) == (size, ())


def test_sides_that_the_encoding_has_not_are_rounded_and_said() -> None:
    size, notes = wanted(Size(479, 853), Steps(2, 2))
    assert size == Size(480, 852)
    assert notes == ("853x479 became 852x480: the encoding keeps colour for two pixels together, and has no odd sides",)
    assert wanted(Size(479, 853), Steps(1, 2))[0] == Size(479, 852)


@pytest.mark.parametrize("inputs", [{"height": 16_384}, {"scale": 20}])
def test_what_no_codec_holds_is_refused(inputs: dict[str, Any]) -> None:
    with pytest.raises(SizeImpossible, match="more than 16,384 pixels a side"):
        wanted(Size(1080, 1920), Steps(2, 2), **inputs)


def test_8k_is_none_of_that() -> None:
    assert wanted(Size(1080, 1920), Steps(2, 2), height=4320)[0] == Size(4320, 7680)


@given(st.integers(1, 3000), st.integers(1, 3000), st.floats(0.01, 5), st.sampled_from([Steps(), Steps(2, 2)]))
def test_any_size_has_pixels_and_keeps_its_shape(height: int, width: int, scale: float, steps: Steps) -> None:
    size, _ = wanted(Size(height, width), steps, scale=scale)
    assert (size.height % steps.height, size.width % steps.width) == (0, 0)
    assert abs(size.height - height * scale) <= steps.height
    assert abs(size.width - width * scale) <= steps.width
    assert min(size.inner.height, size.inner.width) >= 16
    assert 0 <= size.inner.height - size.height < 16
