"""``greenroom restore``: videos and pictures, restored and enlarged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from greenroom.cli.configured import configured
from greenroom.cli.devices import chosen_device
from greenroom.cli.flags import given, input_flags
from greenroom.cli.output import Output, json_option
from greenroom.cli.restorations import USUAL_MODEL, Choice, Restoring
from greenroom.errors import InputInvalid, quoted
from greenroom.recipes.inputs.seedvr2 import RestoreInputs
from greenroom.recipes.inputs.video import VideoFileInputs

if TYPE_CHECKING:
    from greenroom.models.seedvr2.restoring.targets import Targets

# The ending of -o says the one, and a rate factor goes for the other here.
_OWN = ("format", "quality")


@click.command()
@click.argument("sources", metavar="IN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path),
    help="A video, a picture, or pictures by number: a folder, or f%05d.png. Of several sources, their folder. "
    "Beside the source if not given.",
)  # fmt: skip
@input_flags(RestoreInputs, without=("source",))
@input_flags(VideoFileInputs, without=_OWN)
@click.option(
    "--quality", help="draft, good, high, lossless, or the codec's own rate factor, less being better. [default good]"
)
@click.option("--preset", help="Of the encoder, such as slow: slower ones make smaller files.")
@click.option("--chroma", help="How often colour is kept: 420, 422, 444 or rgb; what fits the codec if not given.")
@click.option("--model", default=USUAL_MODEL, show_default=True, help="seedvr2-3b, seedvr2-7b or seedvr2-7b-sharp.")
@click.option("--variant", help="One of the model's file sets, such as fp8_e4m3fn; smaller ones are less exact.")
@click.option("--device", help="cpu, cuda:0, or several that work together, cuda:0+cuda:1; a GPU if there is one.")
@click.option("--plan", "--dry-run", "plan_only", is_flag=True, help="Say memory, time and shots, and do nothing.")
@click.option("--preview", type=click.Path(path_type=Path), help="A PNG of before and after, from the first shot.")
@click.option("--restart", is_flag=True, help="Throw away what an earlier run finished of the same.")
@json_option
def restore(
    sources: tuple[Path, ...],
    output: Path | None,
    codec: str | None,
    quality: str | None,
    preset: str | None,
    bits: int | None,
    chroma: str | None,
    model: str,
    variant: str | None,
    device: str | None,
    plan_only: bool,
    preview: Path | None,
    restart: bool,
    as_json: bool,
    **inputs: Any,
) -> int:
    """Restore and enlarge videos and pictures.

    IN is a video, a picture, pictures by number such as frames/f%05d.png, or a folder: everything in it is restored,
    one by one. Sound, subtitles, frame times, colours and HDR are carried over. What was stopped or killed goes on by
    the same command.
    """
    from greenroom.runtime.cuda import prefer_growing_memory

    prefer_growing_memory()  # before anything imports torch
    from greenroom.models.seedvr2.restoring.restorer import Wanted
    from greenroom.models.seedvr2.restoring.targets import targets

    out = Output("restore", as_json)
    settings = configured(out)
    asked = given(inputs)
    # A folder of pictures is one clip where it has a rate.
    found = targets(sources, output, codec, numbered="fps" in asked)
    wanted = Wanted(
        output=found.pairs[0].output,
        codec=cast("Any", codec),
        quality=cast("Any", int(quality) if quality is not None and quality.isdecimal() else quality),
        preset=preset,
        bits=bits,
        chroma=cast("Any", chroma),
        preview=_preview(preview, found),
        restart=restart,
    )
    choice = Choice(model, variant, *chosen_device(device, settings))
    restoring = Restoring(choice, asked, wanted, settings, out)
    if plan_only:
        return restoring.plan(found)
    return restoring.single(found.pairs[0]) if found.folder is None else restoring.all(found)


def _preview(preview: Path | None, found: Targets) -> Path | None:
    if preview is None:
        return None
    if found.folder is not None:
        raise InputInvalid("--preview is of one source, and several are given", mend="leave it out")
    if preview.suffix.lower() != ".png":
        raise InputInvalid(f"--preview {quoted(preview)} is no PNG", mend="name it .png")
    return preview
