"""``greenroom animate``: the person in a picture moves as the one in a video does."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from greenroom.cli.configured import configured
from greenroom.cli.devices import ON_CPU, chosen_device
from greenroom.cli.flags import given, input_flags
from greenroom.cli.output import Output, columns, json_option
from greenroom.cli.showing import showing_clip
from greenroom.cli.verbs import class_of, in_flags, prompt_of
from greenroom.errors import Cancelled, FileUnreadable, InputInvalid, quoted
from greenroom.media.folders import is_folder
from greenroom.models.steadydancer.dancer.precision import SMALL, USUAL, notes_of, precision_of
from greenroom.recipes.inputs.steadydancer import AnimateInputs
from greenroom.words import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenroom.cli.showing import ShowingClip
    from greenroom.models.steadydancer.animating.animated import AnimateResult, PreviewResult
    from greenroom.models.steadydancer.animating.loras import LoraFile
    from greenroom.models.steadydancer.animating.sources import Source
    from greenroom.models.steadydancer.model import SteadyDancerModel
    from greenroom.settings import Settings

_USUAL_MODEL = "steadydancer-14b"
# What the verb takes in its own way.
_OWN = ("picture", "video", "prompt", "negative_prompt", "negative_video", "keypoints", "preview")
_QUALITIES = ("draft", "good", "high")


@click.command()
@click.argument("picture", type=click.Path(path_type=Path))
@click.argument("driver", type=click.Path(path_type=Path))
@click.argument("words", metavar="[PROMPT]", required=False)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path),
    help="A video (.mp4, .mov, .mkv, .webm); animated.mp4 if not given. With --preview a PNG, with others beside it.",
)  # fmt: skip
@click.option("--prompt", help="What the result shows, where it is not the third argument.")
@click.option("--negative", "negative_prompt", help="What the result should not show. [default that of the makers]")
@click.option("--preview", is_flag=True, help="Only draw the skeletons over the picture and say what may go wrong.")
@click.option(
    "--keypoints", type=click.Path(path_type=Path),
    help="A JSON of keypoints of each frame of DRIVER, instead of looking for them. DRIVER may be one itself.",
)  # fmt: skip
@click.option(
    "--negative-skeletons", "negative_video", type=click.Path(path_type=Path),
    help="Drawn skeletons in wrong poses, beside a DRIVER of drawn ones.",
)  # fmt: skip
@input_flags(AnimateInputs, without=_OWN)
@click.option(
    "--quality", type=click.Choice(_QUALITIES), default="good", show_default=True, help="How well it is kept."
)
@click.option("--model", default=_USUAL_MODEL, show_default=True, help="steadydancer-14b.")
@click.option("--variant", help="One of the model's file sets, such as fp8_e4m3fn_scaled; smaller ones differ.")
@click.option("--precision", help="bf16, fp8 or fp8-products: the last two differ. [default that of the file set]")
@click.option("--lora", "loras", multiple=True, help="A LoRA file, FILE or FILE:STRENGTH; may be given several times.")
@click.option("--device", help="cpu, cuda:0, or several that work together, cuda:0+cuda:1; a GPU if there is one.")
@click.option("--plan", "--dry-run", "plan_only", is_flag=True, help="Say memory and time, and do nothing.")
@click.option("--restart", is_flag=True, help="Throw away what an earlier run has done of the same.")
@json_option
def animate(
    picture: Path,
    driver: Path,
    words: str | None,
    output: Path | None,
    prompt: str | None,
    preview: bool,
    keypoints: Path | None,
    negative_video: Path | None,
    quality: str,
    model: str,
    variant: str | None,
    precision: str | None,
    loras: tuple[str, ...],
    device: str | None,
    plan_only: bool,
    restart: bool,
    as_json: bool,
    **inputs: Any,
) -> int:
    """Let the person in a picture move as the one in a video does.

    PICTURE shows the person, DRIVER the movements: a video, whose sound is kept; keypoints as JSON, a file or a folder
    of one a frame; or with --shows skeletons drawn ones, a video or a folder of pictures by number. PROMPT is what the
    result shows. What was stopped or killed goes on by the same command.
    """
    from greenroom.runtime.cuda import prefer_growing_memory

    prefer_growing_memory()  # before anything imports torch
    from greenroom.models.steadydancer.animating.sources import look, require_noise

    out = Output("animate", as_json)
    kind = _model_class(model)
    out.notice(f"{model}: {kind.notice()}")
    settings = configured(out)
    choice = _choice(settings, model, kind, variant, precision, loras)
    asked = given({**inputs, "negative_video": negative_video and str(negative_video)})
    asked |= {"picture": str(picture), "video": str(driver), "preview": preview}
    asked["prompt"] = _prompt(words, prompt, needed=not (preview or plan_only))
    if negative_video is not None and is_folder(driver):
        asked.setdefault("shows", "skeletons")  # as a folder is taken for anyway
    if keypoints is not None:
        asked["keypoints"] = _text_of(keypoints)
    checked = AnimateInputs.check(asked)
    source = look(checked)  # loading takes minutes: what can be refused before is
    target = _target(output, checked, quality, restart, tried=not plan_only)
    chosen = chosen_device(device, settings)
    if chosen.unasked and not preview:
        out.say(f"warning: {ON_CPU}")
    if not preview:
        require_noise(checked, chosen.device)
    request = _Request(choice, checked, source, target, chosen.device, settings, out)
    if preview:
        return request.preview()
    return request.plan() if plan_only else request.make()


@dataclass(frozen=True, slots=True)
class _Choice:
    """A model, and of its weights which. variant: the one that would be loaded, here or not."""

    name: str
    kind: type[SteadyDancerModel]
    variant: str
    precision: str
    loras: tuple[LoraFile, ...]


@dataclass(frozen=True, slots=True)
class _Target:
    """Where the result goes. notes: what is to be said of that, in sentences."""

    output: Path
    quality: str
    restart: bool
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Request:
    """What is asked for, looked at and not refused."""

    choice: _Choice
    inputs: AnimateInputs
    source: Source
    target: _Target
    device: str
    settings: Settings
    out: Output

    def preview(self) -> int:
        """Draw what would be made; the model itself is not needed."""
        from greenroom.models.steadydancer.animating.previewing import preview_of

        kind = self.choice.kind
        self.out.notes(self.target.notes)

        with showing_clip(self.out) as shown:
            result = preview_of(
                self.inputs,
                self.target.output,
                lambda: kind.pose_files(self.settings).load(self.device),
                kind.terms(),
                shown.step,
            )
        self.out.notes(result.notes)
        self.out.findings(result.findings)
        self.out.result(replace(result, notes=(*self.target.notes, *result.notes)), _preview_lines(result))
        return 0

    def plan(self) -> int:
        """Say how it would be done; nothing is loaded or written."""
        from greenroom.models.steadydancer.animating.outlook import plan_animating
        from greenroom.models.steadydancer.architecture import FAMILY
        from greenroom.models.steadydancer.planning.costs import networks_on
        from greenroom.models.steadydancer.planning.plan import facts_of
        from greenroom.runtime.rooms import room_of

        choice = self.choice
        networks, room = networks_on(self.device, choice.kind.networks(choice.precision)), room_of(self.device, FAMILY)
        with in_flags(self._less):
            notes = (*self.target.notes, *self.source.notes, *notes_of(choice.variant, choice.precision))
            planned = plan_animating(networks, room, self.source, self.inputs, notes=notes)
        output, terms = self.target.output, choice.kind.terms()
        facts = {"output": output, "source": self.source.kind, **facts_of(planned), "terms": terms}
        self.out.result(facts, "\n".join([*planned.lines(), f"makes {output}"]))
        return 0

    def make(self) -> int:
        """Make the clip."""
        from greenroom.models.attempts import Mends, attempted
        from greenroom.models.steadydancer.animating.animator import Wanted
        from greenroom.models.steadydancer.animating.sources import wordless
        from greenroom.models.steadydancer.architecture import FAMILY
        from greenroom.runtime.rooms import require_device

        require_device(self.device, FAMILY)
        choice, target = self.choice, self.target
        loaded: list[SteadyDancerModel] = []
        mends = Mends(
            memory=f"end what else uses the device and run the same command again, which goes on; or take {self._less}",
            lost="run the same command again: the steps that are done are kept, and it goes on behind them",
        )
        wanted = Wanted(target.output, quality=cast("Any", target.quality), restart=target.restart)

        def made(small: bool) -> AnimateResult:
            if not loaded:
                loaded.append(
                    choice.kind.load(self.device, choice.variant, choice.precision, choice.loras, small=small)
                )
            # What it began itself is not thrown away by the second attempt.
            own = replace(wanted, restart=wanted.restart and not small)
            return loaded[0].animate(self.inputs, own, shown.step, shown, small=small)

        before = (*self.source.notes, *wordless(self.inputs))
        self.out.notes((*target.notes, *before))  # while there is time to stop
        with showing_clip(self.out) as shown, _stopped_in_words(shown), in_flags(self._less):
            result = attempted(made, choice.name, self.device, mends, self.out.say)
        self.out.notes(note for note in result.notes if note not in before)
        self.out.result(replace(result, notes=(*target.notes, *result.notes)), columns([_row(result)]))
        return 0

    @property
    def _less(self) -> str:
        """What takes less memory, by the flags that are not there already."""
        size = "" if self.inputs.size == "832x480" else "--size 832x480"
        frames = "fewer --frames" if self.source.frames > 5 else ""
        small = f"--precision {SMALL}" if self.choice.precision == USUAL else ""
        less = ", ".join(filter(None, (size, frames, small)))
        return f"{less}, or a larger device" if less else "a larger device"


@contextlib.contextmanager
def _stopped_in_words(shown: ShowingClip) -> Iterator[None]:
    """Say what is kept when somebody stops it."""
    try:
        yield
    except KeyboardInterrupt:
        kept, goes_on = shown.kept or "nothing was done yet", "goes on from there" if shown.kept else "begins anew"
        raise Cancelled(f"stopped before the end; {kept}", mend=f"the same command {goes_on}") from None


def _prompt(words: str | None, said: str | None, *, needed: bool) -> str:
    """Raises InputInvalid where it is given twice, or not at all."""
    prompt = prompt_of(words, said)
    if prompt is None and needed:
        raise InputInvalid(
            "prompt is missing: it alone says how the face looks",
            mend='say what the result shows, such as "a woman dances, smiling"',
        )
    return prompt or ""


def _text_of(path: Path) -> str:
    """Raises FileUnreadable."""
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise FileUnreadable(f"{quoted(path)} cannot be read: {error.strerror}", mend="check the path") from error
    except UnicodeDecodeError as error:
        raise FileUnreadable(f"{quoted(path)} is no JSON of keypoints", mend="check the path") from error


def _choice(
    settings: Settings,
    model: str,
    kind: type[SteadyDancerModel],
    variant: str | None,
    precision: str | None,
    loras: Sequence[str],
) -> _Choice:
    """Raises UnknownName for a file set or a precision that there is not, FileUnreadable for a LoRA."""
    from greenroom.models.steadydancer.animating.loras import lora_file

    chosen = kind.variant_here(settings, variant)
    return _Choice(model, kind, chosen, precision_of(chosen, precision), tuple(map(lora_file, loras)))


def _target(output: Path | None, inputs: AnimateInputs, quality: str, restart: bool, *, tried: bool) -> _Target:
    """Where it goes. tried: whether it can be written there. Raises InputInvalid, OutputUnwritable."""
    from greenroom.files import try_writing
    from greenroom.models.steadydancer.animating.places import clip_place, preview_place

    named, usual = (preview_place, "preview.png") if inputs.preview else (clip_place, "animated.mp4")
    place, notes = named(output or Path(usual), inputs)
    if tried:
        try_writing([place])
    if output is None and place.exists():
        notes += (f"{place} was there before, and is replaced",)
    return _Target(place, quality, restart, notes)


def _model_class(name: str) -> type[SteadyDancerModel]:
    """Raises UnknownName, NotServed, ModelInvalid, InputInvalid for a model that moves nobody."""
    from greenroom.models.steadydancer.model import SteadyDancerModel

    return class_of(name, SteadyDancerModel, lacks="moves no person in a picture", usual=_USUAL_MODEL)


def _preview_lines(result: PreviewResult) -> str:
    """Where the pictures are and what they show."""
    from greenroom.models.steadydancer.animating.places import FRAMES, PEOPLE, WHOLE

    fitted = result.posed["ratios"] is not None
    shows = {
        WHOLE: "the frame that is fitted, and limbs by their ratios" if fitted else "the first skeleton",
        FRAMES: "frames of the clip",
        PEOPLE: "people to choose from, by their numbers: in the picture, then in the driver",
    }
    stem = result.pictures[0].stem
    return columns([(str(path), shows[path.stem.removeprefix(stem)]) for path in result.pictures])


def _row(result: AnimateResult) -> tuple[str, str]:
    """Where it is and what it holds."""
    from greenroom.models.steadydancer.conditions.lengths import RATE

    heard = "with the driver's sound" if result.sound else "silent"
    holds = f"{counted(result.frames, 'frame')} of {result.size}, {result.frames / RATE:.2f} s, {heard}"
    return str(result.output), f"{holds}, seed {result.seed}"
