"""Where a clip or its preview goes: known, named and tried before the work begins."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from greenroom.errors import InputInvalid, OutputUnwritable, quoted
from greenroom.files import writing_to
from greenroom.models.steadydancer.animating.animated import VIDEO_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from greenroom.recipes.inputs.steadydancer import AnimateInputs

WHOLE, FRAMES, PEOPLE = "", "-frames", "-people"
"""Behind the stem of a preview's name: the deciding frame, some frames of the clip, and people to choose from."""

_PNG = ".png"
_USUAL = ".mp4"


def clip_place(output: Path, inputs: AnimateInputs) -> tuple[Path, tuple[str, ...]]:
    """Where the clip goes, and what is to be said of it: a name without an ending gets .mp4.

    Raises InputInvalid for an ending that is no video's, or a name that is a source's; OutputUnwritable for a folder.
    """
    place, notes = _named(output, _USUAL)
    if place.suffix.lower() not in VIDEO_TYPES:
        raise InputInvalid(
            f"-o {quoted(output)} has an ending that cannot be written", mend=f"name it {', '.join(VIDEO_TYPES)}"
        )
    _refuse([place], inputs)
    return place, notes


def preview_place(output: Path, inputs: AnimateInputs) -> tuple[Path, tuple[str, ...]]:
    """The same of a preview, which is a PNG with others beside it."""
    place, notes = _named(output, _PNG)
    if place.suffix.lower() != _PNG:
        raise InputInvalid(f"-o {quoted(output)} is no PNG, and a preview is a picture", mend="name it .png")
    _refuse([place.with_stem(f"{place.stem}{behind}") for behind in (WHOLE, FRAMES, PEOPLE)], inputs)
    return place, notes


def _named(output: Path, ending: str) -> tuple[Path, tuple[str, ...]]:
    with writing_to(output):
        if output.is_dir():
            raise OutputUnwritable(f"{quoted(output)} is a folder", mend="name a file in it")
        there = output.exists() and not output.is_file()
    if there:
        raise OutputUnwritable(f"{quoted(output)} is a device or a pipe, which no file may replace", mend="name a file")
    if output.suffix:
        return output, ()
    place = output.with_name(f"{output.name}{ending}")
    return place, (f"-o {quoted(output)} has no ending: the file is {quoted(place)}",)


def _refuse(places: Iterable[Path], inputs: AnimateInputs) -> None:
    for place in places:
        for said in (inputs.picture, inputs.video, inputs.negative_video):
            if said is not None and _is_of(place, type(place)(said)):
                raise InputInvalid(f"-o {quoted(place)} is what it is made from", mend="choose another -o")


def _is_of(place: Path, source: Path) -> bool:
    """Whether it is a source, or one of the files in a folder that is one."""
    return _same(place, source) or (place.exists() and _same(place.parent, source))


def _same(one: Path, other: Path) -> bool:
    with contextlib.suppress(OSError):
        return one.samefile(other)
    return one.resolve() == other.resolve()
