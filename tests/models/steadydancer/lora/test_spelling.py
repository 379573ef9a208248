"""The names that files give to what they change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.steadydancer.lora.spelling import Part, Placed, placed, spellings
from tests.models.steadydancer.lora.files import NETWORK
from tests.models.steadydancer.networks import published_shapes

MODULES = spellings(NETWORK)


def found(key: str) -> Placed | None:
    return placed(key, MODULES, NETWORK)


@pytest.mark.parametrize(
    ("key", "parameter", "part"),
    [
        ("diffusion_model.blocks.0.self_attn.q.lora_down.weight", "blocks.0.self_attn.q.weight", Part.DOWN),
        ("diffusion_model.blocks.0.self_attn.q.lora_up.weight", "blocks.0.self_attn.q.weight", Part.UP),
        ("diffusion_model.blocks.0.self_attn.q.alpha", "blocks.0.self_attn.q.weight", Part.ALPHA),
        ("diffusion_model.blocks.0.self_attn.q.diff_b", "blocks.0.self_attn.q.bias", Part.WHOLE),
        ("diffusion_model.blocks.0.self_attn.norm_q.diff", "blocks.0.self_attn.norm_q.weight", Part.WHOLE),
        ("diffusion_model.blocks.11.norm3.diff_b", "blocks.11.norm3.bias", Part.WHOLE),
        ("diffusion_model.blocks.0.diff_m", "blocks.0.modulation", Part.WHOLE),
        ("diffusion_model.blocks.0.modulation.diff", "blocks.0.modulation", Part.WHOLE),
        ("diffusion_model.head.diff_m", "head.modulation", Part.WHOLE),
        ("diffusion_model.head.head.lora_A.weight", "head.head.weight", Part.DOWN),
        ("diffusion_model.patch_embedding.lora_down.weight", "patch_embedding.weight", Part.DOWN),
        ("diffusion_model.patch_embedding_fuse.diff", "patch_embedding_fuse.weight", Part.WHOLE),
        ("blocks.0.ffn.2.lora_B.weight", "blocks.0.ffn.2.weight", Part.UP),
        ("base_model.model.blocks.0.ffn.0.lora_A.default.weight", "blocks.0.ffn.0.weight", Part.DOWN),
        ("lora_unet_blocks_11_cross_attn_k_img.lora_down.weight", "blocks.11.cross_attn.k_img.weight", Part.DOWN),
        ("lora_unet_blocks_0_ffn_0.alpha", "blocks.0.ffn.0.weight", Part.ALPHA),
        ("lora_unet_img_emb_proj_3.lora_up.weight", "img_emb.proj.3.weight", Part.UP),
        ("transformer.blocks.0.attn1.to_q.lora_A.weight", "blocks.0.self_attn.q.weight", Part.DOWN),
        ("transformer.blocks.0.attn1.to_out.0.lora_B.weight", "blocks.0.self_attn.o.weight", Part.UP),
        ("transformer.blocks.0.attn1.to_out.0.lora_B.bias", "blocks.0.self_attn.o.bias", Part.BIAS),
        ("transformer.blocks.11.attn2.add_v_proj.lora_A.weight", "blocks.11.cross_attn.v_img.weight", Part.DOWN),
        ("transformer.blocks.11.attn2.norm_added_k.diff", "blocks.11.cross_attn.norm_k_img.weight", Part.WHOLE),
        ("transformer.blocks.0.norm2.diff", "blocks.0.norm3.weight", Part.WHOLE),
        ("transformer.blocks.0.ffn.net.0.proj.lora_A.weight", "blocks.0.ffn.0.weight", Part.DOWN),
        ("transformer.blocks.0.ffn.net.2.lora_A.weight", "blocks.0.ffn.2.weight", Part.DOWN),
        ("transformer.blocks.0.attn1.to_v.lora.down.weight", "blocks.0.self_attn.v.weight", Part.DOWN),
        ("transformer.blocks.0.scale_shift_table.diff", "blocks.0.modulation", Part.WHOLE),
        ("transformer.scale_shift_table.diff", "head.modulation", Part.WHOLE),
        ("transformer.proj_out.lora_A.weight", "head.head.weight", Part.DOWN),
        ("transformer.condition_embedder.time_proj.lora_A.weight", "time_projection.1.weight", Part.DOWN),
        ("transformer.condition_embedder.text_embedder.linear_2.lora_A.weight", "text_embedding.2.weight", Part.DOWN),
        (
            "transformer.condition_embedder.image_embedder.ff.net.0.proj.lora_B.weight",
            "img_emb.proj.1.weight",
            Part.UP,
        ),
    ],
)
def test_spellings(key: str, parameter: str, part: Part) -> None:
    assert found(key) == (parameter, part)


@pytest.mark.parametrize(
    "key",
    [
        "",
        ".alpha",
        "diffusion_model.blocks.2.self_attn.q.lora_down.weight",
        "diffusion_model.blocks.0.self_attn.q.weight",
        "diffusion_model.blocks.0.self_attn.q.dora_scale",
        "diffusion_model.blocks.0.self_attn.q.hada_w1_a",
        "diffusion_model.blocks.0.norm1.diff",
        "diffusion_model.blocks.0.self_attn.norm_q.diff_b",
        "diffusion_model.blocks.0.ffn.2.diff_b",
        "diffusion_model.blocks.0.ffn.0.diff_m",
        "lora_te1_text_model_encoder_layers_0_mlp_fc1.alpha",
        "xdiffusion_model.blocks.0.self_attn.q.alpha",
    ],
)
def test_what_is_no_spelling_is_unknown(key: str) -> None:
    assert found(key) is None


def test_each_parameter_is_found_by_each_way_of_writing_it() -> None:
    for parameter in NETWORK:
        module, _, own = parameter.rpartition(".")
        if own == "weight":
            ends = ("lora_down.weight", "lora_up.weight", "lora_A.weight", "alpha", "diff")
            flat = module.replace(".", "_")
            assert {found(f"{name}.{end}").parameter for end in ends  # type: ignore[union-attr]  # else it fails here
                    for name in (module, f"diffusion_model.{module}", f"lora_unet_{flat}")} == {parameter}  # fmt: skip


def test_no_two_modules_of_the_published_network_share_a_spelling() -> None:
    names = published_shapes()
    together = spellings(names)
    assert all(together[spelled] == module for name in names for spelled, module in spellings([name]).items())


@given(st.text(max_size=40) | st.sampled_from(sorted(MODULES)).flatmap(lambda name: st.builds(
    lambda end: name + end, st.text(".abdfilmorw_", max_size=20))))  # fmt: skip
def test_any_key_has_one_place_or_none(key: str) -> None:
    place = found(key)
    assert place is None or place.parameter in NETWORK
