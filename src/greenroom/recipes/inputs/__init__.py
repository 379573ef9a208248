"""What one asks of each family: one declaration, from which flags, forms, schemas and checks are drawn."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from greenroom.errors import UnknownName

if TYPE_CHECKING:
    from greenroom.inputs import Inputs

# The class in the module of the same name as the family.
_DECLARATIONS = {
    "voice": "SpeakInputs",
    "f5tts": "F5SpeakInputs",
    "foley": "FoleyInputs",
    "seedvr2": "RestoreInputs",
    "steadydancer": "AnimateInputs",
}


def declaration(family: str) -> type[Inputs]:
    """The inputs of a family. Imports that family's declaration alone. Raises UnknownName."""
    if family not in _DECLARATIONS:
        raise UnknownName("family", family, _DECLARATIONS)
    module = importlib.import_module(f"{__name__}.{family}")
    declared: type[Inputs] = getattr(module, _DECLARATIONS[family])
    return declared
