"""Plans: what recipes and the hub agree on, what fits on the disk, what must be agreed to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from greenroom.errors import ExtraMissing, InputInvalid, UnknownName
from greenroom.recipes.recipe import Digest, ModelFile, Size
from greenroom.weights.pulling.agreeing import agreed
from greenroom.weights.pulling.errors import (
    DiskShort,
    HubAnswerInvalid,
    HubFileUnknown,
    LicenceNotAccepted,
    PublishedDiffers,
)
from greenroom.weights.pulling.hub import HubFile, Listing
from greenroom.weights.pulling.room import MARGIN, Room, rooms
from greenroom.weights.pulling.shards import shards_published
from greenroom.weights.pulling.terms import Accepted, UseTerms, not_accepted, use_terms
from greenroom.weights.pulling.wanted import wanted
from tests.weights.hub import HubServer, git_sha1, sha256
from tests.weights.pulling.pulls import Machine
from tests.weights.recipes import DEEP, RECIPES, file, recipe, use_catalogue, write_catalogue

CONTENT = b"content"


def listed(source: str | None, content: bytes = CONTENT, *, size: int | None = None) -> ModelFile:
    digest = Digest(sha256=sha256(content), source=source) if source else None  # type: ignore[arg-type] # one of them
    told = Size(bytes=size, source="stated") if size else None
    return ModelFile(role="weights", repository="acme/tiny", path="x.bin", digest=digest, size=told)


def on_hub(content: bytes = CONTENT, *, large: bool = True) -> HubFile:
    return HubFile("x.bin", len(content), sha256(content) if large else None, git_sha1(content))


@pytest.mark.parametrize(
    ("source", "large", "authority"),
    [
        ("stated", True, "recipe"),
        ("measured", False, "recipe"),
        ("unverified", True, "hub"),
        ("unverified", False, "hub"),
        (None, True, "hub"),
        (None, False, "hub"),
    ],
)
def test_a_sure_recipe_is_believed_and_else_the_hub(source: str | None, large: bool, authority: str) -> None:
    known, doubts = agreed(listed(source), on_hub(large=large))
    assert (known.authority, known.sure, doubts) == (authority, True, ())
    assert known.digest.value in (sha256(CONTENT), git_sha1(CONTENT))


def test_other_bytes_than_a_sure_recipe_says_are_refused() -> None:
    with pytest.raises(PublishedDiffers) as caught:
        agreed(listed("stated"), on_hub(b"another"))
    assert sha256(CONTENT) in caught.value.message
    assert sha256(b"another") in caught.value.message
    assert caught.value.mend.startswith("update greenroom")
    with pytest.raises(PublishedDiffers, match="with 7 bytes, and the recipe says 8"):
        agreed(listed(None, size=8), on_hub())


def test_an_unsure_recipe_that_differs_is_told_and_not_believed() -> None:
    known, (doubt,) = agreed(listed("unverified"), on_hub(b"another"))
    assert known.digest.value == sha256(b"another")
    assert (doubt.code, doubt.severity) == ("weights-recipe-doubtful", "warning")


def test_where_the_hub_says_no_hash_the_recipe_does_or_nobody() -> None:
    bare = HubFile("x.bin", None, None, None)
    assert agreed(listed("stated"), bare)[0].authority == "recipe"
    with pytest.raises(HubAnswerInvalid, match="nobody says the hash of acme/tiny/x"):
        agreed(listed(None), bare)


def test_a_mirror_that_says_no_hashes_serves_recipes_that_do(machine: Machine, hub: HubServer) -> None:
    hub.hashless = True
    assert machine.pull("bound").files[0].sha256 == sha256(DEEP)


def test_the_recipe_of_a_file_that_was_changed_or_removed_stops_the_plan(machine: Machine, hub: HubServer) -> None:
    hub.repository("acme/bound").commit({"model.bin": DEEP[::-1]})
    with pytest.raises(PublishedDiffers):
        machine.plan("bound")
    hub.repository("acme/bound").commit({"other.bin": DEEP})
    with pytest.raises(HubFileUnknown, match="acme/bound has no file 'model"):
        machine.plan("bound")
    hub.repository("acme/sharded").commit({"other/model-00001-of-00001.safetensors": DEEP})
    with pytest.raises(HubFileUnknown, match="no files"):
        machine.plan("sharded")


def test_a_file_that_leads_out_of_its_repository_is_refused() -> None:
    pattern = ModelFile(role="weights", repository="acme/tiny", path="*/x-*.bin")
    with pytest.raises(HubAnswerInvalid, match="leads out"):
        shards_published(pattern, Listing("a" * 40, {"../x-1.bin": on_hub()}))


def test_files_that_several_models_need_are_there_once() -> None:
    both = wanted(("tiny", "tiny-vocoder"))
    assert [(str(want.file), want.used_by) for want in both][-1] == (
        "acme/vocoder/vocoder.bin",
        ("tiny", "tiny-vocoder"),
    )
    with pytest.raises(UnknownName, match="there is no model 'tinny'"):
        wanted(("tinny",))
    with pytest.raises(InputInvalid, match="tiny has no variants"):
        wanted(("tiny",), "fp16")


def test_a_variant_is_the_model_s_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    variants = "".join(
        f'\n[[variants]]\nname = "{name}"\n' + file("acme/v", f"{name}.bin").replace("[[files]]", "[[variants.files]]")
        for name in ("fp32", "fp16")
    )
    made = recipe("varied", variants, head='default = "fp16"\ncomponents = ["tiny-vocoder"]\n')
    use_catalogue(monkeypatch, write_catalogue(tmp_path / "more", RECIPES | {"varied": made}))
    assert [want.file.path for want in wanted(("varied",))] == ["fp16.bin", "vocoder.bin"]
    assert [want.file.path for want in wanted(("varied",), "fp32")] == ["fp32.bin", "vocoder.bin"]
    with pytest.raises(UnknownName, match="fp8"):
        wanted(("varied",), "fp8")


def test_files_of_packages_are_installed_and_not_fetched(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = file("greenroom", "greenroom/py.typed", more='host = "pypi"\n')
    absent = file("no-such", "no_such/x.bin", more='host = "pypi"\n')
    recipes = {"packed": recipe("packed", package), "absent": recipe("absent", absent)}
    use_catalogue(monkeypatch, write_catalogue(tmp_path / "more", recipes))
    plan = machine.plan("packed")
    assert (plan.files[0].state, plan.is_done) == ("installed", True)
    assert machine.pull("packed").files[0].sha256 is None
    with pytest.raises(ExtraMissing) as caught:
        machine.plan("absent")
    assert caught.value.mend == 'pip install "greenroom[f5tts]"'
    assert machine.hub.asked == []


def statvfs(free: int) -> os.statvfs_result:
    return os.statvfs_result((4096, 1, 0, 0, free, 0, 0, 0, 0, 255))


def test_what_does_not_fit_is_refused_before_a_byte_moves(machine: Machine, hub: HubServer) -> None:
    planner = machine.planner()
    narrow = type(planner)(planner.places, planner.hub, planner.github, lambda _: statvfs(MARGIN + 100_000))
    machine.planner = lambda: narrow  # type: ignore[method-assign] # the same machine with a small disk
    with pytest.raises(DiskShort) as caught:
        machine.pull("tiny")
    assert "350 kB are to be fetched" in caught.value.message
    assert "200 MB has 200 MB free" not in caught.value.message
    assert "free 250 kB there" in caught.value.mend
    assert hub.served == {}
    assert machine.pull("bound").fetched == len(DEEP)


def test_a_disk_that_needs_nothing_may_be_full() -> None:
    Room(Path("/x"), 0, 0).require()


def test_room_that_an_unfinished_file_has_taken_is_not_needed_again(machine: Machine, hub: HubServer) -> None:
    blob = machine.store.repository("acme/tiny").blob(
        sha256(
            hub.repository("acme/tiny").commits[hub.repository("acme/tiny").branches["main"]]["net/model.safetensors"]
        )
    )
    (all_of_it,) = machine.plan("tiny").disks
    blob.parent.mkdir(parents=True)
    with blob.with_name(f"{blob.name}.part").open("wb") as part:
        os.posix_fallocate(part.fileno(), 0, 300_000)
    (rest,) = machine.plan("tiny").disks
    assert all_of_it.needed - rest.needed == 300_000


def test_files_of_one_disk_are_counted_together(tmp_path: Path) -> None:
    (one,) = rooms([(tmp_path / "a", 1), (tmp_path / "b" / "c", 2)], lambda _: statvfs(10))
    assert (one.free, one.needed, one.left, one.place) == (10, 3, 7, tmp_path / "a")
    assert rooms([]) == ()


def test_terms_are_those_of_what_comes_and_limit_its_use(machine: Machine) -> None:
    (terms,) = machine.plan("tiny", "bound").terms
    assert terms == UseTerms("bound", "CC-BY-NC-4.0", ("For non-commercial use only.",))
    model = machine.pull("bound").files[0].path
    assert machine.plan("tiny", "bound").terms == ()
    os.utime(model, ns=(0, 0))  # it may turn out to be damaged, and is then fetched
    assert machine.plan("bound").terms == (terms,)


def test_a_licence_that_limits_passing_on_alone_is_not_asked_about(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    copyleft = '\n[[restrictions]]\nkind = "copyleft"\nshort = "GPL"\ntext = "Mind the GPL."\n'
    use_catalogue(monkeypatch, write_catalogue(tmp_path / "more", {"free": recipe("free", copyleft, file("a/b", "x"))}))
    assert use_terms(want.recipe for want in wanted(("free",))) == ()


def test_what_was_accepted_is_remembered_until_a_word_of_it_changes(tmp_path: Path) -> None:
    accepted, terms = Accepted(tmp_path / "accepted"), UseTerms("bound", "CC-BY-NC-4.0", ("No.",))
    assert accepted.lacking([terms]) == (terms,)
    accepted.keep([terms], "2026-11-30T21:00:00Z")
    assert accepted.lacking([terms]) == ()
    changed = UseTerms("bound", "CC-BY-NC-4.0", ("No, never.",))
    assert accepted.lacking([terms, changed]) == (changed,)
    (tmp_path / "accepted" / "bound.json").write_text("{")
    assert accepted.lacking([terms]) == (terms,)


def test_who_cannot_be_asked_is_told_the_flag() -> None:
    error = not_accepted([UseTerms("bound", "CC-BY-NC-4.0", ("For non-commercial use only.",))])
    assert isinstance(error, LicenceNotAccepted)
    assert "bound (CC-BY-NC-4.0): For non-commercial use only." in error.message
    assert "--accept-licence" in error.mend
    assert "GREENROOM_ACCEPT_LICENCE=1" in error.mend
