"""Where restored files go: where somebody says, beside their sources, or under the same names into a folder.

Endings that nobody chose follow what a source holds, and not its name: a picture that is named as a video stays one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.errors import FileUnreadable, InputInvalid, UnknownName, quoted
from greenroom.media.folders import in_folder
from greenroom.media.video.encoding import CODECS, VideoCodec, container_named, container_of
from greenroom.media.video.errors import EncodingImpossible
from greenroom.media.video.images import IMAGE_SUFFIXES, READ_SUFFIXES
from greenroom.media.video.sequences import USUAL_PATTERN, is_pattern, number_in, numbered_in
from greenroom.models.seedvr2.restoring.sources import holds_still

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".m2ts", ".mts", ".mpg", ".mpeg", ".vob"),
    *(".flv", ".wmv", ".3gp", ".3g2", ".gif"),
)
"""Endings of what is taken from a folder as video."""

_MADE = "restored"
_USUAL = {"prores": ".mov", "ffv1": ".mkv"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A source and what it becomes: a file, a folder of pictures by number, or a pattern of such."""

    source: Path
    output: Path


@dataclass(frozen=True, slots=True)
class Targets:
    """What is to be done. folder: the one in which all results lie, where there may be several; None for one result."""

    pairs: tuple[Pair, ...]
    folder: Path | None = None


def targets(
    sources: Sequence[Path], output: Path | None, codec: str | None = None, *, numbered: bool = False
) -> Targets:
    """Which source becomes what.

    codec: of the video that is asked for.  numbered: a folder is one clip of pictures by number, and not many sources.
    Raises InputInvalid where results would lie over sources or each other, FileUnreadable, UnknownName.
    """
    if codec is not None and codec not in CODECS:
        raise UnknownName("video codec", codec, CODECS)
    if str(output) == "-":
        raise InputInvalid("-o - would stream, and a video is whole only at its end", mend="name a file")
    many = len(sources) > 1 or (sources[0].is_dir() and not numbered)
    if not many:
        return Targets((Pair(sources[0], _single(sources[0], output, codec)),))
    found = [path for source in sources for path in (_inside(source) if source.is_dir() else (source,))]
    folder = _folder(sources, output)
    pairs = tuple(Pair(source, folder / name) for source, name in zip(found, _apart(found, codec), strict=True))
    for pair in pairs:
        _refuse_own(pair)
    _refuse_twins(pairs)
    return Targets(pairs, folder)


def is_picture(path: Path) -> bool:
    """Whether a source is a still picture: by what it holds, or by its ending where it cannot be read."""
    try:
        return holds_still(path)
    except FileUnreadable:
        return path.suffix.lower() in READ_SUFFIXES and not is_pattern(path)


def is_numbered(path: Path) -> bool:
    """Whether results become pictures by number there: a folder, or a pattern."""
    return is_pattern(path) or path.is_dir() or not path.suffix


def named_like(source: Path, codec: VideoCodec | None) -> str:
    """The source's own name, with another ending only where what it holds cannot be written under its own."""
    suffix = source.suffix.lower()
    if is_pattern(source):
        return source.with_suffix(suffix if suffix in IMAGE_SUFFIXES else ".png").name
    if is_picture(source):
        return source.name if suffix in IMAGE_SUFFIXES else source.with_suffix(".png").name
    return source.name if _holds(suffix, codec) else source.with_suffix(_USUAL.get(codec or "", ".mp4")).name


def _apart(sources: Sequence[Path], codec: VideoCodec | None) -> list[str]:
    """Names for the results of a folder's files.

    One that would get the name of another by its new ending keeps its own before that: ``film.wmv.mp4``.
    """
    names = [named_like(source, codec) for source in sources]
    taken = {name for source, name in zip(sources, names, strict=True) if name == source.name}
    for place, (source, name) in enumerate(zip(sources, names, strict=True)):
        if name != source.name and name in taken:
            names[place] = f"{source.name}{name[name.rindex('.') :]}"
        taken.add(names[place])
    return names


def left_over(output: Path, frames: int) -> int:
    """Pictures of an earlier and longer result that lie behind the last one of this."""
    pattern = numbered_in(output)
    if not is_numbered(output) or not pattern.parent.is_dir():
        return 0
    numbers = (number_in(path.name, pattern.name) for path in pattern.parent.iterdir())
    return sum(1 for number in numbers if number is not None and number > frames)


def _holds(suffix: str, codec: VideoCodec | None) -> bool:
    """Whether a file of such an ending can be written."""
    try:
        if codec is None:
            container_named(suffix)
        else:
            container_of(suffix, codec)
    except (UnknownName, EncodingImpossible):
        return False
    return True


def _single(source: Path, output: Path | None, codec: VideoCodec | None) -> Path:
    if output is None:
        if source.is_dir():  # of pictures by number
            return source.with_name(f"{source.resolve().name}.{_MADE}.mp4")
        name = named_like(source, codec)
        stem, dot, ending = name.rpartition(".")
        return source.with_name(f"{stem}.{_MADE}{dot}{ending}")
    if is_picture(source) and is_numbered(output) and not is_pattern(output):
        return output / named_like(source, codec)
    if output.is_dir():
        _require_numbers_alone(source, output, codec)
    return output


def _require_numbers_alone(source: Path, folder: Path, codec: VideoCodec | None) -> None:
    """Refuse to put pictures by number among other files. Raises InputInvalid."""
    names = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    if any(number_in(name, USUAL_PATTERN) is None for name in names):
        raise InputInvalid(
            f"{quoted(folder)} holds other files, and the frames would lie among them as pictures by number",
            mend=f"-o {folder / named_like(source, codec)} for a video, or -o with a new folder for pictures",
        )


def _folder(sources: Sequence[Path], output: Path | None) -> Path:
    """The folder of many results. Raises InputInvalid."""
    if output is None:
        if len(sources) > 1:
            raise InputInvalid("several sources are given, and no place for them", mend="give a folder: -o FOLDER")
        return sources[0].with_name(f"{sources[0].resolve().name}.{_MADE}")
    if is_pattern(output) or (output.suffix and not output.is_dir()):
        what = "the sources of a folder" if len(sources) == 1 else f"{len(sources)} sources"
        raise InputInvalid(
            f"-o {quoted(output)} is one file, and {what} become several",
            mend="give a folder: -o FOLDER; a folder of numbered frames is one clip with --fps",
        )
    return output


def _inside(folder: Path) -> list[Path]:
    """Videos and pictures of a folder, by name. Raises FileUnreadable where there are none."""
    taken = (*VIDEO_SUFFIXES, *READ_SUFFIXES)
    found = [path for path in in_folder(folder) if path.suffix.lower() in taken and not path.is_dir()]
    if not found:
        raise FileUnreadable(f"{quoted(folder)} holds no video and no picture", mend="give another folder")
    return found


def _refuse_own(pair: Pair) -> None:
    """Refuse a result that would take its source's place. Raises InputInvalid."""
    if pair.output.resolve() == pair.source.resolve():
        raise InputInvalid(f"{quoted(pair.output)} would take the place of its source", mend="choose another -o")


def _refuse_twins(pairs: Sequence[Pair]) -> None:
    """Refuse results that would have one name. Raises InputInvalid."""
    counted = Counter(pair.output for pair in pairs)
    name, count = counted.most_common(1)[0]
    if count > 1:
        both = " and ".join(quoted(pair.source) for pair in pairs if pair.output == name)
        raise InputInvalid(f"{both} would both become {quoted(name)}", mend="rename one, or restore them one by one")
