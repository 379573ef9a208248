"""What one asks of HunyuanVideo-Foley: sound for a silent video, for a picture, or of words alone."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import model_validator

from greenroom.errors import InputInvalid
from greenroom.inputs import Input, Inputs

LONGEST_S = 3600
"""What is made stays in memory until it is written."""

LOUDNESS_LUFS = -23.0
"""What EBU R 128 asks of a programme."""


class FoleyInputs(Inputs):
    """Sound that fits a video."""

    # Whether ``seconds`` gives way to a video's own length; else both of them are refused.
    seconds_yield: ClassVar[bool] = False

    video: Annotated[
        str | None,
        Input(
            "The video to make sound for, 0.64 s or longer, or a picture; left out, the prompt says all.",
            min_length=1,
            media="video-or-image",
            subject=True,
        ),
    ] = None
    prompt: Annotated[
        str,
        Input("What should be heard; text beyond 77 tokens, about 60 words, is cut.", max_length=100_000, subject=True),
    ] = ""
    shot_prompts: Annotated[
        str,
        Input(
            "What should be heard in each shot of the video, a line each; an empty line keeps the prompt.",
            max_length=100_000,
            subject=True,
        ),
    ] = ""
    seconds: Annotated[
        float | None,
        Input(
            "Length of the sound where there is no video; left out, 8. A video has its own.",
            ge=0.64,
            le=LONGEST_S,
            unit="s",
            subject=True,
        ),
    ] = None
    negative_prompt: Annotated[str, Input("What should not be heard.", max_length=100_000)] = "noisy, harsh"
    steps: Annotated[int, Input("Solver steps: more is slower and cleaner.", ge=10, le=100)] = 50
    guidance: Annotated[
        float, Input("How closely to follow picture and prompt; 1 turns guidance off.", ge=1, le=10)
    ] = 4.5
    samples: Annotated[int, Input("How many different sounds to make for the video.", ge=1, le=6)] = 1
    seed: Annotated[int, Input("Same seed, same video, same sound.", ge=0, le=2**31 - 1)] = 1
    exact: Annotated[
        bool,
        Input("End the sound with the pictures, however long; else by the original's rule, which sees 15 s at most."),
    ] = True
    mix: Annotated[
        Literal["replace", "under", "ducked"],
        Input(
            "What becomes of the video's own sound: it is replaced, or the new one lies under it, or is as loud and"
            " gives way while something is heard."
        ),
    ] = "replace"
    loudness: Annotated[float, Input("How loud the whole is, by EBU R 128.", ge=-40, le=-6, unit="LUFS")] = (
        LOUDNESS_LUFS
    )

    @property
    def prompts_of_shots(self) -> tuple[str, ...]:
        """One of each shot, the prompt where a line is empty; none where there is no line."""
        return tuple(line.strip() or self.prompt for line in self.shot_prompts.splitlines())

    @model_validator(mode="after")
    def _says_what_is_heard(self) -> Self:
        if self.video is None and not self.prompt.strip():
            raise InputInvalid(
                "prompt is empty, and there is no video: nothing says what to hear", mend="give prompt, or video"
            )
        return self

    @model_validator(mode="after")
    def _has_an_end(self) -> Self:
        if self.video is None and not self.exact:
            raise InputInvalid(
                "exact is off, and there is no video: the original's rule is about where one ends",
                mend="leave exact on, or give a video",
            )
        return self

    @model_validator(mode="after")
    def _has_shots(self) -> Self:
        if not self.prompts_of_shots:
            return self
        if self.video is None:
            raise InputInvalid(
                "shot_prompts is given, and there is no video that has shots", mend="give prompt alone, or a video"
            )
        if not self.exact:
            raise InputInvalid(
                "shot_prompts is given, and exact is off: the original hears one prompt",
                mend="leave exact on, or shot_prompts out",
            )
        return self


class FoleyFileInputs(FoleyInputs):
    """What to make sound for, how, and what to make of it: where no file name tells."""

    # Who serves sees what a URL leads to when it is fetched, and clients send a length with whatever they ask for.
    seconds_yield: ClassVar[bool] = True

    format: Annotated[
        Literal["mp4", "mov", "mkv", "webm", "wav", "flac", "mp3", "opus"],
        Input("The video with its sound, as a container, or the sound alone; without a video that is WAV at least."),
    ] = "mp4"
    wav: Annotated[bool, Input("Give what was made alone, too, as WAV, before it is mixed.")] = False

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "Draft": {"steps": 20},
        "Choice of four": {"samples": 4},
        "Beside its own sound": {"mix": "ducked"},
        "For an editor": {"format": "wav"},
    }
