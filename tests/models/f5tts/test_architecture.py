"""Architectures: the published ones, and those that a configuration describes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greenroom.errors import InputInvalid, UnknownName
from greenroom.models.f5tts.architecture import PUBLISHED, Architecture
from greenroom.recipes.catalogue import catalogue

V1_OPTIONS = {
    "dim": 1024,
    "depth": 22,
    "heads": 16,
    "ff_mult": 2,
    "text_dim": 512,
    "text_mask_padding": True,
    "qk_norm": None,
    "conv_layers": 4,
    "pe_attn_head": None,
    "attn_backend": "torch",
    "attn_mask_enabled": False,
    "checkpoint_activations": False,
}
E2_OPTIONS = {"dim": 1024, "depth": 24, "heads": 16, "ff_mult": 4, "text_mask_padding": False, "pe_attn_head": 1}


def test_published_options_give_the_published_architectures() -> None:
    assert Architecture.from_options("f5tts-v1-base", "DiT", V1_OPTIONS) == PUBLISHED["f5tts-v1-base"]
    assert Architecture.from_options("e2tts-base", "UNetT", E2_OPTIONS) == PUBLISHED["e2tts-base"]


def test_v1_and_base_differ_in_what_weights_cannot_tell() -> None:
    v1, base = PUBLISHED["f5tts-v1-base"], PUBLISHED["f5tts-base"]
    assert replace(v1, name="f5tts-base", text_mask_padding=False, pe_attn_head=1) == base


def test_every_recipe_of_the_family_names_a_published_architecture() -> None:
    named = [recipe.architecture for recipe in catalogue() if recipe.family == "f5tts" and recipe.task == "speech"]
    assert sorted(name for name in named if name) == sorted(PUBLISHED)


def test_what_a_configuration_leaves_out_has_the_original_defaults() -> None:
    made = Architecture.from_options("small", "UNetT", {"dim": 64}, mel_dim=80, vocabulary=10)
    assert (made.depth, made.heads, made.dim_head, made.ff_mult, made.text_dim) == (8, 8, 64, 4, 80)
    assert made.text_mask_padding
    assert made.skip_connect_type == "concat"


def test_an_unknown_option_is_named() -> None:
    with pytest.raises(UnknownName, match="'dept'"):
        Architecture.from_options("mine", "DiT", {"dim": 64, "dept": 4})


def test_an_unknown_backbone_is_named() -> None:
    with pytest.raises(UnknownName, match="'MMDiT'"):
        Architecture.from_options("mine", "MMDiT", {"dim": 64})


def test_a_unett_has_two_equal_halves() -> None:
    with pytest.raises(InputInvalid, match="depth 5"):
        Architecture.from_options("mine", "UNetT", {"dim": 64, "depth": 5})


def test_upsampling_needs_the_mask_of_the_text() -> None:
    options = {"dim": 64, "text_mask_padding": False, "text_embedding_average_upsampling": True}
    with pytest.raises(InputInvalid, match="average upsampling"):
        Architecture.from_options("mine", "DiT", options)
