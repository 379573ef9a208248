"""One tower of a file of two: the rest of it left out, and nothing more; nothing is fetched."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from greenroom.errors import ExtraMissing
from greenroom.models.borrowed import filled, shapes_in_file, without_memory
from greenroom.models.foley.towers.clap import PUBLISHED as PUBLISHED_TEXT
from greenroom.models.foley.towers.clap import TEXT, load_clap, text_tower
from greenroom.models.foley.towers.loading import Tower, load_tower, sources_of
from greenroom.models.foley.towers.siglip2 import PUBLISHED as PUBLISHED_VISION
from greenroom.models.foley.towers.siglip2 import VISION, load_siglip2, vision_tower
from greenroom.weights.errors import NotFinite, OtherNetwork, TensorRenamed, TensorsDiffer, WrongShape
from tests.models.foley.tower_parts import SMALL_TEXT, SMALL_VISION, clap_file, clap_state, siglip_file, siglip_state

LONE = "vision_model.encoder.layers.1.mlp.fc1.bias"


def saved(folder: Path, tensors: dict[str, Tensor]) -> Path:
    torch.save(tensors, folder / "changed.bin")
    return folder / "changed.bin"


def test_each_weight_is_the_files_and_each_table_there(tmp_path: Path) -> None:
    pairs = [
        (load_siglip2(siglip_file(tmp_path), SMALL_VISION).network, siglip_state(), VISION),
        (load_clap(clap_file(tmp_path), SMALL_TEXT).network, clap_state(), TEXT),
    ]
    for network, stored, tower in pairs:
        parameters = dict(network.named_parameters())
        assert all(torch.equal(values, stored[tower.prefix + name]) for name, values in parameters.items())
        left = {name for name in stored if name.removeprefix(tower.prefix) not in parameters}
        assert all(name.startswith(tower.others) for name in left)
        assert not any(values.is_meta for values in (*network.parameters(), *network.buffers()))
        assert not any(values.requires_grad for values in network.parameters())
        assert not network.training


def test_tables_are_those_of_a_network_with_memory() -> None:
    made = vision_tower(SMALL_VISION), text_tower(SMALL_TEXT)
    for whole, make in zip(made, (lambda: vision_tower(SMALL_VISION), lambda: text_tower(SMALL_TEXT)), strict=True):
        bare = filled(without_memory(make), dict(whole.named_parameters()))
        tables = dict(bare.named_buffers())
        assert tables
        assert all(torch.equal(tables[name], table) for name, table in whole.named_buffers())


def test_the_other_tower_may_be_missing(tmp_path: Path) -> None:
    only = {name: tensor for name, tensor in siglip_state().items() if name.startswith("vision_model.")}
    assert load_siglip2(saved(tmp_path, only), SMALL_VISION).network.training is False


def test_files_of_other_releases_are_taken(tmp_path: Path) -> None:
    """Some hold the tables, some do not."""
    without = {name: tensor for name, tensor in clap_state().items() if not name.endswith("_ids")}
    assert len(without) < len(clap_state())
    load_clap(saved(tmp_path, without), SMALL_TEXT)


def test_a_tensor_of_no_known_part_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TensorsDiffer, match=r"head\.weight \(without vision_model\)"):
        load_siglip2(saved(tmp_path, siglip_state() | {"head.weight": torch.zeros(2)}), SMALL_VISION)
    with pytest.raises(TensorsDiffer, match=r"unknown \(more\.weight\)"):
        load_clap(saved(tmp_path, clap_state() | {"text_model.more.weight": torch.zeros(2)}), SMALL_TEXT)


def test_a_missing_tensor_is_named(tmp_path: Path) -> None:
    tensors = siglip_state()
    del tensors[LONE]
    with pytest.raises(TensorsDiffer, match=r"encoder\.layers\.1\.mlp\.fc1\.bias"):
        load_siglip2(saved(tmp_path, tensors), SMALL_VISION)


def test_a_name_without_its_prefix_is_no_name(tmp_path: Path) -> None:
    tensors = siglip_state()
    tensors[LONE.removeprefix("vision_model.")] = tensors.pop(LONE)
    with pytest.raises(TensorRenamed, match="fc1"):
        load_siglip2(saved(tmp_path, tensors), SMALL_VISION)


def test_another_size_of_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongShape, match=r"position_embedding\.weight is \[4, 24\] instead of \[16, 24\]"):
        load_siglip2(saved(tmp_path, siglip_state(image_size=32)), SMALL_VISION)


def test_what_is_no_number_is_named(tmp_path: Path) -> None:
    tensors = siglip_state()
    tensors[LONE][0] = float("inf")
    with pytest.raises(NotFinite, match="fc1"):
        load_siglip2(saved(tmp_path, tensors), SMALL_VISION)


def test_each_file_in_the_others_place_is_told(tmp_path: Path) -> None:
    with pytest.raises(OtherNetwork, match="it looks like CLAP"):
        load_siglip2(saved(tmp_path, clap_state()), SMALL_VISION)
    with pytest.raises(OtherNetwork, match="it looks like SigLIP 2"):
        load_clap(saved(tmp_path, siglip_state()), SMALL_TEXT)


@pytest.mark.parametrize(
    ("make", "count"),
    [(lambda: vision_tower(PUBLISHED_VISION), 93_520_128), (lambda: text_tower(PUBLISHED_TEXT), 124_055_040)],
    ids=["siglip2", "clap"],
)
def test_the_published_sizes(make: Callable[[], nn.Module], count: int, capfd: pytest.CaptureFixture[str]) -> None:
    network = without_memory(make)
    assert sum(parameter.numel() for parameter in network.parameters()) == count
    assert tuple(capfd.readouterr()) == ("", "")


def test_a_table_without_a_formula_has_to_come_from_the_file(tmp_path: Path) -> None:
    """A later release of the library may have more of them: then a file is refused, and no memory read unset."""

    def later() -> nn.Module:
        network = nn.Linear(2, 2)
        network.register_buffer("angles", torch.ones(3), persistent=False)
        return network

    file = saved(tmp_path, {"a.weight": torch.zeros(2, 2), "a.bias": torch.zeros(2)})
    with pytest.raises(TensorsDiffer, match="angles"):
        load_tower(file, Tower("a network", "a.", ("b.",), VISION.mark), later, "cpu")


def test_nothing_asks_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*given: object, **options: object) -> None:
        raise AssertionError(f"asked for {given}")

    siglip, clap = siglip_file(tmp_path), clap_file(tmp_path)
    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    load_siglip2(siglip, SMALL_VISION)
    load_clap(clap, SMALL_TEXT)


def test_without_the_library_what_to_install_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = siglip_file(tmp_path)
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(ExtraMissing) as caught:
        load_siglip2(file, SMALL_VISION)
    assert "greenroom[models]" in caught.value.mend


def test_the_rule_leaves_out_what_is_named_and_nothing_else() -> None:
    names = [*siglip_state(), "other.weight"]
    taken = sources_of(names, VISION)
    assert set(names) - set(taken.values()) == {name for name in names if name.startswith(VISION.others)}
    assert taken["other.weight (without vision_model)"] == "other.weight"
    assert shapes_in_file(vision_tower(SMALL_VISION)).keys() == taken.keys() - {"other.weight (without vision_model)"}
