"""What may go and what must stay."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from huggingface_hub import scan_cache_dir

from greenroom.errors import OutputUnwritable, UnknownName
from greenroom.weights.store.places import Places, Store
from greenroom.weights.store.pruning import Removable, leftovers, named, prune
from greenroom.weights.store.quarantine import quarantine
from greenroom.weights.store.records import Records
from tests.weights.hub import etag
from tests.weights.recipes import NETWORK, RECIPES, VOCABULARY, file, recipe, use_catalogue, write_catalogue
from tests.weights.store.stores import put, put_tiny, put_url

OLD, PINNED = "b" * 40, "c" * 40


def kinds(found: tuple[Removable, ...]) -> list[tuple[str, str]]:
    return [(one.kind, one.name) for one in found]


def every_file(store: Store) -> set[Path]:
    return {path for path in store.cache.parent.rglob("*") if not path.is_dir()}


def test_a_sound_store_has_nothing_that_may_go(places: Places, store: Store) -> None:
    put_tiny(store)
    put_url(store, "https://host.org/model.gguf", b"x")
    assert leftovers(places) == ()
    assert leftovers(Places(None, (store.cache / "absent",))) == ()


def test_unfinished_and_damaged_files_go_with_all_that_belongs_to_them(places: Places, store: Store) -> None:
    damaged = put_tiny(store)
    quarantine(damaged)
    blob = store.repository("acme/tiny").blob("1" * 64)
    part = blob.with_name(f"{blob.name}.part")
    part.write_bytes(bytes(9000))
    part.with_name(f"{part.name}.json").write_text("{}")
    record = Records(store.repository("acme/tiny").folder).place(blob).with_name(".0123.part")
    record.write_text("{")
    url = put_url(store, "https://host.org/a/model.gguf", b"x").with_name("other.gguf.part")
    url.write_bytes(bytes(5000))
    found = leftovers(places)
    assert kinds(found) == [
        ("unfinished", f"acme/tiny/{part.name}"),
        ("damaged", f"acme/tiny/{etag(NETWORK)}.damaged"),
        ("unfinished", "acme/tiny/.0123.part"),
        ("unfinished", "host.org/a/other.gguf.part"),
    ]
    assert found[0].size >= 9000
    assert prune(store, found) == sum(one.size for one in found)
    assert leftovers(places) == ()
    left = {path.name for path in every_file(store)}
    assert {"vocab.txt", "vocoder.bin", "model.gguf"} <= left
    assert f"{etag(NETWORK)}.json" not in left


def test_what_the_hub_s_client_is_writing_stays_and_what_it_left_goes(places: Places, store: Store) -> None:
    put_tiny(store)
    blobs = store.repository("acme/tiny").folder / "blobs"
    for name, age in (("now", 0), ("long-ago", 7200)):
        file = blobs / f"{name}.incomplete"
        file.write_bytes(b"x")
        then = time.time() - age
        os.utime(file, (then, then))
    assert kinds(leftovers(places)) == [("hub-unfinished", "acme/tiny/long-ago.incomplete")]


def test_a_commit_that_no_branch_stands_for_goes_with_the_bytes_that_only_it_names(
    places: Places, store: Store
) -> None:
    repository = store.repository("acme/tiny")
    put(store, "acme/tiny", "net/vocab.txt", VOCABULARY, commit=OLD)
    older = put(store, "acme/tiny", "README.md", b"older", commit=OLD)
    put_tiny(store)
    (found,) = leftovers(places)
    assert (found.kind, found.name) == ("old-commit", f"acme/tiny @ {OLD[:12]}")
    assert repository.blob(etag(b"older")) in found.paths
    assert repository.blob(etag(VOCABULARY)) not in found.paths
    prune(store, (found,))
    assert not older.exists()
    assert (repository.find("net/vocab.txt", None) or Path()).read_bytes() == VOCABULARY
    assert scan_cache_dir(store.cache).warnings == []


def test_an_old_commit_whose_bytes_a_recipe_wants_stays(places: Places, store: Store) -> None:
    put(store, "acme/tiny", "net/model.safetensors", NETWORK, commit=OLD)
    put(store, "acme/tiny", "net/vocab.txt", VOCABULARY)
    assert leftovers(places) == ()


def test_without_a_branch_no_commit_is_old(places: Places, store: Store) -> None:
    put(store, "acme/tiny", "README.md", b"x", commit=PINNED, branch=PINNED)
    assert leftovers(places) == ()


def test_bytes_that_no_commit_names_go(places: Places, store: Store) -> None:
    put_tiny(store)
    blob = store.repository("acme/tiny").blob("2" * 40)
    blob.write_bytes(b"x")
    assert leftovers(places) == ()  # the hub's client may be about to name them
    os.utime(blob, (0, 0))
    assert kinds(leftovers(places)) == [("unreferenced", f"acme/tiny/{'2' * 40}")]


def test_a_commit_that_another_tool_fetched_by_its_number_stays(places: Places, store: Store) -> None:
    put_tiny(store)
    repository = store.repository("acme/tiny")
    tree = repository.snapshot(PINNED)
    tree.mkdir(parents=True)
    (tree / "README.md").write_bytes(b"theirs")
    assert leftovers(places) == ()


def test_what_a_kill_leaves_at_the_very_end_goes(places: Places, store: Store) -> None:
    put_tiny(store)
    repository = store.repository("acme/tiny")
    for left in ("blobs/1.part.json", "blobs/2.part.json.new", "refs/.main.part", f"snapshots/{'a' * 40}/.x.part"):
        (repository.folder / left).write_text("{}")
    (store.own / "accepted").mkdir(parents=True)
    (store.own / "accepted" / ".0123.part").write_text("{}")
    found = leftovers(places)
    assert [one.kind for one in found] == ["unfinished"] * 5
    prune(store, found)
    assert not [path for path in every_file(store) if ".part" in path.name]


def test_repositories_of_others_are_left_alone_until_they_are_named(places: Places, store: Store) -> None:
    blobs = store.cache / "models--someone--else" / "blobs"
    blobs.mkdir(parents=True)
    for name in ("1" * 64, f"{'2' * 64}.part", f"{'3' * 64}.damaged", f"{'4' * 64}.incomplete"):
        (blobs / name).write_bytes(b"x")
        os.utime(blobs / name, (0, 0))
    assert leftovers(places) == ()
    found = named(places, ["someone/else"])
    assert kinds(found) == [("named", "someone/else")]
    prune(store, found)
    assert list(store.cache.iterdir()) == []


def test_a_model_goes_without_what_others_need(places: Places, store: Store) -> None:
    put_tiny(store)
    put(store, "acme/tiny", "README.md", b"of nobody")
    prune(store, named(places, ["tiny"]))
    repository = store.repository("acme/tiny")
    assert [file.name for commit in repository.commits() for file in repository.files(commit)] == ["README.md"]
    assert repository.refs() != {}
    assert store.repository("acme/vocoder").find("vocoder.bin", None) is not None
    assert scan_cache_dir(store.cache).warnings == []
    (nothing,) = named(places, ["tiny"])
    assert (nothing.paths, nothing.size) == ((), 0)


def test_a_file_that_another_recipe_lists_stays(
    places: Places, store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    twin = recipe("twin", file("acme/tiny", "net/vocab.txt", VOCABULARY))
    use_catalogue(monkeypatch, write_catalogue(tmp_path / "more", RECIPES | {"twin": twin}))
    put_tiny(store)
    prune(store, named(places, ["tiny"]))
    repository = store.repository("acme/tiny")
    assert [file.name for commit in repository.commits() for file in repository.files(commit)] == ["vocab.txt"]


def test_the_last_file_of_a_repository_takes_it_along(places: Places, store: Store) -> None:
    put_tiny(store)
    prune(store, named(places, ["tiny", "tiny-vocoder"]))
    assert list(store.cache.iterdir()) == []


@pytest.mark.parametrize("asked", ["https://host.org/get.bin?id=1", "https://host.org/get.bin"])
def test_a_file_by_url_goes_by_its_address_or_as_it_is_shown(places: Places, store: Store, asked: str) -> None:
    place = put_url(store, "https://host.org/get.bin?id=1", b"x")
    prune(store, named(places, [asked]))
    assert not place.exists()
    assert list(store.urls.records.all()) == []


def test_what_is_not_here_cannot_be_named(places: Places) -> None:
    with pytest.raises(UnknownName, match=r"'https://host.org/x\?\.\.\.'"):
        named(places, ["https://host.org/x?token=SECRET"])


def test_what_cannot_be_deleted_is_said(places: Places, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put_tiny(store)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(OutputUnwritable):
        prune(store, named(places, ["tiny"]))
