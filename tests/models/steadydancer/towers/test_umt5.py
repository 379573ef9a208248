"""The text encoder: by the published names or not at all, and what it says of a text."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from greenroom.models.borrowed import without_memory
from greenroom.models.steadydancer.towers.synthetic import TINY_TEXTS, spelled, synthesise_umt5, synthetic_texts
from greenroom.models.steadydancer.towers.umt5 import PUBLISHED, load_umt5, names_in_file, text_encoder
from greenroom.nn.parking import Parking
from greenroom.weights.errors import TensorsDiffer


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("umt5") / "models_t5_umt5-xxl-enc-bf16.pth"
    synthesise_umt5(path)
    return path


def test_each_weight_is_the_files(file: Path) -> None:
    texts = load_umt5(file, spelled, dtype=torch.float32, options=TINY_TEXTS)
    stored = torch.load(file, weights_only=True)
    assert len(stored) == 2 * 10 + 2
    made = dict(texts.network.named_parameters())
    assert len(made) == len(stored)  # the one table counts once
    assert torch.equal(made["shared.weight"], stored["token_embedding.weight"])
    assert torch.equal(made["encoder.block.1.layer.1.DenseReluDense.wi_1.weight"], stored["blocks.1.ffn.fc1.weight"])
    assert not texts.network.training
    assert not any(weight.requires_grad or weight.is_meta for weight in made.values())


def test_a_text_alone_is_as_in_company(file: Path) -> None:
    texts = load_umt5(file, spelled, dtype=torch.float32, options=TINY_TEXTS)
    long, short = (texts.encode(spelled(text).ids) for text in ("a dancer turns", "rain"))
    assert (long.shape, short.shape) == ((15, 32), (5, 32))
    ids = torch.zeros(2, 20, dtype=torch.int64)
    own = torch.zeros(2, 20, dtype=torch.int64)
    for row, text in enumerate(("a dancer turns", "rain")):
        given = torch.tensor(spelled(text).ids)
        ids[row, : len(given)], own[row, : len(given)] = given, 1
    with torch.inference_mode():
        padded = texts.network(input_ids=ids, attention_mask=own).last_hidden_state
    torch.testing.assert_close(long, padded[0, :15], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(short, padded[1, :5], atol=1e-5, rtol=1e-5)


def test_no_more_tokens_than_the_denoiser_takes(file: Path) -> None:
    texts = load_umt5(file, spelled, dtype=torch.float32, options=TINY_TEXTS)
    assert texts.encode(spelled("ab " * 300).ids).shape == (512, 32)
    assert "of which the first 171 are read" in spelled("ab " * 300).note


def test_a_missing_tensor_is_named_as_the_file_has_it(file: Path, tmp_path: Path) -> None:
    tensors = torch.load(file, weights_only=True)
    del tensors["blocks.1.pos_embedding.embedding.weight"]
    torch.save(tensors, tmp_path / "less.pth")
    with pytest.raises(TensorsDiffer, match=r"the UMT5 text encoder.*blocks\.1\.pos_embedding\.embedding\.weight"):
        load_umt5(tmp_path / "less.pth", spelled, options=TINY_TEXTS)
    with pytest.raises(TensorsDiffer):
        load_umt5(file, spelled)


def test_what_is_stored_in_bfloat16_stays_in_the_file(file: Path, tmp_path: Path) -> None:
    tensors = {name: tensor.bfloat16() for name, tensor in torch.load(file, weights_only=True).items()}
    torch.save(tensors, tmp_path / "half.pth")
    texts = load_umt5(tmp_path / "half.pth", spelled, options=TINY_TEXTS)
    assert {weight.dtype for weight in texts.network.parameters()} == {torch.bfloat16}
    assert texts.encode(spelled("rain").ids).dtype == torch.bfloat16


def test_it_leaves_and_comes_back() -> None:
    texts = synthetic_texts(torch.device("cpu"), torch.float32, TINY_TEXTS)
    wanted, parking = texts.encode(spelled("rain").ids), Parking(texts.network)
    assert parking.weights == sum(weight.nbytes for weight in texts.network.parameters())
    parking.leave()
    assert not any(weight.numel() for weight in texts.network.parameters())
    parking.come_back()
    assert torch.equal(texts.encode(spelled("rain").ids), wanted)


def test_the_published_encoder() -> None:
    wanted = names_in_file(without_memory(lambda: text_encoder(PUBLISHED)))
    assert len(wanted) == 242
    assert sum(torch.Size(shape).numel() for shape in wanted.values()) == 5_680_910_336
