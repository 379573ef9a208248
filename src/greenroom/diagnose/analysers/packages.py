"""Packages of the system: asked for without an answer, without a list, or after they ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.diagnose.analysers.commands import packages_of
from greenroom.diagnose.base import base
from greenroom.diagnose.saying import error, replaced, warning
from greenroom.machine.facts import bases
from greenroom.machine.versions import release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.recipe import Recipe
    from greenroom.diagnose.shell_text import ShellText
    from greenroom.findings import Finding

_YES = ("-y", "--yes", "--assume-yes", "-qq", "-qy", "-yq", "-yqq", "-qqy", "--force-yes")
_COMES_WITH = {"python3-setuptools": "python3-pip", "python3-wheel": "python3-pip"}
_ASKING = {"tzdata", "keyboard-configuration", "krb5-config", "postfix", "wireshark"}


def answers(recipe: Recipe) -> Iterator[Finding]:
    """``apt-get install`` that waits for an answer nobody gives."""
    settled = _answered_for_all(recipe)
    for built in recipe.images:
        for text in built.texts:
            for command in text.commands:
                if command.program not in ("apt-get", "apt") or not set(command.plain[1:]) & {
                    "install",
                    "upgrade",
                    "dist-upgrade",
                }:
                    continue
                place = text.place(command.line)
                agrees = any(
                    word in _YES or (word.startswith("-") and not word.startswith("--") and "y" in word)
                    for word in command.words
                )
                if not agrees and not settled and command.before != "|" and "Assume-Yes" not in " ".join(command.words):
                    verb = next(word for word in command.plain if word in ("install", "upgrade", "dist-upgrade"))
                    patch = replaced(recipe.folder, place, f" {verb}", f" {verb} -y", safe=True)
                    message = f"apt-get asks before it goes on, nobody answers in a build, and {verb} aborts"
                    told = warning if command.after == "||" or _asks_nothing(text, command) else error
                    yield told("apt-without-yes", place, message, f"apt-get {verb} -y", patch)
                asking = sorted(_ASKING & set(packages_of(command)))
                environment = text.step.environment if text.step is not None else {}
                quiet = environment.get("DEBIAN_FRONTEND") or any(
                    name == "DEBIAN_FRONTEND" for one in text.commands for name, _ in one.assigned
                )
                if asking and not quiet and text.kind == "run" and base(built.image.final.root).os == "ubuntu":
                    message = f"{asking[0]} asks questions when it is installed, and some builders wait for the answer"
                    yield warning("apt-asks", place, message, "DEBIAN_FRONTEND=noninteractive in front of it")


def _asks_nothing(text: ShellText, command: Command) -> bool:
    """Whether nothing else comes along: apt asks only then. Files of packages, and what came with others before."""
    wanted = packages_of(command)
    there = {package for one in text.commands if one.line < command.line for package in packages_of(one)}
    return bool(wanted) and all(
        package.startswith(("./", "/")) or package in there or _COMES_WITH.get(package) in there for package in wanted
    )


def _answered_for_all(recipe: Recipe) -> bool:
    """Whether apt was configured to take yes for an answer."""
    return any(
        "Assume-Yes" in " ".join(command.words) and "apt" in " ".join(one.target for one in command.redirects)
        for text in recipe.naming("Assume-Yes")
        for command in text.commands
    )


def lists(recipe: Recipe) -> Iterator[Finding]:
    """``apt-get install`` where the lists of packages were never fetched, or are gone again."""
    for built in recipe.images:
        for stage in built.image.used():
            known = base(stage.root)
            if known.lacks is None or known.os not in ("debian", "ubuntu"):
                continue
            there = False
            for step in stage.all_steps:
                mount = step.instruction.flags.get("mount", "")
                for command in step.commands:
                    there = _lists_after(command, there or "/var/lib/apt" in mount)
                    mine = step in stage.steps
                    if packages_of(command) and command.program in ("apt-get", "apt") and not there and mine:
                        text = next((one for one in built.texts if one.step is step), None)
                        if text is None or any(word.startswith(("./", "/")) for word in packages_of(command)):
                            continue
                        place = text.place(command.line)
                        patch = replaced(
                            recipe.folder, place, "apt-get install", "apt-get update && apt-get install", safe=True
                        )
                        package = packages_of(command)[0]
                        yield error(
                            "apt-without-update",
                            place,
                            f"there are no lists of packages here: unable to locate package {package}",
                            "apt-get update && apt-get install ...",
                            patch,
                        )
                        there = True


def _lists_after(command: Command, there: bool) -> bool:
    if command.program in ("apt-get", "apt", "add-apt-repository", "aptitude") and (
        "update" in command.words or command.program == "add-apt-repository"
    ):
        return True
    if command.program in ("rm", "find") and any("/var/lib/apt/lists" in word for word in command.words):
        return False
    return there or command.program in ("bash", "sh") or "nodesource" in " ".join(command.words)


def ended(recipe: Recipe) -> Iterator[Finding]:
    """Packages that this release of the system has no more."""
    for built in recipe.images:
        known = base(built.image.final.root)
        for text in built.texts:
            for command in text.commands:
                for package in packages_of(command):
                    gone = bases.gone(package)
                    first = gone.value.get(known.os) if gone is not None else None
                    if gone is None or first is None or not known.os:
                        continue
                    index = command.words.index(package) if package in command.words else 0
                    place = text.place(command.rows[index] if index < len(command.rows) else command.line)
                    instead = gone.value["instead"]
                    patch = replaced(recipe.folder, place, package, instead)
                    if known.release and release(known.release) >= release(first):
                        told = error if gone.sure else warning
                        yield told(
                            "apt-package-gone",
                            place,
                            f"{known.os} {known.release} has no {package} any more: no installation candidate",
                            instead,
                            patch,
                        )
                    elif not known.release:
                        base_name = f"{known.repository}:{known.tag}"
                        message = f"{base_name} names no release; from {known.os} {first} on there is no {package}"
                        yield warning("apt-package-gone", place, message, f"{instead}, or name the release", patch)
