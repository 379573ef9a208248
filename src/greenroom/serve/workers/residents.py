"""The models of one device, in the worker: loaded, warmed, put to sleep for each other, woken when asked for."""

from __future__ import annotations

import contextlib
import logging
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.errors import GreenroomError
from greenroom.models.model import Work
from greenroom.models.registry import load_class
from greenroom.runtime.device import device_memory, host_memory, is_host, members
from greenroom.runtime.memory import is_device_lost, is_out_of_memory, release
from greenroom.runtime.residency import Residency
from greenroom.serve.workers.errors import GangUnfit, ModelUnready
from greenroom.serve.workers.logs import sendable
from greenroom.serve.workers.protocol import State, Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from greenroom.models.model import Model
    from greenroom.serve.workers.protocol import Message, Setup
    from greenroom.serve.workers.state import Standing

_log = logging.getLogger(__name__)


class Residents:
    """Keeps the models that fit awake; says each change of a model's state."""

    def __init__(self, setup: Setup, send: Callable[[Message], None]) -> None:
        self._setup = setup
        self._send = send
        self._factories = {spec.name: spec.factory for spec in setup.models}
        self._classes: dict[str, type[Model]] = {}
        self._models: dict[str, Model] = {}
        self._asleep: set[str] = set()
        self._asked_at: dict[str, float] = {}
        memory = device_memory(setup.device) if setup.budget is None else None
        self._residency = Residency(setup.device, memory.free if memory else setup.budget)

    def prepare_all(self) -> None:
        """Load and warm up each model; one that fails leaves the others alone."""
        for name in self._factories:
            self.prepare(name)

    def prepare(self, name: str) -> None:
        """Load a model and do a real request with it. Raises what says that the device is lost, and nothing else."""
        try:
            self._say(name, "loading")
            model = self._load(name)
            self._say(name, "warming")
            with tempfile.TemporaryDirectory(dir=self._setup.folder) as folder, self._timed(name, "warm"):
                model.warm_up(Work(Path(folder)))
            self._say(name, "ready")
        except (Exception, SystemExit) as error:  # models are anyone's code
            self._failed(name, error)

    def awake(self, name: str) -> Model:
        """The model, ready for a request. Raises ModelUnready, and what says that the device is lost."""
        if name not in self._models or name in self._asleep:
            try:
                model = self._wake(name) if name in self._asleep else self._load(name)
                self._say(name, "ready")
            except (Exception, SystemExit) as error:  # models are anyone's code
                raise ModelUnready(name, self._failed(name, error)) from None
        else:
            model = self._models[name]
        self.asked(name)
        return model

    def asked(self, name: str) -> None:
        """The model was in use until now."""
        now = self._asked_at[name] = time.monotonic()
        if name in self._models and name not in self._asleep:
            self._residency.used(name, now)

    def unload_idle(self, in_use: str | None = None) -> None:
        """Unload what nobody asked for in a long time, other than the model that is ``in_use``."""
        if self._setup.idle_unload_s is not None:
            oldest = time.monotonic() - self._setup.idle_unload_s
            for name in [name for name in self._models if name != in_use and self._asked_at[name] <= oldest]:
                self._unload(name)

    def next_unload_s(self, in_use: str | None = None) -> float | None:
        """Seconds until ``unload_idle`` has something to do; None for never."""
        asked_at = [self._asked_at[name] for name in self._models if name != in_use]
        if self._setup.idle_unload_s is None or not asked_at:
            return None
        first = min(asked_at)
        return max(0.0, first + self._setup.idle_unload_s - time.monotonic())

    def _load(self, name: str) -> Model:
        model_class = self._classes.get(name) or load_class(self._factories[name])
        self._classes[name] = model_class
        if not model_class.gangs and len(members(self._setup.device)) > 1:
            raise GangUnfit(name, self._setup.device)
        self._residency.plan(name, model_class.memory, model_class.least_memory)
        self._make_room(name)
        with self._timed(name, "load"):
            self._models[name] = model_class.load(self._setup.device)
        self.asked(name)
        return self._models[name]

    def _wake(self, name: str) -> Model:
        self._make_room(name)
        with self._timed(name, "wake"):
            self._models[name].wake()
        self._asleep.discard(name)
        return self._models[name]

    def _make_room(self, name: str) -> None:
        for leaving in self._residency.leaving(name):
            if self._can_sleep(leaving):
                self._put_to_sleep(leaving)
            else:
                self._unload(leaving)

    def _can_sleep(self, name: str) -> bool:
        """On the host itself sleep frees nothing; elsewhere the host must have room for the weights."""
        if not self._classes[name].sleeps or is_host(self._setup.device):
            return False
        host = host_memory()
        return host is None or host.free > self._classes[name].memory

    def _put_to_sleep(self, name: str) -> None:
        try:
            with self._timed(name, "sleep"):
                self._models[name].sleep()
        except Exception as error:  # models are anyone's code
            if is_device_lost(error):
                raise
            _log.exception("%s does not sleep, so it is unloaded", name)
            self._unload(name)
            return
        self._residency.left(name)
        self._asleep.add(name)
        release()
        self._say(name, "asleep")

    def _unload(self, name: str) -> None:
        self._forget(name)
        release()
        self._say(name, "unloaded")

    def _forget(self, name: str) -> None:
        self._residency.left(name)
        self._asleep.discard(name)
        self._models.pop(name, None)

    def _failed(self, name: str, error: BaseException) -> str:
        """Give up a model; gives the reason in words."""
        if is_device_lost(error):
            raise error
        if isinstance(error, GreenroomError):
            reason = f"{error.message}; {error.mend}" if error.mend else error.message
        elif is_out_of_memory(error):
            reason = "memory ran out while it loaded"
        else:
            reason = f"it does not load ({type(error).__name__}); the server's log says more"
        _log.error("%s does not load: %s", name, reason, exc_info=error)
        self._forget(name)
        release(error)
        self._say(name, "failed", reason)
        return reason

    def _say(self, name: str, state: Standing, reason: str = "") -> None:
        self._send(State(name, state, sendable(reason)))

    @contextlib.contextmanager
    def _timed(self, name: str, stage: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._send(Timing(name, stage, time.monotonic() - began))
