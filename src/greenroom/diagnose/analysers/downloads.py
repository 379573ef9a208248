"""Downloads: an error page taken for a model, a part taken for the whole, jobs whose failure nobody hears."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from greenroom.diagnose.command import with_values
from greenroom.diagnose.saying import error, replaced, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.recipe import Recipe
    from greenroom.diagnose.shell_text import ShellText
    from greenroom.findings import Finding

DATA = re.compile(
    r"(?i)\.(safetensors|sft|ckpt|pth?|gguf|onnx|bin|whl|tar|tgz|gz|xz|zip|zst|deb|npz|engine|model|7z|bz2|json|yaml|run)\b"
)
# Programs that fetch weights.
_WEIGHT_FETCHERS = ("wget", "curl", "aria2c", "hf", "huggingface-cli")
_SUMS = re.compile(r"^(sha\d*sum|md5sum|b2sum|cksum|shasum|openssl|xxhsum|b3sum)$")


def error_pages(recipe: Recipe) -> Iterator[Finding]:
    """curl without -f: what the server says about its failure is stored under the file's name."""
    for text in recipe.naming("curl"):
        if text.kind == "probe":
            continue
        for index, command in enumerate(text.commands):
            if command.program != "curl" or not _saves(command) or _fails(command):
                continue
            place = text.place(command.line)
            target = target_of(command)
            checked = is_checked(text, index, target)
            known = with_values(command, text.step.environment) if text.step is not None else command
            words = " ".join(known.words)
            matters = bool(DATA.search(target) or DATA.search(words) or "resolve/main" in words)
            if checked:
                continue
            runs = text.kind in ("run", "start")  # of others nobody sees that their end is looked at
            told = error if matters and runs and not _is_unpacked(text, index, target) else warning
            patch = replaced(recipe.folder, place, "curl ", "curl -f ", safe=True)
            yield told(
                "error-page-saved",
                place,
                "curl ends with 0 when the server answers with an error, and stores that page as "
                f"{target or 'the file'}",
                "curl -fL --retry 3, and check the hash",
                patch,
            )


def _is_unpacked(text: ShellText, index: int, target: str) -> bool:
    """Whether the file is opened at once by what fails over an error page."""
    name = target.rsplit("/", 1)[-1]
    later = text.commands[index + 1 :]
    if text.step is not None and text.stage is not None:
        steps = text.stage.steps
        row = next((row for row, step in enumerate(steps) if step is text.step), len(steps))
        later = (*later, *(command for step in steps[row + 1 :] for command in step.commands))
    return any(
        command.program
        in (
            "unzip",
            "tar",
            "dpkg",
            "apt-get",
            "apt",
            "gunzip",
            "bash",
            "sh",
            "python",
            "python3",
            "pip",
            "pip3",
            "7z",
            "gpg",
        )
        and (name in " ".join(command.words) or "*" in " ".join(command.words))
        for command in later
    ) and text.option("e", "errexit")


def _saves(command: Command) -> bool:
    return any(
        re.fullmatch(r"-[a-zA-Z]*[oO].*", word) or word in ("--output", "--remote-name", "-J")
        for word in command.words[1:]
    ) or any(one.operator in (">", ">>") and not one.target.startswith("/dev") for one in command.redirects)


def _fails(command: Command) -> bool:
    return any(
        re.fullmatch(r"-[a-zA-Z]*f[a-zA-Z]*", word) or word in ("--fail", "--fail-with-body", "--fail-early")
        for word in command.words[1:]
    ) or any("http_code" in word or word == "-w" for word in command.words)


def target_of(command: Command) -> str:
    for index, word in enumerate(command.words):
        if (
            re.fullmatch(r"-[a-zA-Z]*o|--output|-[a-zA-Z]*O|--output-document", word) and command.program != "curl"
        ) or (re.fullmatch(r"-[a-zA-Z]*o|--output", word) and command.program == "curl"):
            return command.words[index + 1] if index + 1 < len(command.words) else ""
        if word.startswith(("--output=", "--output-document=")):
            return word.partition("=")[2]
        joined = re.fullmatch(r"-o(\S+)" if command.program == "curl" else r"-[oO](\S+)", word)
        if joined and not word.startswith("--"):
            return joined[1]
    aimed = next((one.target for one in command.redirects if one.operator == ">"), "")
    return aimed or next((word.rsplit("/", 1)[-1] for word in command.words if "://" in word), "")


def is_checked(text: ShellText, index: int, target: str) -> bool:
    """Whether the file's hash is compared further on."""
    name = target.rsplit("/", 1)[-1]
    for command in text.commands[index + 1 :]:
        if _SUMS.match(command.program) or (
            command.program in ("gpg", "cosign", "unzip", "tar") and _SUMS.match(command.program)
        ):
            around = " ".join(command.words) + " ".join(
                word for one in text.commands[index:] if one.after == "|" for word in one.words
            )
            if command.has("-c", "--check", "--verify", "--status") or name in around or not name:
                return True
    return False


def unheard(recipe: Recipe) -> Iterator[Finding]:
    """Downloads in the background and a bare ``wait``: it ends with 0 whatever became of them."""
    for text in recipe.naming("wait"):
        if text.kind == "probe":
            continue
        jobs: list[Command] = []
        for index, command in enumerate(text.commands):
            if command.after == "&" and _fetches(command, text):
                jobs.append(command)
            if command.words != ("wait",) or not jobs:
                continue
            if any(one.name == "wait" and len(one.words) > 1 for one in text.commands):
                break
            later = " ".join(word for one in text.commands[index + 1 :] for word in one.words)
            looks = _SUMS.search(later) or "sha256sum" in later or re.search(r"\[ (!? ?)-[fs] ", later)
            names = [name for job in jobs if (name := target_of(job).rsplit("/", 1)[-1])]
            if looks and (len(names) < len(jobs) or any(name in later for name in names) or _loops(text, index)):
                break
            told = warning if looks else error  # it looks at other files than these
            yield told(
                "wait-loses-failure",
                text.place(command.line),
                f"wait without a process id ends with 0 even if {jobs[0].program} failed: the start goes on "
                "without the files",
                'pids+=("$!") behind each, then for pid in "${pids[@]}"; do wait "$pid"; done',
            )
            break


def _loops(text: ShellText, index: int) -> bool:
    """Whether what follows goes over files that have no name there."""
    return any("loop" in one.around or "*" in " ".join(one.words) for one in text.commands[index + 1 :])


def _fetches(command: Command, text: ShellText) -> bool:
    program = command.program
    if program in text.script.functions:
        return any("function" in one.around and _fetches_itself(one) for one in text.commands)
    return _fetches_itself(command)


def _fetches_itself(command: Command) -> bool:
    return command.program in ("wget", "curl", "aria2c", "hf", "huggingface-cli", "gdown", "rsync", "tar") or (
        command.program in ("pip", "pip3") and "install" in command.words
    )


def overlooked(recipe: Recipe) -> Iterator[Finding]:
    """A download whose failure is taken for success: by ``|| true``, or by a pipe that ends as its last part does."""
    for text in recipe.naming(*_WEIGHT_FETCHERS):
        if text.kind not in ("run", "start", "script"):
            continue
        for command, following in itertools.pairwise(text.commands):
            if not _fetches_weights(command) or "condition" in command.around:
                continue
            place = text.place(command.line)
            shrugs = following.words[:1] in (("true",), (":",), ("echo",), ("printf",))
            if command.after == "||" and shrugs and not _looks_later(text, following):
                message = (
                    f"{command.program} may fail, and || {following.name} makes it a success: the start goes on without"
                )
                yield error("download-failure-ignored", place, message, "let it fail: || exit 1")
            elif _is_silent(text, command):
                message = f"without set -e the start goes on when {command.program} has failed"
                yield warning("download-failure-ignored", place, message, "set -e, or || exit 1 behind it")
            piped = command.after in ("|", "|&") and following.program in ("tee", "cat", "tail", "head", "ts")
            if piped and not text.option("", "pipefail"):
                message = f"a pipe ends as {following.program} does, so {command.program} may fail unheard"
                yield error("pipe-hides-failure", place, message, "set -o pipefail")


def _is_silent(text: ShellText, command: Command) -> bool:
    """Whether a start script goes on after a command whatever became of it, and never looks for what it fetched."""
    if text.kind != "start" or text.held is None or command.after not in ("", ";") or command.around:
        return False
    name = target_of(command).rsplit("/", 1)[-1]
    index = text.commands.index(command)
    later = [word for one in text.commands[index + 1 :] for word in (*one.words, *one.raw)]
    looks = any("$?" in word or (name and name in word) for word in later) or not name
    ends = index + 1 == len(text.commands)
    return not looks and not ends and not text.option("e", "errexit")


def _fetches_weights(command: Command) -> bool:
    if command.program in ("hf", "huggingface-cli"):
        return "download" in command.words
    return command.program in ("wget", "curl", "aria2c") and bool(DATA.search(" ".join(command.words)))


def _looks_later(text: ShellText, command: Command) -> bool:
    """Whether somebody leaves there, or looks for the file further on."""
    later = text.commands[text.commands.index(command) :]
    leaves = any(one.name in ("exit", "return", "false") and one.line <= command.line + 2 for one in later)
    return leaves or any(one.words[:1] in (("[",), ("[[",), ("test",)) for one in later)
