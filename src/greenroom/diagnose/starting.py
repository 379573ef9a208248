"""What a container runs when it starts: from ENTRYPOINT and CMD, through the scripts that these call."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.diagnose import shell
from greenroom.diagnose.shell_text import ShellText
from greenroom.diagnose.source import Place
from greenroom.diagnose.variables import substituted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from greenroom.diagnose.held import Held, HeldFile
    from greenroom.diagnose.image import Image, Stage, Step

SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh")
_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Start:
    """How a container starts.

    step: CMD or ENTRYPOINT, whichever names the program; None where a compose file or the platform does, and then place
    says where.  argv: the words; shell: they are one text for a shell.  file: what is run, where it is known.  wanted:
    the path of the program or script in the image, where it has one.  texts: all shell that runs, the outermost first.
    """

    place: Place
    argv: tuple[str, ...]
    is_shell: bool
    step: Step | None
    stage: Stage
    wanted: str = ""
    file: HeldFile | None = None
    texts: tuple[ShellText, ...] = ()

    @property
    def program(self) -> str:
        """The program's name, without its folder."""
        return posixpath.basename(self.argv[0]) if self.argv else ""


@dataclass(frozen=True, slots=True)
class Override:
    """What a compose file or the platform runs. entry: instead of ENTRYPOINT and CMD, where it is given.  command:
    instead of CMD, or behind entry."""

    place: Place
    entry: tuple[str, ...] | None
    command: tuple[str, ...] | None


def start_of(image: Image, made: Held, override: Override | None = None) -> Start | None:
    """How the container starts; None where the recipe leaves it to the base image."""
    stage = image.final
    entry, command = stage.last("ENTRYPOINT"), stage.last("CMD")
    if override is not None and override.entry:
        return _exec_start((*override.entry, *(override.command or ())), override.place, None, stage, made)
    instead = override.command if override is not None else None
    if entry is None and command is None and instead is None:
        return None
    deciding = entry if entry is not None and entry.value not in ("[]", '[""]') else command
    step = None if instead is not None and deciding is not entry else deciding
    where = override.place if override else Place(image.path, deciding.instruction.line if deciding else 1)
    if step is not None:
        where = Place(image.path, step.instruction.line)
    words: list[str] = []
    if entry is not None and deciding is entry:
        if entry.instruction.words is None:
            return _shell_start(entry.value, where, entry, stage, image, made)
        words += entry.instruction.words
    if instead is not None:
        words += instead
    elif command is not None:
        if command.instruction.words is None and not words:
            return _shell_start(command.value, where, command, stage, image, made)
        words += (
            command.instruction.words if command.instruction.words is not None else ["/bin/sh", "-c", command.value]
        )
    return _exec_start(tuple(words), where, step, stage, made)


def _shell_start(text: str, place: Place, step: Step, stage: Stage, image: Image, made: Held) -> Start:
    interpreter = posixpath.basename(stage.shell[0]) if stage.shell else "sh"
    body = step.instruction.body
    own = ShellText(image.path, shell.parse(body, step.instruction.line), "start", interpreter, None, None, stage)
    first = next((one for one in own.commands if one.words and one.program), None)
    argv = first.plain if first is not None else ()
    wanted, file, texts = _followed(argv, stage.workdir, made, stage, 0)
    more = [own, *texts]
    for one in own.commands:
        if one is not first:
            more += _followed(one.plain, stage.workdir, made, stage, 1)[2]
    return Start(place, argv or (text,), True, step, stage, wanted, file, tuple(more))


def _exec_start(
    argv: tuple[str, ...],
    place: Place,
    step: Step | None,
    stage: Stage,
    made: Held,
) -> Start:
    texts: list[ShellText] = []
    words = _behind_init(argv)
    if len(words) > 2 and posixpath.basename(words[0]) in SHELLS and re.fullmatch(r"-[a-z]*c", words[1]):
        script = shell.parse(words[2], place.line)
        texts.append(ShellText(place.path, script, "start", posixpath.basename(words[0]), None, None, stage))
        first = next((one for one in script.commands if one.program), None)
        if first is not None:
            words = first.plain
        for one in script.commands:
            texts += _followed(one.plain, stage.workdir, made, stage, 1)[2]
    wanted, file, more = _followed(words, stage.workdir, made, stage, 0)
    seen = {id(text.held) for text in texts if text.held}
    return Start(place, argv, False, step, stage, wanted, file, (*texts, *(t for t in more if id(t.held) not in seen)))


def _behind_init(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The words behind ``tini --``, ``env``, ``exec`` and the like."""
    words = list(argv)
    while words and posixpath.basename(words[0]) in (
        "tini",
        "dumb-init",
        "catatonit",
        "env",
        "exec",
        "nohup",
        "s6-init",
    ):
        words.pop(0)
        while words and (words[0].startswith("-") or "=" in words[0]):
            words.pop(0)
    return tuple(words)


def _followed(
    argv: Sequence[str], workdir: str, made: Held, stage: Stage, depth: int
) -> tuple[str, HeldFile | None, list[ShellText]]:
    """The script that words run, as path and file of the image, with the shell in it and in what it calls."""
    words = _behind_init(tuple(argv))
    if not words or depth > _DEEPEST:
        return "", None, []
    interpreter, path = _script_of(words, made)
    if not path:
        return "", None, []
    whole = posixpath.normpath(posixpath.join(workdir, substituted(path, stage.environment)))
    file = made.get(whole)
    if file is None or file.lines is None:
        return whole, file, []
    interpreter = interpreter or _shebang(file)
    if not interpreter and not path.endswith((".sh", ".bash")):
        return whole, file, []
    if interpreter and interpreter not in SHELLS:
        return whole, file, []
    return whole, file, [_text(whole, file, interpreter, stage), *_called(file, workdir, made, stage, depth)]


def _script_of(words: tuple[str, ...], made: Held) -> tuple[str, str]:
    """Which interpreter words name, and the script that it reads; an empty path where there is none."""
    program = posixpath.basename(words[0])
    if program in (*SHELLS, "source", "."):
        rest = [word for word in words[1:] if not word.startswith(("-", "+"))]
        inline = len(words) > 1 and re.fullmatch(r"-[a-z]*c", words[1])
        return (program if program in SHELLS else "", rest[0] if rest and not inline else "")
    if re.fullmatch(r"python3?(\.\d+)?", program):
        skip = False
        for word in words[1:]:
            if word in ("-c", "-m", "-"):
                break
            if not skip and not word.startswith("-"):
                return "", word
            skip = word in ("-W", "-X")
        return "", ""
    if "/" in words[0]:
        return "", words[0]
    own = made.searched(words[0])
    return "", own.path if own is not None else ""


def _shebang(file: HeldFile) -> str:
    """The name of the interpreter that a file's first line asks for."""
    found = re.match(r"#!\s*(\S+)(?:\s+(?:-\S+\s+)*(\S+))?", file.lines[0][0] if file.lines else "")
    if found is None:
        return ""
    name = posixpath.basename(found[1])
    return posixpath.basename(found[2] or "") if name == "env" else name


def _text(path: str, file: HeldFile, interpreter: str, stage: Stage) -> ShellText:
    lines = tuple(file.lines or ())
    script = shell.parse("\n".join(text for text, _ in lines))
    return ShellText(file.source.path if file.source else path, script, "start", interpreter, lines, None, stage, file)


def _called(file: HeldFile, workdir: str, made: Held, stage: Stage, depth: int) -> list[ShellText]:
    """The shell of the scripts that a script runs."""
    texts: list[ShellText] = []
    seen: set[str] = {file.path}
    folder = workdir
    for command in shell.parse("\n".join(text for text, _ in file.lines or ())).commands:
        if command.name == "cd" and len(command.words) > 1 and "$" not in command.words[1]:
            folder = posixpath.normpath(posixpath.join(folder, command.words[1]))
        if not command.plain or command.name in ("test", "["):
            continue
        path, _, inner = _followed(command.plain, folder, made, stage, depth + 1)
        if path and path not in seen:
            seen.add(path)
            texts += inner
    return texts
