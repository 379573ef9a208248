"""What every deploy to an account is asked for with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.ship.account.declaration import Declaration


@dataclass(frozen=True, slots=True)
class Asked:
    """A deploy of what a file declares."""

    declaration: Declaration

    @property
    def name(self) -> str:
        """Of the deploy."""
        return self.declaration.name

    @property
    def image(self) -> str:
        """As the file or the command names it; empty where its template does."""
        return str(self.declaration.values.get("image", ""))
