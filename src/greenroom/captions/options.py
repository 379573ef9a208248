"""What may be asked of captions, with the bounds of readable ones."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import field_validator, model_validator

from greenroom.errors import InputInvalid
from greenroom.inputs import Input, Inputs

_LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")


class CaptionInputs(Inputs):
    """How words become cues.

    Of the defaults, 42 letters, 2 lines, 5/6 s to 7 s and 2 frames of 24 between cues are the Netflix Timed Text Style
    Guide's for Latin scripts; 20 letters a second is what is quoted for adults who read English (an older page: 17).
    ``max_cps`` counts as ``count`` does.
    """

    max_chars: Annotated[int, Input("Letters on a line, spaces included.", ge=1, le=500)] = 42
    max_lines: Annotated[int, Input("Lines of a cue.", ge=1, le=10)] = 2
    max_cps: Annotated[
        float, Input("Letters a second; a cue that cannot keep to it is marked fast.", ge=0.1, le=1e6, unit="letters/s")
    ] = 20.0
    min_s: Annotated[
        float, Input("A cue stays at least this long, if the next leaves room.", ge=0, le=60, unit="s")
    ] = 0.833
    max_s: Annotated[float, Input("A cue stays at most this long.", ge=0.1, le=1e6, unit="s")] = 7.0
    gap_s: Annotated[float, Input("Free time between two cues.", ge=0, le=60, unit="s")] = 0.083
    chain_s: Annotated[
        float,
        Input(
            "A cue stays until the next when less than this is between them; 0.5 avoids flicker.", ge=0, le=60, unit="s"
        ),
    ] = 0.0
    break_pause_s: Annotated[float, Input("Silence that always ends a cue.", ge=0, le=1e6, unit="s")] = 1.5
    tail_s: Annotated[
        float, Input("A cue may stay this long after its last word, so that it can be read.", ge=0, le=60, unit="s")
    ] = 1.0
    join: Annotated[str, Input("What stands between two words: a space, or nothing.", max_length=8)] = " "
    count: Annotated[
        Literal["graphemes", "cells"],
        Input("What a letter is: one that is read as one, or with wide letters counted twice."),
    ] = "graphemes"
    karaoke: Annotated[bool, Input("Mark when each word begins, in ASS and WebVTT.")] = False
    srt_guard: Annotated[
        bool,
        Input(
            "Write SRT text that players take for markup, such as <b> or {x}, so that they show it; SRT has no escape."
        ),
    ] = False
    lang: Annotated[str, Input("Language of the words (en, de, ja, ...): where lines break well.", max_length=35)] = (
        "en"
    )

    def for_language(self, language: str) -> Self:
        """The same options for words of a language, unless they say one themselves."""
        return self if "lang" in self.model_fields_set else self.model_copy(update={"lang": language})

    @field_validator("join")
    @classmethod
    def _is_on_one_line(cls, join: str) -> str:
        if join.splitlines() not in ([], [join]) or "\x00" in join or not _encodable(join):
            raise ValueError("what joins words stands on a line with them")
        return join

    @field_validator("lang")
    @classmethod
    def _is_a_language_tag(cls, lang: str) -> str:
        if not _LANGUAGE_TAG.fullmatch(lang):
            raise ValueError("a language is written like en, pt-BR or zh-Hant")
        return lang

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        if self.min_s > self.max_s:
            raise InputInvalid(
                f"min_s is {self.min_s:g}, more than max_s {self.max_s:g}: no cue lasts both",
                mend="lower min_s or raise max_s",
            )
        return self


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
