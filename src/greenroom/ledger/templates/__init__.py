"""The documents that a new ledger begins with: short, with the headings that checks ask for, to be filled in."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Profile = Literal["core", "full"]


@dataclass(frozen=True, slots=True)
class Written:
    """A document that ``init`` can write. path: posix, from the ledger's root.  holds: for the table of contents."""

    path: str
    title: str
    holds: str
    profile: Profile = "core"


HUB = "CONDUCTOR.md"
JOURNAL = "JOURNAL.md"
# In the order of the table of contents, which lists neither itself nor the journal.
DOCUMENTS = (
    Written("ARCHITECTURE.md", "Architecture", "structure, flow, decisions"),
    Written("DESIGN.md", "Design", "type, colours, motion", "full"),
    Written("UIUX.md", "Interaction", "input, states, flows", "full"),
    Written("CONFIG.md", "Configuration", "variables, constants, flags", "full"),
    Written("DATA_MODEL.md", "Data Model", "tables, types, queries", "full"),
    Written("API.md", "API", "endpoints, requests, responses", "full"),
    Written("BUILD.md", "Build", "commands, releases, rollback"),
    Written("TEST.md", "Tests", "commands, structure, goals", "full"),
    Written("PLAYBOOKS/DEPLOY.md", "Deployment", "steps, verification, rollback"),
    Written("CONTRIBUTING.md", "Contributing", "setup, style, pull requests", "full"),
    Written("ERRORS.md", "Error Ledger", "P0 and P1"),
    Written("TASKS.md", "Task Management", "phase, task, chain"),
)


def of_profile(profile: Profile) -> tuple[Written, ...]:
    """The documents of a profile that the hub lists; full has those of core, too."""
    return tuple(one for one in DOCUMENTS if profile == "full" or one.profile == "core")


def filled(path: str, known: Mapping[str, str]) -> str:
    """The text of a document of these, with what is known put in."""
    template = files("greenroom.ledger.templates").joinpath(path).read_text(encoding="utf-8")
    return Template(template).substitute(known)
