"""Files into parts, all of them strictly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from greenroom.models.steadydancer.architecture import PUBLISHED
from greenroom.models.steadydancer.dancer.checkpoint import without_weights
from greenroom.models.steadydancer.dancer.synthetic import synthesise_dancer
from greenroom.models.steadydancer.lora.merging import open_lora
from greenroom.models.steadydancer.parts import Files, Sizes, load_parts
from greenroom.models.steadydancer.planning.way import Way
from greenroom.models.steadydancer.towers import clip, umt5
from greenroom.models.steadydancer.vae.config import WanVaeConfig
from greenroom.models.vocabulary import TokenizerInvalid
from greenroom.nn.fp8_linear import Fp8Linear
from greenroom.weights.errors import OtherNetwork, WeightsUnfit
from greenroom.weights.fitting import shapes_of
from tests.models.steadydancer.whole_parts import SIZES, tiny_files


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return tiny_files(tmp_path_factory.mktemp("steadydancer"))


def test_every_part_is_loaded(files: Files) -> None:
    parts = load_parts(SIZES, files)
    assert parts.denoiser.architecture == SIZES.denoiser
    assert parts.vae.encode(torch.zeros(3, 5, 16, 16)).shape == (16, 2, 2, 2)
    assert parts.pictures.see(torch.zeros(3, 20, 30)).shape == (17, SIZES.denoiser.image_in)
    rows = parts.texts.encode(parts.texts.tokenizer("a dancer").ids)
    assert rows.shape[1] == SIZES.denoiser.text_in
    assert rows.dtype == torch.bfloat16
    assert not parts.parkings


def test_a_way_is_gone_from_the_begin(files: Files) -> None:
    parts = load_parts(SIZES, files, way=Way(parked=True, resident=1))
    assert set(parts.parkings) == set(parts.waiting) == {"umt5", "clip", "vae"}
    assert all(parking.away for parking in parts.parkings.values())
    assert (parts.texts.streaming.resident, parts.denoiser.streaming.resident) == (0, 1)
    assert parts.denoiser.hearing.resident == 0
    apart = load_parts(SIZES, files, way=Way(apart=True)).denoiser
    assert (apart.streaming.resident, apart.hearing.resident) == (None, 0)


def test_precision_and_small_changes_are_the_denoiser_s(files: Files, tmp_path: Path) -> None:
    usual, small = load_parts(SIZES, files), load_parts(SIZES, files, precision="fp8-products")
    assert isinstance(small.denoiser.layers[0].self_attn.o, Fp8Linear)
    save_file({"blocks.0.ffn.0.diff_b": torch.ones(SIZES.denoiser.hidden)}, tmp_path / "lora.safetensors")
    lora = open_lora(tmp_path / "lora.safetensors", shapes_of(without_weights(SIZES.denoiser)))
    changed = load_parts(SIZES, files, loras=[lora])
    biases = [parts.denoiser.layers[0].ffn[0].get_parameter("bias") for parts in (usual, changed)]
    torch.testing.assert_close(biases[0] + 1, biases[1])


def test_a_file_in_anothers_place_is_told(files: Files, tmp_path: Path) -> None:
    with pytest.raises(OtherNetwork, match="it looks like a transformer of width 32"):
        load_parts(SIZES, replace(files, vae=_only(files.denoiser)))
    with pytest.raises(OtherNetwork, match=r"it looks like the VAE of Wan2\.1"):
        load_parts(SIZES, replace(files, umt5=files.vae))
    with pytest.raises(TokenizerInvalid):
        load_parts(SIZES, replace(files, tokenizer=files.clip))
    synthesise_dancer(tmp_path / "wider.safetensors", replace(SIZES.denoiser, hidden=80))
    with pytest.raises(WeightsUnfit):
        load_parts(SIZES, replace(files, denoiser=tmp_path / "wider.safetensors"))


def _only(file: object) -> Path:
    assert isinstance(file, Path)
    return file


def test_sizes_are_the_published_ones_unless_said() -> None:
    sizes = Sizes(PUBLISHED["steadydancer-14b"])
    assert (sizes.vae, sizes.umt5, sizes.clip) == (WanVaeConfig(), umt5.PUBLISHED, clip.PUBLISHED)
    widths = sizes.umt5["d_model"], sizes.clip["hidden_size"], sizes.vae.latent
    assert widths == (sizes.denoiser.text_in, sizes.denoiser.image_in, sizes.denoiser.latent)
    assert (sizes.clip["image_size"] // sizes.clip["patch_size"]) ** 2 + 1 == sizes.denoiser.image_tokens
