"""What results depend on, and nothing else."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from greenroom.errors import Cancelled
from greenroom.media.video.images import write_image
from greenroom.models.identities import differences, fingerprint, weights_identity
from greenroom.models.seedvr2.planning.costs import Networks
from greenroom.models.seedvr2.restoring.encodings import form_of
from greenroom.models.seedvr2.restoring.identity import identity
from greenroom.models.seedvr2.restoring.restorer import Wanted
from greenroom.models.seedvr2.restoring.sources import look
from greenroom.progress import silent
from greenroom.recipes.inputs.seedvr2 import RestoreFileInputs
from greenroom.runtime.rooms import Room
from greenroom.weights.store.places import Found
from greenroom.weights.store.records import Record, Records
from tests.models.seedvr2.networks import V2
from tests.models.seedvr2.restorers import a_clip, drawn

USUAL = Room("cuda:0", 1 << 40, None, "NVIDIA H200")


def of(path: Path, room: Room = USUAL, ranks: int = 1, weights: str = "w", **asked: Any) -> dict[str, Any]:
    inputs = RestoreFileInputs.check({"source": str(path), **asked})
    source = look(inputs)
    form = form_of(source, inputs, Wanted(path.parent / f"out.{inputs.format}", quality=inputs.quality))
    return identity(source, inputs, form, Networks("tiny", V2, 1, 1, ranks=ranks), weights, room, silent)


def test_where_a_source_lies_says_nothing(tmp_path: Path) -> None:
    one = a_clip(tmp_path / "one.mp4")
    (tmp_path / "folder").mkdir()
    other = tmp_path / "folder" / "other.mp4"
    other.write_bytes(one.read_bytes())
    room = Room("cuda:1", 5, 7, "NVIDIA H200")
    assert differences(of(one), of(other, room)) == ()


@pytest.mark.parametrize(
    ("given", "differs"),
    [
        ({"seed": 1}, "seed was 666 and is 1"),
        ({"colour": "lab"}, "colour was wavelet and is lab"),
        ({"quality": "high"}, "quality was good and is high"),
        ({"height": 64}, "height was None and is 64, size was 32x32 and is 64x64"),
        ({"ranks": 2}, "devices was 1 and is 2"),
        ({"weights": "x"}, "the weights are others"),
        ({"room": Room("cpu", 1)}, "device was NVIDIA H200 and is cpu"),
    ],
)
def test_everything_else_does(tmp_path: Path, given: dict[str, Any], differs: str) -> None:
    path = a_clip(tmp_path / "x.mp4")
    assert ", ".join(differences(of(path), of(path, **given))) == differs


def test_a_source_is_known_by_all_of_its_bytes(tmp_path: Path) -> None:
    path = a_clip(tmp_path / "x.mp4")
    data = path.read_bytes()
    source = look(RestoreFileInputs(source=str(path)))
    assert fingerprint(source.files, silent) == f"{len(data)} bytes, {hashlib.sha256(data).hexdigest()}"

    def stops(stage: str, done: float, total: float) -> None:
        assert (stage, done, total) == ("looking at the source", 0, len(data))
        raise Cancelled

    with pytest.raises(Cancelled):
        fingerprint(source.files, stops)


def test_pictures_are_known_by_their_order_too(tmp_path: Path) -> None:
    for number in (1, 2):
        write_image(tmp_path / f"f{number}.png", drawn(number))
    source = look(RestoreFileInputs(source=str(tmp_path / "f%d.png")))
    first = fingerprint(source.files, silent)
    (tmp_path / "f1.png").rename(tmp_path / "f")
    (tmp_path / "f2.png").rename(tmp_path / "f1.png")
    (tmp_path / "f").rename(tmp_path / "f2.png")
    assert fingerprint(source.files, silent) != first


def test_what_is_done_about_damage_changes_no_frame(tmp_path: Path) -> None:
    path = a_clip(tmp_path / "x.mp4")
    assert differences(of(path), of(path, damaged="keep")) == ()


def test_pictures_differ_in_their_depth(tmp_path: Path) -> None:
    source = look(inputs := RestoreFileInputs(source=str(a_clip(tmp_path / "x.mp4"))))
    forms = [form_of(source, inputs, Wanted(tmp_path / "f%d.png", bits=bits)) for bits in (8, 16)]
    networks = Networks("tiny", V2, 1, 1)
    eight, sixteen = (identity(source, inputs, form, networks, "w", USUAL, silent) for form in forms)
    assert differences(eight, sixteen) == ("bits was 8 and is 16",)


def test_weights_are_known_by_the_hash_that_was_noted(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"123")
    found = Found(path, Records(tmp_path), None)
    assert weights_identity([found, found]) == "w.safetensors of 3 bytes, w.safetensors of 3 bytes"
    digest = hashlib.sha256(b"123").hexdigest()
    Records(tmp_path).keep(path, Record.of(path, digest, "hub", "owner/name", "", "2026-11-24T21:00:00Z"))
    assert weights_identity([found]) == digest
    os.utime(path, (1, 1))  # nothing that pixels depend on
    assert weights_identity([found]) == digest
    path.write_bytes(b"124")
    assert weights_identity([found]) == hashlib.sha256(b"124").hexdigest()
