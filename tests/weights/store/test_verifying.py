"""Files compared with what they must be: by recipe, record and name, and by nobody."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from greenroom.errors import UnknownName
from greenroom.weights.side_by_side import Standing
from greenroom.weights.store.hub_layout import HubRepository
from greenroom.weights.store.inventory import held_by_models, held_by_url, unknown
from greenroom.weights.store.places import Places, Store
from greenroom.weights.store.records import Records
from greenroom.weights.store.verifying import Verified, look_quickly, missing, verify
from tests.weights.hub import sha256
from tests.weights.recipes import DEEP, NETWORK, SHARDS, VOCODER
from tests.weights.store.stores import WHEN, put, put_tiny, put_url

LATER = "2026-12-01T00:00:00Z"


def verified(places: Places, *, fix: bool = False) -> Verified:
    held = held_by_models(places)
    return verify((*held, *held_by_url(places, held)), _silent, LATER, fix=fix)


def _silent(_: Standing) -> None:
    """Show nobody."""


def codes(done: Verified) -> list[tuple[str, str]]:
    return [(finding.code, finding.severity) for finding in done.findings]


def test_good_files_are_noted_anew(places: Places, store: Store) -> None:
    network = put_tiny(store)
    done = verified(places)
    assert (done.files, done.bytes, done.findings) == (3, len(NETWORK) + 7 + len(VOCODER), ())
    record = Records(store.repository("acme/tiny").folder).of(network)
    assert record is not None
    assert (record.verified, record.authority, record.revision) == (LATER, "recipe", "a" * 40)
    assert look_quickly(held_by_models(places)).findings == ()


@pytest.mark.parametrize("noted", [True, False])
def test_one_changed_bit_is_found_by_recipe_or_by_name(places: Places, store: Store, noted: bool) -> None:
    network = put_tiny(store)
    vocoder = HubRepository(store.cache, "acme/vocoder").find("vocoder.bin", None)
    assert vocoder is not None
    for path in (network, vocoder):
        content = bytearray(path.read_bytes())
        content[7] ^= 1
        path.write_bytes(content)
    if not noted:
        for repository in HubRepository.all(store.cache):
            for _, record in Records(repository.folder).all():
                record.unlink()
    done = verified(places)
    assert codes(done) == [("weights-damaged", "error")] * 2
    assert [finding.mend for finding in done.findings] == ["greenroom pull tiny", "greenroom pull tiny-vocoder"]
    assert sha256(NETWORK) in done.findings[0].message


def test_damaged_files_are_put_aside_only_when_asked(places: Places, store: Store) -> None:
    network = put_tiny(store)
    network.write_bytes(b"short")
    assert codes(verified(places)) == [("weights-damaged", "error")]
    assert network.exists()
    (finding,) = verified(places, fix=True).findings
    assert finding.message.endswith(".damaged")
    assert not network.is_symlink()
    assert [held.found.path.name for held in held_by_models(places)] == ["vocab.txt", "vocoder.bin"]


def test_a_quick_look_tells_lengths_and_changes(places: Places, store: Store) -> None:
    network = put_tiny(store)
    os.utime(network, ns=(0, 0))
    vocoder = store.repository("acme/vocoder").find("vocoder.bin", None)
    assert vocoder is not None
    Records(store.repository("acme/vocoder").folder).place(vocoder).unlink()
    assert codes(look_quickly(held_by_models(places))) == [
        ("weights-changed", "warning"),
        ("weights-unverified", "note"),
    ]
    os.truncate(network, 5)
    assert codes(look_quickly(held_by_models(places)))[0] == ("weights-damaged", "error")


def test_files_whose_hash_nobody_says_are_noted_and_from_then_on_compared(places: Places, tmp_path: Path) -> None:
    own = Places(tmp_path / "own", places.caches)
    path = tmp_path / "own" / "acme/vocoder/vocoder.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(VOCODER)
    assert codes(verified(own)) == [("weights-hash-unknown", "note")]
    assert codes(verified(own)) == []
    path.write_bytes(VOCODER[::-1])
    (finding,) = verified(own, fix=True).findings
    assert finding.mend == "move it away, then greenroom pull tiny-vocoder"
    assert path.exists()


def test_an_unsure_recipe_accuses_nobody(places: Places, tmp_path: Path) -> None:
    own = Places(tmp_path / "own", places.caches)
    path = tmp_path / "own" / "acme/doubtful/model.bin"
    path.parent.mkdir(parents=True)
    path.write_bytes(DEEP)
    assert codes(verified(own)) == [("weights-recipe-doubtful", "warning")]


def test_files_by_url_are_compared_with_the_hash_they_came_with(places: Places, store: Store) -> None:
    place = put_url(store, "https://host.org/model.gguf", b"12345")
    assert verified(places).findings == ()
    place.write_bytes(b"54321")
    (finding,) = verified(places).findings
    assert finding.message.startswith("https://host.org/model.gguf has the hash ")
    assert "the hash with which it arrived" in finding.message
    assert finding.mend == "greenroom pull https://host.org/model.gguf"


def test_a_file_that_cannot_be_read_is_a_finding(places: Places, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put_tiny(store)

    def refuse(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("greenroom.weights.store.verifying.hashes", refuse)
    assert codes(verified(places)) == [("weights-unreadable", "error")] * 3


def test_what_a_model_lacks_is_named_and_a_whole_variant_is_enough(places: Places, store: Store) -> None:
    (finding, component) = missing(places, ["tiny"])
    assert finding.message.startswith(
        "tiny is not here as a whole: acme/tiny/net/model.safetensors, acme/tiny/net/vocab"
    )
    assert (component.mend, component.code) == ("greenroom pull tiny", "weights-missing")
    put_tiny(store)
    assert missing(places, ["tiny"]) == ()
    with pytest.raises(UnknownName):
        missing(places, ["tinny"])


def test_the_inventory_tells_ours_from_others(places: Places, store: Store) -> None:
    put_tiny(store)
    put(store, "acme/tiny", "README.md", b"of nobody")
    put(store, "someone/else", "model.bin", b"12345")
    for path, content in SHARDS.items():
        put(store, "acme/sharded", path, content)
    held = held_by_models(places)
    assert [one.name for one in held if "sharded" in one.used_by] == [f"acme/sharded/{path}" for path in SHARDS]
    assert [(one.repository, one.files, one.size) for one in unknown(places, held)] == [
        ("acme/tiny", 1, 9),
        ("someone/else", 1, 5),
    ]
    assert [one.used_by for one in held_by_models(places, ["tiny"])] == [("tiny",), ("tiny",)]
    assert WHEN in {one.found.record.verified for one in held if one.found.record}
