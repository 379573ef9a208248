"""What two phases write, and whether it may be the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.plan.paths import may_run_beside, overlap
from tests.plan.phases import phase

FOLDER = Path("/project")


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        ("out/", "out/a.txt", True),
        ("out", "./out/../out/a", True),
        ("out", "output", False),
        ("out/a", "out/b", False),
        ("/project/out", "out/a", True),
        ("/elsewhere", "out", False),
        (".", "a", True),
        ("out/*.txt", "out/a.txt", True),
        ("out/*.txt", "out/a.log", False),
        ("out/*.txt", "out/a*", True),
        ("out/a*", "out/b*", False),
        ("out/*.txt", "out/*.log", False),
        ("*/a", "out", True),
        ("**/a", "b/c", True),
        ("out/a*", "out/ab/c", True),
    ],
)
def test_paths_that_may_be_the_same(one: str, other: str, meet: bool) -> None:
    assert overlap(one, other, FOLDER) is meet
    assert overlap(other, one, FOLDER) is meet


def test_links_are_followed_as_far_as_they_can_be(tmp_path: Path) -> None:
    (tmp_path / "real" / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real/deep")
    for one, other, meet in (
        ("link/a", "real/deep/a", True),
        ("link/a", "real/deep/b", False),
        ("link/../a", "real/a", True),
        ("link/../a", "a", False),
        ("link/*.txt", "real/**", True),
        ("link", "link/later", True),
    ):
        assert overlap(one, other, tmp_path) is overlap(other, one, tmp_path) is meet


@given(st.text("ab/.*", min_size=1), st.text("ab/.*", min_size=1))
def test_a_path_meets_itself_and_what_is_below_it(one: str, other: str) -> None:
    assert overlap(one, one, FOLDER)
    if ".." not in other:
        assert overlap(one, f"{one}/{other}", FOLDER)
    assert overlap(one, other, FOLDER) is overlap(other, one, FOLDER)


def test_what_nobody_knows_runs_alone() -> None:
    assert may_run_beside(phase(1), phase(2), FOLDER)
    assert may_run_beside(phase(1, writes=()), phase(2), FOLDER)
    assert not may_run_beside(phase(1, writes=None), phase(2), FOLDER)
    assert not may_run_beside(phase(1, runs="sequential"), phase(2), FOLDER)
    assert not may_run_beside(phase(1), phase(2, runs="parallel", writes=("1.txt",)), FOLDER)
