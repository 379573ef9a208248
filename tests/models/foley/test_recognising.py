"""A file in another's place is told by its names."""

from __future__ import annotations

import pytest

from greenroom.models.foley.recognising import VISUAL, recognise


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("triple_blocks.0.audio_mlp.fc1.bias", "HunyuanVideo-Foley's denoiser"),
        ("single_blocks.3.q_norm.weight", "HunyuanVideo-Foley's denoiser"),
        ("decoder.model.0.bias", "the audio VAE of HunyuanVideo-Foley"),
        ("afeat_extractor.x", "Synchformer"),
        ("vision_model.head.probe", "SigLIP 2"),
        ("audio_model.audio_encoder.norm.bias", "CLAP"),
        ("text_model.pooler.dense.bias", ""),
        ("encoder.weight", ""),
    ],
)
def test_a_part_is_told_by_a_name_of_its_own(name: str, words: str) -> None:
    wanted = VISUAL if "VAE" in words else "decoder.model."
    assert recognise(["other", name], wanted=wanted) == words


def test_what_is_wanted_is_not_another() -> None:
    assert recognise(["decoder.model.0.bias"], wanted="decoder.model.") == ""
    assert recognise([f"{VISUAL}norm.bias"], wanted=VISUAL) == ""
