"""A clip from a request to a file: looked at, planned, found, fitted, sampled, decoded, published.

>>> animator = Animator(engine, files.load, Made("steadydancer-14b"))
>>> made = animator.animate(AnimateInputs(picture="me.png", video="dance.mp4", prompt="..."), Wanted(Path("out.mp4")))

Who was found and every step of sampling are kept in a folder beside the result until it is there: what ends the process
costs a step at most, and what goes wrong behind sampling costs none.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenroom import __version__
from greenroom.files import try_writing
from greenroom.media.folders import in_folder, is_folder
from greenroom.models.identities import fingerprint
from greenroom.models.stages import Stages
from greenroom.models.steadydancer.animating.animated import AnimateResult
from greenroom.models.steadydancer.animating.journal import Begun, Journal, journal_folder
from greenroom.models.steadydancer.animating.outlook import Untold, guidance_of, plan_animating
from greenroom.models.steadydancer.animating.posing import pose
from greenroom.models.steadydancer.animating.previewing import preview_of, write_previews
from greenroom.models.steadydancer.animating.sources import look, require_noise, wordless
from greenroom.models.steadydancer.animating.writing import heard_of, write_clip
from greenroom.models.steadydancer.conditions.sizes import usual_shift
from greenroom.models.steadydancer.engine import Sampling
from greenroom.models.steadydancer.planning.plan import facts_of
from greenroom.progress import Step, silent

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

    from greenroom.media.video.encoding import Quality
    from greenroom.models.steadydancer.animating.animated import PreviewResult
    from greenroom.models.steadydancer.animating.loras import LoraFile
    from greenroom.models.steadydancer.animating.outlook import Told
    from greenroom.models.steadydancer.animating.posing import Posed
    from greenroom.models.steadydancer.animating.previewing import Finder
    from greenroom.models.steadydancer.animating.sources import Source
    from greenroom.models.steadydancer.animating.writing import Heard
    from greenroom.models.steadydancer.engine import Engine
    from greenroom.models.steadydancer.planning.plan import Plan
    from greenroom.models.steadydancer.pose.finding import PoseFinder
    from greenroom.models.steadydancer.sampling.standing import Standing
    from greenroom.recipes.inputs.steadydancer import AnimateInputs

_SEEDS = 1 << 31
_WARM = 64  # pixels of both sides
# Where files lie says nothing, and what is done with the latents changes none of them.
_BESIDE = ("picture", "video", "negative_video", "keypoints", "preview", "sound", "format", "quality")
# One may stand in for another.
_LIBRARIES = {
    "torch": ("torch",),
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu"),
    "opencv": ("opencv-python-headless", "opencv-python", "opencv-contrib-python-headless", "opencv-contrib-python"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where the clip goes. journal: the folder of unfinished work; beside the output if not given.  preview: where a
    picture of the skeletons goes.  restart: throw away what an earlier run has done."""

    output: Path
    quality: Quality = "good"
    journal: Path | None = None
    preview: Path | None = None
    restart: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """What is told of every clip of an engine. name: of the model.  notes: what its weights do to all clips, in
    sentences.  weights: what tells its files from others.  loras: what they were changed by."""

    name: str
    terms: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    weights: str = ""
    loras: tuple[LoraFile, ...] = ()


class Animator:
    """An engine and what finds poses. Used by one thread at a time. finder: loads the pose networks at their first use.

    made: what is told of all clips.
    """

    def __init__(self, engine: Engine, finder: Finder, made: Made) -> None:
        self.engine, self.made = engine, made
        self._load = finder
        self._loaded: PoseFinder | None = None

    def finder(self) -> PoseFinder:
        """The pose networks. Raises as loading them does."""
        self._loaded = self._loaded or self._load()
        return self._loaded

    def let_go(self) -> None:
        """Give back what the pose networks hold of a GPU, which no plan counts; those on the processor stay."""
        if self._loaded is not None and self._loaded.on_gpu:
            self._loaded.close()
            self._loaded = None

    def preview(self, inputs: AnimateInputs, place: Path, step: Step = silent) -> PreviewResult:
        """Pictures to look at, without the engine. Raises as ``preview_of`` does."""
        try:
            return preview_of(inputs, place, self.finder, self.made.terms, step)
        finally:
            self.let_go()

    def animate(
        self,
        inputs: AnimateInputs,
        wanted: Wanted,
        step: Step = silent,
        told: Told | None = None,
        *,
        small: bool = False,
    ) -> AnimateResult:
        """Make a clip, a file that is whole or absent.

        small: memory ran out, so take less of it. Raises FileUnreadable, InputInvalid, NobodyFound, MemoryShort,
        OutputUnwritable, AnimationRunning, WorkDiffers, VelocityNotFinite, and what ``step`` raises.
        """
        stages = Stages(step)
        source = look(inputs)
        require_noise(inputs, self.engine.room().device)
        heard = heard_of(source, wanted=inputs.sound)
        try_writing([wanted.output])
        folder = wanted.journal or journal_folder(wanted.output)
        identity = self._identity(inputs, stages)
        with Journal(folder, wanted.output) as journal:
            if wanted.restart:
                journal.clear()
            begun = journal.begun(identity) or journal.begin(_begun(identity, inputs))
            course = _Course(self, inputs, wanted, source, heard, journal, begun, stages, told or Untold(), small)
            result = course.run()
            journal.finish()
        return result

    def _identity(self, inputs: AnimateInputs, step: Step) -> dict[str, Any]:
        """What latents depend on, as JSON holds it. Reads all that is given."""
        asked = inputs.model_dump(mode="json")
        files = {name: asked[name] for name in ("picture", "video", "negative_video") if asked[name] is not None}
        return {
            **{name: fingerprint(_files(Path(said)), step) for name, said in files.items()},
            "keypoints": sha256((inputs.keypoints or "").encode()).hexdigest(),
            **{name: value for name, value in asked.items() if name not in _BESIDE},
            "model": self.made.name,
            "weights": self.made.weights,
            "loras": [str(one) for one in self.made.loras],
            "precision": self.engine.precision,
            "greenroom": __version__,
        }

    def warm(self) -> None:
        """Sample a moment of grey at a small size, so that the first user does not wait for kernels."""
        import numpy as np

        from greenroom.models.steadydancer.conditions.sizes import Size

        grey = np.full((_WARM, _WARM, 3), 127, np.uint8)
        size, engine = Size(_WARM, _WARM), self.engine
        texts = engine.read("", "")
        posed = engine.poses([grey] * 5, (_WARM, _WARM), size)
        made = engine.sample(texts, engine.picture(grey, size, 5), posed, posed, Sampling(steps=2))
        for _ in engine.decode(made.latents):
            pass


@dataclass(slots=True)
class _Course:
    """One request on its way."""

    animator: Animator
    inputs: AnimateInputs
    wanted: Wanted
    source: Source
    heard: Heard
    journal: Journal
    begun: Begun
    step: Stages
    told: Told
    small: bool

    def run(self) -> AnimateResult:
        planned = self._planned()
        self.told.planned(planned)
        posed = self._posed()
        latents = self.journal.latents(self.begun)
        resumed = self.inputs.steps
        cut: tuple[str, ...] = ()
        if latents is None:
            latents, resumed, cut = self._sampled(planned, posed)
        else:
            self.told.reached(resumed, self.inputs.steps)
            self.animator.engine.arrange(planned.way)
        frames = self.animator.engine.decode(latents, self.step)
        lost = write_clip(
            frames, self.source, self.heard, self.wanted.output, self.wanted.quality, self.journal.folder, self.step
        )
        self.step.end()
        return self._result(planned, posed, resumed, (*cut, *lost))

    def _planned(self) -> Plan:
        engine, made = self.animator.engine, self.animator.made
        networks, room = engine.networks(made.name), engine.room()
        return plan_animating(networks, room, self.source, self.inputs, small=self.small, notes=made.notes)

    def _posed(self) -> Posed:
        finder = None if self.source.ready is not None else self.animator.finder()
        try:
            posed = pose(self.source, self.inputs, finder, self.begun.pose_seed, self.step, self.journal.folder)
        finally:
            self.animator.let_go()
        self.told.posed(posed.facts, posed.findings)
        if self.wanted.preview is not None:
            [picture, *_] = write_previews(self.source, posed, self.wanted.preview)
            self.told.previewed(picture)
        return posed

    def _sampled(self, planned: Plan, posed: Posed) -> tuple[Tensor, int, tuple[str, ...]]:
        """The latents, at which step an earlier run stood, and what was cut off the texts."""
        engine, source, inputs = self.animator.engine, self.source, self.inputs
        standing = self.journal.standing(self.begun)
        resumed = 0 if standing is None else standing.at
        if resumed:
            self.told.reached(resumed, inputs.steps)
        engine.arrange(planned.way)
        texts = engine.read(inputs.prompt, inputs.negative_prompt, self.step)
        pictured = engine.picture(source.picture, source.size, source.frames, self.step)
        size, sampling = source.picture.shape[:2], self._sampling()
        ours = engine.poses(posed.skeletons, size, source.size, self.step)
        others = None
        if posed.negative is not None and sampling.poses_guide:
            others = engine.poses(posed.negative, size, source.size, self.step)
        made = engine.sample(texts, pictured, ours, others, sampling, self.step, resume=standing, save=self._stand)
        told = {"passes": made.passes, "reused": made.reused, "expected": made.expected, "found": made.found}
        self.begun = replace(self.begun, sampled=told)
        self.journal.keep_latents(made.latents, self.begun)
        return made.latents, resumed, texts.notes

    def _stand(self, standing: Standing) -> None:
        self.journal.stand(standing, self.begun)

    def _sampling(self) -> Sampling:
        inputs = self.inputs
        return Sampling(
            steps=inputs.steps,
            solver=inputs.solver,
            shift=self._shift,
            guidance=guidance_of(self.source, inputs),
            seed=self.begun.seed,
            noise=inputs.noise,
            caching=inputs.caching,
        )

    @property
    def _shift(self) -> float:
        return usual_shift(self.inputs.size) if self.inputs.shift is None else self.inputs.shift

    def _result(self, planned: Plan, posed: Posed, resumed: int, lost: tuple[str, ...]) -> AnimateResult:
        made, inputs = self.animator.made, self.inputs
        guidance = guidance_of(self.source, inputs)
        sampled: Mapping[str, float] = self.begun.sampled or {}
        return AnimateResult(
            output=self.wanted.output,
            preview=self.wanted.preview,
            source=self.source.kind,
            frames=self.source.frames,
            size=str(self.source.size),
            windows=planned.windows,
            steps=inputs.steps,
            solver=inputs.solver,
            shift=self._shift,
            guidance=inputs.guidance,
            pose_guidance=(guidance.pose, guidance.begin, guidance.end),
            seed=self.begun.seed,
            pose_seed=self.begun.pose_seed,
            noise=inputs.noise,
            passes=int(sampled["passes"]),
            reused=int(sampled["reused"]),
            change_expected=sampled["expected"],
            change_found=sampled["found"],
            resumed=resumed,
            sound=self.heard.audio is not None,
            model=made.name,
            precision=self.animator.engine.precision,
            loras=tuple(map(str, made.loras)),
            pose_networks=dict(posed.networks or {}),
            versions=_versions(),
            posed=posed.facts,
            plan=facts_of(planned),
            seconds=self.step.seconds,
            findings=posed.findings,
            notes=tuple(dict.fromkeys((*self.source.notes, *wordless(inputs), *planned.notes, *lost))),
            terms=made.terms,
        )


def _begun(identity: Mapping[str, Any], inputs: AnimateInputs) -> Begun:
    """A request that begins. Seeds that nobody said are drawn."""
    seed = secrets.randbelow(_SEEDS) if inputs.seed is None else inputs.seed
    pose_seed = secrets.randbelow(_SEEDS) if inputs.pose_seed is None else inputs.pose_seed
    return Begun(identity, seed, pose_seed)


def _versions() -> dict[str, str]:
    """Of what else a clip depends on, where it is known."""
    found = {"greenroom": __version__}
    for name, packages in _LIBRARIES.items():
        for package in packages:
            with suppress(metadata.PackageNotFoundError):
                found.setdefault(name, metadata.version(package))
    return found


def _files(path: Path) -> list[Path]:
    """All that is read of one source."""
    if not is_folder(path):
        return [path]
    return [file for file in in_folder(path) if file.is_file()]
