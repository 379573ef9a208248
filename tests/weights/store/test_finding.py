"""Where weights lie: a folder, the hub's cache, nowhere, and cut short."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from greenroom.recipes.catalogue import recipe
from greenroom.weights.store.finding import (
    Need,
    WeightsDamaged,
    WeightsMissing,
    find_files,
    find_weights,
    variant_here,
)
from greenroom.weights.store.places import Places
from greenroom.weights.store.records import Record, Records

NEEDS = (
    Need("f5tts-v1-base", "weights"),
    Need("f5tts-v1-base", "vocabulary"),
    Need("vocos-24khz", "weights"),
)


def sparse(path: Path, length: int) -> Path:
    """A file of a length that takes no room."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.truncate(length)
    return path


def whole(need: Need) -> int:
    assert need.file.size is not None
    return need.file.size.bytes


def in_folder(folder: Path, need: Need, *, less: int = 0) -> Path:
    return sparse(folder / need.file.repository / need.file.path, whole(need) - less)


def in_cache(cache: Path, need: Need) -> Path:
    """As the hub's own tools lay it down: a snapshot of a commit, and a branch that names the commit."""
    repository = cache / f"models--{need.file.repository.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True, exist_ok=True)
    (repository / "refs" / "main").write_text("a" * 40)
    return sparse(repository / "snapshots" / ("a" * 40) / need.file.path, whole(need))


def test_a_folder_of_one_s_own_comes_first(tmp_path: Path) -> None:
    places = Places(tmp_path / "own", (tmp_path / "hub",))
    for need in NEEDS:
        in_cache(tmp_path / "hub", need)
    own = in_folder(tmp_path / "own", NEEDS[0])
    first, second, third = find_weights("f5tts-v1-base", NEEDS, places)
    assert first == own
    assert tmp_path / "hub" in second.parents
    assert tmp_path / "hub" in third.parents


def test_every_cache_is_asked(tmp_path: Path) -> None:
    found = in_cache(tmp_path / "volume", NEEDS[2])
    (tmp_path / "hub").mkdir()
    places = Places(None, (tmp_path / "absent", tmp_path / "hub", tmp_path / "volume"))
    assert find_weights("vocos-24khz", NEEDS[2:], places) == (found,)


def test_what_is_missing_is_named_with_size_licence_and_command(tmp_path: Path) -> None:
    with pytest.raises(WeightsMissing) as caught:
        find_weights("f5tts-v1-base", NEEDS, Places(tmp_path, ()))
    said, mend = caught.value.message, caught.value.mend
    assert "3 files are missing, 1.40 GB in all" in said
    assert "SWivid/F5-TTS/F5TTS_v1_Base/model_1250000.safetensors (1.35 GB)" in said
    assert "f5tts-v1-base CC-BY-NC-4.0 (non-commercial)" in said
    assert mend.startswith("greenroom pull f5tts-v1-base; or ")
    assert "GREENROOM_WEIGHTS" in mend
    assert str(tmp_path) not in said + mend
    in_folder(tmp_path, NEEDS[0])
    in_folder(tmp_path, NEEDS[2])
    with pytest.raises(WeightsMissing, match=r"1 file is missing, 13\.8 kB in all"):
        find_weights("f5tts-v1-base", NEEDS, Places(tmp_path, ()))


@pytest.mark.parametrize(("less", "what"), [(1, "cut short"), (-1, "another file")])
def test_a_file_of_another_length_is_refused(tmp_path: Path, less: int, what: str) -> None:
    in_folder(tmp_path, NEEDS[0], less=less)
    with pytest.raises(WeightsDamaged, match=what) as caught:
        find_weights("f5tts-v1-base", NEEDS[:1], Places(tmp_path, ()))
    assert "1,348,435,761 as published" in caught.value.message
    assert caught.value.mend == "get it again: greenroom pull f5tts-v1-base"


def test_a_length_that_nobody_is_sure_of_accuses_no_file(tmp_path: Path) -> None:
    need = Need("e2tts-base", "weights")
    found = in_folder(tmp_path, need, less=5)
    assert find_weights("e2tts-base", (need,), Places(tmp_path, ())) == (found,)


def test_a_length_that_was_verified_is_one_that_it_must_have(tmp_path: Path) -> None:
    need = Need("e2tts-base", "weights")
    found = in_folder(tmp_path, need)
    Records(tmp_path).keep(found, Record.of(found, "0" * 64, "hub", str(need.file), "", ""))
    assert find_weights("e2tts-base", (need,), Places(tmp_path, ())) == (found,)
    sparse(found, 100)
    with pytest.raises(WeightsDamaged, match="100 bytes here"):
        find_weights("e2tts-base", (need,), Places(tmp_path, ()))


def test_finding_imports_neither_torch_nor_the_hub_s_client() -> None:
    script = (
        "import sys; from greenroom.weights.store.finding import *; from greenroom.weights.store.places import *;"
        "find_weights('x', [], Places(None, ()));"
        "print({'torch', 'numpy', 'huggingface_hub', 'httpx'} & set(sys.modules))"
    )
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "set()\n"


def test_of_several_files_with_one_role_the_path_chooses() -> None:
    for name in ("pos_emb.pt", "neg_emb.pt"):
        assert Need("seedvr2-embeddings", "embedding", path=name).file.path == name
    with pytest.raises(ValueError, match="too many values"):
        _ = Need("seedvr2-embeddings", "embedding").file


def test_the_variant_that_is_here_is_the_default_one_or_the_first_other(tmp_path: Path) -> None:
    known, places = recipe("seedvr2-3b"), Places(tmp_path, ())
    assert variant_here(known, "weights", places) == "fp16"
    for name, found in (("q8_0", "q8_0"), ("fp8_e4m3fn", "fp8_e4m3fn"), ("fp16", "fp16"), ("fp32", "fp16")):
        in_folder(tmp_path, Need("seedvr2-3b", "weights", variant=name))
        assert variant_here(known, "weights", places) == found


def test_a_variant_is_asked_for_by_its_name(tmp_path: Path) -> None:
    """Also where only a component is missing: without the name, the default one would be fetched besides."""
    needs = (Need("seedvr2-3b", "weights", variant="q8_0"), Need("seedvr2-vae", "weights"))
    in_folder(tmp_path, needs[0])
    with pytest.raises(WeightsMissing, match="ema_vae") as caught:
        find_weights("seedvr2-3b", needs, Places(tmp_path, ()))
    assert caught.value.mend.startswith("greenroom pull seedvr2-3b --variant q8_0; or ")


def test_shards_whose_names_are_not_known_are_found_together(tmp_path: Path) -> None:
    needs = (Need("steadydancer-14b", "weights", variant="upstream"), Need("wan21-vae", "weights"))
    known, places = recipe("steadydancer-14b"), Places(tmp_path, ())
    vae = in_folder(tmp_path, needs[1])
    with pytest.raises(WeightsMissing, match="diffusion_pytorch_model") as caught:
        find_files("steadydancer-14b", needs, places)
    assert caught.value.mend.startswith("greenroom pull steadydancer-14b --variant upstream; or ")
    names = [f"diffusion_pytorch_model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    shards = [sparse(tmp_path / needs[0].file.repository / name, 100) for name in names[:1]]
    with pytest.raises(WeightsMissing, match="1 file is missing"):  # half of them is none
        find_files("steadydancer-14b", needs, places)
    shards.append(sparse(tmp_path / needs[0].file.repository / names[1], 100))
    found = find_files("steadydancer-14b", needs, places)
    assert [[one.path for one in files] for files in found] == [shards, [vae]]
    assert variant_here(known, "weights", places) == "upstream"
    in_folder(tmp_path, Need("steadydancer-14b", "weights", variant="fp16"))
    assert variant_here(known, "weights", places) == "fp16"
    Records(tmp_path).keep(shards[1], Record.of(shards[1], "0" * 64, "hub", str(needs[0].file), "", ""))
    sparse(shards[1], 99)
    with pytest.raises(WeightsDamaged, match="99 bytes here"):
        find_files("steadydancer-14b", needs, places)
