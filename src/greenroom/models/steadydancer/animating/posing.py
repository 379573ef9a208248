"""Skeletons for a source: people found or read, fitted to the person in the picture, and drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from greenroom.models.steadydancer.animating import finds
from greenroom.models.steadydancer.animating.choosing import choice_of
from greenroom.models.steadydancer.animating.sequences import Drawn, Replayed
from greenroom.models.steadydancer.pose.aligning import aligned
from greenroom.models.steadydancer.pose.driving import distinct, frames_of, size_of
from greenroom.models.steadydancer.pose.motion import ready_motion
from greenroom.models.steadydancer.pose.negative import negative
from greenroom.models.steadydancer.pose.preview import preview
from greenroom.models.steadydancer.pose.watching import found_in
from greenroom.progress import silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from greenroom.findings import Finding
    from greenroom.models.steadydancer.animating.sources import Source
    from greenroom.models.steadydancer.pose.aligning import Aligned
    from greenroom.models.steadydancer.pose.finding import PoseFinder
    from greenroom.models.steadydancer.pose.persons import Person
    from greenroom.models.steadydancer.pose.pictures import Picture
    from greenroom.models.steadydancer.pose.preview import Preview
    from greenroom.models.steadydancer.pose.watching import Found
    from greenroom.progress import Step
    from greenroom.recipes.inputs.steadydancer import AnimateInputs

PICTURE, DRIVER = "picture", "driver"
"""What people are found in; files of them are named so."""


@dataclass(frozen=True, slots=True, eq=False)
class Posed:
    """How the person will move. skeletons: of each frame, RGB, uint8.  negative: in wrong poses; None where there are
    none.  people: of the picture and of the clip's first frame with somebody, from the left; empty where skeletons were
    drawn already.  aligned: None then, as is ``preview``.  findings: everything that may spoil the clip.  networks: the
    sha256 of each that looked.  chosen_in: which frame of the clip those people are in."""

    skeletons: Sequence[Picture]
    negative: Sequence[Picture] | None
    findings: tuple[Finding, ...]
    people: Mapping[str, tuple[Person, ...]]
    aligned: Aligned | None = None
    preview: Preview | None = None
    networks: Mapping[str, str] | None = None
    chosen_in: int = 0

    @property
    def facts(self) -> dict[str, object]:
        """What was found, in JSON, but for findings."""
        return {
            "ratios": None if self.aligned is None else _ratios(self.aligned),
            "people": {
                where: [
                    {"number": one.number, "box": [round(edge) for edge in one.box], "score": round(one.score, 3)}
                    for one in people
                ]
                for where, people in self.people.items()
            },
        }


def pose(
    source: Source,
    inputs: AnimateInputs,
    finder: PoseFinder | None,
    seed: int,
    step: Step = silent,
    kept: Path | None = None,
) -> Posed:
    """Skeletons. finder: None where they are drawn already.  seed: of the wrong poses.  kept: a folder in which what
    was found is looked for and left.

    Raises NobodyFound, PersonNotThere, InputInvalid, PoseNetworkFailed, what reading frames raises and what ``step``
    raises.
    """
    if source.ready is not None:
        motion = ready_motion(source.ready, source.ready_negative)
        other = None if motion.negative is None else Replayed(motion.negative, motion.frames)
        return Posed(Replayed(motion.positive, motion.frames), other, _wanted(motion.findings, inputs), {})
    assert finder is not None  # noqa: S101 - only drawn skeletons do without
    reference = _found(PICTURE, finder, kept) or _keep(
        PICTURE, finder.in_picture(source.picture, choice_of(inputs.picture_person)), finder, kept
    )
    driver = _found(DRIVER, finder, kept) or _keep(DRIVER, _driver(source, inputs, finder, step), finder, kept)
    fitted = aligned(reference.poses, driver.poses, frame=inputs.align_frame)
    looks = preview(source.picture, reference, driver, fitted)
    findings = (*looks.findings, *finder.findings)
    return Posed(
        Drawn(fitted),
        Drawn(replace(fitted, skeletons=negative(fitted.skeletons, seed))),
        findings,
        {PICTURE: reference.people, DRIVER: driver.people},
        fitted,
        looks,
        finder.networks,
        driver.frame,
    )


def _driver(source: Source, inputs: AnimateInputs, finder: PoseFinder, step: Step) -> Found:
    choice = choice_of(inputs.person)
    if source.keypoints is not None and source.driving is not None:
        return found_in(source.keypoints.at(source.driving.places), choice, latest=inputs.align_frame)
    assert source.reader is not None  # noqa: S101 - a video has one
    assert source.driving is not None  # noqa: S101 - and frames that are chosen
    needed, places = distinct(source.driving)
    frames = frames_of(source.reader, source.driving)
    size = size_of(source.reader.facts)
    return finder.in_clip(frames, size, choice, places=places, latest=inputs.align_frame, count=len(needed), step=step)


def frame_at(source: Source, number: int) -> Picture | None:
    """A frame of the clip in its video, RGB; None without a video. Raises as readers do."""
    if source.reader is None or source.driving is None:
        return None
    only = replace(source.driving, places=source.driving.places[number : number + 1])
    return next(frames_of(source.reader, only))


def _found(name: str, finder: PoseFinder, kept: Path | None) -> Found | None:
    return None if kept is None else finds.kept(kept, name, finder.networks)


def _keep(name: str, found: Found, finder: PoseFinder, kept: Path | None) -> Found:
    if kept is not None:
        finds.keep(kept, name, found, finder.networks)
    return found


def _wanted(findings: tuple[Finding, ...], inputs: AnimateInputs) -> tuple[Finding, ...]:
    """Without what is about guidance that nobody asks for."""
    if inputs.pose_guidance:
        return findings
    return tuple(one for one in findings if one.code != "negative-skeletons-missing")


def _ratios(fitted: Aligned) -> dict[str, float]:
    return {name: round(ratio, 3) for name, ratio in fitted.ratios.items()}
