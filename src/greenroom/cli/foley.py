"""``greenroom foley``: a video, a picture or words become sound."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from greenroom.cli.configured import configured
from greenroom.cli.devices import ON_CPU, chosen_device
from greenroom.cli.flags import given, input_flags
from greenroom.cli.output import Output, columns, json_option
from greenroom.cli.showing import showing_sound
from greenroom.cli.verbs import class_of, in_flags, prompt_of
from greenroom.errors import FileUnreadable, quoted
from greenroom.models.foley.precision import SMALL, notes_of, precision_of
from greenroom.recipes.inputs.foley import FoleyInputs
from greenroom.runtime.device import GangInvalid, members

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.cli.devices import Chosen
    from greenroom.models.foley.model import FoleyModel
    from greenroom.models.foley.sounding.sounded import FoleyResult
    from greenroom.models.foley.sounding.sources import Source
    from greenroom.settings import Settings

_USUAL_MODEL = "hunyuanvideo-foley-xxl"
# What the verb takes in its own way.
_OWN = ("video", "prompt", "shot_prompts", "negative_prompt")
_SMALLER_MODEL = "hunyuanvideo-foley-xl"


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
@click.option(
    "--precision",
    help="bf16, or fp8: weights in half the memory, another sound. [default that of the file set]",
)
@click.option("--device", help="cpu or cuda:0; a GPU if there is one.")
@click.option("--plan", "--dry-run", "plan_only", is_flag=True, help="Say memory and time, and do nothing.")
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
    precision: str | None,
    device: str | None,
    plan_only: bool,
    as_json: bool,
    **inputs: Any,
) -> int:
    """Make sound for a video, a picture, or of words alone.

    VIDEO is a video or a picture; its pictures are copied as they are. PROMPT is what should be heard: without it the
    pictures say all. A clip of any length gets its sound without a seam.
    """
    from greenroom.runtime.cuda import prefer_growing_memory

    prefer_growing_memory()  # before anything imports torch
    from greenroom.models.foley.sounding.places import places, require_own_sound, usual_output
    from greenroom.models.foley.sounding.sources import look

    out = Output("foley", as_json)
    kind = _model_class(model)
    out.notice(f"{model}: {kind.notice()}")
    settings = configured(out)
    choice = _choice(settings, model, kind, variant, precision)
    asked = given({**inputs, "video": video and str(video), "prompt": prompt_of(words, prompt)})
    if shot_prompts:
        asked["shot_prompts"] = "".join(f"{' '.join(said.split())}\n" for said in shot_prompts)
    checked = FoleyInputs.check(asked)
    with _or_words_alone(video, said=checked.prompt):
        source = look(checked)  # loading takes seconds: what can be refused before is
    target = output or usual_output(source, video)
    found = places(target, source, checked, wav=wav, tried=not plan_only)
    require_own_sound(source, checked)
    files = tuple(path for place in found for path in (place.output, place.wav) if path)
    chosen = _device(device, settings)
    if chosen.unasked:
        out.say(f"warning: {ON_CPU}")
    replaced = tuple(f"{path} was there before, and is replaced" for path in files if path != output and path.exists())
    request = _Request(choice, checked, source, _Target(target, wav, files, replaced), chosen.device, out)
    return request.plan() if plan_only else request.make()


@dataclass(frozen=True, slots=True)
class _Choice:
    """A model, and of its weights which. variant: the one that would be loaded, here or not."""

    name: str
    kind: type[FoleyModel]
    variant: str
    precision: str


@dataclass(frozen=True, slots=True)
class _Target:
    """Where results go. files: all of them.  replaced: what is lost under a name that nobody gave, in sentences."""

    output: Path
    wav: bool
    files: tuple[Path, ...]
    replaced: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked for, looked at and not refused."""

    choice: _Choice
    inputs: FoleyInputs
    source: Source
    target: _Target
    device: str
    out: Output

    def plan(self) -> int:
        """Say how it would be done; nothing is loaded or written."""
        from greenroom.models.foley.architecture import FAMILY
        from greenroom.models.foley.planning.costs import networks_on
        from greenroom.models.foley.planning.plan import facts_of
        from greenroom.models.foley.sounding.outlook import plan_sounding
        from greenroom.models.foley.sounding.sources import shots_of
        from greenroom.runtime.rooms import room_of

        choice = self.choice
        networks, room = networks_on(self.device, choice.kind.networks(choice.precision)), room_of(self.device, FAMILY)
        with showing_sound(self.out) as shown, in_flags(self._less, self._shorter):
            begins = shots_of(self.source, self.inputs, shown.step)
            notes = (*notes_of(choice.variant, choice.precision), *self.target.replaced)
            planned = plan_sounding(networks, room, self.source, begins, self.inputs, notes=notes)
        files, terms = self.target.files, choice.kind.terms()
        facts = {"files": files, "source": self.source.kind, **facts_of(planned), "terms": terms}
        self.out.result(facts, "\n".join([*planned.lines(), f"makes {', '.join(map(str, files))}"]))
        return 0

    def make(self) -> int:
        """Make the sounds."""
        from greenroom.models.attempts import Mends, attempted
        from greenroom.models.foley.architecture import FAMILY
        from greenroom.models.foley.sounding.sounder import Wanted
        from greenroom.runtime.rooms import require_device

        require_device(self.device, FAMILY)
        choice, wanted = self.choice, Wanted(self.target.output, self.target.wav)
        loaded: list[FoleyModel] = []
        mends = Mends(memory=f"end what else uses the device, or take {self._less}", lost="run it again")

        def made(small: bool) -> FoleyResult:
            if not loaded:
                loaded.append(choice.kind.load(self.device, choice.variant, choice.precision, small=small))
            return loaded[0].sound(self.inputs, wanted, shown.step, shown, small=small)

        self.out.notes(self.target.replaced)  # while there is time to stop
        with showing_sound(self.out) as shown, in_flags(self._less, self._shorter):
            result = attempted(made, choice.name, self.device, mends, self.out.say)
        self.out.notes(result.notes)
        self.out.result(replace(result, notes=(*self.target.replaced, *result.notes)), _lines(result))
        return 0

    @property
    def _shorter(self) -> str:
        """How to ask for less of a sound that is long; empty for one that is not."""
        from greenroom.models.foley.watching.lengths import LONGEST_S

        if self.source.end <= LONGEST_S:
            return ""
        return "a shorter clip" if self.source.kind == "video" else "fewer --seconds"

    @property
    def _less(self) -> str:
        """What takes less memory, by the flags that are not there already."""
        fewer = "fewer --samples" if self.inputs.samples > 1 else ""
        small = "" if self.choice.precision == SMALL else f"--precision {SMALL}"
        model = "" if self.choice.name == _SMALLER_MODEL else f"--model {_SMALLER_MODEL}"
        return ", ".join([*filter(None, (fewer, self._shorter, small, model)), "or a larger device"])


@contextlib.contextmanager
def _or_words_alone(video: Path | None, *, said: str) -> Iterator[None]:
    """Where the first argument is no file, somebody may have meant it to be heard. said: in another way."""
    try:
        yield
    except FileUnreadable as error:
        if video is not None and not said and not os.path.lexists(video):
            error.mend = f"{error.mend}; for words alone: --prompt"
        raise


def _choice(
    settings: Settings, model: str, kind: type[FoleyModel], variant: str | None, precision: str | None
) -> _Choice:
    """Raises UnknownName for a file set or a precision that there is not."""
    chosen = kind.variant_here(settings, variant)
    return _Choice(model, kind, chosen, precision_of(chosen, precision))


def _device(said: str | None, settings: Settings) -> Chosen:
    """Raises UnknownName, GangInvalid."""
    chosen = chosen_device(said, settings)
    if len(members(chosen.device)) > 1:
        several = quoted(chosen.device)
        raise GangInvalid(f"{several} are several devices, and a sound is made on one", mend="name one of them")
    return chosen


def _model_class(name: str) -> type[FoleyModel]:
    """Raises UnknownName, NotServed, ModelInvalid, InputInvalid for a model that makes no sound for videos."""
    from greenroom.models.foley.model import FoleyModel

    return class_of(name, FoleyModel, lacks="makes no sound for videos", usual=_USUAL_MODEL)


def _lines(result: FoleyResult) -> str:
    """Where the files are and what they hold."""
    rows: list[tuple[str, str]] = []
    for sample in result.samples:
        level = "silence" if sample.loudness_lufs is None else f"{sample.loudness_lufs} LUFS"
        rows.append((str(sample.output), f"{result.length_s:.2f} s of sound, {level}, seed {result.seed}"))
        if sample.wav is not None:
            rows.append((str(sample.wav), "what was made alone"))
    return columns(rows)
