"""What a file is taken for."""

from __future__ import annotations

import pytest

from greenroom.models.steadydancer.dancer.recognising import ADDED, recognise
from tests.models.steadydancer.networks import published_shapes

WHOLE = published_shapes()
BASE = {name: shape for name, shape in WHOLE.items() if not name.startswith(ADDED)}
TEXT = {name: shape for name, shape in BASE.items() if "_img" not in name and "img_" not in name}


def test_a_dancer_is_told_by_its_size() -> None:
    assert recognise(WHOLE, WHOLE) == "a transformer of width 5120 and depth 40"


def test_the_base_model_is_told_with_what_it_lacks() -> None:
    said = recognise(BASE, WHOLE)
    assert said.startswith("Wan2.1's image-to-video model (a transformer of width 5120 and depth 40), without")
    for part in (
        "patch_embedding_fuse (2)", "patch_embedding_ref_c (2)", "condition_embedding_spatial (11)",
        "condition_embedding_temporal (9)", "condition_embedding_align (18)",
    ):  # fmt: skip
        assert part in said


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["blocks.0.attn1.to_q.weight", "patch_embedding.weight"], "diffusers"),
        (["decoder.upsamples.0.residual.0.gamma"], "VAE"),
        (["blocks.0.pos_embedding.embedding.weight"], "UMT5"),
        (["visual.cls_embedding"], "CLIP"),
    ],
)
def test_other_parts_are_told_by_a_name(names: list[str], said: str) -> None:
    assert said in recognise(dict.fromkeys(names, (1, 1)), WHOLE)


def test_a_text_to_video_model_is_told() -> None:
    assert "text-to-video" in recognise(TEXT, WHOLE)


def test_of_anything_else_nothing_is_said() -> None:
    assert recognise({"a": (1,)}, WHOLE) == ""
    assert recognise({"patch_embedding.weight": (4,)}, WHOLE) == ""
