"""Models fetched from a hub on this machine: whole, verified, once, and gone on with."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from huggingface_hub import hf_hub_download, scan_cache_dir, try_to_load_from_cache

from greenroom.errors import OutputUnwritable
from greenroom.weights.pulling.errors import OwnFileDamaged, WeightsOffline
from greenroom.weights.pulling.plan import AskedUrl
from greenroom.weights.store.hub_layout import HubRepository
from greenroom.weights.store.inventory import held_by_models
from greenroom.weights.store.pruning import leftovers
from greenroom.weights.store.verifying import verify
from greenroom.weights.transfer.errors import Forbidden, WrongDigest
from tests.weights.hub import HubServer, etag, sha256
from tests.weights.pulling.pulls import Machine
from tests.weights.recipes import (
    DEEP,
    NETWORK,
    SHARDS,
    VOCABULARY,
    VOCODER,
    file,
    recipe,
    use_catalogue,
    write_catalogue,
)
from tests.weights.store.stores import put

TINY = {
    "acme/tiny/net/model.safetensors": NETWORK,
    "acme/tiny/net/vocab.txt": VOCABULARY,
    "acme/vocoder/vocoder.bin": VOCODER,
}


def test_a_model_and_its_components_come_whole_and_are_found_by_the_hub_s_client(machine: Machine) -> None:
    plan = machine.plan("tiny")
    assert (plan.bytes_to_fetch, plan.bytes_here, plan.is_done) == (
        len(NETWORK) + len(VOCABULARY) + len(VOCODER),
        0,
        False,
    )
    done = machine.pull("tiny")
    assert {file.name: file.path.read_bytes() for file in done.files} == TINY
    assert {file.name: file.sha256 for file in done.files} == {name: sha256(content) for name, content in TINY.items()}
    assert [file.authority for file in done.files] == ["recipe", "recipe", "hub"]
    assert done.fetched == machine.hub.total_served() == sum(map(len, TINY.values()))
    for name in TINY:
        owner, repository, path = name.split("/", 2)
        found = try_to_load_from_cache(f"{owner}/{repository}", path, cache_dir=machine.store.cache)
        assert isinstance(found, str)
        assert (
            hf_hub_download(f"{owner}/{repository}", path, cache_dir=machine.store.cache, local_files_only=True)
            == found
        )
    told = scan_cache_dir(machine.store.cache)
    assert (told.warnings, len(told.repos)) == ([], 2)


def test_what_is_here_is_not_asked_for_again_and_needs_no_network(machine: Machine) -> None:
    machine.pull("tiny")
    machine.hub.asked.clear()
    machine.offline = True
    assert machine.plan("tiny").is_done
    done = machine.pull("tiny")
    assert (done.fetched, len(done.files)) == (0, 3)
    assert machine.hub.asked == []


def test_offline_what_is_missing_is_said(machine: Machine) -> None:
    machine.offline = True
    with pytest.raises(WeightsOffline, match="acme/tiny is not here as a whole"):
        machine.pull("tiny")
    with pytest.raises(WeightsOffline, match="gguf is not here"):
        machine.pull(urls=(AskedUrl(f"{machine.hub.url}/x.gguf"),))
    assert not machine.folder.exists()


def test_shards_are_those_of_the_pattern_and_complete_offline(machine: Machine) -> None:
    done = machine.pull("sharded")
    assert {file.path.name: file.path.read_bytes() for file in done.files} == SHARDS
    machine.offline = True
    assert machine.plan("sharded").is_done
    done.files[1].path.unlink()
    with pytest.raises(WeightsOffline):
        machine.plan("sharded")


def test_names_of_any_alphabet(machine: Machine) -> None:
    (file,) = machine.pull("deep").files
    assert file.path.as_posix().endswith("wörter/a b/ключ.bin")
    assert file.path.read_bytes() == DEEP


def test_what_the_hub_s_own_client_fetched_is_verified_where_it_lies(machine: Machine, hub: HubServer) -> None:
    hf_hub_download("acme/tiny", "net/model.safetensors", cache_dir=machine.store.cache, endpoint=hub.url)
    before = hub.served["net/model.safetensors"]
    (model, *_) = machine.plan("tiny").files
    assert model.state == "unverified"
    done = machine.pull("tiny")
    assert hub.served["net/model.safetensors"] == before
    assert done.files[0].sha256 == sha256(NETWORK)
    assert machine.plan("tiny").is_done


def test_a_damaged_file_of_the_hub_s_client_is_put_aside_and_fetched_again(machine: Machine, hub: HubServer) -> None:
    hub.lies["net/model.safetensors"] = NETWORK[:-1] + bytes([NETWORK[-1] ^ 1])
    hf_hub_download("acme/tiny", "net/model.safetensors", cache_dir=machine.store.cache, endpoint=hub.url)
    hub.lies.clear()
    done = machine.pull("tiny")
    assert done.files[0].path.read_bytes() == NETWORK
    (finding,) = done.findings
    assert (finding.code, machine.told) == ("weights-damaged", [finding])
    assert (HubRepository(machine.store.cache, "acme/tiny").blob(f"{sha256(NETWORK)}.damaged")).is_file()


def test_a_file_that_was_cut_short_is_fetched_again(machine: Machine) -> None:
    path = machine.pull("tiny").files[0].path
    os.truncate(path, 1000)
    assert machine.plan("tiny").files[0].state == "absent"
    assert machine.pull("tiny").files[0].path.read_bytes() == NETWORK


def test_a_file_that_was_written_to_is_hashed_again(machine: Machine) -> None:
    path = machine.pull("tiny").files[0].path
    os.utime(path, ns=(0, 0))
    served = machine.hub.total_served()
    assert machine.pull("tiny").findings == ()
    path.write_bytes(bytes(len(NETWORK)))
    assert machine.pull("tiny").files[0].path.read_bytes() == NETWORK
    assert machine.hub.total_served() == served + len(NETWORK)


def test_wrong_bytes_never_take_the_name_and_the_next_pull_is_good(machine: Machine, hub: HubServer) -> None:
    hub.lies["vocoder.bin"] = VOCODER[:-1] + bytes([VOCODER[-1] ^ 1])
    with pytest.raises(WrongDigest):
        machine.pull("tiny")
    assert try_to_load_from_cache("acme/vocoder", "vocoder.bin", cache_dir=machine.store.cache) is None
    hub.lies.clear()
    assert machine.pull("tiny").files[2].path.read_bytes() == VOCODER


def test_bytes_whose_name_was_not_given_yet_are_not_fetched_again(machine: Machine, hub: HubServer) -> None:
    """As after a kill between the two."""
    blob = HubRepository(machine.store.cache, "acme/tiny").blob(etag(NETWORK))
    blob.parent.mkdir(parents=True)
    blob.write_bytes(NETWORK)
    assert machine.plan("tiny").files[0].state == "unverified"
    assert machine.pull("tiny").files[0].path.read_bytes() == NETWORK
    assert "net/model.safetensors" not in hub.served


def test_a_newer_commit_keeps_what_did_not_change(machine: Machine, hub: HubServer) -> None:
    machine.pull("tiny")
    files = {**hub.repository("acme/tiny").commits[hub.repository("acme/tiny").branches["main"]], "README.md": b"newer"}
    newest = hub.repository("acme/tiny").commit(files)
    served = hub.total_served()
    machine.pull("tiny").files[1].path.unlink()
    done = machine.pull("tiny")
    assert hub.total_served() == served
    repository = HubRepository(machine.store.cache, "acme/tiny")
    assert repository.refs() == {"main": newest}
    assert [file.name for file in repository.files(newest)] == ["model.safetensors", "vocab.txt"]
    assert done.files[1].path == repository.snapshot(newest) / "net/vocab.txt"
    assert scan_cache_dir(machine.store.cache).warnings == []


def test_the_files_of_a_model_are_of_one_commit(
    machine: Machine, hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    two = recipe("two", file("acme/two", "config.json").replace("weights", "config"), file("acme/two", "model.bin"))
    use_catalogue(monkeypatch, write_catalogue(tmp_path / "two", {"two": two}))
    repository = machine.store.repository("acme/two")
    put(machine.store, "acme/two", "config.json", b"of the older", commit="b" * 40)
    newer = {"config.json": b"of the newer", "model.bin": DEEP}
    commit = hub.repository("acme/two").commit(newer)
    done = machine.pull("two")
    assert [one.path.read_bytes() for one in done.files] == list(newer.values())
    assert repository.commit(None) == commit
    assert machine.plan("two").is_done


def test_a_model_with_the_same_bytes_twice(
    machine: Machine, hub: HubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    paths = ("tokenizer/vocab.json", "tokenizer_2/vocab.json")
    twins = recipe("twins", *(file("acme/twins", path) for path in paths))
    use_catalogue(monkeypatch, write_catalogue(tmp_path / "twins", {"twins": twins}))
    hub.repository("acme/twins").commit(dict.fromkeys(paths, NETWORK))
    assert machine.plan("twins").bytes_to_fetch == len(NETWORK)
    done = machine.pull("twins")
    assert [one.path.read_bytes() for one in done.files] == [NETWORK, NETWORK]
    assert done.fetched == hub.total_served() == len(NETWORK)
    assert machine.plan("twins").is_done


def test_a_bit_that_the_disk_changed_is_mended_once_verify_has_found_it(machine: Machine) -> None:
    path = machine.pull("tiny").files[0].path
    told = path.stat()
    path.write_bytes(bytes(len(NETWORK)))
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))
    (found,) = verify(held_by_models(machine.places, ["tiny"]), lambda _: None, "2026-11-30T21:00:00Z").findings
    assert (found.code, found.mend) == ("weights-damaged", "greenroom pull tiny")
    machine.pull("tiny")
    assert path.read_bytes() == NETWORK


def test_another_place_that_has_a_file_spares_fetching_it(machine: Machine, hub: HubServer, tmp_path: Path) -> None:
    volume = Machine(hub, tmp_path / "volume")
    volume.pull("tiny")
    served = hub.total_served()
    machine.more = (volume.store.cache,)
    done = machine.pull("tiny")
    assert hub.total_served() == served
    assert all(volume.store.cache in file.path.parents for file in done.files)


def test_a_file_of_one_s_own_is_verified_and_a_wrong_one_refused(machine: Machine, tmp_path: Path) -> None:
    own = tmp_path / "own"
    machine.own = own
    path = own / "acme/tiny/net/model.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(NETWORK)
    assert machine.pull("tiny").files[0].path == path
    assert "net/model.safetensors" not in machine.hub.served
    path.write_bytes(bytes(len(NETWORK)))
    with pytest.raises(OwnFileDamaged, match="and its SHA-256 is"):
        machine.pull("tiny")
    path.write_bytes(b"short")
    with pytest.raises(OwnFileDamaged, match="it has 5 bytes where the published one has 300,000"):
        machine.pull("tiny")
    assert path.read_bytes() == b"short"


def test_an_unsure_recipe_accuses_no_file_of_one_s_own(machine: Machine, tmp_path: Path) -> None:
    machine.own = tmp_path / "own"
    path = machine.own / "acme/doubtful/model.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"something else..")
    done = machine.pull("doubtful")
    assert [finding.code for finding in done.findings] == ["weights-recipe-doubtful"]
    assert (done.files[0].path, done.files[0].authority) == (path, "none")
    assert machine.pull("doubtful").findings == ()


def test_a_damaged_file_in_a_place_that_may_only_be_read_is_passed_over(
    machine: Machine, hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    volume = Machine(hub, tmp_path / "volume")
    damaged = volume.pull("bound").files[0].path
    damaged.write_bytes(bytes(len(DEEP)))
    machine.more = (volume.store.cache,)

    def refuse(*_: object) -> Path:
        raise PermissionError(30, "Read-only file system")

    monkeypatch.setattr("greenroom.weights.pulling.checking.quarantine", refuse)
    done = machine.pull("bound")
    assert done.files[0].path.read_bytes() == DEEP
    assert machine.store.cache in done.files[0].path.parents
    assert damaged.read_bytes() == bytes(len(DEEP))


def test_an_image_that_may_only_be_read_is_verified_without_a_lease(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.pull("tiny")
    for records in (*machine.store.cache.glob("*/.greenroom"), machine.store.own):
        shutil.rmtree(records)
    before = sorted(machine.folder.rglob("*"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    with monkeypatch.context() as patch:
        patch.setattr("greenroom.weights.store.records.Records.keep", _refuse)
        done = machine.pull("tiny")
    assert [one.sha256 for one in done.files] == [sha256(NETWORK), sha256(VOCABULARY), sha256(VOCODER)]
    assert sorted(machine.folder.rglob("*")) == before


def _refuse(*_: object) -> None:
    raise OutputUnwritable("a read-only file system")


def test_a_token_goes_to_the_hub_and_to_nobody_else(machine: Machine, hub: HubServer) -> None:
    hub.repository("acme/tiny").gated = True
    machine.token = hub.token
    machine.pull("tiny")
    assert all(token for _, path, token in hub.asked if "/resolve/" in path or "/api/models/" in path)
    assert any("signature" in path for _, path, _ in hub.asked)
    assert not any(token for _, path, token in hub.asked if "signature" in path)
    assert hub.token not in repr(machine.planner()) + repr(machine.plan("tiny"))


def test_a_gate_that_closes_between_the_plan_and_the_bytes(machine: Machine, hub: HubServer) -> None:
    planner = machine.planner()
    planner.hub.listing("acme/bound", None)
    hub.repository("acme/bound").gated = True
    machine.planner = lambda: planner  # type: ignore[method-assign] # the same hub is asked again
    with pytest.raises(Forbidden) as caught:
        machine.pull("bound")
    assert "accept the licence" in caught.value.mend


@pytest.fixture
def gguf(hub: HubServer) -> str:
    hub.plain["/files/model.gguf"] = DEEP
    return f"{hub.url}/files/model.gguf"


def test_a_file_by_its_url_lies_under_its_address(machine: Machine, gguf: str) -> None:
    (file,) = machine.pull(urls=(AskedUrl(gguf),)).files
    assert file.path.read_bytes() == DEEP
    assert file.path.as_posix().endswith("/files/model.gguf")
    assert (file.authority, file.sha256) == ("none", sha256(DEEP))
    assert machine.plan(urls=(AskedUrl(gguf),)).is_done


def test_the_hash_of_a_url_s_file_decides(machine: Machine, hub: HubServer, gguf: str) -> None:
    with pytest.raises(WrongDigest):
        machine.pull(urls=(AskedUrl(gguf, sha256(b"another")),))
    (file,) = machine.pull(urls=(AskedUrl(gguf, sha256(DEEP)),)).files
    assert file.authority == "user"
    assert machine.plan(urls=(AskedUrl(gguf, sha256(DEEP)),)).is_done
    hub.plain["/files/model.gguf"] = NETWORK
    (newer,) = machine.pull(urls=(AskedUrl(gguf, sha256(NETWORK)),)).files
    assert newer.path.read_bytes() == NETWORK


def test_a_mirror_gives_what_the_first_host_does_not(machine: Machine, hub: HubServer, gguf: str) -> None:
    absent = f"{hub.url}/gone.gguf"
    (file,) = machine.pull(urls=(AskedUrl(absent, sha256(DEEP), mirrors=(gguf,)),)).files
    assert file.path.read_bytes() == DEEP


def test_a_file_goes_where_the_user_says_and_replaces_nothing(machine: Machine, gguf: str, tmp_path: Path) -> None:
    output = tmp_path / "models" / "x.gguf"
    (file,) = machine.pull(urls=(AskedUrl(gguf, output=output),)).files
    assert file.path == output
    assert output.read_bytes() == DEEP
    assert sorted(path.name for path in output.parent.iterdir()) == ["x.gguf"]
    with pytest.raises(Exception, match="is there already"):
        machine.plan(urls=(AskedUrl(gguf, output=output),))
    again = machine.pull(urls=(AskedUrl(gguf, sha256(DEEP), output),))
    assert again.fetched == 0
    with pytest.raises(OwnFileDamaged):
        machine.pull(urls=(AskedUrl(gguf, sha256(NETWORK), output),))
    assert output.read_bytes() == DEEP


def test_a_file_of_github_comes_by_its_address(machine: Machine, hub: HubServer) -> None:
    hub.plain["/github/acme/code/raw/abc/pos emb.pt"] = DEEP
    (file,) = machine.pull("coded").files
    assert file.path.read_bytes() == DEEP
    assert file.path.as_posix().endswith("urls/github.com/acme/code/raw/abc/pos emb.pt")
    machine.offline = True
    assert machine.plan("coded").is_done


def test_the_record_names_no_secret(machine: Machine, hub: HubServer, gguf: str) -> None:
    (file,) = machine.pull(urls=(AskedUrl(f"{gguf}?token=SECRET"),)).files
    told = machine.store.urls.records.place(file.path).read_text()
    assert "SECRET" not in told
    assert json.loads(told)["origin"] == f"{gguf}?..."


def test_on_a_file_system_without_links_files_lie_in_the_commit_itself(
    machine: Machine, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "symlink", refuse)
    files = machine.pull("tiny").files
    assert {file.name: file.path.read_bytes() for file in files} == TINY
    assert not any(file.path.is_symlink() for file in files)
    assert machine.plan("tiny").is_done
    repository = HubRepository(machine.store.cache, "acme/tiny")
    served = hub.total_served()
    (repository.folder / "refs" / "main").unlink()  # as when the run had ended before its end
    machine.pull("tiny")
    hub.repository("acme/tiny").commit({"net/model.safetensors": NETWORK, "net/vocab.txt": VOCABULARY, "new": b"x"})
    (repository.folder / "refs" / "main").write_text(repository.commits()[0])
    files[1].path.unlink()
    machine.pull("tiny")
    assert hub.total_served() == served + len(VOCABULARY)
    assert {file.name: file.path.read_bytes() for file in machine.pull("tiny").files} == TINY
    files = machine.pull("tiny").files
    files[0].path.write_bytes(bytes(len(NETWORK)))
    assert machine.pull("tiny").files[0].path.read_bytes() == NETWORK
    assert [one.kind for one in leftovers(machine.places) if one.kind != "old-commit"] == ["damaged"]
