"""Journals: what was written is read, and anything else is none."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.weights.transfer.journal import Journal, fingerprint
from greenroom.weights.transfer.ranges import Ranges
from greenroom.weights.transfer.source import Expected, Source

URL = "https://host/file?token=secret"
WORDS = st.none() | st.text(max_size=20)
JOURNAL = Journal(100, fingerprint(URL), '"v1"', None, None, ((0, 10), (20, 30)))
# A journal is flushed to the disk, which takes as long as it takes.
SHARED_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)


@SHARED_FOLDER
@given(size=st.integers(1, 1 << 50), etag=WORDS, modified=WORDS, cuts=st.lists(st.integers(0, 1 << 50), max_size=9))
def test_a_journal_is_read_as_it_was_written(
    tmp_path: Path, size: int, etag: str | None, modified: str | None, cuts: list[int]
) -> None:
    places = sorted({cut % (size + 1) for cut in cuts})
    ranges = tuple(Ranges(zip(places[::2], places[1::2], strict=False)).listed())
    journal = Journal(size, fingerprint(URL), etag, modified, "sha256:00", ranges)
    journal.write(tmp_path / "journal")
    assert Journal.read(tmp_path / "journal") == journal
    assert [path.name for path in tmp_path.iterdir()] == ["journal"]
    assert b"secret" not in (tmp_path / "journal").read_bytes()


@SHARED_FOLDER
@given(st.integers(0, 400), st.binary(max_size=3))
def test_a_journal_with_other_bytes_is_none(tmp_path: Path, place: int, other: bytes) -> None:
    path = tmp_path / "journal"
    JOURNAL.write(path)
    right = path.read_bytes()
    path.write_bytes(harmed := right[:place] + other + right[place + len(other) :])
    if harmed != right:
        assert Journal.read(path) in (None, JOURNAL)
    path.write_bytes(right[:place])
    assert place >= len(right) or Journal.read(path) is None


@given(st.binary(max_size=60) | st.sampled_from([b"{}", b"[]", b"null", b'{"seal": 1}', b'{"seal": 1, "format": 1}']))
@SHARED_FOLDER
def test_what_is_no_journal_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "journal").write_bytes(data)
    assert Journal.read(tmp_path / "journal") is None
    assert Journal.read(tmp_path / "absent") is None


def test_ranges_outside_the_file_are_none(tmp_path: Path) -> None:
    for ranges in (((0, 101),), ((5, 5),), ((-1, 5),)):
        Journal(100, "", None, None, None, ranges).write(tmp_path / "journal")
        assert Journal.read(tmp_path / "journal") is None


def test_a_journal_fits_what_it_is_of() -> None:
    digest = Expected("sha256", "0" * 64)
    named = Journal(100, "", None, None, f"sha256:{'0' * 64}", ())
    assert JOURNAL.fits(Source((URL,)))
    assert JOURNAL.fits(Source((URL,), size=100))
    assert not JOURNAL.fits(Source((URL,), size=101))
    assert not JOURNAL.fits(Source(("https://other/file",)))
    assert not JOURNAL.fits(Source((URL,), digest=digest))
    assert named.fits(Source(("https://other/file",), digest=digest))
    assert not named.fits(Source((URL,), digest=Expected("sha256", "1" * 64)))
    assert not named.fits(Source((URL,)))
    assert not Journal(100, fingerprint(URL), 'W/"v1"', None, None, ()).fits(Source((URL,)))
    assert Journal(100, fingerprint(URL), 'W/"v1"', "yesterday", None, ()).fits(Source((URL,)))
