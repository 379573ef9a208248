"""What a start script leaves running when it ends, and whether that hears SIGTERM."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.diagnose.saying import error, replaced, warning
from greenroom.findings import Patch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.command import Command
    from greenroom.diagnose.recipe import Built, Recipe
    from greenroom.diagnose.shell_text import ShellText
    from greenroom.diagnose.starting import Start
    from greenroom.findings import Finding

_QUICK = {
    "echo", "printf", "exit", "date", "touch", "true", "set", "export", "cd", "mkdir", "chmod", "chown", "rm", "cat",
    "ls", "unset", "umask", "ulimit", "test", "[", "[[", "sleep", "disown", "cp", "ln", "mv", "source", ".",
    "nvidia-smi", "env", "printenv", "whoami", "id", "pwd", "hostname", "uname", "return", ":", "kill", "trap",
    "curl", "nc",
}  # fmt: skip
_SERVERS = {
    "python", "python3", "uvicorn", "gunicorn", "hypercorn", "granian", "node", "npm", "java", "torchrun",
    "accelerate", "streamlit", "gradio", "jupyter", "ollama", "nginx", "celery", "flask", "fastapi", "vllm",
    "tritonserver", "comfy", "litestar", "waitress-serve", "redis-server", "caddy", "deno", "bun",
}  # fmt: skip
_DAEMONS = {"gunicorn": ("--daemon", "-D"), "uwsgi": ("--daemonize",), "celery": ("--detach",), "docker": ("-d",)}


def outer(built: Built) -> ShellText | None:
    """The shell that is the container's first process; None where a program is."""
    start = built.start
    if start is None or not start.texts:
        return None
    texts = [text for text in start.texts if text.kind == "start"]
    if len(texts) > 1 and texts[1].held is not None and texts[1].held is start.file and _only_calls(texts[0]):
        return texts[1]
    return texts[0] if texts else None


def _only_calls(text: ShellText) -> bool:
    """Whether it runs one program and no more, as ``CMD /start.sh`` does: then that one is what counts."""
    return text.held is None and len(text.commands) == 1 and not text.commands[0].after


def _top(text: ShellText) -> list[Command]:
    """Commands that run whenever the script runs to its end: none inside functions, substitutions and subshells."""
    return [command for command in text.commands if not {"function", "substitution"} & set(command.around)]


def background(recipe: Recipe) -> Iterator[Finding]:
    """A server behind ``&`` with nothing that waits: the script ends, and the container with it."""
    for built in recipe.images:
        text = outer(built)
        if text is None or _supervised(built):
            continue
        commands = _top(text)
        last = max((index for index, command in enumerate(commands) if _detaches(command)), default=-1)
        if last < 0:
            continue
        after = [command for command in commands[last + 1 :] if command.words]
        if any(_holds(command) for command in after) or not all(_is_quick(command) for command in after):
            continue
        if _calls_holder(text, commands):
            continue
        command = commands[last]
        place = text.place(command.line)
        patch = None
        source = recipe.folder.read(place.path)
        line = source.line(place.line) if source is not None else ""
        if command.after == "&" and not after and line.rstrip().endswith("&"):
            indent = line[: len(line) - len(line.lstrip())]
            patch = Patch(place.path, place.line, (line,), (f"{indent}exec {line.strip().rstrip('&').rstrip()}",))
        yield error(
            "server-in-background",
            place,
            f"{command.program or 'the server'} runs in the background and nothing waits for it: the script ends, "
            "and the container with it",
            "exec the server in the foreground, or end with wait",
            patch,
        )


def _supervised(built: Built) -> bool:
    start = built.start
    return start is not None and bool({"supervisord", "s6-svscan", "init", "systemd", "runsvdir"} & set(start.argv))


def _detaches(command: Command) -> bool:
    if "loop" in command.around and command.after != "&":
        return False
    if command.after == "&" and command.program not in ("sleep", "wait"):
        return True
    if command.program in _DAEMONS and command.has(*_DAEMONS[command.program]):
        return True
    if command.program == "service" or (command.program == "systemctl" and "start" in command.words):
        return "start" in command.words
    return command.program == "nginx" and not any("daemon off" in word for word in command.words)


def _is_quick(command: Command) -> bool:
    return command.program in _QUICK or not command.plain or _detaches(command)


def _holds(command: Command) -> bool:
    words = command.plain
    if command.name in {"wait", "fg"} or (command.name == "exec" and len(command.words) > 1):
        return True
    if command.program == "sleep":
        return (
            "infinity" in words
            or any(word.isdigit() and int(word) > 86_000 for word in words[1:])
            or "loop" in command.around
        )
    return (command.program == "tail" and bool({"-f", "-F", "-n"} & set(words))) or "loop" in command.around


def _calls_holder(text: ShellText, commands: list[Command]) -> bool:
    """Whether a function of the script that is called waits."""
    waiting = any("function" in command.around and _holds(command) for command in text.commands)
    return waiting and any(command.name in text.script.functions for command in commands)


def signals(recipe: Recipe) -> Iterator[Finding]:
    """A server that is a child of the shell with process id 1: SIGTERM never reaches it.

    A warning: it starts and serves, and what is lost is the work of the last seconds, if there is any.
    """
    for built in recipe.images:
        start, text = built.start, outer(built)
        if start is None or text is None or _supervised(built) or _has_init(recipe, start):
            continue
        commands = [command for command in _top(text) if command.words]
        if not commands or any(
            command.name == "trap" and re.search(r"TERM|INT|EXIT|15", " ".join(command.words)) for command in commands
        ):
            continue
        last = commands[-1]
        piped = last.program == "tee" and len(commands) > 1 and commands[-2].after in ("|", "|&")
        last = commands[-2] if piped else last  # exec would not help there: the pipe keeps the shell
        replaces = last.name == "exec" and not piped
        if last.program not in _SERVERS or replaces or last.after == "&" or last.around or not _serves(last):
            continue
        place = text.place(last.line)
        source = recipe.folder.read(place.path)
        line = source.line(place.line) if source is not None else ""
        first = last.words[0] if line.strip().startswith(last.words[0]) else last.raw[0]
        alone = line.strip().startswith(first) or text.held is None
        patch = replaced(recipe.folder, place, first, f"exec {first}", safe=True) if alone and not piped else None
        yield warning(
            "signal-not-forwarded",
            place,
            f"the shell is process 1 and passes no SIGTERM on: {last.program} is killed in the midst of its work "
            "when the container is stopped",
            "exec > >(tee -a LOG) 2>&1 above, and exec the server" if piped else f"exec {' '.join(last.words)[:60]}",
            patch,
        )


def _has_init(recipe: Recipe, start: Start) -> bool:
    words = {word.rsplit("/", 1)[-1] for word in start.argv}
    if words & {"tini", "dumb-init", "catatonit", "s6-init", "my_init"}:
        return True
    for compose in recipe.composes:
        services = compose.get("services")
        for _, service in services.entries if services else ():
            init = service.get("init")
            if init is not None and init.scalar == "true":
                return True
    return False


def _serves(command: Command) -> bool:
    """Whether it runs on, as a server does: not ``python -c``, not ``python -m pip``."""
    words = command.plain
    if command.program in ("python", "python3"):
        return (
            "-c" not in words
            and words[1:3] not in (("-m", "pip"), ("-m", "venv"), ("-m", "compileall"))
            and len(words) > 1
        )
    return not (command.program in ("npm", "node") and "install" in words)


def ignores_sigterm(recipe: Recipe) -> Iterator[Finding]:
    """Python's own HTTP server as process 1: a process 1 without a handler does not hear SIGTERM."""
    for built in recipe.images:
        start = built.start
        if start is None or built.image.final.last("STOPSIGNAL") is not None or _has_init(recipe, start):
            continue
        text = outer(built)
        commands = [command for command in _top(text) if command.words] if text is not None else []
        if text is not None:
            if not commands or commands[-1].name != "exec" or any(command.name == "trap" for command in commands):
                continue
            words, place = commands[-1].plain, text.place(commands[-1].line)
        else:
            words, place = start.argv, start.place
        if len(words) < 2 or not re.fullmatch(r"python3?(\.\d+)?", words[0].rsplit("/", 1)[-1]):
            continue
        serves = words[1:3] == ("-m", "http.server")
        if not serves and built.start is not None and start.file is not None and start.file.lines is not None:
            code = "\n".join(line for line, _ in start.file.lines)
            serves = "http.server" in code and "serve_forever" in code and "signal" not in code
        if serves:
            yield warning(
                "signal-ignored",
                place,
                "Python's http.server has no handler for SIGTERM, and process 1 does not hear signals without one: "
                "it is killed after the grace period",
                "STOPSIGNAL SIGINT, or an init such as tini",
                None,
            )


def ends(recipe: Recipe) -> Iterator[Finding]:
    """A start that runs nothing which goes on, where a port is waited for."""
    for built in recipe.images:
        text = outer(built)
        if text is None or built.start is None:
            continue
        expects = built.image.final.last("EXPOSE") is not None or built.image.final.last("HEALTHCHECK") is not None
        commands = [command for command in _top(text) if command.words]
        if (
            expects
            and commands
            and all(_is_quick(command) and not _detaches(command) and not _holds(command) for command in commands)
        ):
            place = text.place(commands[-1].line)
            yield warning(
                "nothing-serves",
                place,
                f"{text.path} starts no server, and a port is waited for",
                "exec the server at its end",
            )
