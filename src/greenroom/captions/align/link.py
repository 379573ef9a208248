"""What a link of the aligner chain takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from greenroom.errors import GreenroomError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.media.audio import Audio
    from greenroom.progress import Step


@dataclass(frozen=True, slots=True)
class Span:
    """When a word is said. start and end: seconds from the beginning of the sound, start <= end."""

    start: float
    end: float


class CannotAlign(GreenroomError):
    """A link cannot give times here: not installed, not set up, no such language, out of order."""

    code: ClassVar[str] = "cannot-align"


class NotWhatIsSaid(CannotAlign):
    """A link works, and heard something else than the text."""

    code: ClassVar[str] = "not-what-is-said"


class Aligner(Protocol):
    """One way to learn when words are said."""

    @property
    def name(self) -> str:
        """What the link is called in results: ``soundswallower``."""
        ...

    def align(self, audio: Audio, words: Sequence[str], language: str, step: Step) -> Sequence[Span | None]:
        """When each word is said; None for a word that was not heard.

        words: as spoken, each with at least one letter or digit, in order.  language: ``en-us``; see ``tag``.
        step: is called with the stage "align" and seconds of sound done.
        Returns one entry a word. Raises CannotAlign with reason and mend, and whatever ``step`` raises; nothing else.
        """
        ...


def tag(language: str) -> tuple[str, str]:
    """A language tag as (language, region), region empty if not given: ``en_US`` is ("en", "US")."""
    parts = language.replace("_", "-").split("-")
    region = next((part.upper() for part in parts[1:] if len(part) == 2), "")
    return parts[0].lower(), region
