"""Golden cases: read as they are, compared as they say, and never passed by mistake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from safetensors.torch import save_file

from greenroom.errors import UnknownName
from greenroom.models.golden import (
    EXACT,
    Case,
    Golden,
    GoldenBroken,
    Tolerance,
    close,
    near,
    read_golden,
    run_case,
    same,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from torch import Tensor

    from greenroom.models.golden import Comparison

CLOSE = Tolerance(atol=0.1, rtol=0.01)


def write_case(folder: Path, **facts: Any) -> Path:
    """A case that doubles two inputs."""
    tensors = {"inputs.a": torch.tensor([1.0, 2.0]), "outputs.c0": torch.tensor([2.0, 4.0])}
    calls = [{"id": "c0", "op": "double", "args": {"x": "inputs.a"}, "outputs": {"y": "outputs.c0"}}]
    listed = {key: ["float32", [2]] for key in tensors}
    file = folder / "doubling.json"
    told = {"case": "doubling", "calls": calls, "tolerance": {"atol": 1e-6, "rtol": 0}, "tensors": listed, **facts}
    file.write_text(json.dumps(told))
    save_file(tensors, folder / "doubling.safetensors")
    return file


def doubling(golden: Golden) -> Iterator[Comparison]:
    yield from golden.answers({"double": lambda x: {"y": 2 * x}})


CASES: dict[str, Case] = {"doubling": doubling}


def test_a_case_that_is_answered_passes(tmp_path: Path) -> None:
    result = run_case(write_case(tmp_path), CASES)
    assert result.passed
    assert (result.name, result.error, result.tolerance) == ("doubling", 0.0, Tolerance(1e-6))


def fails(file: Path, cases: dict[str, Case] = CASES) -> str:
    result = run_case(file, cases)
    assert not result.passed
    return "; ".join(result.reasons)


def test_a_wrong_answer_fails_with_the_place_and_both_values(tmp_path: Path) -> None:
    def off(golden: Golden) -> Iterator[Comparison]:
        yield from golden.answers({"double": lambda x: {"y": 2 * x + torch.tensor([0.0, 0.5])}})

    file = write_case(tmp_path)
    assert "at [1] 4.5 instead of 4" in fails(file, {"doubling": off})
    assert run_case(file, {"doubling": off}).error == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("calls", "reason"),
    [
        ([{"op": "triple", "args": {}, "outputs": {}}], "no operation 'triple'"),
        ([{"op": "double", "args": {"x": "inputs.b"}, "outputs": {"y": "outputs.c0"}}], "no tensor 'inputs.b'"),
        ([{"op": "double", "args": {"x": "inputs.a"}, "outputs": {"y": "outputs.c1"}}], "no tensor 'outputs.c1'"),
        ([{"op": "double", "args": {"x": "inputs.a"}, "outputs": {"z": "outputs.c0"}}], "no output 'z'"),
        ([{"op": "double", "args": {"z": 1}, "outputs": {"y": "outputs.c0"}}], "unexpected keyword argument 'z'"),
        ([{"op": "double", "args": {"x": "inputs.a"}, "outputs": {}}], "nothing is compared with: outputs.c0"),
        ([{"op": "double", "outputs": {"y": "outputs.c0"}}], "KeyError: 'args'"),
        ([], "nothing to compare"),
    ],
)
def test_a_call_that_cannot_be_made_fails_by_name(tmp_path: Path, calls: list[Any], reason: str) -> None:
    assert reason in fails(write_case(tmp_path, calls=calls))


def test_a_case_that_nobody_knows_fails(tmp_path: Path) -> None:
    assert "no case 'doubling'" in fails(write_case(tmp_path), {})


def test_a_case_of_another_name_than_its_file_fails(tmp_path: Path) -> None:
    assert "describes the case 'halving'" in fails(write_case(tmp_path, case="halving"))


def test_tensors_are_those_that_are_listed(tmp_path: Path) -> None:
    assert "listed as float32 [3]" in fails(write_case(tmp_path, tensors={"inputs.a": ["float32", [3]]}))
    assert "listed as int64 [2]" in fails(write_case(tmp_path, tensors={"inputs.a": ["int64", [2]]}))
    told = {"dtype": "float32", "shape": [3], "absmax": 1.0}
    assert "listed as float32 [3]" in fails(write_case(tmp_path, tensors={"inputs.a": told}))
    assert "no tensor 'inputs.b'" in fails(write_case(tmp_path, tensors={"inputs.b": ["float32", [2]]}))


def test_files_that_cannot_be_read_fail(tmp_path: Path) -> None:
    file = write_case(tmp_path)
    file.with_suffix(".safetensors").write_bytes(b"no tensors here")
    assert "doubling.safetensors cannot be read" in fails(file)
    file.with_suffix(".safetensors").unlink()
    assert "no tensor" in fails(file)
    file.write_text("[1, 2]")
    assert "holds no JSON object" in fails(file)
    file.write_text("{")
    assert "doubling.json cannot be read" in fails(file)
    file.unlink()
    assert "doubling.json cannot be read: No such file" in fails(file)


def test_a_missing_fact_is_named(tmp_path: Path) -> None:
    golden = read_golden(write_case(tmp_path))
    with pytest.raises(GoldenBroken, match=r"doubling.json has no 'config'"):
        _ = golden.config


def test_keys_stand_for_tensors_also_within_lists_and_objects(tmp_path: Path) -> None:
    golden = read_golden(write_case(tmp_path))
    found = golden.resolve({"list": ["inputs.a", 1, "inputs. of text"], "none": None})
    assert torch.equal(found["list"][0], torch.tensor([1.0, 2.0]))
    assert found["list"][1:] == [1, "inputs. of text"]
    assert found["none"] is None
    with pytest.raises(GoldenBroken, match="no tensor"):
        golden.resolve(["inputs.gone"])


def test_weights_go_by_what_is_left_of_their_names() -> None:
    golden = Golden("x", {}, {"weights.flow.a": torch.ones(1), "weights.b": torch.ones(1), "inputs.a": torch.ones(1)})
    assert list(golden.weights()) == ["flow.a", "b"]
    assert list(golden.weights("flow.")) == ["a"]


def test_an_unknown_operation_says_which_there_are(tmp_path: Path) -> None:
    golden = read_golden(write_case(tmp_path))
    with pytest.raises(UnknownName, match="there is half"):
        golden.perform(golden.calls[0], {"half": lambda x: x})


def t(*values: float) -> Tensor:
    return torch.tensor(values)


@pytest.mark.parametrize(
    ("ours", "theirs", "passed"),
    [
        (t(1.05, 100.9), t(1.0, 100.0), True),  # 0.1 + 1 % of theirs
        (t(1.15), t(1.0), False),
        (t(float("nan")), t(1.0), False),
        (t(1.0), t(float("nan")), False),
        (t(float("nan")), t(float("nan")), True),
        (t(float("inf")), t(float("inf")), True),
        (t(-float("inf")), t(float("inf")), False),
        (t(1e30), t(float("inf")), False),
        (t(1.0, 2.0), t(1.0), False),
        (torch.ones(0), torch.ones(0), True),
        (torch.tensor([1]), t(1.0), False),
        (torch.tensor([1]), torch.tensor([1], dtype=torch.int32), True),
        (torch.tensor([100]), torch.tensor([101]), False),  # whole numbers are equal or not
        (torch.tensor([True]), torch.tensor([False]), False),
        (torch.tensor([True]), torch.tensor([1]), False),
        (t(1.0).double(), t(1.0).half(), True),
    ],
)
def test_closeness(ours: Tensor, theirs: Tensor, passed: bool) -> None:
    found = close("x", ours, theirs, CLOSE)
    assert found.passed == passed
    assert passed or found.reason


def test_what_cannot_be_subtracted_is_infinitely_far() -> None:
    assert close("x", t(float("nan")), t(1.0), CLOSE).error == float("inf")
    assert close("x", t(1.0, 2.0), t(1.0), CLOSE).error == float("inf")
    assert same("x", "a", "b").error == float("inf")


def test_texts_and_rounded_numbers() -> None:
    assert same("x", ["a", 1], ["a", 1]).passed
    assert not same("x", [1], [1, 2]).passed
    assert near("x", 0.1234, 0.123, 5e-4).passed
    assert not near("x", 0.125, 0.123, 5e-4).passed


def test_tolerances_are_shown_as_the_bound_that_they_are() -> None:
    assert str(Tolerance(1e-4, 1e-3)) == "0.0001 + 0.001|x|"
    assert str(EXACT) == "exact"
