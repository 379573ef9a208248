"""Voices that are kept by name: a recording as the model takes it, and what is known of it.

``FOLDER/NAME/reference.wav`` is mono, trimmed and cut to length; ``FOLDER/NAME/voice.toml`` holds its words. A voice is
whole or absent: it is made beside its place and renamed into it.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import tomllib
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from greenroom.errors import FileUnreadable, InputInvalid, UnknownName, quoted
from greenroom.files import writing_to
from greenroom.media.audio import AudioWriter, read_audio
from greenroom.models.f5tts.recording import Recording, sha256_of, take_recording
from greenroom.progress import Step, silent

if TYPE_CHECKING:
    from pathlib import Path


FOLDER = "voices"
"""Where voices are kept, below the folder of the data."""

LONGEST_NAME = 64
# As a script's [name] has it.
_NAME = re.compile(rf"\w{{1,{LONGEST_NAME}}}")
_SOUND, _FACTS = "reference.wav", "voice.toml"
# Tags of a script and words of other services: a voice of that name could not be asked for.
_TAKEN = frozenset({"default", "pause"})


class VoiceNameInvalid(InputInvalid):
    """A name that no voice can have."""

    code = "voice-name-invalid"


class VoiceTaken(InputInvalid):
    """There is a voice of that name already."""

    code = "voice-taken"


class VoiceUnknown(UnknownName):
    """No voice of that name is stored."""

    code = "voice-unknown"

    def __init__(self, name: str, known: list[str]) -> None:
        if known:
            super().__init__("stored voice", name, known)
            return
        InputInvalid.__init__(
            self,
            f"there is no stored voice {quoted(name)}; none is stored yet",
            mend='greenroom voices add NAME --ref voice.wav --ref-text "..."',
        )


@dataclass(frozen=True, slots=True)
class StoredVoice:
    """What is known of a voice.

    transcript: the words of its recording.  language: of them.  seconds: of the recording as it is used.
    source_sha256: of the file that it was made from.  created: UTC, ``2026-11-24T21:00:00Z``.
    """

    name: str
    transcript: str
    language: str
    seconds: float
    source_sha256: str
    created: str


class Voices:
    """The voices of a folder, which need not be there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def all(self) -> tuple[StoredVoice, ...]:
        """All voices by name; what is no voice is passed over."""
        found = []
        for facts in sorted(self._folder.glob(f"*/{_FACTS}")):
            with suppress(FileUnreadable):
                found.append(_read(facts))
        return tuple(found)

    def get(self, name: str) -> StoredVoice:
        """One voice. Raises VoiceUnknown, FileUnreadable."""
        if not _NAME.fullmatch(name) or not (self._folder / name / _FACTS).is_file():
            raise VoiceUnknown(name, [voice.name for voice in self.all()])
        return _read(self._folder / name / _FACTS)

    def recording(self, name: str) -> Path:
        """The sound of a voice that there is, one channel. Raises VoiceUnknown, FileUnreadable."""
        return self._folder / self.get(name).name / _SOUND

    def check_new(self, name: str) -> None:
        """Refuse a name before any work. Raises VoiceNameInvalid, VoiceTaken."""
        if not _NAME.fullmatch(name) or name.lower() in _TAKEN:
            raise VoiceNameInvalid(
                f"{quoted(name)} cannot be the name of a voice",
                mend=f"take up to {LONGEST_NAME} letters, digits and _, and not {' or '.join(sorted(_TAKEN))}",
            )
        if (self._folder / name).exists():
            raise VoiceTaken(f"there is a voice {quoted(name)} already", mend="remove it first, or take another name")

    def add(self, name: str, recording: Recording, source_sha256: str) -> StoredVoice:
        """Keep a voice. Raises VoiceNameInvalid, VoiceTaken, OutputUnwritable."""
        self.check_new(name)
        made = StoredVoice(
            name=name,
            transcript=recording.transcript,
            language=recording.language,
            seconds=round(recording.seconds, 3),
            source_sha256=source_sha256,
            created=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        staged, target = self._folder / f".{secrets.token_hex(6)}", self._folder / name
        try:
            with writing_to(target):
                staged.mkdir(parents=True)
                with (staged / _SOUND).open("xb") as file, AudioWriter(file, "wav", recording.rate) as sound:
                    sound.write(recording.samples)
                (staged / _FACTS).write_text(_toml(asdict(made)), encoding="utf-8")
                staged.rename(target)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        return made

    def remove(self, name: str) -> None:
        """Forget a voice. Raises VoiceUnknown, FileUnreadable, OutputUnwritable."""
        target = self._folder / self.get(name).name
        leaving = self._folder / f".{secrets.token_hex(6)}"
        with writing_to(target):
            target.rename(leaving)
            shutil.rmtree(leaving)


def _read(facts: Path) -> StoredVoice:
    shown = quoted(f"{facts.parent.name}/{facts.name}")
    try:
        said: dict[str, Any] = tomllib.loads(facts.read_text(encoding="utf-8"))
        return StoredVoice(name=facts.parent.name, **{key: said[key] for key in _KEYS})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError) as error:
        raise FileUnreadable(f"{shown} is not what a stored voice has", mend="remove the voice and add it anew") from (
            error
        )


_KEYS = ("transcript", "language", "seconds", "source_sha256", "created")


def _toml(facts: dict[str, Any]) -> str:
    """A line a fact. TOML's basic strings are JSON's, but for DEL, which no cleaned text holds."""
    return "".join(f"{key} = {json.dumps(facts[key], ensure_ascii=False)}\n" for key in _KEYS)


def add_recording(
    voices: Voices,
    name: str,
    path: Path,
    transcript: str,
    *,
    language: str | None = None,
    check: bool = True,
    step: Step = silent,
) -> tuple[StoredVoice, tuple[str, ...]]:
    """Keep the voice of a file; gives it, and what may make its speech worse.

    Raises VoiceNameInvalid, VoiceTaken, FileUnreadable, OutputUnwritable, and what ``take_recording`` raises.
    """
    voices.check_new(name)
    recording = take_recording(read_audio(path), transcript, language, check=check, step=step)
    return voices.add(name, recording, sha256_of(path)), recording.warnings
