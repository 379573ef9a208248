"""On which GPUs the kernels in torch's wheels run.

A compiled kernel (cubin) runs on its own compute capability and on later minors of the same major: sm_86 on 8.9. It
never crosses majors. PTX is compiled by the driver, for its capability and every later one.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from greenroom.machine.facts.fact import Fact, fact, table
from greenroom.machine.versions import cuda_tag, minor, release

if TYPE_CHECKING:
    from collections.abc import Mapping

Capability = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Kernels:
    """What a build holds. cubins and ptx: capabilities.  whole_range: so is what lies between two cubins."""

    build: str
    cubins: tuple[Capability, ...]
    ptx: tuple[Capability, ...]
    whole_range: bool

    def runs_on(self, capability: Capability) -> bool:
        """Whether any of it runs on a GPU of this compute capability."""
        if any(ptx <= capability for ptx in self.ptx):
            return True
        if self.whole_range:
            return self.cubins[0] <= capability and capability[0] <= self.cubins[-1][0]
        return any(major == capability[0] and small <= capability[1] for major, small in self.cubins)

    @property
    def words(self) -> str:
        """``sm_75, sm_80, ..., PTX for 12.0``."""
        names = [sm(cubin) for cubin in self.cubins]
        compiled = " to ".join(names) if self.whole_range else ", ".join(names)
        return compiled + "".join(f", PTX for {major}.{small}" for major, small in self.ptx)


@dataclass(frozen=True, slots=True)
class Support:
    """Whether a build runs on a GPU; None where nothing says. sure: it may refuse.  listed: its kernels are known."""

    runs: bool | None
    reason: str
    sure: bool = False
    listed: bool = False


def support(torch: str, cuda: str, capability: Capability) -> Support:
    """Whether the build of a torch release for a CUDA runs on a GPU. torch: ``2.8.0``, cuda: ``12.8``."""
    known = kernels(torch, cuda)
    if known is not None:
        runs = known.value.runs_on(capability)
        reason = f"it has kernels for {known.value.words}"
        return Support(runs, reason, known.sure, listed=True)
    oldest = _oldest_of(cuda)
    if oldest is not None and capability < oldest.value:
        reason = f"CUDA {release(cuda)[0]} compiles for {sm(oldest.value)} and later"
        return Support(runs=False, reason=reason, sure=oldest.sure)
    floor = _floor(capability)
    if floor is not None and (release(torch) < release(floor.value[0]) or release(cuda) < release(floor.value[1])):
        oldest_torch, oldest_cuda = floor.value
        reason = f"{sm(capability)} needs torch {oldest_torch} and CUDA {oldest_cuda}"
        return Support(runs=False, reason=reason, sure=floor.sure)
    return Support(None, f"nobody listed the kernels of torch {torch} for CUDA {cuda}")


def rules() -> tuple[Fact[str], ...]:
    """How kernels and GPUs go together, in sentences."""
    return tuple(fact(said, str) for said in table("architectures")["rules"])


def kernels(torch: str, cuda: str) -> Fact[Kernels] | None:
    """What a build holds; None where nobody listed it. A row of a minor, such as 2.8, is for all its releases."""
    tag = cuda_tag(cuda)
    for version in (".".join(map(str, (*release(torch), 0, 0)[:3])), minor(torch)):
        if found := _listed().get(f"{version}+{tag}"):
            return found
    return None


def sm(capability: Capability) -> str:
    """``sm_90`` for (9, 0)."""
    return f"sm_{capability[0]}{capability[1]}"


@functools.cache
def _listed() -> Mapping[str, Fact[Kernels]]:
    rows = table("architectures")["wheels"]
    return {row["torch"]: fact({**row, "value": row}, _kernels) for row in rows}


def _kernels(row: Mapping[str, Any]) -> Kernels:
    whole_range = isinstance(row["sm"], str)
    names = row["sm"].split("..") if whole_range else row["sm"]
    return Kernels(row["torch"], tuple(map(_capability, names)), tuple(map(_capability, row["ptx"])), whole_range)


def _capability(name: str) -> Capability:
    """``120`` is 12.0."""
    return int(name[:-1]), int(name[-1])


def _oldest_of(cuda: str) -> Fact[Capability] | None:
    """The oldest capability that a CUDA's toolkits compile for, where the table has it."""
    said = table("architectures")["oldest_of_cuda"]
    oldest = said["value"].get(str(release(cuda)[0]))
    return None if oldest is None else fact({**said, "value": oldest.replace(".", "")}, _capability)


def _floor(capability: Capability) -> Fact[tuple[str, str]] | None:
    """The oldest torch and CUDA for a capability's major, if the table has them."""
    said = table("architectures")["floors"]
    for name, oldest in said["value"].items():
        major, small = release(name)[0], (*release(name), 0)[1]
        if major == capability[0] and small <= capability[1]:
            return fact({**said, "value": oldest}, lambda value: (value["torch"], value["cuda"]))
    return None
