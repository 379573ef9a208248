"""What one asks of F5-TTS and E2-TTS: text, spoken in the voice of a short recording."""

from typing import Annotated

from greenroom.inputs import Input, Inputs


class F5SpeakInputs(Inputs):
    """Text to speech in the voice of a reference recording."""

    text: Annotated[str, Input("The words to speak, in English or Chinese.", min_length=1)]
    reference: Annotated[
        str, Input("A recording of the voice to take; about 12 s of it are used.", min_length=1, media="audio")
    ]
    reference_text: Annotated[str, Input("The words of the reference recording, exactly as spoken.", min_length=1)]
    steps: Annotated[int, Input("Solver steps: more is slower and cleaner.", ge=4, le=64)] = 32
    guidance: Annotated[float, Input("How closely to follow text and reference; 0 turns guidance off.", ge=0)] = 2.0
    # Beyond 2 / (pi - 2) the bent times would run past their end.
    sway: Annotated[
        float, Input("-1 spends most steps on the outline of the speech, 0 spreads them evenly.", ge=-1, le=1.75)
    ] = -1.0
    speed: Annotated[float, Input("1.0 keeps the pace of the reference.", ge=0.3, le=2.0, unit="x")] = 1.0
    duration: Annotated[
        float | None, Input("Length with the reference included, instead of the one the text suggests.", gt=0, unit="s")
    ] = None
    cross_fade: Annotated[
        float, Input("Overlap at the joints of a long text; 0 joins without one.", ge=0, unit="s")
    ] = 0.15
    target_rms: Annotated[
        float, Input("A quieter reference is raised to this level first, full scale being 1.", gt=0, le=1)
    ] = 0.1
    remove_silence: Annotated[bool, Input("Shorten the long pauses of the result.")] = False
    seed: Annotated[
        int | None, Input("Same seed, same words, same audio; left out, each run differs.", ge=0, le=2**31 - 1)
    ] = None
