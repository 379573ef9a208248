"""Environments on a volume that many machines share: each packed into one file, unpacked to a local disk at start.

::

    VOLUME/env-<id>-<made>.tar.zst  an environment; under this name it never changes
    VOLUME/<request>.json           which of them answers a request, its hash and size; written when all of it is there
    VOLUME/leases/<request>/        who is making one

Nothing runs from there: every import would ask the network for each file.
"""

from __future__ import annotations

import contextlib
import json
import secrets
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from greenroom.files import Publication, writing_to
from greenroom.leases import Pace, lease
from greenroom.machine.environments.errors import PackDamaged
from greenroom.machine.environments.estimating import check_free
from greenroom.machine.environments.folder import CHOSEN_BY, read_environment, remove, seal
from greenroom.machine.environments.installer import base_python
from greenroom.machine.environments.lock import ID_LENGTH
from greenroom.machine.environments.packing import damaged, pack, unpack, zstd
from greenroom.machine.environments.record import find_damage, fingerprint
from greenroom.machine.environments.relocation import replace_in_activation, set_base

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from greenroom.leases import Holder, Lease
    from greenroom.machine.environments.folder import Environment, Environments
    from greenroom.progress import Step

# The option by which users choose the volume.
_CHOSEN_BY = "--volume"
_SCHEMA = 1
_PACE = Pace()


@dataclass(frozen=True, slots=True)
class Packed:
    """A pack, as its note has it.

    name: of its file.  size: its bytes.  unpacked: those of the environment.  before: the pack that it replaced, which
    another machine may be reading still.
    """

    id: str
    name: str
    sha256: str
    size: int
    unpacked: int
    before: str | None = None
    schema: int = _SCHEMA

    @classmethod
    def read(cls, note: Path) -> Self | None:
        """A note; None for one that cannot be understood."""
        try:
            said: dict[str, Any] = json.loads(note.read_text(encoding="utf-8"))
            return cls(**said) if said["schema"] == _SCHEMA else None
        except (OSError, ValueError, KeyError, TypeError):
            return None


@dataclass(frozen=True, slots=True)
class Volume:
    """A shared folder of packs."""

    root: Path
    pace: Pace = _PACE

    def check_usable(self) -> None:
        """Raises ExtraMissing where packs cannot be read or made."""
        zstd()

    def find(self, request: str) -> Packed | None:
        """The pack that answers a request, whole as far as its length says."""
        packed = Packed.read(self._note(request))
        try:
            return packed if packed and (self.root / packed.name).stat().st_size == packed.size else None
        except OSError:
            return None

    @contextlib.contextmanager
    def claim(self, request: str, step: Step) -> Iterator[Lease]:
        """Be the one who makes the pack for a request. Raises OutputUnwritable where the volume takes no files."""

        def waiting(holder: Holder | None, seconds: float) -> None:
            step(f"waiting for {holder or 'another machine'}, which makes this environment", seconds, 0)

        folder = self.root / "leases" / request[:ID_LENGTH]
        with lease(folder, "greenroom install", waiting=waiting, pace=self.pace) as held:
            yield held

    def add(self, environment: Environment, request: str, held: Lease, step: Step) -> Packed:
        """Pack an environment. Raises OutputUnwritable, LeaseLost, ExtraMissing."""
        name = f"env-{environment.marker.id}-{secrets.token_hex(4)}.tar.zst"
        staged = self.root / f".{request[:ID_LENGTH]}-{secrets.token_hex(4)}.part"
        before = Packed.read(self._note(request))
        self._remove_unfinished(request)
        try:
            with writing_to(self.root / name, _CHOSEN_BY):
                content = pack(environment.path, staged, step)
                held.check()
                staged.replace(self.root / name)
            packed = Packed(environment.marker.id, name, *content, before=before.name if before else None)
            with Publication(self.root, _CHOSEN_BY) as out:
                out.write(self._note(request).name, json.dumps(asdict(packed), indent=2).encode())
        finally:
            with contextlib.suppress(OSError):
                staged.unlink(missing_ok=True)
        if before and before.before:
            with contextlib.suppress(OSError):
                (self.root / before.before).unlink(missing_ok=True)
        return packed

    def unpack(self, packed: Packed, request: str, environments: Environments, step: Step) -> Environment:
        """Unpack an environment to the local disk, and check every byte and file of it.

        Raises PackDamaged, after which the pack is not found again; DiskShort, ExtraMissing, OutputUnwritable.
        """
        check_free(environments.root, packed.unpacked)
        place = environments.building(packed.id)
        try:
            with writing_to(place, CHOSEN_BY):
                unpack(self.root / packed.name, packed.sha256, place, step)
            _settle(place, environments.place(packed.id), packed, request)
        except PackDamaged:
            remove(place)
            self._forget(packed, request)
            raise
        except BaseException:
            remove(place)
            raise
        return environments.adopt(place, packed.id)

    def _remove_unfinished(self, request: str) -> None:
        """What somebody who was killed, or lost the lease, had packed by then: without it, a volume fills up unseen."""
        for left in self.root.glob(f".{request[:ID_LENGTH]}-*.part"):
            with contextlib.suppress(OSError):
                left.unlink()

    def _forget(self, packed: Packed, request: str) -> None:
        """Let the next one to come make a damaged pack anew, unless somebody did already."""
        with contextlib.suppress(OSError):
            if Packed.read(self._note(request)) == packed:
                self._note(request).unlink()
            (self.root / packed.name).unlink()

    def _note(self, request: str) -> Path:
        return self.root / f"{request[:ID_LENGTH]}.json"


def _settle(place: Path, final: Path, packed: Packed, request: str) -> None:
    """Fit an unpacked environment to this machine, and check it file by file."""
    environment = read_environment(place)
    if environment is None or environment.marker.id != packed.id or environment.lock.id != packed.id:
        raise damaged(place)
    set_base(place, base_python())
    replace_in_activation(place, environment.marker.prefix, str(final))
    if find_damage(place, environment.lock.packages):
        raise damaged(place)
    known = fingerprint(place, environment.lock.packages)
    seal(place, environment.lock, replace(environment.marker, request=request, prefix=str(final), fingerprint=known))
