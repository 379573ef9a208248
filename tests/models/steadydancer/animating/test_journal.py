"""What is finished outlives a process; what is damaged, of another layout or of another request counts for nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from greenroom.errors import InputInvalid, OutputUnwritable
from greenroom.models.steadydancer.animating.journal import Begun, Journal, WorkDiffers, journal_folder
from greenroom.models.steadydancer.sampling.standing import Standing

IDENTITY = {"prompt": "a", "steps": 10, "frames": (1, 2)}
BEGUN = Begun(IDENTITY, 7, 8)
TOLD = {"passes": 22, "reused": 0, "expected": 0.0, "found": 0.0}
STOOD = Standing(4, {"solver.latents": torch.ones(2, 3), "solver.at": torch.tensor(4)})


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "x" / "out.mp4"


def opened(place: Path) -> Journal:
    return Journal(journal_folder(place), place)


def test_a_request_that_begins_finds_nothing_and_ends_with_nothing(place: Path) -> None:
    with opened(place) as journal:
        assert journal.begun(IDENTITY) is None
        journal.begin(BEGUN)
        assert (journal.sampled, journal.standing(BEGUN), journal.latents(BEGUN)) == (False, None, None)
        journal.stand(STOOD, BEGUN)
        journal.finish()
    assert not journal_folder(place).exists()
    assert place.parent.exists()


def test_an_error_keeps_what_was_sampled_and_nothing_else(place: Path) -> None:
    with pytest.raises(ZeroDivisionError), opened(place) as journal:
        journal.begin(BEGUN)
        raise ZeroDivisionError
    assert not place.parent.exists()
    with pytest.raises(ZeroDivisionError), opened(place) as journal:
        journal.begin(BEGUN)
        journal.stand(STOOD, BEGUN)
        (journal.folder / ".0123456789ab.part").touch()
        (journal.folder / "pictures.mp4").touch()
        (journal.folder / "somebody's").touch()
        raise ZeroDivisionError
    with opened(place) as journal:
        assert {file.name for file in journal.folder.iterdir()} == {
            "journal.json", "lock", "standing.safetensors", "somebody's",
        }  # fmt: skip
        found = journal.begun(IDENTITY)
        assert found is not None
        assert (found.seed, found.pose_seed) == (7, 8)
        standing = journal.standing(found)
        assert standing is not None
        assert standing.at == 4
        assert torch.equal(standing.tensors["solver.latents"], torch.ones(2, 3))
        journal.finish()
    assert [file.name for file in journal_folder(place).iterdir()] == ["somebody's"]


def test_who_was_found_is_kept_but_where_the_request_cannot_be(place: Path) -> None:
    for error in (KeyboardInterrupt, InputInvalid):
        with pytest.raises(error), opened(place) as journal:
            journal.begin(BEGUN)
            (journal.folder / "driver.poses.npz").touch()
            assert journal.found
            raise error("")
        assert journal_folder(place).exists() == (error is KeyboardInterrupt)


def test_latents_take_the_place_of_steps(place: Path) -> None:
    with opened(place) as journal:
        journal.stand(STOOD, journal.begin(BEGUN))
        done = Begun(IDENTITY, 7, 8, TOLD)
        journal.keep_latents(torch.full((2, 2), 3.0), done)
        assert journal.standing(done) is None
        found = journal.begun(IDENTITY)
        assert found is not None
        assert found.sampled == TOLD
        latents = journal.latents(found)
        assert latents is not None
        assert torch.equal(latents, torch.full((2, 2), 3.0))
        (journal.folder / "latents.safetensors").write_bytes(b"cut off")
        assert journal.latents(found) is None


def test_another_request_is_refused_only_where_something_was_sampled(place: Path) -> None:
    other = {**IDENTITY, "prompt": "b"}
    with opened(place) as journal:
        journal.begin(BEGUN)
        assert journal.begun(other) is None
        journal.stand(STOOD, journal.begin(BEGUN))
        with pytest.raises(WorkDiffers, match="prompt was a and is b"):
            journal.begun(other)
        assert journal.begun(IDENTITY) is not None
        journal.clear()
        assert journal.begun(other) is None


@pytest.mark.parametrize("book", [b"", b"[]", b"{", json.dumps({"layout": 9}).encode(), b'{"layout": 1, "odd": 2}'])
def test_a_book_that_cannot_be_read_is_none(place: Path, book: bytes) -> None:
    with opened(place) as journal:
        journal.stand(STOOD, journal.begin(BEGUN))
        (journal.folder / "journal.json").write_bytes(book)
        assert journal.begun(IDENTITY) is None
        assert not journal.sampled


def test_a_standing_of_other_seeds_counts_for_nothing(place: Path) -> None:
    with opened(place) as journal:
        journal.stand(STOOD, journal.begin(BEGUN))
        assert journal.standing(Begun(IDENTITY, 8, 8)) is None


def test_a_long_name_has_a_folder_too(tmp_path: Path) -> None:
    assert journal_folder(tmp_path / "out.mp4") == tmp_path / ".out.mp4.work"
    long = tmp_path / f"{'ü' * 125}.mp4"
    assert len(journal_folder(long).name) < 100
    with opened(long) as journal:
        journal.finish()


def test_a_place_that_takes_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputUnwritable), opened(tmp_path / "file" / "out.mp4"):
        pass
