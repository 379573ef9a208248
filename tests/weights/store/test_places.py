"""Which places settings name, and the order in which they are asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.recipes.recipe import ModelFile
from greenroom.settings import Settings
from greenroom.weights.store.hub_layout import HubRepository
from greenroom.weights.store.places import RUNPOD_CACHE, Places, Store
from greenroom.weights.store.url_layout import github_url

FILE = ModelFile(role="weights", repository="acme/tiny", path="model.bin")


def put(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def in_cache(cache: Path, file: ModelFile = FILE) -> Path:
    repository = HubRepository(cache, file.repository)
    repository.point(None, "a" * 40)
    return put(repository.snapshot("a" * 40) / file.path)


def test_the_cache_is_where_the_hub_s_own_variables_say(tmp_path: Path) -> None:
    home = Settings(hf_home=tmp_path / "home")
    assert Places.of(home, {}).caches == (tmp_path / "home" / "hub", RUNPOD_CACHE)
    named = Settings(hf_home=tmp_path / "home", hf_hub_cache=tmp_path / "cache")
    assert Places.of(named, {}).caches[0] == tmp_path / "cache"
    assert Places.of(Settings(), {"XDG_CACHE_HOME": str(tmp_path)}).caches[0] == tmp_path / "huggingface" / "hub"
    assert Places.of(Settings(), {}).caches[0] == Path("~/.cache/huggingface/hub").expanduser()
    assert Places.of(Settings(weights=tmp_path), {}).folder == tmp_path


def test_a_runpod_volume_is_written_to_where_nothing_else_is_named(tmp_path: Path) -> None:
    volume = tmp_path / "volume" / "hub"
    assert Places.of(Settings(), {}, runpod=volume).caches[1] == volume
    volume.mkdir(parents=True)
    assert Places.of(Settings(), {}, runpod=volume).caches[0] == volume
    assert Places.of(Settings(hf_home=tmp_path), {}, runpod=volume).caches == (tmp_path / "hub", volume)


def test_what_is_greenroom_s_own_lies_beside_a_cache_or_in_one_of_another_name(tmp_path: Path) -> None:
    assert Store(tmp_path / "hub").own == tmp_path / "greenroom"
    assert Store(tmp_path / "models").own == tmp_path / "models" / "greenroom"


def test_a_folder_of_one_s_own_is_asked_first_then_caches_in_order(tmp_path: Path) -> None:
    places = Places(tmp_path / "own", (tmp_path / "first" / "hub", tmp_path / "second" / "hub"))
    assert places.find(FILE) is None
    second = in_cache(places.caches[1])
    first = in_cache(places.caches[0])
    own = put(tmp_path / "own" / "acme/tiny/model.bin")
    assert [found.path for found in places.look(FILE)] == [own, first, second]
    assert [found.store for found in places.look(FILE)] == [None, *places.stores]


def test_files_of_github_and_of_packages_are_found_where_they_lie(tmp_path: Path) -> None:
    places = Places(None, (tmp_path / "hub",))
    code = ModelFile(role="embedding", host="github", repository="acme/code", revision="abc", path="x.pt")
    assert places.find(code) is None
    assert places.find(code.model_copy(update={"path": "y.pt"})) is None
    placed = put(places.stores[0].urls.place(github_url(code)))
    assert places.find(code) == placed
    package = ModelFile(role="weights", host="pypi", repository="greenroom", path="greenroom/py.typed")
    carried = places.find(package)
    assert carried is not None
    assert carried.name == "py.typed"
    assert places.find(package.model_copy(update={"path": "no_such_package/x"})) is None
    assert places.find(package.model_copy(update={"path": "greenroom/absent"})) is None


@pytest.mark.parametrize("where", ["own", "cache"])
def test_shards_come_from_one_place(tmp_path: Path, where: str) -> None:
    places = Places(tmp_path / "own", (tmp_path / "hub",))
    pattern = FILE.model_copy(update={"path": "model-*.bin"})
    assert places.shards(pattern) == ()
    for number in (1, 2):
        if where == "own":
            put(tmp_path / "own" / "acme/tiny" / f"model-{number}.bin")
        else:
            in_cache(places.caches[0], FILE.model_copy(update={"path": f"model-{number}.bin"}))
    assert [found.path.name for found in places.shards(pattern)] == ["model-1.bin", "model-2.bin"]
