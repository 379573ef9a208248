"""People that were found are found again, by the same networks alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from greenroom.findings import Finding
from greenroom.models.steadydancer.animating.finds import keep, kept, names
from greenroom.models.steadydancer.pose.persons import Person
from greenroom.models.steadydancer.pose.watching import Found
from tests.models.steadydancer.pose.bodies import standing

NETWORKS = {"the person detector": "a" * 64, "the keypoint network": "b" * 64}
FOUND = Found(
    standing(3), (Person(1, (0.0, 1.0, 2.0, 3.5), 0.75),), (Finding("person-lost", "warning", "gone", "cut it"),), 2
)


def test_all_of_it_is_there_again(tmp_path: Path) -> None:
    assert kept(tmp_path, "driver", NETWORKS) is None
    keep(tmp_path, "driver", FOUND, NETWORKS)
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(names("driver"))
    again = kept(tmp_path, "driver", NETWORKS)
    assert again is not None
    assert (again.people, again.findings, again.frame) == (FOUND.people, FOUND.findings, 2)
    assert np.array_equal(again.poses.points, FOUND.poses.points)
    assert (again.poses.width, again.poses.height) == (FOUND.poses.width, FOUND.poses.height)
    assert kept(tmp_path, "driver", {**NETWORKS, "the keypoint network": "c" * 64}) is None
    assert kept(tmp_path, "picture", NETWORKS) is None


def test_what_is_damaged_is_looked_for_anew(tmp_path: Path) -> None:
    keep(tmp_path, "driver", FOUND, NETWORKS)
    for name in names("driver"):
        whole = (tmp_path / name).read_bytes()
        for broken in (b"", whole[: len(whole) // 2], b"{}", b"[1]"):
            (tmp_path / name).write_bytes(broken)
            assert kept(tmp_path, "driver", NETWORKS) is None
        (tmp_path / name).write_bytes(whole)
    assert kept(tmp_path, "driver", NETWORKS) is not None
