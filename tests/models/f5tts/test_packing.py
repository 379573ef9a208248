"""Rows one behind the other: where each lies, and that no tile or frame belongs to two."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.f5tts.packing import QUERIES, Bucket, Packing

_LENGTHS = st.lists(st.integers(1, 700), min_size=1, max_size=12)


@given(_LENGTHS)
def test_every_frame_belongs_to_one_row(lengths: list[int]) -> None:
    packing = Packing.of(lengths)
    tables, half = packing.tables, packing.bucket.frames
    for first in (0, half):
        for start, frames in zip(packing.starts, lengths, strict=True):
            at = slice(first + start, first + start + frames)
            assert tables.position[at].tolist() == list(range(frames))
            assert set(tables.length[at].tolist()) == {frames}
        assert not tables.length[first + sum(lengths) : first + half].any()


@given(_LENGTHS)
def test_the_tiles_cover_each_row_once_in_both_halves(lengths: list[int]) -> None:
    packing = Packing.of(lengths)
    tables = packing.tables
    covered: dict[int, list[int]] = {}
    for row, first in zip(tables.tile_row.tolist(), tables.tile_first.tolist(), strict=True):
        if row >= 0:
            covered.setdefault(row, []).append(first)
    rows = packing.bucket.rows
    for half in range(2):
        for place, frames in enumerate(lengths):
            row = half * rows + place
            assert sorted(covered.pop(row)) == list(range(0, frames, QUERIES))
            assert tables.row_start[row] == half * packing.bucket.frames + packing.starts[place]
            assert tables.row_length[row] == frames
    assert not covered


@given(_LENGTHS)
def test_a_bucket_is_little_larger_than_what_it_holds(lengths: list[int]) -> None:
    bucket = Bucket.of(lengths)
    assert sum(lengths) <= bucket.frames < sum(lengths) + max(64, sum(lengths) // 8)
    assert bucket.rows >= len(lengths)


def test_new_tables_hold_no_row() -> None:
    tables = Bucket.of([100]).tables()
    assert set(tables.tile_row.tolist()) == {-1}
    assert not tables.length.any()


def test_like_lengths_share_a_bucket() -> None:
    assert Bucket.of([1410]) == Bucket.of([1470]) != Bucket.of([1480])


def test_the_longest_rows_come_first() -> None:
    tables = Packing.of([100, 300]).tables
    assert tables.tile_row[0] == 1


def test_more_rows_than_any_bucket_holds_are_refused() -> None:
    with pytest.raises(ValueError, match="129 rows"):
        Bucket.of([1] * 129)
