"""Checks that cannot fail, that always fail, or that look at something else."""

from __future__ import annotations

import posixpath
import re
import sys
from typing import TYPE_CHECKING

from greenroom.diagnose.saying import error, replaced, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.recipe import Recipe
    from greenroom.diagnose.shell_text import ShellText
    from greenroom.findings import Finding

_CHECKS = ("sha256sum", "sha1sum", "md5sum", "sha512sum", "cmp", "diff", "pytest", "nvidia-smi", "shasum")


def cannot_fail(recipe: Recipe) -> Iterator[Finding]:
    """A check whose failure is turned into success."""
    for text in recipe.naming(*_CHECKS, "import"):
        if text.kind == "probe":
            continue
        for index, command in enumerate(text.commands):
            if not _is_check(command) or {"condition", "substitution"} & set(command.around):
                continue  # what is printed is looked at, not how it ended
            following = text.commands[index + 1] if index + 1 < len(text.commands) else None
            place = text.place(command.line)
            if any(word.startswith("--junit") for word in command.words):
                continue  # its report is read
            if (
                command.after == "||"
                and following is not None
                and _shrugs(following)
                and not _ends_there(text.commands, index + 1)
            ):
                patch = (
                    replaced(recipe.folder, place, "|| true", "", safe=False) if following.words == ("true",) else None
                )
                # Whoever writes WARNING knows that it goes on.
                warns = re.search(r"(?i)warn|optional|not available|skip", " ".join(following.words))
                told = warning if warns else error
                yield told(
                    "check-cannot-fail",
                    place,
                    f"{command.program} may find a fault, and || {following.name} makes it a success",
                    "let it fail: || exit 1",
                    patch,
                )
            elif (
                command.after in ("|", "|&")
                and following is not None
                and following.program in ("tee", "cat", "head", "tail")
                and not text.option("", "pipefail")
            ):
                yield error(
                    "check-cannot-fail",
                    place,
                    f"a pipe ends as {following.program} does, so the failure of {command.program} is lost",
                    "set -o pipefail",
                )
            elif (
                command.after == ";"
                and following is not None
                and following.words[:2] == ("exit", "0")
                and following.line == command.line
            ):
                yield error(
                    "check-cannot-fail",
                    place,
                    f"{command.program} may find a fault, and exit 0 follows",
                    "let it fail: || exit 1",
                )


def _is_check(command: Command) -> bool:
    if command.program in ("sha256sum", "sha1sum", "md5sum", "sha512sum", "shasum"):
        return command.has("-c", "--check")
    if command.program in ("python", "python3"):
        imported = re.findall(r"\b(?:import|from)\s+(\w+)", " ".join(command.words)) if "-c" in command.words else []
        return any(name not in sys.stdlib_module_names for name in imported) or "pytest" in command.words
    return command.program in _CHECKS and command.program != "nvidia-smi"


def _shrugs(command: Command) -> bool:
    return command.name in ("true", ":", "echo", "printf")


def _ends_there(commands: tuple[Command, ...], index: int) -> bool:
    """Whether the branch of the failure leaves all the same, or mends something."""
    return any(
        command.name in ("exit", "return", "false", "kill", "rm")
        for command in commands[index + 1 : index + 3]
        if command.before in ("&&", ";", "")
    )


def status(recipe: Recipe) -> Iterator[Finding]:
    """``$?`` of another command than the one that is meant."""
    for text in recipe.naming("$?"):
        for before, command in zip(text.commands, text.commands[1:], strict=False):
            tests = command.words[:1] in (("[",), ("[[",), ("test",)) and "$?" in command.words
            if (
                tests
                and before.name in ("echo", "printf", "date")
                and "substitution" not in before.around
                and before.around == command.around[: len(before.around)]
            ):
                place = text.place(command.line)
                yield error(
                    "status-of-another",
                    place,
                    f"$? is the status of the {before.name} before it, which is 0: this check never fails",
                    "status=$? right behind the command that is meant",
                )
            elif (
                tests
                and text.option("e", "errexit")
                and before.after not in ("||", "&&")
                and "condition" not in before.around
            ):
                yield warning(
                    "status-after-errexit",
                    text.place(command.line),
                    "with set -e the script has ended before a failure is looked at here",
                    "if ! COMMAND; then ...",
                )


def other_things(recipe: Recipe) -> Iterator[Finding]:
    """A check of a file that is none, or with a tool that does not read it."""
    for text in recipe.naming("compose", "ockerfile", "requirements"):
        if text.kind not in ("script", "workflow", "start"):
            continue
        for command in text.commands:
            words = command.words
            place = text.place(command.line)
            composes = words[:2] == ("docker", "compose") or command.program == "docker-compose"
            named = command.option("-f", "--file") if composes else None
            if named and re.search(r"(?i)dockerfile", posixpath.basename(named)):
                yield error(
                    "check-of-another",
                    place,
                    f"docker compose reads compose files, and {named} is a Dockerfile: this check says nothing of it",
                    f"docker build --check -f {named} .",
                )
                continue
            if (
                command.program in ("grep", "test", "[")
                and text.kind == "script"
                and re.search(r"(check|verify|test|validate|smoke)", posixpath.basename(text.path))
            ):
                yield from _absent_file(recipe, text, command)


def _absent_file(recipe: Recipe, text: ShellText, command: Command) -> Iterator[Finding]:
    """A file of the repository that a check script looks into and that is not there."""
    for word in command.words[1:]:
        clean = word.removeprefix("./")
        if not re.fullmatch(
            r"(?:[\w.-]+/)*(?:[Dd]ockerfile[\w.-]*|requirements[\w.-]*\.txt|docker-compose[\w.-]*\.ya?ml)", clean
        ):
            continue
        if clean not in recipe.folder.known and recipe.folder.names:
            near = next(
                (
                    name
                    for name in recipe.folder.names
                    if posixpath.basename(name).lower().startswith(posixpath.basename(clean)[:6].lower())
                ),
                None,
            )
            place = text.place(command.line)
            patch = replaced(recipe.folder, place, clean, near) if near else None
            yield error(
                "check-of-another",
                place,
                f"{clean} is not in this folder: the check says nothing of the recipe",
                near or "name a file that is there",
                patch,
            )


def imports(recipe: Recipe) -> Iterator[Finding]:
    """A check script that asks another port or path than the container has."""
    from greenroom.diagnose.listening import listening

    ports = {one.port for built in recipe.images for one in listening(built)}
    if not ports or 0 in ports:
        return
    for text in recipe.loose:
        if text.kind != "script" or not re.search(
            r"(check|verify|test|smoke|health|probe)", posixpath.basename(text.path)
        ):
            continue
        for command in text.commands:
            asked = (
                re.search(r"(?:localhost|127\.0\.0\.1):(\d+)", " ".join(command.words))
                if command.program in ("curl", "wget", "nc")
                else None
            )
            if asked and int(asked[1]) not in ports and not _published_as(recipe, asked[1]):
                place = text.place(command.line)
                right = str(min(ports))
                yield error(
                    "check-of-another",
                    place,
                    f"the check asks port {asked[1]}, and the server listens on {right}",
                    f"ask port {right}",
                    replaced(recipe.folder, place, asked[1], right),
                )


def _published_as(recipe: Recipe, port: str) -> bool:
    words = " ".join(
        word
        for text in recipe.naming("docker")
        if text.kind in ("script", "workflow")
        for command in text.commands
        for word in command.words
        if command.program == "docker"
    )
    composes = " ".join(compose.source.text for compose in recipe.composes)
    return f"{port}:" in words + composes
