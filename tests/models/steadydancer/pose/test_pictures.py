"""Pictures have the sizes in which the original looks for people."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from greenroom.models.steadydancer.pose.pictures import eight_bits, fitted, fitted_size, for_detection


@pytest.mark.parametrize(
    ("size", "made"),
    [((864, 1184), (656, 896)), ((1280, 720), (1024, 576)), ((720, 1280), (576, 1024)), ((432, 592), (656, 896))],
)
def test_skeletons_are_fitted_to_a_fixed_area(size: tuple[int, int], made: tuple[int, int]) -> None:
    assert fitted_size(*size) == made


def test_a_sliver_keeps_a_row() -> None:
    assert fitted_size(100_000, 1)[1] == 16


def test_a_picture_is_fitted() -> None:
    assert fitted(np.zeros((90, 160, 3), np.uint8)).shape == (576, 1024, 3)


@pytest.mark.parametrize(
    ("size", "made"),
    [((44, 60), (128, 192)), ((60, 44), (192, 128)), ((1920, 1080), (256, 128)), ((10, 3), (448, 128))],
)
def test_people_are_looked_for_in_steps_of_64(size: tuple[int, int], made: tuple[int, int]) -> None:
    width, height = size
    assert for_detection(np.zeros((height, width, 3), np.uint8), 128).shape[1::-1] == made


def test_enlarging_is_bicubic_and_shrinking_takes_means() -> None:
    edge = np.zeros((64, 64, 3), np.uint8)
    edge[:, 32:] = 200
    assert for_detection(edge, 128).max() > 200  # overshoots
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 200
    assert set(np.unique(for_detection(stripes, 64))) == {100}


def test_sixteen_bits_become_eight_and_alpha_goes() -> None:
    wide = np.full((2, 2, 4), 65_535, np.uint16)
    made = eight_bits(wide)
    assert made.shape == (2, 2, 3)
    assert made.dtype == np.uint8
    assert (made == 255).all()
    assert eight_bits(np.full((1, 1, 3), 7, np.uint8)).tolist() == [[[7, 7, 7]]]


def test_without_opencv_the_extra_is_named() -> None:
    code = """if True:
        import sys
        from greenroom.errors import ExtraMissing
        sys.modules["cv2"] = None
        try:
            import greenroom.models.steadydancer.animating.sources
        except ExtraMissing as error:
            print(error.mend)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == 'pip install "greenroom[animate]"\n'
