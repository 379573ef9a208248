"""All files of an image, and how they get into a folder."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenroom import __version__
from greenroom.errors import FileUnreadable, GreenroomError, quoted
from greenroom.files import Publication, writing_to
from greenroom.machine.environments.own_wheel import pack
from greenroom.ship.image.blueprint import PORT
from greenroom.ship.image.compose import compose
from greenroom.ship.image.dockerfile import dockerfile, sources
from greenroom.ship.image.pins import pins_for, torch_pin
from greenroom.ship.image.readme import readme
from greenroom.ship.image.runpod import runpod_files
from greenroom.ship.image.start_script import start_script
from greenroom.ship.image.workflow import workflow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.ship.image.blueprint import Blueprint

RECORD = "image.json"
LOCK = "pylock.toml"
_SCHEMA = 1
_EXECUTABLE = 0o755
_MOST_NAMED = 3


class WouldOverwrite(GreenroomError):
    """A file that somebody changed, or that greenroom never wrote, stands where one is to be written."""

    code = "would-overwrite"
    exit_code = 2


@dataclass(frozen=True, slots=True)
class Image:
    """What a folder holds, as its ``image.json`` says: what a proof has to know.

    driver: the oldest one that the image takes; None for one that needs no GPU.  written: SHA-256 of each file beside
    it, by path: what still has that is greenroom's own, and may be replaced.
    """

    model: str
    weights: str
    environment: str
    port: int = PORT
    fetches: bool = False
    driver: str | None = None
    gpus: tuple[str, ...] = ()
    written: Mapping[str, str] = field(default_factory=dict)
    schema: int = _SCHEMA


@dataclass(frozen=True, slots=True)
class Written:
    """What a generation came to.

    same: files that were as they are.  removed: those of an earlier generation that this one has not.  open: packages
    whose release nothing says.
    """

    folder: Path
    written: tuple[str, ...]
    same: tuple[str, ...]
    removed: tuple[str, ...]
    reasons: tuple[str, ...]
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Files:
    """Content by path within the folder, why it is so, and the packages whose release is left open."""

    content: Mapping[str, bytes]
    reasons: tuple[str, ...]
    open: tuple[str, ...]

    def differing(self, folder: Path) -> tuple[str, ...]:
        """The paths where ``folder`` has other bytes, or none."""
        return tuple(name for name, data in self.content.items() if _content(folder / name) != data)


def files_of(blueprint: Blueprint) -> Files:
    """All files. The same blueprint gives the same bytes, in the same environment. Raises InstallRefused."""
    own = pack()
    wheel = f"greenroom-{own.version}-py3-none-any.whl"
    pins = pins_for(blueprint)
    texts = {
        "Dockerfile": dockerfile(blueprint, wheel, __version__),
        "start.sh": start_script(blueprint),
        "constraints.txt": pins.text(),
        ".dockerignore": "\n".join(["*", *(f"!{name}" for name in (wheel, *sources(blueprint), "start.sh"))]) + "\n",
        "compose.yaml": compose(blueprint, __version__),
        ".github/workflows/image.yml": workflow(blueprint, wheel),
        "README.md": readme(blueprint, __version__),
        **runpod_files(blueprint),
    }
    if blueprint.torch is not None and "torch.txt" in sources(blueprint):
        texts["torch.txt"] = f"# {'; '.join(blueprint.torch.reasons)}.\n{torch_pin(blueprint.torch)}\n"
    content = {name: text.encode() for name, text in texts.items()}
    locks = {LOCK: blueprint.lock, "bootstrap.txt": blueprint.bootstrap}
    content |= {name: locked for name, locked in locks.items() if locked is not None}
    content[wheel] = own.content
    content[RECORD] = _record(blueprint, content)
    return Files(content, blueprint.reasons, () if blueprint.lock is not None else pins.open)


def write(files: Files, folder: Path, *, force: bool = False) -> Written:
    """Write all files, each whole; what stands there with the same bytes stays, what an earlier one wrote is replaced.

    What an earlier one wrote and this one has not is removed: an endpoint.json for other GPUs must not be deployed.
    force: replace files of others, too. Raises WouldOverwrite before anything is written, OutputUnwritable.
    """
    changed = files.differing(folder)
    ours = _ours(folder, force=force) if changed else frozenset()
    in_the_way = [name for name in changed if (folder / name).exists() and name not in ours]
    if in_the_way and not force:
        more = f" and {len(in_the_way) - _MOST_NAMED} more" if len(in_the_way) > _MOST_NAMED else ""
        raise WouldOverwrite(
            f"{', '.join(in_the_way[:_MOST_NAMED])}{more} in {quoted(folder)} would be replaced",
            mend="choose another -o, or replace them with --force",
        )
    for place in sorted({(folder / name).parent for name in changed}):
        with Publication(place) as out:
            for name in (name for name in changed if (folder / name).parent == place):
                out.write(Path(name).name, files.content[name])
    script = folder / "start.sh"
    with writing_to(script):
        script.chmod(_EXECUTABLE)
    removed = tuple(sorted(ours - files.content.keys()))
    with writing_to(folder):
        for name in removed:
            (folder / name).unlink(missing_ok=True)
    same = tuple(name for name in files.content if name not in changed)
    return Written(folder, changed, same, removed, files.reasons, files.open)


def earlier_lock(folder: Path) -> bytes | None:
    """The lock of an earlier generation."""
    return _content(folder / LOCK)


def read_record(folder: Path) -> Image | None:
    """What a folder holds; None where greenroom did not make it. Raises FileUnreadable."""
    path = folder / RECORD
    try:
        said: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Image(**{**said, "gpus": tuple(said["gpus"])})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FileUnreadable(
            f"{quoted(path)} is not as greenroom build writes it", mend="write it anew: --force"
        ) from error


def _ours(folder: Path, *, force: bool) -> frozenset[str]:
    """What an earlier generation wrote and nobody changed since. Raises FileUnreadable, unless forced."""
    try:
        known = read_record(folder)
    except FileUnreadable:
        if not force:
            raise
        known = None
    if known is None:
        return frozenset()
    return frozenset({RECORD, *(name for name in known.written if _is_as_written(folder, name, known))})


def _is_as_written(folder: Path, name: str, record: Image) -> bool:
    content = _content(folder / name)
    return content is not None and hashlib.sha256(content).hexdigest() == record.written[name]


def _record(blueprint: Blueprint, content: Mapping[str, bytes]) -> bytes:
    said = {
        "model": blueprint.model,
        "weights": blueprint.weights,
        "environment": blueprint.environment,
        "port": PORT,
        "fetches": blueprint.fetches,
        "driver": blueprint.driver,
        "gpus": list(blueprint.gpus),
        "written": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(content.items())},
        "schema": _SCHEMA,
    }
    return (json.dumps(said, indent=2) + "\n").encode()


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
