"""One install as a plan: what is wanted is settled, there is room, it is built beside, switched to, and shared."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from greenroom.errors import OutputUnwritable
from greenroom.leases import LeaseLost
from greenroom.machine.environments.building import Build, Order
from greenroom.machine.environments.errors import PackDamaged
from greenroom.machine.environments.estimating import check_free, check_room, estimate, with_sizes
from greenroom.machine.environments.folder import activity_of, all_environments
from greenroom.machine.environments.installer import find_installer, unwatched
from greenroom.machine.environments.request import resolve
from greenroom.machine.environments.resolution import Resolution
from greenroom.plan.actions import Calls
from greenroom.plan.plan import Phase, Plan

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Callable
    from pathlib import Path

    from greenroom.errors import GreenroomError
    from greenroom.leases import Lease
    from greenroom.machine.environments.folder import Environment, Environments
    from greenroom.machine.environments.installer import Installer
    from greenroom.machine.environments.options import Options
    from greenroom.machine.environments.request import Request, Resolved
    from greenroom.machine.environments.volume import Packed, Volume
    from greenroom.plan.actions import Attempt

Outcome = Literal["kept", "built", "unpacked"]
_LOCK, _ROOM, _ENVIRONMENT, _SWITCH, _SHARE = range(1, 6)


@dataclass(slots=True)
class Installation:
    """One run of install, while the folder is held, and what it came to so far.

    claims: what is held of the volume until the run has ended.  environment: what will be current.  not_shared: why
    nothing was packed for other machines.
    """

    request: Request
    environments: Environments
    options: Options
    claims: contextlib.ExitStack
    calls: Calls = field(default_factory=Calls)
    environment: Environment | None = None
    outcome: Outcome = "kept"
    repaired: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    not_shared: str = ""
    _claim: Lease | None = None
    _resolved: Resolved | None = None
    _has_room: bool = False
    _is_shared: bool = False

    def plan(self) -> Plan:
        """The phases. One that fails leaves what the others made: the next install goes on with it."""
        shared = () if self.options.volume is None else (self._share(self.options.volume),)
        return Plan("install", (self._lock(), self._room(), self._build(), self._switch(), *shared))

    def look(self) -> None:
        """See what is here already: the current environment or another that is what was asked for, and untouched."""
        if self.options.upgrade:
            return
        current = self.environments.current()
        others = reversed(all_environments(self.environments.root))
        for known in (*([current] if current else []), *others):
            if known.marker.request == self.request.key and self._is_sound(known):
                self.environment = known
                return

    @property
    def activity(self) -> Path:
        """The folder of its log: one a request, so that another is never gone on with."""
        return activity_of(self.environments.root, self.request.key)

    @property
    def resolution(self) -> Resolution:
        """Where what was resolved is kept until it is built."""
        return Resolution(self.activity / "resolved.json")

    def _lock(self) -> Phase:
        def do(attempt: Attempt) -> None:
            self._claim_volume(attempt)
            if self._packed() is None:
                self._resolve(attempt)

        def verify(_: Attempt) -> bool:
            self._resolved = self._resolved or (None if self.options.upgrade else self.resolution.read())
            return bool(self.environment or self._resolved or self._packed())

        return Phase(
            _LOCK,
            "lock",
            self.calls.of("settle on releases, with sizes and hashes", do),
            self.calls.of("the environment is here or packed, or its lock is known", verify),
            self.calls.of("forget the lock", lambda _: self.resolution.forget()),
            writes=("activity/**", "wheels/**"),
        )

    def _room(self) -> Phase:
        def do(_: Attempt) -> None:
            if packed := self._packed():
                check_free(self.environments.root, packed.unpacked)
            else:
                self._check_room()
            self._has_room = True

        return Phase(
            _ROOM,
            "room",
            self.calls.of("refuse what would fill a disk, before a byte moves", do),
            self.calls.of("it is here, or there is room", lambda _: self.environment is not None or self._has_room),
            needs=(_LOCK,),
            writes=(),
        )

    def _build(self) -> Phase:
        def do(attempt: Attempt) -> None:
            for _ in range(2):  # a damaged pack is made anew, unless another machine did meanwhile
                self._claim_volume(attempt)
                packed = self._packed()
                if packed is None or self._unpack(packed, attempt):
                    break
            if self.environment is None:
                self._make(attempt)

        def verify(_: Attempt) -> bool:
            return self.environment is not None and self.environment.is_untouched()

        return Phase(
            _ENVIRONMENT,
            "environment",
            self.calls.of("unpack it, or install it beside the others; hash every file, import what is needed", do),
            self.calls.of("it is whole, and every file as it was when it was hashed", verify),
            self.calls.of("throw away what is unfinished", lambda _: self.environments.discard_unfinished()),
            needs=(_LOCK, _ROOM),
            writes=("env-*/**", "wheels/**"),
        )

    def _switch(self) -> Phase:
        def do(_: Attempt) -> None:
            if self.environment is not None:
                self.environments.switch(self.environment)

        def verify(_: Attempt) -> bool:
            now = self.environments.current()
            return now is not None and self.environment is not None and now.path.name == self.environment.path.name

        def undo(_: Attempt) -> None:
            if self.environment is not None:
                self.environments.leave(self.environment)

        return Phase(
            _SWITCH,
            "switch",
            self.calls.of("lead current to it, in one step", do),
            self.calls.of("current leads to it", verify),
            self.calls.of("lead current to the environment before", undo),
            needs=(_ENVIRONMENT,),
            writes=("current", "previous"),
        )

    def _share(self, volume: Volume) -> Phase:
        def do(attempt: Attempt) -> None:
            try:
                self._claim_volume(attempt)
                if self.environment is not None and self._claim is not None and self._packed() is None:
                    volume.add(self.environment, self.request.key, self._claim, attempt.step)
                    self._is_shared = True
            except (OutputUnwritable, LeaseLost) as error:  # what is here works all the same
                self._not_shared(error)

        def verify(_: Attempt) -> bool:
            return bool(self.not_shared or self._is_shared or self._packed())

        return Phase(
            _SHARE,
            "share",
            self.calls.of(f"pack it on {volume.root} for other machines", do),
            self.calls.of("it is packed there, or the volume takes no files", verify),
            needs=(_ENVIRONMENT, _SWITCH),
            writes=None,
        )

    def _claim_volume(self, attempt: Attempt) -> None:
        """Be the one who makes a pack that is not there; whoever was waited for has made it."""
        volume = self.options.volume
        if volume is None or self._claim is not None or self.not_shared or self._packed() is not None:
            return
        try:
            self._claim = self.claims.enter_context(volume.claim(self.request.key, attempt.step))
        except OutputUnwritable as error:  # a volume that is read-only serves what it has
            self._not_shared(error)

    def _packed(self) -> Packed | None:
        """The pack that answers the request; an upgrade looks at none, and makes another."""
        volume = self.options.volume
        return None if volume is None or self.options.upgrade else volume.find(self.request.key)

    def _unpack(self, packed: Packed, attempt: Attempt) -> bool:
        """Unpack it; False where it is damaged, and then it is forgotten."""
        assert self.options.volume is not None, "what is packed lies on a volume"  # noqa: S101 - _packed looked there
        try:
            self.environment = self.options.volume.unpack(packed, self.request.key, self.environments, attempt.step)
        except PackDamaged:
            return False
        self.outcome = "unpacked"
        return True

    def _make(self, attempt: Attempt) -> None:
        """Build what the lock names, or take what is here and has that lock."""
        if self._resolved is None:
            self._resolve(attempt)
            self._check_room()
        resolved = self._lock_known()
        self.warnings = resolved.warnings
        same = self.environments.get(resolved.lock.id)
        if same is not None and not same.marker.degraded and self._is_sound(same):
            self.environment = same.answering(self.request.key)
            return
        self.request.own.write(self.environments.wheels)  # another install may have tidied up since it was locked
        order = Order(self.request.key, self.request.parts, self.request.own, resolved.index, resolved.degraded)
        build = Build(order, self.environments, self._installer(), self.options.patience, attempt.step)
        built = build.run(resolved.lock)
        self.environment, self.outcome, self.repaired = built.environment, "built", built.repaired

    def _check_room(self) -> None:
        root = self.environments.root
        check_room(estimate(self._lock_known().lock, self._installer(), root, all_environments(root)))

    def _resolve(self, attempt: Attempt) -> None:
        def look() -> None:
            attempt.step("resolving", 0, 1)

        look()
        current = None if self.options.upgrade else self.environments.current()
        wheel = self.request.own.write(self.environments.wheels)
        known = current.lock if current else None
        resolved = resolve(self.request, wheel, self._installer(look), known, self.options.patience)
        self._resolved = replace(resolved, lock=with_sizes(resolved.lock))
        if self.request.lock is None:  # what the user named need not be kept
            self.resolution.write(self._resolved)

    def _lock_known(self) -> Resolved:
        assert self._resolved is not None, "the phase before has settled it"  # noqa: S101 - phases run in their order
        return self._resolved

    def _installer(self, look: Callable[[], None] = unwatched) -> Installer:
        return find_installer(self.environments.handle, prefer=self.options.prefer, look=look)

    def _not_shared(self, error: GreenroomError) -> None:
        self.not_shared = f"nothing was packed for others: {error.message}"

    def _is_sound(self, known: Environment) -> bool:
        return known.is_untouched() and (not self.options.verify or known.is_sound())
