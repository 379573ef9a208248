"""Scripts that RUN writes line by line: printed and not written, emptied, expanded too early."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from greenroom.diagnose import shell
from greenroom.diagnose.saying import appended, error, replaced, warning
from greenroom.diagnose.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.held import Write
    from greenroom.diagnose.image import Step
    from greenroom.diagnose.recipe import Built, Recipe
    from greenroom.findings import Finding

_KEYWORDS = {
    "exec", "set", "export", "source", ".", "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done",
    "case", "esac", "trap", "wait", "cd", "exit", "return", "shift", "ulimit", "umask", "}", "{",
}  # fmt: skip
_PROGRAMS = {
    "python", "python3", "pip", "pip3", "bash", "sh", "uvicorn", "gunicorn", "nohup", "sleep", "mkdir", "rm", "cp",
    "mv", "ln", "chmod", "curl", "wget", "git", "tail", "nginx", "service", "node", "npm", "torchrun", "accelerate",
    "hf", "huggingface-cli", "tar", "ollama", "streamlit", "gradio", "jupyter", "sudo", "env", "test", "[",
}  # fmt: skip


def redirects(recipe: Recipe) -> Iterator[Finding]:
    """A line that the build prints, in the midst of those that it writes into a file."""
    for built in recipe.images:
        written: dict[str, list[Write]] = {}
        for write in built.files.writes:
            written.setdefault(write.path, []).append(write)
        for path, writes in written.items():
            if len(writes) > 1 or _is_script(writes):
                yield from _printed(recipe, built, path, writes)
                yield from _emptied(recipe, built, path, writes)
                yield from _unended(built, path, writes)


def _is_script(writes: list[Write]) -> bool:
    return any(line.startswith("#!") for write in writes for line, _ in write.lines)


def _is_started(built: Built, path: str) -> bool:
    start = built.start
    if start is None:
        return False
    return start.wanted == path or any(text.held is not None and text.held.path == path for text in start.texts)


def _printed(recipe: Recipe, built: Built, path: str, writes: list[Write]) -> Iterator[Finding]:
    steps = [step for stage in built.image.final.lineage for step in stage.steps]
    first, last = writes[0], writes[-1]
    begun = False
    for step in steps:
        if step.keyword != "RUN" or not _touches(step, first, last, steps):
            continue
        for command in step.commands:
            begun = begun or command is first.command
            if not begun or command.name not in ("echo", "printf") or "substitution" in command.around:
                continue
            if command.redirects or command.before in ("|", "|&") or command.after in ("|", "|&"):
                continue
            text = " ".join(word for word in command.words[1:] if not re.fullmatch(r"-[neE]+", word))
            if command is not first.command and _is_code(text, command):
                told = error if _is_started(built, path) or _is_script(writes) else warning
                place, end = Place(built.image.path, command.line), Place(built.image.path, command.last)
                # A redirect at the line's end would be another command's.
                shared = any(one.line == command.last and one is not command for one in step.commands)
                yield told(
                    "redirect-missing",
                    place,
                    f"the build prints this line instead of writing it: {path} lacks {text!r:.60}",
                    f"append >> {path} to it",
                    None if shared else appended(recipe.folder, end, f" >> {path}", safe=True),
                )


def _touches(step: Step, first: Write, last: Write, steps: list[Step]) -> bool:
    """Whether a RUN is among those that write the file, or stands between them, or uses it next."""
    begin, end = steps.index(first.step), steps.index(last.step)
    position = steps.index(step)
    return begin <= position <= end or (
        position == end + 1 and all(one.name in ("echo", "printf", "chmod") for one in step.commands)
    )


def _is_code(text: str, command: Command) -> bool:
    """Whether what is printed reads as a line of a script and not as words for a person."""
    text = text.strip()
    if not text or text.startswith(("#!",)):
        return bool(text)
    first, _, rest = text.partition(" ")
    name = first.rsplit("/", 1)[-1]
    if first in _KEYWORDS:
        if first in ("set", "exec", "export", "trap", "source", ".", "cd", "if", "for", "while", "exit", "case"):
            parsed = shell.parse(text)
            plain = re.fullmatch(
                r"(set [-+]\w+.*|exec \S*[/.\w-]+( .*)?|export \w+=.*|trap .*|(source|\.|cd) [\w$./~{\"-]\S*|exit \d+|"
                r"(if|for|while|case) .*(;|then|do|in).*)",
                text,
                re.DOTALL,
            )
            return plain is not None and not (first == "exec" and len(parsed.commands) == 0)
        return not rest or first in ("then", "else", "do", "done", "elif")
    if re.fullmatch(r"[A-Za-z_]\w*=\S*", first) and "=" in first and not rest.startswith("is "):
        return command.words[0] == "echo" and not rest
    if name in _PROGRAMS:
        return bool(
            re.match(
                r"(-{1,2}\w|/|\./|\"?\$|[\w./-]+\.\w{2,4}\b|[\w.-]+:[\w.-]+|install |clone |download |start\b)", rest
            )
        )
    return (
        first.startswith(("/", "./"))
        and bool(re.fullmatch(r"[\w./$-]+", first))
        and not first.endswith((":", ".", ","))
    )


def _emptied(recipe: Recipe, built: Built, path: str, writes: list[Write]) -> Iterator[Finding]:
    """A ``>`` among ``>>`` that throws away what was written before."""
    for index, write in enumerate(writes):
        lost = [line for earlier in writes[:index] for line, _ in earlier.lines if line.strip()]
        if index == 0 or not write.empties or not lost or _is_whole(write):
            continue
        if any(_uses(command, path) for command in _between(writes[index - 1], write, built)):
            continue
        told = error if _is_started(built, path) or _is_script(writes) else warning
        yield told(
            "redirect-truncates",
            write.place,
            f"> empties {path}, which already has {len(lost)} {'line' if len(lost) == 1 else 'lines'} from before",
            "append with >>",
            replaced(recipe.folder, Place(write.place.path, write.command.last), f"> {path}", f">> {path}"),
        )


def _is_whole(write: Write) -> bool:
    """Whether a write begins a script of its own, which is meant to take the old one's place."""
    return bool(write.lines) and write.lines[0][0].startswith("#!")


def _between(before: Write, after: Write, built: Built) -> list[Command]:
    commands = [command for stage in built.image.final.lineage for step in stage.steps for command in step.commands]
    begin = next((index for index, command in enumerate(commands) if command is before.command), 0)
    end = next((index for index, command in enumerate(commands) if command is after.command), begin)
    return commands[begin + 1 : end]


def _uses(command: Command, path: str) -> bool:
    return any(path in word for word in command.words) and command.program not in ("chmod", "chown", "touch")


def _unended(built: Built, path: str, writes: list[Write]) -> Iterator[Finding]:
    """A line without its end, so that the next one is glued to it."""
    for before, after in itertools.pairwise(writes):
        command = before.command
        glued = (
            command.name == "printf" and len(command.words) == 2 and not re.search(r"(\\n|\n)$", command.words[1])
        ) or (command.name == "echo" and command.words[1:2] in (("-n",), ("-ne",), ("-en",)))
        if glued and not after.empties and _is_started(built, path):
            message = f"this line of {path} has no end, so the next one is glued to it"
            yield error("line-without-end", before.place, message, "printf '...\\n'")


def expanded(recipe: Recipe) -> Iterator[Finding]:
    """Variables of a start script that the build already puts in, when they are still empty."""
    for built in recipe.images:
        for write in built.files.writes:
            if not _is_started(built, write.path):
                continue
            known = write.step.environment
            for name, line, place in _early(write):
                if known.get(name) is not None:
                    continue
                yield error(
                    "expanded-at-build",
                    place,
                    f"the build puts in ${name}, which is empty then: {write.path} gets "
                    f"{_emptied_line(line, name)!r:.60}",
                    "put the text in single quotes, or the name of the document: <<'EOF'",
                )
                break


def _early(write: Write) -> Iterator[tuple[str, str, Place]]:
    """Variables that the shell of RUN expands, each with its line."""
    command = write.command
    pattern = re.compile(r"(?<!\\)\$\{?([A-Za-z_]\w*|[@*#1-9])")
    if command.document and not command.literal:
        for (line, _), (_, place) in zip(command.document, write.lines, strict=False):
            for name in pattern.findall(line):
                yield name, line, place
    elif command.name in ("echo", "printf"):
        assigned = {name for one in write.step.commands for name, _ in one.assigned}
        for raw, row in zip(command.raw[1:], command.rows[1:], strict=False):
            if raw.startswith("'"):
                continue
            for name in pattern.findall(re.sub(r"'[^']*'", "", raw) if not raw.startswith('"') else raw):
                if name not in assigned:
                    yield name, raw.strip('"'), Place(write.place.path, row)


def _emptied_line(line: str, name: str) -> str:
    return re.sub(rf"\$\{{?{re.escape(name)}[^}}\s\"]*\}}?", "", line).strip()
