"""Poses in a file of their own, so that they are looked for once."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from greenroom.errors import InputInvalid, quoted
from greenroom.files import Publication
from greenroom.models.steadydancer.pose.errors import PosesUnreadable
from greenroom.models.steadydancer.pose.poses import POINTS, Poses

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

VERSION = 1
SUFFIX = ".poses.npz"
"""What such a file's name ends with."""

_KIND = "greenroom poses"
_MOST = 1 << 28  # bytes of such a file, which is some hundred thousand frames
_AGAIN = "find the poses again"


@dataclass(frozen=True, slots=True, eq=False)
class SavedPoses:
    """Poses and where they are from.

    networks: the sha256 of each network's file, by what it is; none for poses out of a file.
    """

    poses: Poses
    networks: Mapping[str, str]


def save(path: Path, saved: SavedPoses) -> None:
    """Write poses, whole or not at all. Raises OutputUnwritable."""
    poses = saved.poses
    told = {
        "kind": _KIND,
        "version": VERSION,
        "width": poses.width,
        "height": poses.height,
        "networks": dict(saved.networks),
    }
    file = io.BytesIO()
    header = np.frombuffer(json.dumps(told, sort_keys=True).encode(), np.uint8)
    np.savez_compressed(file, header=header, points=poses.points, scores=poses.scores)
    with Publication(path.parent) as out:
        out.write(path.name, file.getvalue())


def load(path: Path) -> SavedPoses:
    """Read poses. Raises PosesUnreadable, also for a file of a later version."""
    told, points, scores = _read(path)
    if told.get("kind") != _KIND:
        raise _broken(path, "holds no poses of greenroom")
    if told.get("version") != VERSION:
        raise _broken(path, f"has version {quoted(told.get('version'))} of the format, and {VERSION} is known")
    frames = len(points)
    if points.shape != (frames, POINTS, 2) or scores.shape != (frames, POINTS) or not frames:
        raise _broken(path, f"has points {list(points.shape)} and scores {list(scores.shape)}")
    if points.dtype != np.float32 or scores.dtype != np.float32:
        raise _broken(path, f"has points of {points.dtype} and scores of {scores.dtype}, and not of float32")
    if not (np.isfinite(points).all() and np.isfinite(scores).all()):
        raise _broken(path, "has points that are no numbers")
    try:
        return _told(told, points, scores)
    except (KeyError, TypeError, ValueError, OverflowError, InputInvalid) as error:
        raise _broken(path, f"has a header that is not understood ({error})") from error


def _told(told: Mapping[str, Any], points: Any, scores: Any) -> SavedPoses:
    """What a header says. Raises KeyError, TypeError, ValueError."""
    width, height = int(told["width"]), int(told["height"])
    if width < 1 or height < 1:
        raise ValueError(f"{width}x{height}")
    networks = {str(role): str(sha256) for role, sha256 in dict(told["networks"]).items()}
    return SavedPoses(Poses(points, scores, width, height), networks)


def _read(path: Path) -> tuple[dict[str, Any], Any, Any]:
    """The header and the two arrays of a file."""
    try:
        with zipfile.ZipFile(path) as members:
            size = sum(member.file_size for member in members.infolist())
        if size <= _MOST:
            with np.load(path, allow_pickle=False) as archive:
                told = json.loads(archive["header"].tobytes())
                points, scores = archive["points"], archive["scores"]
    except OSError as error:
        raise _broken(path, f"cannot be read: {error.strerror or 'it is no file of poses'}") from error
    except Exception as error:  # damaged bytes make zipfile, zlib and the readers of headers raise nearly anything
        raise _broken(path, "is no file of poses, or breaks off") from error
    if size > _MOST:
        raise _broken(path, "is too large for poses")
    if not isinstance(told, dict) or points.ndim != 3 or scores.ndim != 2:
        raise _broken(path, "is no file of poses")
    return told, points, scores


def _broken(path: Path, why: str) -> PosesUnreadable:
    return PosesUnreadable(f"{quoted(path)} {why}", mend=_AGAIN)
