"""The files of an image that the recipe decides: copied from the context, or written by RUN line by line."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from greenroom.diagnose.held import Copied, Held, HeldFile
from greenroom.diagnose.ignoring import Rules, matcher, rules
from greenroom.diagnose.source import Place
from greenroom.diagnose.writing import mode_executes, run

if TYPE_CHECKING:
    from greenroom.diagnose.image import Image, Stage, Step
    from greenroom.diagnose.source import Folder

# What one COPY takes of more sources is not followed.
_MOST_SOURCES = 200


def held(image: Image, folder: Folder) -> dict[int, Held]:
    """By stage, what it holds at its end."""
    made: dict[int, Held] = {}
    patterns = rules(folder.read(f"{image.path}.dockerignore") or folder.read(f"{image.context}.dockerignore"))
    for stage in image.stages:
        mine = Held()
        if stage.parent is not None and stage.parent.index in made:
            above = made[stage.parent.index]
            mine = Held(dict(above.files), list(above.writes), list(above.copies), set(above.opaque))
        for step in stage.steps:
            if step.keyword in ("COPY", "ADD"):
                _copy(image, stage, step, folder, patterns, mine, made)
            elif step.keyword == "RUN":
                run(image.path, step, mine)
        made[stage.index] = mine
    return made


def _copy(
    image: Image,
    stage: Stage,
    step: Step,
    folder: Folder,
    patterns: Rules,
    into: Held,
    made: dict[int, Held],
) -> None:
    place = Place(image.path, step.instruction.line)
    words = list(step.instruction.words or step.value.split())
    words = [word.strip("\"'") for word in words]
    if len(words) < 2:
        return
    *sources, target = words
    sources = sources[:_MOST_SOURCES]
    target = posixpath.join(step.workdir, target)
    mode = step.instruction.flags.get("chmod", "")
    executable = mode_executes(mode) if mode else None
    owner = step.instruction.flags.get("chown", "")
    for document in step.instruction.heredocs:
        path = posixpath.normpath(target if not target.endswith("/") else target + document.name)
        lines = [(line, Place(image.path, document.line + row)) for row, line in enumerate(document.lines)]
        into.files[path] = HeldFile(path, place, list(lines), mode=executable or False, owner=owner)
    sources = [source for source in sources if not source.startswith("<<")]
    if origin := step.instruction.flags.get("from"):
        other = image.stage(origin)
        for source in sources:
            _copy_stage(source, target, step, place, other, into, made)
        return
    for source in sources:
        if re.match(r"(https?|git|ssh)://|git@", source):
            into.files[posixpath.normpath(target)] = HeldFile(posixpath.normpath(target), place)
            into.opaque.add(posixpath.normpath(target))
            continue
        copied = _copied(image, stage, step, source, target, folder, patterns)
        placed = _placed(copied, image.context, several=len(sources) > 1)
        into.copies.append(replace(copied, placed=placed))
        for path, there in zip(copied.found, placed, strict=True):
            into.files[there] = HeldFile(there, place, None, path, folder, executable, owner)
        if source.endswith((".tar", ".tar.gz", ".tgz", ".zip", ".tar.xz")) and step.keyword == "ADD":
            into.opaque.add(posixpath.normpath(target))


def _copy_stage(
    source: str, target: str, step: Step, place: Place, other: Stage | None, into: Held, made: dict[int, Held]
) -> None:
    """From another stage: files of it that are known, and otherwise anything."""
    into.opaque.add(posixpath.normpath(target))
    if other is None or other.index not in made:
        return
    source = posixpath.normpath(source)
    mode, owner = step.instruction.flags.get("chmod", ""), step.instruction.flags.get("chown", "")
    for path, file in made[other.index].files.items():
        if path == source:
            there = posixpath.join(target, posixpath.basename(path)) if target.endswith("/") else target
        elif path.startswith(source.rstrip("/") + "/"):
            there = posixpath.join(target, path[len(source) :].lstrip("/"))
        else:
            continue
        there = posixpath.normpath(there)
        into.files[there] = replace(
            file,
            path=there,
            place=place,
            mode=mode_executes(mode) if mode else file.mode,
            owner=owner or file.owner,
        )


def _copied(
    image: Image, stage: Stage, step: Step, source: str, target: str, folder: Folder, patterns: Rules
) -> Copied:
    clean = posixpath.normpath(source.lstrip("/")) if source.strip("/") else "."
    prefix = image.context
    found, hidden, is_folder = [], [], False
    wild = matcher(clean) if re.search(r"[*?\[]", clean) else None
    names = folder.below(prefix if clean == "." or wild is not None else prefix + clean)
    if clean == "." and not patterns:
        return Copied(step, stage, clean, target, tuple(names), (), bool(names))
    for name in names:
        inner = name[len(prefix) :]
        if clean == ".":
            is_folder = True
        elif wild is not None:
            parts = inner.split("/")
            if not any(wild.fullmatch("/".join(parts[:count])) for count in range(1, len(parts) + 1)):
                continue
        elif inner.startswith(clean + "/"):
            is_folder = True
        elif inner != clean:
            continue
        rule = patterns.keeping_out(inner)
        if rule is None:
            found.append(name)
        else:
            hidden.append((name, rule))
    return Copied(step, stage, clean, target, tuple(found), tuple(hidden), is_folder)


def _placed(copied: Copied, context: str, *, several: bool) -> tuple[str, ...]:
    """Where each of the paths comes to lie."""
    target = posixpath.normpath(copied.target)
    below = target.rstrip("/")
    if copied.is_folder:
        skipped = len(context) + (0 if copied.source == "." else len(copied.source) + 1)
        return tuple(f"{below}/{path[skipped:]}" for path in copied.found)
    into_folder = copied.target.endswith(("/", "/.")) or several or re.search(r"[*?\[]", copied.source)
    if into_folder or copied.target in (".", copied.step.workdir):
        return tuple(f"{below}/{posixpath.basename(path)}" for path in copied.found)
    return (target,) * len(copied.found)
