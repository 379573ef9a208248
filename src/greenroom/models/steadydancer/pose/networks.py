"""The two pose networks as onnxruntime runs them, and what tells one file from another."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from hashlib import file_digest
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from greenroom.errors import ExtraMissing, FileUnreadable, InputInvalid, quoted
from greenroom.models.steadydancer.pose.errors import PoseNetworkFailed, PoseNetworkWrong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

Device = Literal["auto", "cpu", "cuda"]

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
# Keypoints are places of maxima: rounded products would move some.
_EXACT = {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}
_FLOAT = "tensor(float)"
_BATCH = 8  # more crops at once take memory and no less time
STRIDES = (8, 16, 32)
"""Pixels to a place of the detector's answer, in each of its three grids."""

SPLIT = 2
"""Places of a keypoint network's answer to a pixel of its input."""

_QUIET = 3  # of onnxruntime's levels: errors alone


@dataclass(frozen=True, slots=True)
class Role:
    """What a network must be. name: in words.  file and sha256: of the published one.

    given: its input's name, and height and width there.  fits: whether a smaller one may be such a network, by its
    height and width.  made: its outputs' names.  answers: their shapes for one picture, by its height and width.
    """

    name: str
    file: str
    sha256: str
    given: tuple[str, int, int]
    fits: Callable[[int, int], bool]
    made: tuple[str, ...]
    answers: Callable[[int, int], tuple[tuple[int, int], ...]]

    @property
    def shown(self) -> str:
        """Its signature as messages show it."""
        name, height, width = self.given
        outputs = zip(self.made, self.answers(height, width), strict=True)
        listed = ", ".join(_signature(output, (None, *shape)) for output, shape in outputs)
        return f"{_signature(name, (None, 3, height, width))} to {listed}"


DETECTOR = Role(
    "the person detector",
    "yolox_l.onnx",
    "7860ae79de6c89a3c1eb72ae9a2756c0ccfbe04b7791bb5880afabd97855a411",
    ("images", 640, 640),
    lambda height, width: height == width and width % STRIDES[-1] == 0,
    ("output",),
    lambda height, width: ((sum((height // stride) * (width // stride) for stride in STRIDES), 85),),
)
KEYPOINTS = Role(
    "the keypoint network",
    "dw-ll_ucoco_384.onnx",
    "724f4ff2439ed61afb86fb8a1951ec39c6220682803b4a8bd4f598cd913b1843",
    ("input", 384, 288),
    lambda height, width: 3 * height == 4 * width,
    ("simcc_x", "simcc_y"),
    lambda height, width: ((133, SPLIT * width), (133, SPLIT * height)),
)


class Network:
    """One of the two, ready to run.

    sha256: of its file.  size: height and width of its input.  batch: pictures it takes at once, None for any number.
    provider: what runs it, ``cuda`` or ``cpu``.
    """

    def __init__(self, session: Any, role: Role, name: str, sha256: str) -> None:
        """Raises PoseNetworkWrong."""
        self.role, self.name, self.sha256 = role, name, sha256
        self.provider: Literal["cuda", "cpu"] = "cuda" if _CUDA in session.get_providers() else "cpu"
        self._session = session
        self._input, self._outputs, self.size, self.batch = self._understood()

    @classmethod
    def open(cls, path: Path, role: Role, *, device: Device = "auto", gpu: int = 0, threads: int | None = None) -> Self:
        """Load a file as one of the two networks.

        device: auto takes a GPU where onnxruntime has one.  gpu: which, by its number.  threads: of the processor; all
        that this process may use by default. Raises FileUnreadable, PoseNetworkWrong, ExtraMissing, InputInvalid.
        """
        sha256 = _sha256(path, role)
        try:
            import onnxruntime
        except ModuleNotFoundError as error:
            raise ExtraMissing("onnxruntime, which runs the pose networks,", "animate") from error
        there = _CUDA in onnxruntime.get_available_providers()
        if device == "cuda" and not there:
            raise _without_gpu()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or _processors()
        options.log_severity_level = _QUIET
        # Threads that spin while they wait take the processor from whoever has work.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")

        def made(*providers: Any) -> Any:
            # Its own way to fall back writes to stdout.
            return onnxruntime.InferenceSession(str(path), options, providers=providers, enable_fallback=0)

        session = None
        if there and device != "cpu":
            with contextlib.suppress(Exception):  # onnxruntime's own types are not public
                session = made((_CUDA, {**_EXACT, "device_id": str(gpu)}), _CPU)
        try:
            session = session or made(_CPU)
        except Exception as error:
            raise PoseNetworkWrong(
                f"{quoted(path.name)} does not load as an ONNX network", mend=f"{_wanted(role)}; download it again"
            ) from error
        network = cls(session, role, path.name, sha256)
        if device == "cuda" and network.provider != "cuda":
            raise _without_gpu()
        return network

    @property
    def published(self) -> bool:
        """Whether the file is the published one, to the byte."""
        return self.sha256 == self.role.sha256

    def close(self) -> None:
        """Give back what it holds, of a GPU too. It does not run any more."""
        del self._session  # with it go onnxruntime's own stores of memory

    def run(self, pictures: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32], ...]:
        """The answers to prepared pictures, each (3, height, width): arrays whose first axis is the picture.

        Raises PoseNetworkWrong where they have another shape than this network's, PoseNetworkFailed.
        """
        parts: list[list[NDArray[np.float32]]] = [[] for _ in self._outputs]
        for batch, count in self._batches(pictures):
            for part, made in zip(parts, self._answered(batch), strict=True):
                part.append(np.asarray(made, np.float32)[:count])
        shapes = self.role.answers(*self.size)
        if not pictures:
            return tuple(np.empty((0, *shape), np.float32) for shape in shapes)
        answers = tuple(np.concatenate(part) for part in parts)
        wanted = [(len(pictures), *shape) for shape in shapes]
        if [answer.shape for answer in answers] != wanted:
            listed = zip(self._outputs, answers, strict=True)
            found = ", ".join(_signature(name, answer.shape) for name, answer in listed)
            raise self._wrong(f"answers {found}")
        return answers

    def _answered(self, batch: NDArray[np.float32]) -> Sequence[Any]:
        try:
            answers: Sequence[Any] = self._session.run(list(self._outputs), {self._input: batch})
        except Exception as error:  # onnxruntime's own types are not public
            why = quoted(str(error).strip().partition("\n")[0], 200)
            mend = "download it again" if self.provider == "cpu" else "let the pose networks run on the processor"
            raise PoseNetworkFailed(f"{quoted(self.name)}, {self.role.name}, broke off: {why}", mend=mend) from error
        return answers

    def _batches(self, pictures: Sequence[NDArray[np.float32]]) -> Iterator[tuple[NDArray[np.float32], int]]:
        """Pictures as the network takes them, and how many of each batch are not there to fill it."""
        most = self.batch or _BATCH
        for start in range(0, len(pictures), most):
            batch = np.stack(pictures[start : start + most])
            count = len(batch)
            if self.batch is not None and count < self.batch:
                batch = np.concatenate([batch, np.repeat(batch[-1:], self.batch - count, axis=0)])
            yield batch, count

    def _understood(self) -> tuple[str, tuple[str, ...], tuple[int, int], int | None]:
        """Its input's name, its outputs' names in the role's order, its size and its batch."""
        inputs, outputs = self._session.get_inputs(), self._session.get_outputs()
        found = f"takes {_listed(inputs)} and gives {_listed(outputs)}"
        if len(inputs) != 1 or len(outputs) != len(self.role.made):
            raise self._wrong(found)
        shape = inputs[0].shape
        sized = len(shape) == 4 and all(isinstance(length, int) for length in shape[1:])
        if not sized or shape[1] != 3 or min(shape[2:]) < 1 or not self.role.fits(shape[2], shape[3]):
            raise self._wrong(found)
        if any(one.type != _FLOAT for one in (*inputs, *outputs)):
            raise self._wrong(found)
        size = (shape[2], shape[3])
        named = {output.name: output for output in outputs}
        # Of another export, order and shapes tell.
        known = all(name in named for name in self.role.made)
        ordered = [named[name] for name in self.role.made] if known else list(outputs)
        for output, wanted in zip(ordered, self.role.answers(*size), strict=True):
            if output.shape and not _may_be(output.shape[1:], wanted):  # without one, nothing is said of it
                raise self._wrong(found)
        batch = shape[0] if isinstance(shape[0], int) and shape[0] > 0 else None
        return inputs[0].name, tuple(output.name for output in ordered), size, batch

    def _wrong(self, found: str) -> PoseNetworkWrong:
        return PoseNetworkWrong(f"{quoted(self.name)} is not {self.role.name}: it {found}", mend=_wanted(self.role))


def _processors() -> int:
    """That this process may run on, where the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _without_gpu() -> InputInvalid:
    return InputInvalid(
        "the pose networks are to run on a GPU, and this onnxruntime finds none",
        mend="pip install onnxruntime-gpu in its place, or let them run on the processor",
    )


def _wanted(role: Role) -> str:
    return f"give {role.file}, {role.shown} (sha256 {role.sha256[:12]}…)"


def _may_be(found: Sequence[object], wanted: tuple[int, int]) -> bool:
    """Whether a shape may be the wanted one: lengths that the file leaves open may be anything, until it has run."""
    if len(found) != len(wanted):
        return False
    return all(not isinstance(length, int) or length == want for length, want in zip(found, wanted, strict=True))


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(_signature(value.name, value.shape, value.type) for value in values) or "nothing"


def _signature(name: str, shape: Sequence[object], kind: str = _FLOAT) -> str:
    lengths = ", ".join(str(length) if isinstance(length, int) else "any" for length in shape)
    return f"{name} [{lengths}]{'' if kind == _FLOAT else f' of {kind}'}"


def _sha256(path: Path, role: Role) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileUnreadable(
            f"{quoted(path)}, {role.name}, cannot be read: {error.strerror}", mend=_wanted(role)
        ) from error
