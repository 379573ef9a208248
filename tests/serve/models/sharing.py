"""Models that share a device: several requests at once, and several models of which not all fit."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from typing import Annotated, Literal

from greenroom.inputs import Input, Inputs
from greenroom.models.model import Generated, MadeFile, Work
from tests.serve.models.common import (
    MB,
    Plain,
    TextInputs,
    is_there,
)

Then = Literal["finish", "hold", "sleep", "stream", "speak", "shrink", "fail", "lose", "die"]


class PartyInputs(Inputs):
    """Who is to be there, and what to do then."""

    guests: Annotated[int, Input("How many must be inside at once.", ge=1)] = 1
    patience_s: Annotated[float, Input("How long to wait for them.", ge=0, unit="s")] = 60.0
    then: Annotated[Then, Input("What to do when they are there.")] = "finish"
    label: Annotated[str, Input("Comes back with the result.")] = ""


class Party(Plain):
    """Does four requests at once: each waits until so many are inside, then does its own."""

    inputs = PartyInputs
    concurrency = 4
    streams = True
    has_smaller_plan = True

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside: list[_Guest] = []

    def generate(self, inputs: PartyInputs, work: Work) -> Generated:
        guest = _Guest()
        with self._changed:
            self._inside.append(guest)
            for each in self._inside:
                each.met = max(each.met, len(self._inside))
            self._changed.notify_all()
        try:
            if not work.small:
                self._meet(guest, inputs, work)
            self._do(inputs, work)
        finally:
            with self._changed:
                self._inside.remove(guest)
        path = work.folder / "label.txt"
        path.write_text(inputs.label)
        output = {"label": inputs.label, "met": guest.met, "small": work.small, "pid": os.getpid()}
        return Generated({**output, "thread": threading.get_ident()}, (MadeFile(path, "text/plain"),))

    def _meet(self, guest: _Guest, inputs: PartyInputs, work: Work) -> None:
        until = time.monotonic() + inputs.patience_s
        while guest.met < inputs.guests and time.monotonic() < until:
            work.step("arriving", guest.met, inputs.guests)
            with self._changed:
                self._changed.wait(0.01)
        work.step("together", guest.met, inputs.guests)

    def _do(self, inputs: PartyInputs, work: Work) -> None:
        match inputs.then:
            case "hold":
                while not is_there("open"):
                    work.step("holding", 0, 1)
                    time.sleep(0.01)
            case "sleep":
                time.sleep(600)
            case "stream" if work.hand_on:
                for place in range(200):
                    work.hand_on(f"{inputs.label}-{place} ".encode() * 1000)
            case "speak":
                for place in range(20):
                    print(inputs.label, end=f" {place}\n")
                    logging.getLogger("party").warning("%s %d", inputs.label, place)
                print(inputs.label, end=" leaves")
            case "shrink" if not work.small:
                raise MemoryError
            case "fail":
                raise ValueError(inputs.label)
            case "lose":
                raise RuntimeError("CUDA error: an illegal memory access was encountered")
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)


class _Guest:
    """One who is inside. met: the most who were there at once, itself included."""

    met = 0


class HeavyParty(Party):
    """Takes 60 MB of its device, and can sleep."""

    memory = 60 * MB
    sleeps = True

    def sleep(self) -> None:
        if self._inside:
            raise AssertionError("sent to sleep at work")

    def wake(self) -> None:
        pass


class _Weighty(Plain):
    """Counts how often it loads, sleeps and wakes."""

    inputs = TextInputs
    sleeps = True

    def __init__(self) -> None:
        self.asleep = False
        self.woken = 0

    def generate(self, inputs: TextInputs, work: Work) -> Generated:
        if self.asleep:
            raise AssertionError("asked while asleep")
        return Generated({"woken": self.woken, "text": inputs.text})

    def sleep(self) -> None:
        self.asleep = True

    def wake(self) -> None:
        self.asleep = False
        self.woken += 1


class Heavy(_Weighty):
    """Takes 60 MB of its device."""

    memory = 60 * MB


class Light(_Weighty):
    """Takes 30 MB of its device."""

    memory = 30 * MB


class Sleepless(_Weighty):
    """Takes 40 MB of its device, and does not wake."""

    memory = 40 * MB

    def wake(self) -> None:
        raise RuntimeError("no")


class Middling(_Weighty):
    """Takes 40 MB of its device, and cannot sleep."""

    memory = 40 * MB
    sleeps = False
