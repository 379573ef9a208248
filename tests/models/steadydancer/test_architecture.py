"""What follows from the few numbers, beside what is published."""

from __future__ import annotations

from math import prod

from greenroom.models.steadydancer.architecture import PUBLISHED
from greenroom.models.steadydancer.dancer.recognising import ADDED
from tests.models.steadydancer.networks import published_shapes

ONE = PUBLISHED["steadydancer-14b"]


def test_widths_are_the_published_ones() -> None:
    assert (ONE.width, ONE.pictured, ONE.fused, ONE.outputs) == (5120, 36, 68, 64)
    assert [PUBLISHED[name].name for name in PUBLISHED] == list(PUBLISHED)


def test_tensors_and_their_numbers_are_the_published_ones() -> None:
    shapes = published_shapes()
    assert len(shapes) == 1345
    assert sum(map(prod, shapes.values())) == 16_396_718_736
    added = {name: shape for name, shape in shapes.items() if name.startswith(ADDED)}
    assert len(added) == 42
    assert sum(map(prod, added.values())) == 1_839_952


def test_shapes_are_the_published_ones() -> None:
    shapes = published_shapes()
    wanted = {
        "patch_embedding.weight": (5120, 36, 1, 2, 2),
        "patch_embedding_fuse.weight": (5120, 68, 1, 2, 2),
        "patch_embedding_ref_c.weight": (5120, 16, 1, 2, 2),
        "text_embedding.0.weight": (5120, 4096),
        "time_embedding.0.weight": (5120, 256),
        "time_projection.1.weight": (30_720, 5120),
        "img_emb.proj.0.weight": (1280,),
        "img_emb.proj.4.bias": (5120,),
        "blocks.39.modulation": (1, 6, 5120),
        "blocks.39.cross_attn.norm_k_img.weight": (5120,),
        "blocks.0.norm3.bias": (5120,),
        "blocks.0.ffn.0.weight": (13_824, 5120),
        "blocks.0.ffn.2.weight": (5120, 13_824),
        "head.head.weight": (64, 5120),
        "head.modulation": (1, 2, 5120),
        "condition_embedding_spatial.fc.1.fc.0.weight": (4, 4),
        "condition_embedding_temporal.4.spatial.weight": (16, 1, 1, 3, 3),
        "condition_embedding_align.cross_attn.in_proj_weight": (384, 128),
        "condition_embedding_align.norm1.weight": (1, 128, 1, 1),
    }
    assert {name: shapes[name] for name in wanted} == wanted
