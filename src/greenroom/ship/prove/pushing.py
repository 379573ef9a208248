"""An image that was proven, pushed; and the digest by which it is deployed."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.errors import GreenroomError, InputInvalid, quoted

if TYPE_CHECKING:
    from greenroom.ship.prove.engine import Engine

_PUSH_S = 3600.0
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_REFERENCE = re.compile(r"[a-z0-9][a-zA-Z0-9._:/-]*")


class PushFailed(GreenroomError):
    """The registry did not take the image, or did not say as what."""

    code = "push-failed"
    retryable = True


def check_reference(reference: str) -> str:
    """Raises InputInvalid for what is no name of an image, or has a digest of its own."""
    if not _REFERENCE.fullmatch(reference):
        raise InputInvalid(f"{quoted(reference)} is no place for an image", mend="--push REGISTRY/NAME:TAG")
    return reference


def push(engine: Engine, image: str, reference: str) -> str:
    """Push an image that is here; gives it as ``NAME@sha256:...``. Raises PushFailed, EngineFailed."""
    with tempfile.TemporaryDirectory(prefix="greenroom-push-") as folder:
        said = Path(folder) / "digest"
        if engine.name == "podman":
            ended = engine.ask("push", "--digestfile", str(said), image, reference, timeout_s=_PUSH_S)
        else:
            tagged = engine.ask("tag", image, reference)
            ended = tagged if tagged.code else engine.ask("push", reference, timeout_s=_PUSH_S)
        told = said.read_text(encoding="ascii") if said.is_file() else ended.text
    found = _DIGEST.search(told)
    if ended.code or found is None:
        last = next((line for line in reversed(ended.text.splitlines()) if line.strip()), "no reason was given")
        raise PushFailed(f"{reference} was not pushed: {last.strip()}", mend="log in to the registry, and run it again")
    return f"{_without_tag(reference)}@{found[0]}"


def _without_tag(reference: str) -> str:
    """A colon before the last slash is a port's."""
    head, slash, name = reference.rpartition("/")
    return f"{head}{slash}{name.partition(':')[0]}"
