"""Only the two pose networks are taken, and each file says what it is instead."""

from __future__ import annotations

import hashlib
import os
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from greenroom.errors import FileUnreadable, InputInvalid
from greenroom.models.steadydancer.pose.errors import PoseNetworkFailed, PoseNetworkWrong
from greenroom.models.steadydancer.pose.networks import DETECTOR, KEYPOINTS, Network, Role
from tests.models.steadydancer.pose.bodies import CROP, simcc
from tests.models.steadydancer.pose.onnx_bytes import DOUBLE, detector, keypoints, model, node


def opened(path: Path, role: Role, data: bytes) -> Network:
    path.write_bytes(data)
    return Network.open(path, role, device="cpu", threads=1)


def test_a_network_knows_its_size_and_file(tmp_path: Path) -> None:
    data = detector(batch="batch")
    network = opened(tmp_path / "a.onnx", DETECTOR, data)
    assert (network.size, network.batch, network.provider) == ((64, 64), None, "cpu")
    assert network.sha256 == hashlib.sha256(data).hexdigest()
    assert not network.published


def test_published_signatures_are_as_published() -> None:
    assert DETECTOR.shown == "images [any, 3, 640, 640] to output [any, 8400, 85]"
    assert KEYPOINTS.shown == "input [any, 3, 384, 288] to simcc_x [any, 133, 576], simcc_y [any, 133, 768]"


@pytest.mark.parametrize("batch", [1, 2, 3, "batch"])
def test_any_number_of_pictures_goes_through_any_batch(batch: int | str, tmp_path: Path) -> None:
    network = opened(tmp_path / "a.onnx", DETECTOR, detector(batch=batch))
    pictures = [np.full((3, 64, 64), value, np.float32) for value in range(5)]
    pictures[3][0] += 200
    (answers,) = network.run(pictures)
    assert answers.shape == (5, 84, 85)
    assert answers[:, -1, 4].argmax() == 3
    assert network.run([])[0].shape == (0, 84, 85)


def test_many_pictures_are_run_in_parts(tmp_path: Path) -> None:
    network = opened(tmp_path / "a.onnx", DETECTOR, detector(batch="batch"))
    assert len(network.run([np.zeros((3, 64, 64), np.float32)] * 19)[0]) == 19


def test_the_other_network_is_refused_with_what_was_found(tmp_path: Path) -> None:
    with pytest.raises(PoseNetworkWrong) as caught:
        opened(tmp_path / "pose.onnx", DETECTOR, keypoints(*simcc()))
    assert caught.value.message == (
        "'pose.onnx' is not the person detector: it takes input [any, 3, 48, 36] and gives simcc_x [any, 133, 72],"
        " simcc_y [any, 133, 96]"
    )
    assert "give yolox_l.onnx, images [any, 3, 640, 640] to output [any, 8400, 85]" in caught.value.mend
    with pytest.raises(PoseNetworkWrong, match="not the keypoint network: it takes images"):
        opened(tmp_path / "found.onnx", KEYPOINTS, detector())


def test_networks_of_other_sizes_and_counts_are_refused(tmp_path: Path) -> None:
    along, down = simcc()
    with pytest.raises(PoseNetworkWrong, match="17, 72"):  # body alone
        opened(tmp_path / "a.onnx", KEYPOINTS, keypoints(along[:17], down[:17]))
    with pytest.raises(PoseNetworkWrong):  # not 3:4
        opened(tmp_path / "b.onnx", KEYPOINTS, keypoints(along, down[:, :72]))
    with pytest.raises(PoseNetworkWrong):  # no cells of 32
        opened(tmp_path / "c.onnx", DETECTOR, detector(side=48))
    relu = model([node("Relu", ["images"], "output")], {"images": [1, 3, 64, 64]}, {"output": [1, 3, 64, 64]}, {})
    with pytest.raises(PoseNetworkWrong, match=r"gives output \[1, 3, 64, 64\]"):
        opened(tmp_path / "d.onnx", DETECTOR, relu)
    fold = [node("Reshape", ["images", "shape"], "output")]
    shape = {"shape": np.asarray([1, 84, 85])}
    double = model(fold, {"images": [1, 3, 64, 64]}, {"output": [1, 84, 85]}, shape, DOUBLE)
    with pytest.raises(PoseNetworkWrong, match=r"of tensor\(double\)"):
        opened(tmp_path / "f.onnx", DETECTOR, double)
    grey = model([node("Relu", ["images"], "output")], {"images": [1, 1, 64, 64]}, {"output": [1, 84, 85]}, {})
    with pytest.raises(PoseNetworkWrong):
        opened(tmp_path / "e.onnx", DETECTOR, grey)


def test_other_names_do_when_the_shapes_are_right(tmp_path: Path) -> None:
    network = opened(tmp_path / "a.onnx", DETECTOR, detector(names=("x", "y")))
    assert network.run([np.zeros((3, 64, 64), np.float32)])[0].shape == (1, 84, 85)
    along, down = simcc()
    network = opened(tmp_path / "b.onnx", KEYPOINTS, keypoints(along, down, names=("x", "a", "b")))
    width, height = CROP
    made = network.run([np.zeros((3, height, width), np.float32)])
    assert [one.shape for one in made] == [(1, 133, 72), (1, 133, 96)]


def test_names_tell_outputs_in_another_order_apart(tmp_path: Path) -> None:
    along, down = simcc()
    nodes = [
        node("ReduceMean", ["input"], "columns", axes=[1, 2], keepdims=0),
        node("ReduceMean", ["columns"], "one", axes=[1], keepdims=1),
        node("Mul", ["one", "nothing"], "zero"),
        node("Reshape", ["zero", "shape"], "each"),
        node("Add", ["each", "along"], "simcc_x"),
        node("Add", ["each", "down"], "simcc_y"),
    ]
    constants = {"along": along, "down": down, "nothing": np.zeros(1, np.float32), "shape": np.asarray([-1, 1, 1])}
    outputs: dict[str, list[int | str]] = {"simcc_y": ["n", 133, 96], "simcc_x": ["n", 133, 72]}
    network = opened(tmp_path / "a.onnx", KEYPOINTS, model(nodes, {"input": ["n", 3, 48, 36]}, outputs, constants))
    made = network.run([np.zeros((3, 48, 36), np.float32)])
    assert [one.shape for one in made] == [(1, 133, 72), (1, 133, 96)]


def test_lengths_that_the_file_leaves_open_are_looked_at_when_it_ran(tmp_path: Path) -> None:
    relu = model([node("Relu", ["images"], "output")], {"images": ["n", 3, 64, 64]}, {"output": ["n", "a", "b"]}, {})
    network = opened(tmp_path / "a.onnx", DETECTOR, relu)
    with pytest.raises(PoseNetworkWrong, match=r"it answers output \[1, 3, 64, 64\]"):
        network.run([np.zeros((3, 64, 64), np.float32)])


def test_a_network_that_breaks_off_is_an_error_of_its_own(tmp_path: Path) -> None:
    broken = model(
        [node("Reshape", ["images", "shape"], "output")],
        {"images": ["n", 3, 64, 64]},
        {"output": ["n", "a", "b"]},
        {"shape": np.asarray([-1, 84, 85], np.int64)},
    )
    network = opened(tmp_path / "a.onnx", DETECTOR, broken)
    with pytest.raises(PoseNetworkFailed, match="the person detector, broke off"):
        network.run([np.zeros((3, 64, 64), np.float32)])


@pytest.mark.parametrize("data", [b"", b"not a network", detector()[:-40]])
def test_what_is_no_network_is_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(PoseNetworkWrong, match="does not load") as caught:
        opened(tmp_path / "a.onnx", DETECTOR, data)
    assert "yolox_l.onnx" in caught.value.mend


def test_a_file_that_is_absent_is_named_with_what_is_wanted(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="No such file") as caught:
        Network.open(tmp_path / "a.onnx", KEYPOINTS)
    assert "dw-ll_ucoco_384.onnx" in caught.value.mend


def test_a_system_that_does_not_tell_its_processors_is_no_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    (tmp_path / "a.onnx").write_bytes(detector())
    assert Network.open(tmp_path / "a.onnx", DETECTOR, device="cpu").provider == "cpu"


def test_a_gpu_is_refused_where_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(detector())
    with pytest.raises(InputInvalid, match="GPU"):
        Network.open(tmp_path / "a.onnx", DETECTOR, device="cuda")
    assert Network.open(tmp_path / "a.onnx", DETECTOR, device="auto", threads=1).provider == "cpu"


def test_a_gpu_that_does_not_start_leaves_the_processor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "InferenceSession", without_gpu(onnxruntime.InferenceSession))
    (tmp_path / "a.onnx").write_bytes(detector())
    assert Network.open(tmp_path / "a.onnx", DETECTOR, device="auto", threads=1).provider == "cpu"
    with pytest.raises(InputInvalid, match="finds none"):
        Network.open(tmp_path / "a.onnx", DETECTOR, device="cuda", threads=1)
    assert capfd.readouterr() == ("", "")


def test_a_gpu_is_taken_by_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    session = onnxruntime.InferenceSession

    def opened(path: str, options: Any, *, providers: tuple[Any, ...], enable_fallback: int) -> Any:
        asked.append(providers)
        return session(path, options, providers=("CPUExecutionProvider",), enable_fallback=enable_fallback)

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "InferenceSession", opened)
    (tmp_path / "a.onnx").write_bytes(detector())
    Network.open(tmp_path / "a.onnx", DETECTOR, gpu=5, threads=1)
    [((provider, settings), other)] = asked
    assert (provider, settings["device_id"], other) == ("CUDAExecutionProvider", "5", "CPUExecutionProvider")


def test_a_closed_network_holds_no_session(tmp_path: Path) -> None:
    network = opened(tmp_path / "a.onnx", DETECTOR, detector())
    session = weakref.ref(network._session)
    network.close()
    assert session() is None


def without_gpu(session: Any) -> Any:
    """Sessions on a machine whose GPU does not start."""

    def opened(path: str, options: Any, *, providers: tuple[Any, ...], enable_fallback: int) -> Any:
        if providers != ("CPUExecutionProvider",):
            raise RuntimeError("CUDA failure 35")
        return session(path, options, providers=providers, enable_fallback=enable_fallback)

    return opened
