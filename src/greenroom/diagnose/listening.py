"""On which address and port the container's server listens, as far as the recipe says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.diagnose.variables import substituted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from greenroom.diagnose.held import HeldFile
    from greenroom.diagnose.recipe import Built
    from greenroom.diagnose.source import Place

LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Listening:
    """A server. host: empty where nothing says; told: the recipe names it, it is no default.  port: 0 if unknown."""

    server: str
    host: str
    told: bool
    port: int
    place: Place
    mend: str


# What servers do when nobody tells them: host, port, and how they are told.
_DEFAULTS: dict[str, tuple[str, int, str]] = {
    "uvicorn": ("127.0.0.1", 8000, "--host 0.0.0.0"),
    "fastapi": ("0.0.0.0", 8000, "--host 0.0.0.0"),  # noqa: S104 - what `fastapi run` does, not what we listen on
    "flask": ("127.0.0.1", 5000, "--host=0.0.0.0"),
    "gunicorn": ("127.0.0.1", 8000, "-b 0.0.0.0:PORT"),
    "hypercorn": ("127.0.0.1", 8000, "--bind 0.0.0.0:PORT"),
    "jupyter": ("127.0.0.1", 8888, "--ip=0.0.0.0"),
    "http.server": ("0.0.0.0", 8000, "--bind 0.0.0.0"),  # noqa: S104 - what it does by itself
}


def listening(built: Built) -> list[Listening]:
    """All servers that the container starts."""
    start = built.start
    if start is None:
        return []
    environment = built.image.final.environment
    found: list[Listening] = []
    if not start.texts or not start.is_shell:
        found += _command(start.argv, start.place, environment, built)
    for text in built.texts:
        if text.kind == "start":
            values = dict(environment)
            for command in text.commands:
                values |= {name: substituted(value, values) for name, value in command.assigned}
                if command.plain and "condition" not in command.around:
                    found += _command(command.plain, text.place(command.line), values, built)
    told = any(one.told and one.host for one in found)  # its arguments say what the code takes for default
    if start.file is not None and start.wanted.endswith(".py") and not told:
        found += _code(start.file, environment)
    return found


def _command(words: Sequence[str], place: Place, values: Mapping[str, str], built: Built) -> Iterator[Listening]:
    words = [substituted(word, values) for word in words]
    names = [word.rsplit("/", 1)[-1] for word in words]
    if not words:
        return
    server = names[0]
    if re.fullmatch(r"python3?(\.\d+)?", server) and "-m" in names[:3] and len(names) > names.index("-m") + 1:
        server = names[names.index("-m") + 1]
    if server in _DEFAULTS:
        host, port, mend = _DEFAULTS[server]
        if server == "flask" and "run" not in words:
            return
        if (
            server == "jupyter"
            and not any("--ip" in word for word in words)
            and not any("lab" in word or "notebook" in word for word in words)
        ):
            return
        variables = {"uvicorn": "UVICORN_HOST", "flask": "FLASK_RUN_HOST"}
        told_host = _option(words, "--host", "--ip", "-b", "--bind", "-h") or values.get(variables.get(server, ""), "")
        told_port = _option(words, "--port", "-p") or ""
        if server in ("gunicorn", "hypercorn") and ":" in told_host:
            told_host, _, told_port = told_host.rpartition(":")
        if server == "http.server":
            told_port = next((word for word in words[words.index("http.server") + 1 :] if word.isdigit()), told_port)
        if server == "gunicorn" and (
            any(word in ("-c", "--config") for word in words) or "GUNICORN_CMD_ARGS" in values
        ):
            return
        if told_host.startswith("unix"):
            return
        given = int(told_port) if told_port.isdigit() else (0 if told_port else port)
        yield Listening(server, told_host or host, bool(told_host), given, place, mend)
    elif re.fullmatch(r"python3?(\.\d+)?", server):
        script = next((word for word in words[1:] if word.endswith(".py")), "")
        told_host = _option(
            words, "--host", "--listen", "--server-name", "--server_name", "--ip", "--address", "--bind"
        )
        told_port = _option(words, "--port", "--server-port", "--server_port", "-p")
        if told_host or (told_port and told_port.isdigit()):
            host = told_host if told_host and not told_host.startswith("-") else ""
            port = int(told_port) if told_port and told_port.isdigit() else 0
            yield Listening(script or "the server", host, bool(host), port, place, "listen on 0.0.0.0")
        elif script.endswith("main.py") and _is_comfy(script, built) and "--listen" not in words:
            yield Listening("ComfyUI", "127.0.0.1", False, 8188, place, "--listen 0.0.0.0")


def _is_comfy(script: str, built: Built) -> bool:
    where = f"{script} {built.image.final.workdir} " + " ".join(
        command.words[1]
        for text in built.texts
        for command in text.commands
        if command.name == "cd" and len(command.words) > 1
    )
    return "comfy" in where.lower()


def _option(words: Sequence[str], *names: str) -> str:
    for index, word in enumerate(words):
        name, given, value = word.partition("=")
        if name in names:
            if given:
                return value
            if index + 1 < len(words) and not words[index + 1].startswith("-"):
                return words[index + 1]
    return ""


_PATTERNS = (
    (
        "http.server",
        re.compile(r"(?:HTTPServer|ThreadingHTTPServer|TCPServer)\(\s*\(\s*[\"']([^\"']*)[\"']\s*,\s*(\w+)"),
        None,
    ),
    ("uvicorn", re.compile(r"uvicorn\.run\((?P<rest>[^#\n]*(?:\n[^#\n)]*){0,8})"), "127.0.0.1"),
    ("Flask", re.compile(r"\bapp\.run\((?P<rest>[^#\n]*(?:\n[^#\n)]*){0,8})"), "127.0.0.1"),
    ("Gradio", re.compile(r"\.launch\((?P<rest>[^#\n]*(?:\n[^#\n)]*){0,8})"), "127.0.0.1"),
)


def _code(file: HeldFile, environment: Mapping[str, str]) -> Iterator[Listening]:
    """Servers that Python code starts."""
    lines = file.lines or []
    code = "\n".join(line for line, _ in lines)
    for server, pattern, default in _PATTERNS:
        for found in pattern.finditer(code):
            row = code.count("\n", 0, found.start())
            place = lines[row][1]
            if default is None:
                port = found[2]
                yield Listening(
                    server,
                    found[1],
                    True,
                    int(port) if port.isdigit() else _number(code, port),
                    place,
                    'listen on "0.0.0.0"',
                )
                continue
            rest = found["rest"]
            if (server == "Flask" and "Flask(" not in code) or (
                server == "Gradio" and not re.search(r"import gradio|from gradio", code)
            ):
                continue
            if server == "Gradio" and environment.get("GRADIO_SERVER_NAME"):
                continue
            host = re.search(r"(?:host|server_name)\s*=\s*([\"'])([^\"']*)\1", rest)
            unclear = re.search(r"(?:host|server_name)\s*=\s*[^\"'\s]|\*\*", rest)
            port = re.search(r"(?:port|server_port)\s*=\s*(\w+)", rest)
            named = {"Gradio": 'server_name="0.0.0.0"'}.get(server, 'host="0.0.0.0"')
            value = "" if unclear else host[2] if host else default
            number = 0
            if port is not None:
                number = int(port[1]) if port[1].isdigit() else _number(code, port[1])
            at = lines[row + rest[: host.start()].count("\n")][1] if host else place
            yield Listening(server, value, host is not None, number, at, named)


def _number(code: str, name: str) -> int:
    found = re.search(rf"^{re.escape(name)}\s*(?::\s*int\s*)?=\s*(\d+)\s*$", code, re.MULTILINE)
    return int(found[1]) if found else 0
