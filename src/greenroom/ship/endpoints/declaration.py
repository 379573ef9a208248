"""What is to be deployed, as a file says it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.errors import FileUnreadable, InputInvalid, UnknownName, quoted
from greenroom.ship.deploy.records import checked_name
from greenroom.ship.endpoints.configuration import CHANGEABLE

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.ship.endpoints.configuration import Values

_KNOWN = (*CHANGEABLE, "type", "templateId")
_TYPES = ("QUEUE", "LOAD_BALANCER")
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Declaration:
    """An endpoint as it should be. values: the body of ``POST /v2/serverless``, its type and name among them."""

    name: str
    values: Values

    @property
    def type(self) -> str:
        """``QUEUE`` or ``LOAD_BALANCER``."""
        return str(self.values["type"])


def read_declaration(path: Path, *, image: str | None = None, name: str | None = None) -> Declaration:
    """Read ``endpoint.json``. image, name: instead of the file's own.

    Raises FileUnreadable, UnknownName for a field that the interface does not have, InputInvalid.
    """
    values = _object(path)
    for field in values:
        if field not in _KNOWN:
            raise UnknownName(f"field of an endpoint (in {path.name})", field, _KNOWN)
    values |= {field: given for field, given in (("image", image), ("name", name)) if given}
    called = checked_name(values.get("name"))
    values.setdefault("type", "QUEUE")
    if values["type"] not in _TYPES:
        raise UnknownName("type of an endpoint", str(values["type"]), _TYPES)
    is_queue = values["type"] == "QUEUE"
    values.setdefault(
        "scaling",
        {"type": "QUEUE_DELAY", "queueDelay": 4} if is_queue else {"type": "REQUEST_COUNT", "requestCount": 4},
    )
    values.setdefault("workers", {"min": 0, "max": 3})
    values.setdefault("env", {})
    if not values.get("image") and not values.get("templateId"):
        raise InputInvalid(f"{quoted(path)} names no image", mend="--image NAME@sha256:DIGEST")
    if ("gpu" in values) == ("cpu" in values):
        raise InputInvalid(f"{quoted(path)} must have one of gpu and cpu", mend='"gpu": {"pools": ["ADA_24"]}')
    _check_kinds(path, values)
    return Declaration(called, values)


def _object(path: Path) -> Values:
    try:
        with path.open("rb") as file:
            said = json.loads(file.read(_LARGEST))
    except FileNotFoundError:
        raise FileUnreadable(f"there is no file {quoted(path)}", mend="check the path") from None
    except (OSError, ValueError) as error:
        raise FileUnreadable(
            f"{quoted(path)} cannot be read as JSON: {error}", mend="write the body of POST /v2/serverless"
        ) from error
    if not isinstance(said, dict):
        raise FileUnreadable(f"{quoted(path)} holds no object", mend="write the body of POST /v2/serverless")
    return said


def _check_kinds(path: Path, values: Values) -> None:
    """What the checks before a deploy read must be what they take it for. Raises InputInvalid."""
    for field, kind, word in (
        ("env", dict, "an object"), ("workers", dict, "an object"), ("scaling", dict, "an object"),
        ("gpu", dict, "an object"), ("cpu", list, "a list"), ("dataCenterIds", list, "a list"),
        ("networkVolumes", list, "a list"),
    ):  # fmt: skip
        if field in values and not isinstance(values[field], kind):
            raise InputInvalid(f"{field} in {quoted(path)} is not {word}", mend=f"make it {word}")
    env = values["env"]
    if wrong := next((name for name, value in env.items() if not isinstance(value, str)), None):
        raise InputInvalid(f"env.{wrong} in {quoted(path)} is not a string", mend="put quotes around it")
    for field in ("min", "max"):
        count = values["workers"].get(field, 0)
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise InputInvalid(f"workers.{field} in {quoted(path)} is {quoted(count)}", mend="a number from 0")
    if values["workers"].get("min", 0) > values["workers"].get("max", 3):
        raise InputInvalid(f"workers.min in {quoted(path)} is above workers.max", mend="raise max")
