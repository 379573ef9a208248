"""Golden cases: what the original implementation answered, and how far our answer is from it.

A case is ``NAME.json`` (what is called, with which configuration, how close is close enough) and, where there are
tensors, ``NAME.safetensors``. In both, a tensor has a key: ``weights.NAME``, ``inputs.NAME`` or ``outputs.NAME``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from greenroom.errors import FileUnreadable, GreenroomError, UnknownName, quoted

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")

_TENSOR_KEY = re.compile(r"(?:weights|inputs|outputs)\.[\w.#]+")


class GoldenBroken(FileUnreadable):
    """A golden case does not hold what its own description says."""

    code = "golden-broken"

    def __init__(self, message: str) -> None:
        super().__init__(message, mend="copy the case's .json and .safetensors afresh; they belong together")


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Two numbers are equal when |ours - theirs| <= atol + rtol * |theirs|."""

    atol: float = 0.0
    rtol: float = 0.0

    def __str__(self) -> str:
        return f"{self.atol:g} + {self.rtol:g}|x|" if self.atol or self.rtol else "exact"


EXACT = Tolerance()


@dataclass(frozen=True, slots=True)
class Comparison:
    """One value of ours beside theirs.

    what: which value.  error: the largest |ours - theirs|, infinite where the two cannot be subtracted.
    reason: why it failed, empty when it passed.
    """

    what: str
    error: float
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Whether the two are equal within the tolerance."""
        return not self.reason


@dataclass(frozen=True, slots=True, eq=False)
class Golden:
    """A case as it was read. name: of the case.  facts: the JSON.  tensors: by key.  folder: where it was.

    ``tensor`` and ``compare`` note which outputs were asked for, so that none is forgotten: see ``unchecked``.
    """

    name: str
    facts: Mapping[str, Any]
    tensors: Mapping[str, Tensor] = field(default_factory=dict)
    folder: Path | None = None
    _checked: set[str] = field(default_factory=set)

    @property
    def tolerance(self) -> Tolerance:
        """How close is close enough, for the whole case; exact where the case gives none."""
        given = self.facts.get("tolerance", self.facts)  # some originals' cases have the two numbers at the top
        return Tolerance(float(given.get("atol", 0.0)), float(given.get("rtol", 0.0)))

    @property
    def config(self) -> Mapping[str, Any]:
        """What the model or function is built with."""
        config: Mapping[str, Any] = self["config"]
        return config

    @property
    def calls(self) -> Sequence[Mapping[str, Any]]:
        """What is called, in order."""
        calls: Sequence[Mapping[str, Any]] = self["calls"]
        return calls

    def __getitem__(self, key: str) -> Any:
        """One fact of the JSON. Raises GoldenBroken where there is none."""
        if key not in self.facts:
            raise GoldenBroken(f"{self.name}.json has no {quoted(key)}")
        return self.facts[key]

    def tensor(self, key: str) -> Tensor:
        """The tensor of a key. Raises GoldenBroken where there is none."""
        if key not in self.tensors:
            raise GoldenBroken(f"{self.name}.safetensors has no tensor {quoted(key)}")
        self._checked.add(key)
        return self.tensors[key]

    def weights(self, prefix: str = "") -> dict[str, Tensor]:
        """The weights whose names begin with ``prefix``, by what is left of their names."""
        start = f"weights.{prefix}"
        return {key.removeprefix(start): tensor for key, tensor in self.tensors.items() if key.startswith(start)}

    def resolve(self, value: Any) -> Any:
        """A value of the JSON with each tensor key, also in lists and objects, replaced by its tensor."""
        if isinstance(value, str) and (value in self.tensors or _TENSOR_KEY.fullmatch(value)):
            return self.tensor(value)
        if isinstance(value, list):
            return [self.resolve(part) for part in value]
        if isinstance(value, dict):
            return {key: self.resolve(part) for key, part in value.items()}
        return value

    def arguments(self, call: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of a call, tensors resolved."""
        arguments: dict[str, Any] = self.resolve(call["args"])
        return arguments

    def compare(self, what: str, ours: Tensor, key: str) -> Comparison:
        """Our tensor beside the tensor of a key, within the case's tolerance."""
        return close(what, ours, self.tensor(key), self.tolerance)

    def answers(self, operations: Mapping[str, Callable[..., Mapping[str, Tensor]]]) -> Iterator[Comparison]:
        """Make every call and compare every output that it lists.

        operations: what each ``op`` does; it takes the call's arguments by name and gives tensors by output name.
        Raises UnknownName for an ``op`` that is not in there, GoldenBroken for an output that it does not give.
        """
        for index, call in enumerate(self.calls):
            given = self.perform(call, operations)
            label = call.get("id", index)
            for name, key in call["outputs"].items():
                if name not in given:
                    raise GoldenBroken(f"{self.name}: {call['op']} gives no output {quoted(name)}")
                yield self.compare(f"{label}.{name}", given[name], key)

    def perform(self, call: Mapping[str, Any], operations: Mapping[str, Callable[..., T]]) -> T:
        """Make one call. Raises UnknownName for an ``op`` that is not in ``operations``."""
        return operation(call["op"], operations)(**self.arguments(call))

    def unchecked(self) -> list[str]:
        """Keys of the outputs that nothing was compared with so far."""
        return sorted(key for key in self.tensors if key.startswith("outputs.") and key not in self._checked)


def operation(name: str, operations: Mapping[str, T]) -> T:
    """What an ``op`` means. Raises UnknownName."""
    if name not in operations:
        raise UnknownName("operation", name, operations)
    return operations[name]


def read_golden(json_file: Path) -> Golden:
    """Read a case, ``NAME.json`` and what is beside it. Raises GoldenBroken."""
    name = json_file.stem
    try:
        facts = json.loads(json_file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise GoldenBroken(f"{json_file.name} cannot be read: {_short(error)}") from error
    if not isinstance(facts, dict):
        raise GoldenBroken(f"{json_file.name} holds no JSON object")
    if facts.get("case", name) != name:
        raise GoldenBroken(f"{json_file.name} describes the case {quoted(facts['case'])}")
    golden = Golden(name, facts, _read_tensors(json_file.with_suffix(".safetensors")), json_file.parent)
    _check_listing(golden)
    return golden


def _read_tensors(file: Path) -> dict[str, Tensor]:
    if not file.exists():  # a case of texts and numbers; a missing tensor is named when it is asked for
        return {}
    try:
        return load_file(file)
    except (OSError, SafetensorError) as error:
        raise GoldenBroken(f"{file.name} cannot be read: {_short(error)}") from error


def _check_listing(golden: Golden) -> None:
    """The JSON may list inputs and outputs with type and shape, as a pair or an object; then the tensors are those."""
    for key, told in golden.facts.get("tensors", {}).items():
        listed = [told["dtype"], told["shape"]] if isinstance(told, dict) else told
        if key not in golden.tensors:
            raise GoldenBroken(f"{golden.name}.safetensors has no tensor {quoted(key)}")
        tensor = golden.tensors[key]
        found = [str(tensor.dtype).removeprefix("torch."), list(tensor.shape)]
        if found != listed:
            raise GoldenBroken(f"{golden.name}: {key} is {found[0]} {found[1]}, listed as {listed[0]} {listed[1]}")


def _short(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def close(what: str, ours: Tensor, theirs: Tensor, tolerance: Tolerance) -> Comparison:
    """Compare two tensors element by element, in float64.

    Shapes and kinds (boolean, whole, real) are the same too; NaN equals NaN, and an infinity itself. Whole numbers
    and booleans are compared exactly.
    """
    if ours.shape != theirs.shape:
        return Comparison(what, float("inf"), f"shape {list(ours.shape)} instead of {list(theirs.shape)}")
    if _kind(ours) != _kind(theirs):
        return Comparison(what, float("inf"), f"{_kind(ours)} numbers instead of {_kind(theirs)}")
    if not ours.numel():
        return Comparison(what, 0.0)
    a, b = ours.detach().cpu().double(), theirs.detach().cpu().double()
    if _kind(theirs) != "real":
        tolerance = EXACT
    same = (a == b) | (a.isnan() & b.isnan())
    error = torch.where(same, 0.0, (a - b).abs()).nan_to_num(nan=float("inf"), posinf=float("inf"))
    allowed = tolerance.atol + tolerance.rtol * torch.where(b.isfinite(), b.abs(), 0.0)
    outside = error > allowed
    if not outside.any():
        return Comparison(what, float(error.max()))
    worst = int(torch.argmax((error - allowed).flatten()))
    reason = (
        f"{int(outside.sum())} of {ours.numel()} values are off, by up to {float(error.max()):.3g}; "
        f"at {_place(worst, ours)} {float(a.flatten()[worst]):.6g} instead of {float(b.flatten()[worst]):.6g}"
    )
    return Comparison(what, float(error.max()), reason)


def _kind(tensor: Tensor) -> str:
    if tensor.dtype == torch.bool:
        return "boolean"
    return "real" if tensor.is_floating_point() else "whole"


def _place(index: int, tensor: Tensor) -> list[int]:
    return [int(i) for i in torch.unravel_index(torch.tensor(index), tensor.shape)]


def same(what: str, ours: Any, theirs: Any) -> Comparison:
    """Compare texts, whole numbers, lists of them: equal or not."""
    if ours == theirs:
        return Comparison(what, 0.0)
    return Comparison(what, float("inf"), f"{quoted(ours)} instead of {quoted(theirs)}")


def near(what: str, ours: float, theirs: float, allowed: float) -> Comparison:
    """Compare two numbers, one of which was rounded when it was written down."""
    error = abs(ours - theirs)
    return Comparison(what, error, "" if error <= allowed else f"{ours:.6g} instead of {theirs:.6g}")


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of a case. error: the largest of its comparisons.  tolerance: as shown.  reasons: why it failed."""

    name: str
    error: float
    tolerance: Tolerance
    reasons: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every comparison passed, and there was one."""
        return not self.reasons


Case: TypeAlias = Callable[[Golden], Iterator[Comparison]]
"""Makes what a case describes with our code, and compares."""


def run_case(json_file: Path, cases: Mapping[str, Case]) -> CaseResult:
    """Read one case and run it. Never fails: whatever goes wrong is a reason for the case to fail."""
    name = json_file.stem
    tolerance = EXACT
    try:
        if name not in cases:
            raise UnknownName("case", name, cases)  # noqa: TRY301 - it ends as any other reason does
        golden = read_golden(json_file)
        tolerance = golden.tolerance
        with torch.inference_mode():
            comparisons = list(cases[name](golden))
    except GreenroomError as error:
        return CaseResult(name, float("inf"), tolerance, (error.message,))
    except Exception as error:  # a case may hold anything: one line says so, and the next case runs
        return CaseResult(name, float("inf"), tolerance, (f"{type(error).__name__}: {_short(error)}",))
    reasons = [f"{comparison.what}: {comparison.reason}" for comparison in comparisons if not comparison.passed]
    if not comparisons:
        reasons.append("nothing to compare")
    if forgotten := golden.unchecked():
        reasons.append(f"outputs that nothing is compared with: {', '.join(forgotten)}")
    error_of_all = max((comparison.error for comparison in comparisons), default=float("inf"))
    return CaseResult(name, error_of_all, tolerance, tuple(reasons))
