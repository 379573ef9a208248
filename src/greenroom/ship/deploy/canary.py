"""What proves a release: the inputs of one job, or one HTTP request."""

from __future__ import annotations

import json
from typing import Any

from greenroom.errors import InputInvalid, quoted

_TEXT = "Good evening. This is a test."


def usual_canary(model: str) -> dict[str, Any] | None:
    """Inputs that a model of the catalogue can be asked with anywhere: a text alone. None where it needs media."""
    from greenroom.inputs import fields
    from greenroom.recipes.catalogue import recipe
    from greenroom.recipes.inputs import declaration

    known = recipe(model)
    needed = [field.name for field in fields(declaration(known.family)) if field.required]
    return {"text": _TEXT} if known.family == "voice" and needed == ["text"] else None


def read_canary(text: str) -> dict[str, Any]:
    """A canary as the command line gives it. Raises InputInvalid."""
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise InputInvalid(f"--canary is {quoted(text)}", mend='give a JSON object: \'{"text": "Hello."}\'')
    return said
