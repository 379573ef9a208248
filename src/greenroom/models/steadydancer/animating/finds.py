"""People that were found, in files that outlive a process: looking for them in a minute of video takes minutes."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from greenroom.files import Publication
from greenroom.findings import Finding
from greenroom.models.steadydancer.pose.errors import PosesUnreadable
from greenroom.models.steadydancer.pose.persons import Person
from greenroom.models.steadydancer.pose.saved import SUFFIX, SavedPoses, load, save
from greenroom.models.steadydancer.pose.watching import Found

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SAID = ".people.json"


def keep(folder: Path, name: str, found: Found, networks: Mapping[str, str]) -> None:
    """Write who was found, and what is to be said of it. Raises OutputUnwritable."""
    said = {
        "people": [asdict(one) for one in found.people],
        "findings": [asdict(one) for one in found.findings],
        "frame": found.frame,
    }
    with Publication(folder) as out:
        out.write(f"{name}{_SAID}", json.dumps(said).encode())
    # The poses last: where they are, the rest is there too.
    save(folder / f"{name}{SUFFIX}", SavedPoses(found.poses, networks))


def kept(folder: Path, name: str, networks: Mapping[str, str]) -> Found | None:
    """The same again; None where nothing can be read, or other networks found it."""
    try:
        saved = load(folder / f"{name}{SUFFIX}")
        said = json.loads((folder / f"{name}{_SAID}").read_bytes())
        people = tuple(Person(one["number"], _box(*one["box"]), one["score"]) for one in said["people"])
        findings = tuple(Finding(**one) for one in said["findings"])
        frame = int(said["frame"])
    except (PosesUnreadable, OSError, ValueError, TypeError, KeyError):
        return None
    return Found(saved.poses, people, findings, frame) if dict(saved.networks) == dict(networks) else None


def names(name: str) -> tuple[str, str]:
    """The files of one."""
    return f"{name}{SUFFIX}", f"{name}{_SAID}"


def _box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
    return left, top, right, bottom
