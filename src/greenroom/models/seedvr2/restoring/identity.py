"""What a restoration depends on: two runs of which all this is the same make the same pixels."""

from __future__ import annotations

import re
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING, Any

from greenroom import __version__
from greenroom.models.identities import fingerprint

if TYPE_CHECKING:
    from greenroom.models.seedvr2.planning.costs import Networks
    from greenroom.models.seedvr2.restoring.encodings import Form
    from greenroom.models.seedvr2.restoring.sources import Source
    from greenroom.progress import Step
    from greenroom.recipes.inputs.seedvr2 import RestoreInputs
    from greenroom.runtime.rooms import Room

_NUMBER = re.compile(r":\d+")  # which of several devices says nothing
_LIBRARIES = ("av", "torch")
# Where the source lies says nothing; what is done about damage changes how many frames there are, and none of them; the
# rest of these are said by what becomes of them.
_BESIDE = ("source", "damaged", "format", "codec", "quality", "bits")


def identity(
    source: Source, inputs: RestoreInputs, form: Form, networks: Networks, weights: str, room: Room, step: Step
) -> dict[str, Any]:
    """As JSON holds it. Reads all of the source. Raises FileUnreadable, and what ``step`` raises."""
    asked = inputs.model_dump(mode="json")
    encoding = asdict(form.encoding) if form.encoding else {"format": form.image, "bits": form.bits}
    return {
        "source": fingerprint(source.files, step),
        **{name: value for name, value in asked.items() if name not in _BESIDE},
        "model": networks.name,
        "weights": weights,
        "size": str(form.size),
        **encoding,
        "device": room.gpu or _NUMBER.sub("", room.device),
        "devices": networks.ranks,
        "greenroom": __version__,
        **{name: metadata.version(name) for name in _LIBRARIES},
    }
