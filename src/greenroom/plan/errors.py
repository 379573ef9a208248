"""What can be wrong with a plan as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.errors import GreenroomError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.findings import Finding


class PlanInvalid(GreenroomError):
    """A plan cannot be run as it is written. findings: why, at least one of them an error."""

    code = "plan-invalid"

    def __init__(self, name: str, findings: Sequence[Finding]) -> None:
        errors = [finding for finding in findings if finding.severity == "error"]
        more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
        super().__init__(f"the plan {name} cannot run: {errors[0].message}{more}", mend=errors[0].mend)
        self.findings = tuple(findings)
