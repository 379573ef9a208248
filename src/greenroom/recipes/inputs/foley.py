"""What one asks of HunyuanVideo-Foley: sound for a silent video."""

from typing import Annotated

from greenroom.inputs import Input, Inputs


class FoleyInputs(Inputs):
    """Sound that fits a video."""

    video: Annotated[
        str,
        Input("The video to make sound for, 0.64 s or longer; its first 15 s are seen.", min_length=1, media="video"),
    ]
    prompt: Annotated[str, Input("What should be heard; text beyond 77 tokens is cut.")]
    negative_prompt: Annotated[str, Input("What should not be heard.")] = "noisy, harsh"
    steps: Annotated[int, Input("Solver steps: more is slower and cleaner.", ge=10, le=100)] = 50
    guidance: Annotated[
        float, Input("How closely to follow picture and prompt; 1 turns guidance off.", ge=1, le=10)
    ] = 4.5
    samples: Annotated[int, Input("How many different sounds to make for the video.", ge=1, le=6)] = 1
    seed: Annotated[int, Input("Same seed, same video, same sound.", ge=0, le=2**31 - 1)] = 1
