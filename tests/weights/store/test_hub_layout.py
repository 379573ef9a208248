"""The hub's cache as its own client finds it, with links and without."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from huggingface_hub import hf_hub_download, scan_cache_dir, try_to_load_from_cache

from greenroom.weights.store.hub_layout import HubRepository, etag_of
from tests.weights.hub import etag

OLD, NEW = "a" * 40, "b" * 40
CONTENT = b"weights" * 400
ETAG = etag(CONTENT)


def laid(cache: Path, path: str = "net/model.bin", commit: str = OLD, content: bytes = CONTENT) -> HubRepository:
    repository = HubRepository(cache, "acme/tiny")
    blob = repository.blob(etag(content))
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(content)
    repository.link(etag(content), commit, path)
    repository.point(None, commit)
    return repository


def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on exFAT and some network volumes."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", refuse)


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("path", ["model.bin", "net/model.bin", "wörter/a b/ключ.bin"])
def test_the_hub_s_own_client_finds_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, links: bool
) -> None:
    if not links:
        no_links(monkeypatch)
    repository = laid(tmp_path, path)
    found = try_to_load_from_cache("acme/tiny", path, cache_dir=tmp_path)
    assert isinstance(found, str)
    assert Path(found).read_bytes() == CONTENT
    assert Path(found).is_symlink() is links
    assert repository.find(path, None) == Path(found)
    assert hf_hub_download("acme/tiny", path, cache_dir=tmp_path, local_files_only=True) == found
    assert repository.blob(ETAG).exists() is links


def test_the_hub_s_own_client_reports_a_sound_cache(tmp_path: Path) -> None:
    laid(tmp_path)
    laid(tmp_path, "other.bin", content=b"small")
    told = scan_cache_dir(tmp_path)
    assert told.warnings == []
    (repository,) = told.repos
    assert (repository.repo_id, repository.nb_files, repository.size_on_disk) == ("acme/tiny", 2, len(CONTENT) + 5)
    assert set(repository.refs) == {"main"}


def test_a_newer_commit_takes_the_branch_and_an_older_one_stays(tmp_path: Path) -> None:
    repository = laid(tmp_path)
    laid(tmp_path, commit=NEW, content=b"newer")
    assert repository.refs() == {"main": NEW}
    assert repository.commits() == (OLD, NEW)
    assert (repository.snapshot(OLD) / "net/model.bin").read_bytes() == CONTENT
    assert repository.find("net/model.bin", OLD) == repository.snapshot(OLD) / "net/model.bin"
    newest = repository.find("net/model.bin", None)
    assert newest is not None
    assert newest.read_bytes() == b"newer"


def test_bytes_of_a_known_hash_are_found_in_any_commit(tmp_path: Path) -> None:
    repository = laid(tmp_path)
    repository.point(None, NEW)
    assert repository.find("net/model.bin", None) is None
    assert repository.find("net/model.bin", None, "0" * 64) is None
    assert repository.find("net/model.bin", None, ETAG) == repository.snapshot(OLD) / "net/model.bin"


def test_linking_again_after_a_kill_replaces_what_was_left(tmp_path: Path) -> None:
    repository = laid(tmp_path)
    staged = repository.snapshot(OLD) / "net" / ".model.bin.part"
    staged.symlink_to("nowhere")
    (repository.snapshot(OLD) / "net/model.bin").unlink()
    assert repository.link(ETAG, OLD, "net/model.bin").read_bytes() == CONTENT
    assert not staged.is_symlink()


def test_shards_are_found_by_pattern_in_their_own_folder(tmp_path: Path) -> None:
    repository = laid(tmp_path, "model-1.bin")
    laid(tmp_path, "model-2.bin", content=b"second")
    laid(tmp_path, "other/model-3.bin", content=b"third")
    assert [file.name for file in repository.matching("model-*.bin", None)] == ["model-1.bin", "model-2.bin"]


def test_the_place_of_a_file_tells_its_hash_or_nothing(tmp_path: Path) -> None:
    repository = laid(tmp_path)
    assert etag_of(repository.snapshot(OLD) / "net/model.bin") == ETAG
    assert etag_of(repository.blob(ETAG)) == ETAG
    elsewhere = tmp_path / "model.bin"
    elsewhere.write_bytes(b"x")
    assert etag_of(elsewhere) is None


def test_a_cache_that_is_not_there_or_not_a_cache_holds_nothing(tmp_path: Path) -> None:
    assert HubRepository.all(tmp_path / "absent") == ()
    (tmp_path / "datasets--acme--words").mkdir()
    (tmp_path / "models--acme--a--b").mkdir()
    (tmp_path / "models--gpt").mkdir()
    assert [repository.name for repository in HubRepository.all(tmp_path)] == ["acme/a--b", "gpt"]
    nothing = HubRepository(tmp_path, "acme/none")
    assert (nothing.refs(), nothing.commits(), nothing.find("x", None)) == ({}, (), None)


def test_a_torn_ref_stands_for_nothing(tmp_path: Path) -> None:
    repository = laid(tmp_path)
    (repository.folder / "refs" / "main").write_bytes(b"\xff\xfe")
    assert repository.refs() == {}
    assert repository.find("net/model.bin", None) is None
