"""What goes wrong again and again is told at once, and then counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.ledger.incidents import QUIET_S, Incidents
from greenroom.ledger.journal import read_journal
from greenroom.ledger.operations import Ledger
from greenroom.ledger.tree import Tree


def test_the_first_is_told_at_once_and_the_others_are_counted(tmp_path: Path) -> None:
    now = 0.0
    with Incidents(Ledger(tmp_path, str, pytest.fail, "greenroom serve"), lambda: now) as incidents:
        for _ in range(3):
            incidents.hear("worker-lost", "cuda:0", "killed")
        incidents.hear("worker-lost", "cuda:1", "killed")
        now = QUIET_S
        incidents.hear("worker-lost", "cuda:0", "killed again")
        incidents.hear("worker-lost", "cuda:0", "killed at last")
    entries = read_journal(Tree.of(tmp_path)).entries
    told = sorted((entry.items[0].title, entry.items[0].fields[-1].text) for entry in entries)
    assert told == [
        ("Serve: worker lost, cuda:0", "killed"),
        ("Serve: worker lost, cuda:0", "killed again; 2 more of the kind since the entry before"),
        ("Serve: worker lost, cuda:0", "killed at last"),
        ("Serve: worker lost, cuda:1", "killed"),
    ]
    assert all(entry.items[0].fields[3].text != "None." for entry in entries)


def test_of_what_has_a_new_name_each_time_the_kind_is_counted(tmp_path: Path) -> None:
    with Incidents(Ledger(tmp_path, str, pytest.fail, "greenroom serve"), lambda: 0.0) as incidents:
        for number in range(4):
            incidents.hear("job-given-up", f"job_{number}", f"voice: lost {number}")
    entries = read_journal(Tree.of(tmp_path)).entries
    told = sorted((entry.items[0].title, entry.items[0].fields[-1].text) for entry in entries)
    assert told == [
        ("Serve: job given up, job_0", "voice: lost 0"),
        ("Serve: job given up, job_3", "voice: lost 3; 2 more of the kind since the entry before"),
    ]


def test_without_a_ledger_nothing_is_told(tmp_path: Path) -> None:
    with Incidents(None) as incidents:
        incidents.hear("worker-lost", "cuda:0", "killed")
    assert list(tmp_path.iterdir()) == []
