"""``greenroom foley``: a video, a picture or words become sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from greenroom.cli.configured import configured
from greenroom.cli.flags import given, input_flags
from greenroom.cli.output import Output, columns, json_option
from greenroom.errors import InputInvalid, quoted
from greenroom.recipes.inputs.foley import FoleyInputs

if TYPE_CHECKING:
    from greenroom.models.foley.model import FoleyModel
    from greenroom.models.foley.sounding.sounded import FoleyResult
    from greenroom.models.foley.sounding.sounder import Wanted

_USUAL_MODEL = "hunyuanvideo-foley-xxl"
# What the verb takes in its own way.
_OWN = ("video", "prompt", "shot_prompts", "negative_prompt")


@click.command()
@click.argument("video", required=False, type=click.Path(path_type=Path))
@click.argument("words", metavar="[PROMPT]", required=False)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path),
    help="A video (.mp4, .mov, .mkv, .webm), or the sound alone (.wav, .flac, .mp3, .opus); foley.mp4 or foley.wav if "
    "not given. Several samples have numbers.",
)  # fmt: skip
@click.option("--prompt", help="What should be heard, where there is no video to put it behind.")
@click.option(
    "--shot-prompt", "shot_prompts", multiple=True,
    help="What should be heard in a shot; given once for each shot, '' for the prompt.",
)  # fmt: skip
@click.option("--negative", "negative_prompt", help="What should not be heard. [default noisy, harsh]")
@input_flags(FoleyInputs, without=_OWN)
@click.option("--wav", is_flag=True, help="What was made alone, too, beside each result, before it is mixed.")
@click.option("--model", default=_USUAL_MODEL, show_default=True, help="hunyuanvideo-foley-xl or -xxl.")
@click.option("--variant", help="One of the model's file sets, such as fp8_e4m3fn; smaller ones sound another way.")
@click.option("--device", help="cpu or cuda:0; a GPU if there is one.")
@json_option
def foley(
    video: Path | None,
    words: str | None,
    output: Path | None,
    prompt: str | None,
    shot_prompts: tuple[str, ...],
    wav: bool,
    model: str,
    variant: str | None,
    device: str | None,
    as_json: bool,
    **inputs: Any,
) -> int:
    """Make sound for a video, a picture, or of words alone.

    VIDEO is a video or a picture; its pictures are copied as they are. PROMPT is what should be heard: without it the
    pictures say all. A clip of any length gets its sound without a seam.
    """
    from greenroom.models.foley.sounding.places import places, usual_output
    from greenroom.models.foley.sounding.sources import look
    from greenroom.recipes.catalogue import recipe

    out = Output("foley", as_json)
    settings = configured(out)
    kind = _model_class(model)
    if variant is not None:
        recipe(kind.known).file_set(variant)  # refuses one that is not there
    out.say(f"{model}: {kind.notice()}")
    if words is not None and prompt is not None:
        raise InputInvalid("the prompt is given twice, as PROMPT and with --prompt", mend="give one of them")
    asked = given({**inputs, "video": video and str(video), "prompt": words if prompt is None else prompt})
    if shot_prompts:
        asked["shot_prompts"] = "".join(f"{' '.join(said.split())}\n" for said in shot_prompts)
    checked = FoleyInputs.check(asked)
    source = look(checked)  # loading takes seconds: what can be refused before is
    target = output or usual_output(source, video)
    places(target, source, checked, wav=wav)
    from greenroom.models.foley.sounding.failing import in_words

    chosen = _device(device or settings.devices)
    with in_words(model, chosen), out.progress() as step:
        result = kind.load(chosen, variant).sound(checked, _wanted(target, wav=wav), step)
    for note in result.notes:
        out.say(f"note: {note}")
    out.result(result, _lines(result))
    return 0


def _wanted(target: Path, *, wav: bool) -> Wanted:
    from greenroom.models.foley.sounding.sounder import Wanted

    return Wanted(target, wav)


def _device(said: str) -> str:
    """Of a list of devices the first. Raises UnknownName."""
    from greenroom.serve.devices import devices

    return devices(said)[0]


def _model_class(name: str) -> type[FoleyModel]:
    """Raises UnknownName, NotServed, ModelInvalid, InputInvalid for a model that makes no sound for videos."""
    from greenroom.models.foley.model import FoleyModel
    from greenroom.models.registry import find

    found = find(name).model
    if not issubclass(found, FoleyModel):
        raise InputInvalid(f"{quoted(name)} makes no sound for videos", mend=f"--model {_USUAL_MODEL}")
    return found


def _lines(result: FoleyResult) -> str:
    """Where the files are and what they hold."""
    rows: list[tuple[str, str]] = []
    for sample in result.samples:
        level = "silence" if sample.loudness_lufs is None else f"{sample.loudness_lufs} LUFS"
        rows.append((str(sample.output), f"{result.length_s:.2f} s of sound, {level}, seed {result.seed}"))
        if sample.wav is not None:
            rows.append((str(sample.wav), "what was made alone"))
    return columns(rows)
