"""Which build of torch each install brings: its version, its CUDA, and where that was asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.machine.facts import torch as torch_facts
from greenroom.machine.versions import cuda_of_tag, minor, release

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.diagnose.recipe import Installed
    from greenroom.diagnose.requirement import Requirement

_TAG = re.compile(r"/whl/(?:nightly/|test/)?(cu\d+|cpu|rocm[\d.]+|xpu)")


@dataclass(frozen=True, slots=True)
class TorchBuild:
    """One install of torch.

    version: without its local part, empty where it is not pinned.  tag: ``cu124``, ``cpu``; empty where it comes from
    the ordinary index, and then cuda is what that brings.  cuda: ``12.4``, empty for none or unknown.
    sure: whether the tables verify the CUDA.  position: of the install among those of its scope.
    """

    requirement: Requirement
    installed: Installed
    version: str
    tag: str
    cuda: str
    sure: bool
    position: int

    @property
    def words(self) -> str:
        """``torch 2.5.1+cu124``."""
        return f"torch {self.version or '(unpinned)'}{f'+{self.tag}' if self.tag else ''}"

    @property
    def minor(self) -> str:
        """``2.5``."""
        return minor(self.version) if self.version else ""


def builds(scope: Sequence[Installed]) -> list[TorchBuild]:
    """All installs of torch in order."""
    return [
        _build(requirement, installed, position)
        for position, installed in enumerate(scope)
        for requirement in installed.install.requirements
        if requirement.name == "torch"
    ]


def build_at(scope: Sequence[Installed], position: int) -> TorchBuild | None:
    """The torch that is there once the install at a position is done."""
    return next((one for one in reversed(builds(scope)) if one.position <= position), None)


def index_tag(installed: Installed) -> str:
    """The tag of torch's index that an install looks in; empty for none."""
    for address in (*installed.install.indexes, *installed.install.find_links):
        found = _TAG.search(address)
        if found:
            return found[1]
    return ""


def _build(requirement: Requirement, installed: Installed, position: int) -> TorchBuild:
    version, _, local = requirement.version.partition("+")
    if requirement.url:
        wheel = re.search(r"torch-(\d+\.\d+\.\d+)(?:%2B|\+)(\w+)", requirement.url)
        version, local = (wheel[1], wheel[2]) if wheel else ("", "")
    if "*" in version or not re.match(r"\d+\.\d+", version):
        version = ""
    tag = local or index_tag(installed)
    if not tag and any("$" in address for address in installed.install.indexes):
        return TorchBuild(requirement, installed, version, "", "", False, position)
    certain = not {"if", "case"} & set(installed.install.command.around)
    known = torch_facts.torch_release(version) if version else None
    if tag:
        return TorchBuild(requirement, installed, version, tag, cuda_of_tag(tag) or "", certain, position)
    if known is not None:
        return TorchBuild(
            requirement, installed, version, "", known.default_cuda.value, known.default_cuda.sure and certain, position
        )
    if not version and not requirement.specifier:
        newest = torch_facts.releases()[0]
        return TorchBuild(
            requirement, installed, "", "", newest.default_cuda.value, newest.default_cuda.sure and certain, position
        )
    return TorchBuild(requirement, installed, version, "", "", False, position)


def exists(version: str) -> bool | None:
    """Whether a release of torch was made; None where the tables do not say."""
    if torch_facts.torch_release(version) is not None:
        return True
    gone = torch_facts.nonexistent()
    if any(release(one) == release(version) for one in gone.value):
        return False if gone.sure else None
    return None
