"""Files into parts, all of them strictly."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from greenroom.models.foley import parts as parts_module
from greenroom.models.foley.architecture import PUBLISHED
from greenroom.models.foley.dac.config import DacConfig
from greenroom.models.foley.parts import Files, Sizes, arrivals_of, load_parts
from greenroom.models.foley.planning.way import Way
from greenroom.models.foley.synchformer.encoder import SynchformerConfig
from greenroom.models.foley.watching.lengths import latents
from greenroom.models.vocabulary import TokenizerInvalid
from greenroom.weights.errors import OtherNetwork
from tests.models.foley.whole_parts import SIZES, tiny_files


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return tiny_files(tmp_path_factory.mktemp("foley"))


@torch.inference_mode()
def test_every_part_is_loaded(files: Files) -> None:
    parts = load_parts(SIZES, files)
    assert parts.denoiser.architecture == SIZES.denoiser
    assert parts.vae.decode(torch.zeros(1, SIZES.denoiser.latent, latents(16))).shape == (1, 1, 32 * 960)
    assert parts.synchformer.features(torch.zeros(16, 3, 224, 224)).shape == (8, SIZES.denoiser.sync_in)
    assert parts.pictures(torch.zeros(1, 3, 512, 512)).shape == (1, SIZES.denoiser.visual_in)
    assert parts.texts(parts.tokenizer(("", "rain"))).shape[::2] == (2, SIZES.denoiser.text_in)


def test_a_file_in_anothers_place_is_told(files: Files) -> None:
    with pytest.raises(OtherNetwork, match="it looks like HunyuanVideo-Foley's denoiser"):
        load_parts(SIZES, replace(files, vae=files.denoiser))
    with pytest.raises(OtherNetwork, match="it looks like CLAP"):
        load_parts(SIZES, replace(files, siglip2=files.clap))
    with pytest.raises(TokenizerInvalid):
        load_parts(SIZES, replace(files, tokenizer=files.clap))


def test_sizes_are_the_published_ones_unless_said() -> None:
    sizes = Sizes(PUBLISHED["hunyuanvideo-foley-xl"])
    assert (sizes.vae, sizes.synchformer) == (DacConfig(), SynchformerConfig())
    assert sizes.siglip2["image_size"] == 512
    assert sizes.clap["max_position_embeddings"] == 514
    widths = sizes.siglip2["hidden_size"], sizes.clap["hidden_size"], sizes.synchformer.width
    assert widths == (sizes.denoiser.visual_in, sizes.denoiser.text_in, sizes.denoiser.sync_in)


def test_on_a_gpu_what_stays_is_gathered_and_what_leaves_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    gathered: list[int] = []
    monkeypatch.setattr(parts_module, "gather", lambda weights: gathered.append(len(weights)))
    arrivals_of(Way()).take("vae", nn.Linear(2, 3))
    assert gathered == []  # on a CPU
    monkeypatch.setattr(Tensor, "is_cuda", True)
    arrivals_of(Way(parked=True)).take("vae", nn.Linear(2, 3))
    assert gathered == []
    for way in (Way(), Way(resident=0)):
        arrivals_of(way).take("vae", nn.BatchNorm1d(3))
    assert gathered == [5] * 2
