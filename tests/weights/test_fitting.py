"""How a checkpoint differs from a network, in words that fit on a screen."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from greenroom.weights.contents import Stored
from greenroom.weights.errors import OtherNetwork, TensorRenamed, TensorsDiffer, WrongDtype
from greenroom.weights.fitting import check_fit, difference, sources_of
from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights

WANTED: dict[str, tuple[int, ...]] = {f"layer.{place}": (place + 1, 4) for place in range(8)}


def stored(shapes: dict[str, tuple[int, ...]]) -> dict[str, Stored]:
    return {name: Stored("float32", shape) for name, shape in shapes.items()}


def test_nothing_differs() -> None:
    assert not difference(WANTED, WANTED)
    check_fit("file", "net", WANTED, stored(WANTED))


def test_only_a_few_names_are_listed() -> None:
    found = {name.replace("layer", "block"): shape for name, shape in WANTED.items()} | {"layer.0": (9, 9)}
    assert str(difference(WANTED, found)) == (
        "7 missing (layer.1, layer.2, layer.3 and 4 more); 8 unknown (block.0, block.1, block.2 and 5 more);"
        " 1 of another shape (layer.0 is [9, 9] instead of [1, 4])"
    )


def test_a_prefix_is_left_out_and_no_name_is_given_twice() -> None:
    assert sources_of(["made.a", "b"], "made.") == {"a": "made.a", "b": "b"}
    assert sources_of(["made.a", "a"], "made.") == {"a": "made.a", "a a second time": "a"}


def renamed(one: str, shape: tuple[int, ...]) -> dict[str, Stored]:
    return stored({name: was for name, was in WANTED.items() if name != "layer.3"} | {one: shape})


def test_one_missing_and_one_of_its_shape_look_renamed() -> None:
    with pytest.raises(TensorRenamed, match=r"no tensor layer\.3, and one of its shape, level\.3,"):
        check_fit("file", "net", WANTED, renamed("level.3", (4, 4)))


def test_one_missing_and_one_of_another_shape_do_not() -> None:
    with pytest.raises(TensorsDiffer, match=r"1 missing \(layer\.3\); 1 unknown \(level\.3\)"):
        check_fit("file", "net", WANTED, renamed("level.3", (5, 4)))


def test_a_few_strays_do_not_make_another_network() -> None:
    with pytest.raises(TensorRenamed):
        check_fit("file", "net", WANTED, renamed("level.3", (4, 4)), recognised="another net")
    with pytest.raises(OtherNetwork, match="it looks like another net: 8 missing"):
        check_fit("file", "net", WANTED, stored({"a": (1,)}), recognised="another net")


def test_an_odd_name_stays_on_its_line() -> None:
    with pytest.raises(TensorsDiffer) as caught:
        check_fit("file", "net", WANTED, stored(WANTED | {"a\n\x1b[31m" + "b" * 500: (1,)}))
    assert "\n" not in caught.value.message
    assert "\x1b" not in caught.value.message
    assert len(caught.value.message) < 250


def test_an_odd_name_that_looks_renamed_stays_on_its_line_too() -> None:
    with pytest.raises(TensorRenamed) as caught:
        check_fit("file", "net", WANTED, renamed("a\n\x1b[31m" + "b" * 500, (4, 4)))
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300
    assert "b…, that net has not" in caught.value.message


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2", "q8_0", "q4_k"])
def test_quantised_weights_are_taken_where_they_are_asked_for(dtype: str) -> None:
    found = stored(WANTED) | {"layer.2": Stored(dtype, (3, 4)), "layer.5": Stored(dtype, (6, 4))}
    check_fit("file", "net", WANTED, found, quantised=True)
    with pytest.raises(WrongDtype) as caught:
        check_fit("file", "net", WANTED, found)
    assert caught.value.message == (
        f"file: layer.2 is {dtype}, not float32, float16 or bfloat16, and 1 more is of such a type"
    )
    assert "the published file of net" in caught.value.mend


@pytest.mark.parametrize("dtype", ["iq4_nl", "F4", "float8_e8m0fnu", "int8", "float64"])
def test_other_types_are_named(dtype: str) -> None:
    with pytest.raises(WrongDtype, match=rf"layer\.0 is {dtype}, not float32, .*, q5_k or q6_k$"):
        check_fit("file", "net", WANTED, stored(WANTED) | {"layer.0": Stored(dtype, (1, 4))}, quantised=True)


def test_a_tensor_that_needs_no_cast_stays_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "some.safetensors"
    save_file({"a": torch.ones(3), "b": torch.ones(3)}, file)
    opened = open_weights(file)
    read = read_weights(opened, {"x": "a"}, "cpu", torch.float32)
    assert read.keys() == {"x"}
    assert read["x"].data_ptr() == opened.read("a").data_ptr()
    assert read_weights(opened, {"x": "a"}, "cpu", torch.float16)["x"].dtype == torch.float16


def test_reading_nothing_gives_nothing(tmp_path: Path) -> None:
    file = tmp_path / "some.safetensors"
    save_file({"a": torch.ones(3)}, file)
    assert read_weights(open_weights(file), {}, "cpu", torch.float32) == {}
