"""The embedded voice, loaded once a process: it takes a second, and nothing in it changes when it speaks."""

from __future__ import annotations

import functools

from greenroom.models.voice.piper import Piper
from greenroom.models.voice.speak import LoadedVoice
from greenroom.models.voice.voices import find_voice

load_once = functools.cache(Piper.load)


def joe() -> LoadedVoice:
    """The voice of the catalogue."""
    source = find_voice("voice-joe")
    return LoadedVoice(source, load_once(source.model))
