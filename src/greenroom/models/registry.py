"""Which class serves a model: one of the catalogue by name, or anyone's own as ``module:Class``.

>>> find("voice-joe").factory
'greenroom.models.voice.model:VoiceModel'
"""

from __future__ import annotations

import importlib
import inspect
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.errors import InputInvalid, quoted
from greenroom.models.model import Model
from greenroom.recipes.catalogue import recipe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.inputs import Inputs
    from greenroom.models.rehearsal import Rehearsal
    from greenroom.recipes.recipe import Recipe

# Classes import their engines when they load, not when they are imported: a server imports them all.
_CLASSES = {
    "voice-joe": "greenroom.models.voice.model:VoiceModel",
    "f5tts-v1-base": "greenroom.models.f5tts.model:F5TTSV1Base",
    "f5tts-base": "greenroom.models.f5tts.model:F5TTSBase",
    "e2tts-base": "greenroom.models.f5tts.model:E2TTSBase",
    "hunyuanvideo-foley-xl": "greenroom.models.foley.model:FoleySmall",
    "hunyuanvideo-foley-xxl": "greenroom.models.foley.model:FoleyLarge",
    "seedvr2-3b": "greenroom.models.seedvr2.model:SeedVR2Small",
    "seedvr2-7b": "greenroom.models.seedvr2.model:SeedVR2Large",
    "seedvr2-7b-sharp": "greenroom.models.seedvr2.model:SeedVR2Sharp",
    "steadydancer-14b": "greenroom.models.steadydancer.model:SteadyDancer14B",
}
# By family; classes of these, too, import their engines when they run.
_REHEARSALS = {
    "voice": "greenroom.models.voice.rehearsal:VoiceRehearsal",
    "f5tts": "greenroom.models.f5tts.rehearsal:F5Rehearsal",
    "seedvr2": "greenroom.models.seedvr2.rehearsal:SeedVR2Rehearsal",
    "foley": "greenroom.models.foley.rehearsal:FoleyRehearsal",
    "steadydancer": "greenroom.models.steadydancer.rehearsal:SteadyDancerRehearsal",
}
_FACTORY = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


class NotServed(InputInvalid):
    """The catalogue knows the model, and no code here runs it yet."""

    code = "not-served"


class ModelInvalid(InputInvalid):
    """A ``module:Class`` that is not there, or is no model."""

    code = "model-invalid"


@dataclass(frozen=True, slots=True)
class Served:
    """A model as it is served.

    name: what users call it.  factory: ``module:Class``, importable by the server and by its workers.  recipe: None
    for models that are not of the catalogue.
    """

    name: str
    factory: str
    model: type[Model]
    recipe: Recipe | None = None

    @property
    def inputs(self) -> type[Inputs]:
        """What it takes."""
        return self.model.inputs

    @property
    def concurrency(self) -> int:
        """How many requests it does at once on one device."""
        return self.model.concurrency

    @property
    def memory(self) -> int:
        """Bytes that it takes on its device while it works, 0 for nothing worth counting."""
        return self.model.memory

    @property
    def streams(self) -> bool:
        """Whether it can hand on its result while it makes it."""
        return self.model.streams

    @property
    def timeout_s(self) -> float:
        """How long a job of it may run whose caller does not say."""
        return self.model.timeout_s

    @property
    def silent_s(self) -> float:
        """How long a request of it may say nothing before its process is taken for hung."""
        return self.model.silent_s

    @property
    def stages(self) -> Mapping[str, float]:
        """The stages of its work that count the same, by the share of each in the time."""
        return self.model.stages

    @property
    def has_smaller_plan(self) -> bool:
        """Whether it can do the same work in less memory."""
        return self.model.has_smaller_plan


def find(name: str) -> Served:
    """The model that users call ``name``. Raises UnknownName, NotServed, ModelInvalid."""
    if ":" in name:
        return Served(name, name, load_class(name))
    known = recipe(name)
    if name not in _CLASSES:
        raise NotServed(f"{name} cannot be served yet", mend=f"serve one of these: {', '.join(sorted(_CLASSES))}")
    return Served(name, _CLASSES[name], load_class(_CLASSES[name]), known)


def find_rehearsal(name: str) -> tuple[Recipe, type[Rehearsal]]:
    """A model of the catalogue, and how its family is rehearsed. Raises UnknownName, NotServed."""
    known = recipe(name)
    if known.is_component or known.family not in _REHEARSALS:
        can = [model for model in _CLASSES if recipe(model).family in _REHEARSALS]
        raise NotServed(f"{name} cannot be rehearsed yet", mend=f"rehearse one of these: {', '.join(sorted(can))}")
    module, _, kind = _REHEARSALS[known.family].partition(":")
    found: type[Rehearsal] = getattr(importlib.import_module(module), kind)
    return known, found


def load_class(factory: str) -> type[Model]:
    """The class that ``module:Class`` names. Raises ModelInvalid."""
    shown = quoted(factory)
    if not _FACTORY.fullmatch(factory):
        raise ModelInvalid(f"{shown} names no class", mend="write it as module:Class, such as my_models:Echo")
    module_name, _, class_name = factory.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # whatever stands in someone's module may fail in any way
        raise ModelInvalid(
            f"the module of {shown} cannot be imported: {type(error).__name__}: {error}",
            mend=(
                "start greenroom where the module lies, or add its folder to PYTHONPATH"
                if isinstance(error, ModuleNotFoundError)
                else "mend the module"
            ),
        ) from error
    found = getattr(module, class_name, None)
    if not inspect.isclass(found) or not issubclass(found, Model):
        what = "is no Model" if found else "is not there"
        raise ModelInvalid(f"{shown} {what}", mend="derive the class from greenroom.models.model.Model")
    missing = [*sorted(found.__abstractmethods__), *([] if hasattr(found, "inputs") else ["inputs"])]
    if missing:
        raise ModelInvalid(f"{shown} lacks {', '.join(missing)}", mend="see greenroom.models.model.Model")
    _check_concurrency(shown, found)
    return found


def _check_concurrency(shown: str, found: type[Model]) -> None:
    at_once: object = found.concurrency
    if not isinstance(at_once, int) or isinstance(at_once, bool) or at_once < 1:
        raise ModelInvalid(
            f"{shown} has the concurrency {quoted(at_once)}", mend="make it a whole number of requests, 1 or more"
        )
