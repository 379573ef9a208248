"""What the models share: the marks of tests, inputs that several take, and a failure that may pass."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated, Self

from greenroom.errors import GreenroomError
from greenroom.inputs import Input, Inputs
from greenroom.models.model import Model

# Names a folder where Crasher, Flaky and BadLoad count their attempts, which outlive the process, and where tests make
# marks that others wait for.
MARKS = "GREENROOM_TEST_MARKS"

MB = 1_000_000


class NoInputs(Inputs):
    """Nothing is asked."""


class TextInputs(Inputs):
    """A text to give back."""

    text: Annotated[str, Input("What to give back.")] = ""


class TimesInputs(Inputs):
    """Work that fails first."""

    times: Annotated[int, Input("How many attempts fail.", ge=0)] = 1


class TryAgain(GreenroomError):
    """A failure that another attempt may not meet."""

    code = "try-again"
    retryable = True


class Plain(Model):
    """Loads at once and keeps nothing."""

    @classmethod
    def load(cls, device: str) -> Self:
        return cls()


def is_there(mark: str) -> bool:
    """Whether a test has made a mark."""
    return Path(os.environ[MARKS], mark).exists()


def wait_for(mark: str) -> None:
    """Wait for a mark, deaf to all else."""
    while not is_there(mark):
        time.sleep(0.01)


def count(name: str) -> int:
    """Which attempt this is, from 1, over all processes of a test."""
    marks = Path(os.environ[MARKS])
    number = sum(1 for path in marks.iterdir() if path.name.startswith(f"{name}-")) + 1
    (marks / f"{name}-{number}").touch()
    return number
