"""What is left of a download that ended before its end, as its disk counts it."""

from __future__ import annotations

from pathlib import Path

from greenroom.recipes.catalogue import recipe
from greenroom.weights.store.places import Store
from greenroom.weights.store.unfinished import allocated, begun, unfinished


def test_room_that_a_begun_file_has_is_counted_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    files = {file.role: file for file in recipe("f5tts-v1-base").files}
    weights = files["weights"]
    assert weights.digest is not None
    assert begun(weights, store) == 0
    blob = store.repository(weights.repository).blob(weights.digest.sha256)
    blob.parent.mkdir(parents=True)
    unfinished(blob).write_bytes(b"x" * 100_000)
    assert begun(weights, store) == allocated(unfinished(blob)) >= 100_000
    assert begun(files["vocabulary"], store) == 0


def test_a_hole_takes_no_room(tmp_path: Path) -> None:
    file = tmp_path / "long.part"
    with file.open("wb") as handle:
        handle.truncate(10_000_000)
    assert allocated(file) < 100_000
    assert allocated(tmp_path / "absent") == 0
