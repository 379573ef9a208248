"""Models that fail: by memory, the device or the disk, while they load, for good or for the first attempts."""

from __future__ import annotations

import errno
import os
import signal
import sys
import time
from pathlib import Path
from typing import Annotated, Self

from greenroom.errors import Cancelled, GreenroomError
from greenroom.inputs import Input, Inputs
from greenroom.models.model import Generated, MadeFile, Work
from greenroom.runtime.residency import MemoryShort
from tests.serve.models.common import (
    MARKS,
    MB,
    NoInputs,
    Plain,
    TextInputs,
    TimesInputs,
    TryAgain,
    count,
    is_there,
    wait_for,
)


class PartsInputs(Inputs):
    """Work in parts, each of which outlives the process that did it."""

    parts: Annotated[int, Input("How many.", ge=1)] = 4
    part_s: Annotated[float, Input("How long each takes.", ge=0, unit="s")] = 0.02
    waits_at: Annotated[int | None, Input("Wait for the mark behind so many parts.", ge=0)] = None
    dies_at: Annotated[int | None, Input("The first attempt kills its process behind so many parts.", ge=0)] = None
    fails_at: Annotated[int | None, Input("The first attempt fails behind so many, and may be tried again.", ge=0)] = (
        None
    )
    dies_always_at: Annotated[int | None, Input("Every attempt kills its process behind so many parts.", ge=0)] = None
    short_at: Annotated[int | None, Input("Runs out of memory behind so many, unless planned small.", ge=0)] = None


class Crasher(Plain):
    """Kills its own process for the first attempts."""

    inputs = TimesInputs

    def generate(self, inputs: TimesInputs, work: Work) -> Generated:
        attempt = count("crasher")
        if attempt <= inputs.times:
            os.kill(os.getpid(), signal.SIGKILL)
        return Generated({"attempt": attempt})


class OutOfMem(Plain):
    """Fits only by its smaller plan."""

    inputs = NoInputs
    has_smaller_plan = True

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        if not work.small:
            (work.folder / "half.bin").write_bytes(b"half")
            raise MemoryError
        return Generated({"small": True, "left": sorted(path.name for path in work.folder.iterdir())})


class TooLarge(Plain):
    """Never fits."""

    inputs = NoInputs
    memory = 5 * MB

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        raise MemoryError


class Cramped(Plain):
    """Runs out of memory, and has no smaller plan that fits."""

    inputs = NoInputs
    has_smaller_plan = True

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        if work.small:
            raise MemoryShort("cramped", 16 * MB, "cpu", 18 * MB)
        raise MemoryError


class Flaky(Plain):
    """Fails in a way that another attempt may not meet, for the first attempts."""

    inputs = TimesInputs

    def generate(self, inputs: TimesInputs, work: Work) -> Generated:
        attempt = count("flaky")
        if attempt <= inputs.times:
            raise TryAgain(f"attempt {attempt} failed", mend="try again")
        return Generated({"attempt": attempt})


class Broken(Plain):
    """Meets a mistake of its own, whose words hold a path."""

    inputs = TextInputs

    def generate(self, inputs: TextInputs, work: Work) -> Generated:
        raise ValueError(f"/secret/place {inputs.text}")


class Unruly(Plain):
    """Does what no model may do: ``object``, ``outside`` or ``exit``."""

    inputs = TextInputs

    def generate(self, inputs: TextInputs, work: Work) -> Generated:
        if inputs.text == "exit":
            sys.exit(3)
        if inputs.text == "object":
            return Generated({"made": object()})
        outside = work.folder.parent / "outside.txt"
        outside.write_text("not here")
        return Generated({}, (MadeFile(outside, "text/plain"),))


class StickyCuda(Plain):
    """Loses its device, as torch says it."""

    inputs = NoInputs

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        raise RuntimeError("CUDA error: an illegal memory access was encountered")


class BadLoad(Plain):
    """Does not load before its weights are there: a file among the marks."""

    inputs = NoInputs

    @classmethod
    def load(cls, device: str) -> Self:
        if not Path(os.environ.get(MARKS, os.devnull), "weights").exists():
            raise GreenroomError("the weights are not there", mend="greenroom weights pull")
        return cls()

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        return Generated({})


class Quitter(Plain):
    """Stops without being told to."""

    inputs = NoInputs

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        raise Cancelled


class DiesLoading(Plain):
    """Kills its own process while it loads."""

    inputs = NoInputs

    @classmethod
    def load(cls, device: str) -> Self:
        os.kill(os.getpid(), signal.SIGKILL)
        return cls()

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        raise AssertionError("it never loaded")


class SlowLoad(Plain):
    """Loads once the mark ``loads`` is there, and is warm once ``warms`` is."""

    inputs = NoInputs

    @classmethod
    def load(cls, device: str) -> Self:
        wait_for("loads")
        return cls()

    def warm_up(self, work: Work) -> None:
        wait_for("warms")

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        return Generated({})


class Gated(Plain):
    """Loads once it is let: a file among the marks."""

    inputs = NoInputs

    @classmethod
    def load(cls, device: str) -> Self:
        wait_for("open")
        return cls()

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        return Generated({})


class Keeper(Plain):
    """Goes on where an earlier attempt ended; says what it found and what it did."""

    inputs = PartsInputs
    has_smaller_plan = True

    def generate(self, inputs: PartsInputs, work: Work) -> Generated:
        if work.kept is None:
            return Generated({"kept": False})
        found = sorted(path.name for path in work.kept.iterdir() if path.suffix == ".part")
        first = count("keeper") == 1
        done = []
        for place in range(inputs.parts):
            work.step("working", place, inputs.parts)
            while place == inputs.waits_at and not is_there("open"):
                work.step("waiting", place, inputs.parts)
                time.sleep(0.01)
            if first and place == inputs.dies_at:
                os.kill(os.getpid(), signal.SIGKILL)
            if place == inputs.dies_always_at:
                os.kill(os.getpid(), signal.SIGKILL)
            if first and place == inputs.fails_at:
                raise TryAgain("it did not work", mend="try again")
            if place == inputs.short_at and not work.small:
                raise MemoryError
            if f"{place}.part" not in found:
                time.sleep(inputs.part_s)
                (work.kept / f"{place}.half").write_text("done")
                (work.kept / f"{place}.half").rename(work.kept / f"{place}.part")
                done.append(f"{place}.part")
        return Generated({"found": found, "done": done, "small": work.small})


class Elsewhere(Plain):
    """Is not to blame for its first attempts, whose words name a place of the machine."""

    inputs = TimesInputs

    def generate(self, inputs: TimesInputs, work: Work) -> Generated:
        if count("elsewhere") <= inputs.times:
            error = TryAgain(f"'{work.folder}/lock' is held by another", mend=f"wait for {work.folder}/lock")
            error.blameless = True
            raise error
        return Generated({})


class Mute(Plain):
    """Says a step, and at its first attempt nothing more. silent_s: longer than a busy machine stands still."""

    inputs = NoInputs
    silent_s = 3.0

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        work.step("talking", 0, 1)
        if count("mute") == 1:
            time.sleep(600)
        return Generated({})


class DiskFull(Plain):
    """Meets a disk without room, as the system says it."""

    inputs = NoInputs

    def generate(self, inputs: NoInputs, work: Work) -> Generated:
        raise OSError(errno.ENOSPC, "No space left on device", str(work.folder / "result.bin"))
