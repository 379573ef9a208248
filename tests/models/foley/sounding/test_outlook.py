"""What a request will take is known before a frame is decoded, and is what it takes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest
import torch
from torch import Tensor

from greenroom.media.video.images import write_image
from greenroom.models.foley.architecture import SYNC_GROUP
from greenroom.models.foley.engine import Engine, Sampling, Scene, Seen
from greenroom.models.foley.mmdit.fixed import Features
from greenroom.models.foley.mmdit.sampler import Part, Sampler
from greenroom.models.foley.mmdit.windows import cuts_on_grid
from greenroom.models.foley.model import FoleySmall
from greenroom.models.foley.planning.costs import Job
from greenroom.models.foley.planning.way import Way
from greenroom.models.foley.sounding.outlook import job_of, plan_sounding, way_to_load
from greenroom.models.foley.sounding.sources import look, shots_of
from greenroom.models.foley.watching.lengths import segments
from greenroom.models.foley.watching.pictures import look as look_at
from greenroom.models.foley.watching.pictures import picture_of, stretches
from greenroom.progress import silent
from greenroom.recipes.inputs.foley import FoleyInputs
from greenroom.runtime.residency import MemoryShort
from greenroom.runtime.rooms import Room
from tests.media.video.clips import picture, video
from tests.models.foley.sounding.test_sources import scenes
from tests.models.foley.whole_parts import tiny_parts

START = (Fraction(0),)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(tiny_parts())


def clip_of(path: Path, seconds: Fraction) -> Path:
    """Of two frames a second, or of 25 where it is short."""
    rate = Fraction(25 if seconds < 1 else 2)
    return video(path, frames=int(rate * seconds), rate=rate, time_base=Fraction(1, 1000))


def seen_of(engine: Engine, inputs: FoleyInputs, *, watched: bool) -> Seen:
    source = look(inputs)
    if source.reader is None:
        return engine.imagine(source.end, None if source.picture is None else picture_of(source.picture))
    if watched:
        return engine.watch(stretches(source.reader.frames(), source.end))
    return engine.see(look_at(source.reader.frames(), exact=inputs.exact))


def windows_of(engine: Engine, seen: Seen, scenes: Sequence[Scene]) -> int:
    """In how many pieces the engine has a clip denoised."""
    found: list[int] = []

    def whole(_: Sampler, __: Features, noise: Tensor, **___: object) -> Tensor:
        found.append(1)
        return noise

    def cut(_: Sampler, parts: Sequence[Part], noise: Tensor, **__: object) -> Tensor:
        found.append(len(parts))
        return noise

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Sampler, "sample", whole)
        patched.setattr(Sampler, "sample_parts", cut)
        engine.sample(seen, scenes, Sampling())
    return found[0]


@pytest.mark.parametrize(
    ("seconds", "exact", "watched"),
    [("0.8", True, False), ("14.5", True, False), ("15", True, False), ("16.5", True, True), ("16.5", False, False)],
)
def test_a_video_is_as_long_as_it_was_said(
    engine: Engine, tmp_path: Path, seconds: str, exact: bool, watched: bool
) -> None:
    path = clip_of(tmp_path / "in.mp4", Fraction(seconds))
    inputs = FoleyInputs.check({"video": str(path), "exact": exact, "samples": 3, "steps": 20, "guidance": 1})
    job, seen = job_of(look(inputs), START, inputs), seen_of(engine, inputs, watched=watched)
    assert (job.samples, job.steps, job.guided) == (3, 20, False)
    if exact:
        assert (job.latents, job.pictures) == (seen.latents, len(seen.visual))
        assert SYNC_GROUP * segments(job.frames) == len(seen.sync)
    else:  # the original's clock decides over a frame
        assert abs(job.latents - seen.latents) <= 2
        assert abs(job.pictures - len(seen.visual)) <= 1
    texts = engine.read("rain", "")
    assert len(job.windows()) == windows_of(engine, seen, [Scene(0, texts)])


@pytest.mark.parametrize("latents", [750, 752, 768])
def test_what_is_made_as_a_whole_is_planned_so(engine: Engine, latents: int) -> None:
    seen = Seen(torch.zeros(124, 24), torch.zeros(8 * 47, 24), latents, latents * 960)
    whole = [Scene(0, engine.read("rain", ""))]
    assert len(Job(latents).windows()) == windows_of(engine, seen, whole) == 1 + (latents > 752)


def test_shots_are_sections(engine: Engine, tmp_path: Path) -> None:
    inputs = FoleyInputs.check(
        {"video": str(video(tmp_path / "in.mp4", frames=40, draw=scenes)), "shot_prompts": "a\nb"}
    )
    source = look(inputs)
    begins = shots_of(source, inputs, silent)
    job, seen = job_of(source, begins, inputs), seen_of(engine, inputs, watched=True)
    assert (job.latents, job.pictures) == (seen.latents, len(seen.visual))
    assert job.sections == cuts_on_grid(begins[1:], seen.latents)
    found = [Scene(begin, engine.read("rain", "")) for begin in job.sections]
    assert len(job.windows()) == windows_of(engine, seen, found) == 2


@pytest.mark.parametrize("seconds", [1, 20])
def test_words_and_a_picture_see_little(engine: Engine, tmp_path: Path, seconds: int) -> None:
    write_image(tmp_path / "in.png", picture(0))
    for more, pictures in (({}, 0), ({"video": str(tmp_path / "in.png")}, 1)):
        inputs = FoleyInputs.check({"prompt": "rain", "seconds": seconds, **more})
        job = job_of(look(inputs), START, inputs)
        assert (job.pictures, job.frames) == (pictures, 0)
        assert job.latents == seen_of(engine, inputs, watched=False).latents


def test_a_plan_says_what_else_is_to_be_said_and_its_own() -> None:
    inputs = FoleyInputs.check({"prompt": "rain"})
    room = Room("cuda:0", 5 * 10**9, 64 * 10**9, "NVIDIA L4")
    planned = plan_sounding(FoleySmall.networks(), room, look(inputs), START, inputs, notes=("it is small",))
    assert planned.notes[0] == "it is small"
    assert len(planned.notes) > 1
    with pytest.raises(MemoryShort):
        plan_sounding(FoleySmall.networks(), Room("cuda:0", 10**9, None), look(inputs), START, inputs)


def test_it_is_loaded_for_what_is_usual() -> None:
    wide = way_to_load(FoleySmall.networks(), Room("cuda:0", 80 * 10**9, 64 * 10**9))
    assert (wide.parked, wide.resident) == (Way().parked, Way().resident)
    assert way_to_load(FoleySmall.networks(), Room("cuda:0", 5 * 10**9, 64 * 10**9)).resident is not None


def test_it_imports_no_torch() -> None:
    code = "import sys, greenroom.models.foley.sounding.outlook; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
