"""LoRA files by name and strength."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from greenroom.errors import FileUnreadable, InputInvalid
from greenroom.models.steadydancer.animating.loras import lora_file, named, opened
from greenroom.models.steadydancer.architecture import PUBLISHED
from greenroom.models.steadydancer.dancer.synthetic import tiny
from greenroom.weights.errors import WeightsUnfit
from tests.models.steadydancer.lora.files import normal, pair, written


def test_a_name_may_have_a_strength(tmp_path: Path) -> None:
    path = tmp_path / "four.safetensors"
    path.write_bytes(b"weights")
    found = lora_file(f"{path}:0.8")
    assert (found.path, found.strength) == (path, 0.8)
    assert found.sha256 == hashlib.sha256(b"weights").hexdigest()
    assert str(found).startswith("four.safetensors at 0.8 (sha256 ")
    assert str(lora_file(str(path))).startswith("four.safetensors (sha256 ")
    odd = tmp_path / "four:2"
    odd.write_bytes(b"more")
    assert lora_file(str(odd)).strength == 1  # a file that is called so
    assert [one.strength for one in named(f"{path}:-1, {path} ,")] == [-1, 1]
    assert named(None) == named(" ") == ()


def test_what_is_not_there_or_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"the LoRA file .*gone.* cannot be read"):
        lora_file(str(tmp_path / "gone.safetensors:0.5"))
    with pytest.raises(FileUnreadable):
        lora_file(f"{tmp_path}/gone:strong")
    with pytest.raises(InputInvalid, match=r"strength of .* is inf"):
        lora_file(f"{tmp_path}/x:inf")


def test_a_file_fits_the_network_or_is_refused(tmp_path: Path) -> None:
    architecture = tiny(PUBLISHED["steadydancer-14b"])
    width = architecture.heads * architecture.head_dim
    down, up = pair((width, width))
    key = "diffusion_model.blocks.0.self_attn.q"
    fits = written(tmp_path, {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up})
    [lora] = opened([lora_file(f"{fits}:0.5")], architecture)
    assert (lora.strength, list(lora.parts)) == (0.5, ["blocks.0.self_attn.q.weight"])
    assert opened([], architecture) == ()
    other = written(tmp_path, {"unet.mid.lora_down.weight": normal(2, 2)})
    with pytest.raises(WeightsUnfit, match="no LoRA of this network"):
        opened([lora_file(str(other))], architecture)
