"""Which voice: one of the catalogue by name, or any Piper voice by path, and on what terms."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from greenroom.errors import ExtraMissing, UnknownName, closest
from greenroom.models.terms import notice_of, terms_of
from greenroom.recipes.catalogue import names, with_components

_FAMILY = "voice"


@dataclass(frozen=True, slots=True)
class VoiceSource:
    """A voice before it is loaded.

    model: its ONNX file.  notice: its terms in a line.  terms: what its user must know of licences, in plain words, the
    most restricting first.
    """

    name: str
    model: Path
    notice: str
    terms: tuple[str, ...]


def find_voice(wanted: str) -> VoiceSource:
    """Find a voice by name of the catalogue or path of its ``.onnx``.

    Raises UnknownName for what is neither, ExtraMissing when the package that carries it is not installed.
    """
    if wanted.endswith(".onnx") or "/" in wanted:
        path = Path(wanted).expanduser()
        notice = "its licence is not known to greenroom: read the card it came with; engine GPL-3.0-or-later"
        return VoiceSource(path.stem, path, notice, (notice,))
    voices = [name for name in names() if name.startswith(f"{_FAMILY}-")]
    if wanted not in voices:
        raise _unknown(wanted, voices)
    parts = with_components(wanted)
    found = parts[0]
    weights = next(file for file in found.files if file.path.endswith(".onnx"))
    return VoiceSource(wanted, _installed(weights.path, found.title), notice_of(parts), terms_of(parts))


def _installed(path: str, title: str) -> Path:
    """Where a file of an installed package lies. path: as the package's own record names it."""
    package, _, inside = path.partition("/")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ExtraMissing(f"the voice {title}", _FAMILY)
    return Path(spec.submodule_search_locations[0]) / inside


def _unknown(wanted: str, voices: list[str]) -> UnknownName:
    error = UnknownName("voice", wanted, voices)
    meant = closest(wanted, voices) or closest(f"{_FAMILY}-{wanted}", voices)
    guess = f"did you mean {meant}? " if meant else ""
    error.mend = f"{guess}greenroom models lists voices; any Piper voice goes by its path, such as ./voice.onnx"
    return error
