"""The whole of ``greenroom build`` as a plan: files, proof, push, each only after the one before."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.errors import GreenroomError
from greenroom.plan.actions import Calls
from greenroom.plan.place import Place
from greenroom.plan.plan import Phase, Plan
from greenroom.plan.running import run
from greenroom.ship.image.files import write
from greenroom.ship.prove.proving import prove
from greenroom.ship.prove.pushing import push

if TYPE_CHECKING:
    from greenroom.plan.actions import Attempt
    from greenroom.progress import Step
    from greenroom.ship.image.files import Files, Written
    from greenroom.ship.prove.proof import Proof
    from greenroom.ship.prove.trying import Proving

_WRITE, _PROVE, _PUSH = 1, 2, 3


class NotProven(GreenroomError):
    """The image does not do what it should, so nothing comes after that."""

    code = "not-proven"


@dataclass(slots=True)
class Building:
    """One run of build, and what it came to so far.

    files: None where the folder is taken as it is.  proving: None where nothing is proven.  reference: where the image
    is pushed once it is proven.
    """

    folder: Path
    files: Files | None = None
    force: bool = False
    proving: Proving | None = None
    reference: str | None = None
    written: Written | None = None
    proof: Proof | None = None
    pushed: str | None = None
    calls: Calls = field(default_factory=Calls)

    def plan(self) -> Plan:
        """The phases that were asked for."""
        phases = (self._write(), self._prove(), self._push())
        return Plan("build", tuple(phase for phase in phases if phase is not None))

    def run(self, step: Step) -> None:
        """Run the plan. An image that is not proven is no error: ``proof`` says so, and nothing was pushed.

        Raises GreenroomError of the phase that failed.
        """
        with tempfile.TemporaryDirectory(prefix="greenroom-build-") as log:
            run(self.plan(), Place(self.folder, Path(log)), step=step)
        error = self.calls.error
        if self.files is not None and self.written is None and error is None:
            self.written = write(self.files, self.folder)  # all was there: it says so, and writes nothing
        if error is not None and not isinstance(error, NotProven):
            raise error

    def _write(self) -> Phase | None:
        files = self.files
        if files is None:
            return None

        def do(_: Attempt) -> None:
            self.written = write(files, self.folder, force=self.force)

        def verify(_: Attempt) -> bool:
            return not files.differing(self.folder)

        return Phase(
            _WRITE,
            "files",
            self.calls.of(f"write {', '.join(files.content)} into {self.folder}", do),
            self.calls.of("every file has its bytes", verify),
            writes=("**",),
        )

    def _prove(self) -> Phase | None:
        proving = self.proving
        if proving is None:
            return None

        def do(attempt: Attempt) -> None:
            self.proof = prove(proving, attempt.step)
            if not self.proof.passed:
                raise NotProven("the image is not proven", mend="mend what the findings name")

        ways = ", ".join(scenario.name for scenario in proving.scenarios)
        built = "take the image" if proving.image else "build the image"
        needs = (_WRITE,) if self.files is not None else ()
        verified = self.calls.of(
            "a proof of this run has passed", lambda _: self.proof is not None and self.proof.passed
        )
        act = self.calls.of(f"{built}, start it ({ways}), speak to it, stop it", do)
        return Phase(_PROVE, "proof", act, verified, needs=needs, writes=())

    def _push(self) -> Phase | None:
        reference, proving = self.reference, self.proving
        if reference is None or proving is None:
            return None

        def do(_: Attempt) -> None:
            if self.proof is not None:
                self.pushed = push(proving.engine, self.proof.id, reference)

        verified = self.calls.of("its digest is known", lambda _: self.pushed is not None)
        act = self.calls.of(f"push it to {reference}", do)
        return Phase(_PUSH, "push", act, verified, needs=(_PROVE,), writes=())
