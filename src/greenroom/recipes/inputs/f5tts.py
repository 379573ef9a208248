"""What one asks of F5-TTS and E2-TTS: text, spoken in the voice of a short recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self

from pydantic import model_validator

from greenroom.errors import InputInvalid, quoted
from greenroom.inputs import Input, Inputs
from greenroom.recipes.inputs.speech import LOUDNESS_LUFS, MOST_LETTERS, SpeechFileInputs

if TYPE_CHECKING:
    from collections.abc import Mapping


class F5SpeakInputs(Inputs):
    """Text to speech in the voice of a reference recording, or a recording with other words."""

    text: Annotated[
        str,
        Input(
            "What to say, in English or Chinese; [name] goes on in another stored voice, [pause 0.5s] is silence.",
            min_length=1,
            max_length=MOST_LETTERS,
        ),
    ]
    voice: Annotated[str | None, Input("A stored voice, by its name.", min_length=1, max_length=64, subject=True)] = (
        None
    )
    reference: Annotated[
        str | None,
        Input(
            "Or a recording of the voice to take; about 12 s of it are used.",
            min_length=1,
            media="audio",
            subject=True,
        ),
    ] = None
    reference_text: Annotated[
        str | None,
        Input("The words of that recording, exactly as spoken.", min_length=1, max_length=5000, subject=True),
    ] = None
    edit: Annotated[
        bool,
        Input(
            "Change the reference itself: text is its whole new wording, and what both texts share stays as recorded.",
            subject=True,
        ),
    ] = False
    steps: Annotated[int, Input("Solver steps: more is slower and cleaner.", ge=4, le=64)] = 32
    guidance: Annotated[
        float, Input("How closely to follow text and reference; 0 turns guidance off.", ge=0, le=10)
    ] = 2.0
    # Beyond 2 / (pi - 2) the bent times would run past their end.
    sway: Annotated[
        float, Input("-1 spends most steps on the outline of the speech, 0 spreads them evenly.", ge=-1, le=1.75)
    ] = -1.0
    speed: Annotated[float, Input("1 keeps the pace of the reference.", ge=0.3, le=2.0, unit="x")] = 1.0
    duration: Annotated[
        float | None,
        Input("Length of the result, exactly, instead of the one the text suggests.", gt=0, le=7200, unit="s"),
    ] = None
    cross_fade: Annotated[
        float, Input("Overlap at the joints of a long text; 0 joins without one.", ge=0, le=0.5, unit="s")
    ] = 0.15
    loudness: Annotated[float, Input("How loud the whole is, by EBU R 128.", ge=-40, le=-6, unit="LUFS")] = (
        LOUDNESS_LUFS
    )
    remove_silence: Annotated[bool, Input("Shorten the long pauses of the result.")] = False
    check_reference: Annotated[
        bool, Input("Listen first whether the reference says its text, where an aligner knows the language.")
    ] = True
    seed: Annotated[
        int | None, Input("Same seed, same words, same audio; left out, each run differs.", ge=0, le=2**31 - 1)
    ] = None
    language: Annotated[
        str | None,
        Input("Language of the text, such as en or zh; told from its letters if not given.", max_length=35),
    ] = None

    @model_validator(mode="after")
    def _names_one_voice(self) -> Self:
        if self.voice is not None and (self.reference is not None or self.reference_text is not None):
            other = "reference" if self.reference is not None else "reference_text"
            raise InputInvalid(
                f"voice is {quoted(self.voice)}, and {other} is given too: one voice is enough",
                mend="give voice alone, or reference with reference_text (--ref and --ref-text)",
            )
        if self.voice is None and self.reference is None:
            raise InputInvalid(
                "reference is missing: nothing says in which voice to speak",
                mend=(
                    "give reference, a recording, and reference_text, its words (--ref and --ref-text);"
                    " or voice, the name of a stored one"
                ),
            )
        if self.voice is None and self.reference_text is None:
            raise InputInvalid(
                "reference_text is missing", mend="give the words of the reference, exactly as spoken (--ref-text)"
            )
        return self

    @model_validator(mode="after")
    def _says_the_length_once(self) -> Self:
        if self.duration is not None and self.speed != 1.0:
            raise InputInvalid(
                f"duration is {self.duration:g}, and speed is given too: each says how long it takes",
                mend="give one of them",
            )
        if self.duration is not None and self.remove_silence:
            raise InputInvalid(
                f"duration is {self.duration:g}, and remove_silence would make it shorter",
                mend="leave out one of them",
            )
        return self

    @model_validator(mode="after")
    def _edits_a_recording(self) -> Self:
        if not self.edit:
            return self
        if self.voice is not None:
            raise InputInvalid(
                "edit changes a recording, and voice names none", mend="give reference and reference_text"
            )
        for name, given in (("duration", self.duration is not None), ("remove_silence", self.remove_silence)):
            if given:
                raise InputInvalid(
                    f"edit and {name} do not go together: what stays keeps its length", mend=f"leave out {name}"
                )
        return self


class F5SpeechInputs(SpeechFileInputs, F5SpeakInputs):
    """A text, the voice, how to say it, and what to make of it: where no file name tells."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "Draft": {"steps": 7},
        "Fast": {"steps": 16},
        "Best": {"steps": 32},
    }
