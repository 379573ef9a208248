"""Start scripts whose order cannot work, and words of pip that the shell takes for itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.diagnose.analysers.serving import outer
from greenroom.diagnose.saying import error, replaced, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.recipe import Recipe
    from greenroom.findings import Finding


def after_exec(recipe: Recipe) -> Iterator[Finding]:
    """Commands behind an ``exec``, which never run."""
    for text in recipe.texts:
        if text.kind != "start":
            continue
        commands = [command for command in text.commands if command.words and not command.around]
        for index, command in enumerate(commands[:-1]):
            plain = (
                command.name == "exec" and len(command.words) > 1 and not command.words[1].startswith((">", "<", "-"))
            )
            if plain and command.before not in ("&&", "||") and command.after not in ("||", "&&"):
                later = commands[index + 1]
                place = text.place(later.line)
                yield error(
                    "after-exec",
                    place,
                    f"{' '.join(later.words)[:40]} never runs: exec {command.words[1]} in line {command.line} takes "
                    "the script's place",
                    "put it above, or run the first one in the background",
                )
                break


def waits_for_itself(recipe: Recipe) -> Iterator[Finding]:
    """A loop that waits for a server which is started only behind it."""
    for built in recipe.images:
        text = outer(built)
        for index, command in enumerate(text.commands if text is not None else ()):
            if text is None or (
                not {"loop", "condition"} <= set(command.around)
                and not ("loop" in command.around and command.after in ("||", ";"))
            ):
                continue
            asks = command.program in ("curl", "wget", "nc") and re.search(
                r"(localhost|127\.0\.0\.1)", " ".join(command.words)
            )
            if not asks or "condition" not in command.around:
                continue
            if not any(
                one.after == "&" or one.program in ("service", "supervisord", "nginx") for one in text.commands[:index]
            ):
                place = text.place(command.line)
                yield error(
                    "waits-for-itself",
                    place,
                    "this loop waits for a server that is started behind it: the container never gets there",
                    "start the server in the background first, and wait for it at the end",
                )
                break


def specifiers(recipe: Recipe) -> Iterator[Finding]:
    """``pip install numpy<2`` without quotes: the shell reads a redirect."""
    for text in recipe.naming("install"):
        for command in text.commands:
            pip = command.program in ("pip", "pip3", "uv") or command.plain[1:3] == ("-m", "pip")
            if not pip or "install" not in command.words:
                continue
            for one in command.redirects:
                version = re.fullmatch(r"=?\d[\w.*]*(,.*)?", one.target)
                if (
                    one.operator not in ("<", ">")
                    or version is None
                    or (one.operator == ">" and not one.target.startswith("="))
                ):
                    continue
                place = text.place(command.line)
                source = recipe.folder.read(place.path)
                found = None
                for line in range(command.line, command.last + 1):
                    here = text.place(line)
                    row = source.line(here.line) if source is not None else ""
                    found = re.search(rf"([\w.\[\]-]+)({re.escape(one.operator)}\s*{re.escape(one.target)})", row)
                    if found is not None:
                        place = here
                        break
                what = (
                    f"it reads a file named {one.target}"
                    if one.operator == "<"
                    else f"it writes a file named {one.target}, and the package is not pinned"
                )
                patch = replaced(recipe.folder, place, found[0], f'"{found[0]}"', safe=True) if found else None
                # What is not there cannot be read; a file more hurts nobody, and mostly the newest is new enough.
                told = error if one.operator == "<" else warning
                yield told(
                    "unquoted-specifier",
                    place,
                    f"the shell takes {one.operator}{one.target} for a redirect: {what}",
                    'put it in quotes: "numpy<2"',
                    patch,
                )


def requirements(recipe: Recipe) -> Iterator[Finding]:
    """A requirement that pip cannot read, such as ``torch=2.5.1``."""
    from packaging.requirements import InvalidRequirement, Requirement

    for installed in recipe.installs:
        for one in installed.install.requirements:
            if one.url or "$" in one.raw or not one.name or "/" in one.raw.partition(";")[0]:  # a folder
                continue
            text = re.split(r"\s--|\s#", one.raw)[0].strip().rstrip("; ")  # pip takes an empty marker for none
            try:
                Requirement(text)
            except RecursionError:
                continue
            except InvalidRequirement:
                single = re.match(r"([\w.\[\]-]+)\s*=\s*(\d[\w.+]*)$", text)
                right = f"{single[1]}=={single[2]}" if single else "NAME==VERSION"
                patch = replaced(recipe.folder, one.place, text, right, safe=True) if single else None
                yield error(
                    "requirement-invalid", one.place, f"pip cannot read {text!r:.60}: invalid requirement", right, patch
                )
