"""Health checks that cannot say no, or that never say yes."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.diagnose.listening import listening
from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.document import Value
    from greenroom.diagnose.held import HeldFile
    from greenroom.diagnose.recipe import Built, Recipe
    from greenroom.findings import Finding

_MAKES_APPLICATION = re.compile(r"^\w+\s*=\s*(?:\w+\.)?(?:FastAPI|Flask|Quart|Starlette|Sanic)\(", re.MULTILINE)
# What may serve paths that no decorator of the file names.
_ADDS_ROUTES = re.compile(
    r"include_router|mount|add_(?:api_)?route|add_url_rule|register_blueprint|\.expose\(|prefix|\.middleware\(|init_app"
    r"|[Hh]ealth[Cc]heck|errorhandler\(404|\(\s*[\"'][^\"']*[{<]"
)
# Probes that an answer of 404 makes fail.
_HEEDS_STATUS = re.compile(r"urlopen|wget|curl\b.*\s(?:-[a-zA-Z]*f|--fail)|raise_for_status")
_MODULE = re.compile(r"([\w.]+):\w+(?:\(\))?")


def can_fail(recipe: Recipe) -> Iterator[Finding]:
    """A probe whose failure is turned into success."""
    for text in recipe.texts:
        if text.kind != "probe":
            continue
        for command in text.commands:
            place = text.place(command.line)
            if command.before in ("||", ";") and _is_nothing(command.words):
                patch = replaced(recipe.folder, place, f"|| {' '.join(command.words)}", "|| exit 1", safe=True)
                yield error(
                    "check-cannot-fail",
                    place,
                    "the health check ends with success whatever it finds",
                    "end it with || exit 1",
                    patch,
                )
            elif command.program == "curl" and not _fails(command.words):
                patch = replaced(recipe.folder, place, "curl ", "curl -f ", safe=True)
                yield warning(
                    "probe-takes-errors", place, "curl without -f takes an answer of 500 for health", "curl -f", patch
                )
    for compose in recipe.composes:
        services = compose.get("services")
        for _, service in services.entries if services else ():
            test = service.get("healthcheck", "test")
            if test is not None:
                yield from _compose_test(compose.path, test)


def _compose_test(path: str, test: Value) -> Iterator[Finding]:
    place = Place(path, test.line)
    words = test.strings
    if test.tag == "seq" and words and words[0] not in ("CMD", "CMD-SHELL", "NONE"):
        message = f"a health check's list begins with CMD or CMD-SHELL, not with {words[0]!r:.30}: compose refuses it"
        yield error("healthcheck-form", place, message, "test: [CMD, ...]")
    elif test.tag == "seq" and words[:1] == ("CMD",) and {"||", "&&", "|"} & set(words):
        yield error(
            "exec-form-needs-shell",
            place,
            "CMD is run without a shell, so || is a mere word in it",
            "CMD-SHELL, and one text",
        )
    if re.search(r"(\|\||;)\s*(true|exit 0|:)\s*$", words[-1] if words else ""):
        yield error(
            "check-cannot-fail", place, "the health check ends with success whatever it finds", "end it with || exit 1"
        )


def _is_nothing(words: tuple[str, ...]) -> bool:
    return words in (("true",), (":",), ("exit", "0"), ("/bin/true",)) or (words[:1] == ("echo",) and len(words) < 8)


def _fails(words: tuple[str, ...]) -> bool:
    return any(re.fullmatch(r"-[a-zA-Z]*f[a-zA-Z]*", word) or word in ("--fail", "--fail-with-body") for word in words)


def path_is_served(recipe: Recipe) -> Iterator[Finding]:
    """A probe of a path that the server's code does not know."""
    for built in recipe.images:
        step = built.image.final.last("HEALTHCHECK")
        file = _application(built)
        if step is None or file is None or not file.lines:
            continue
        asked = re.search(r"(?:localhost|127\.0\.0\.1):\d+(/[\w/.-]+)", step.value)
        code = "\n".join(line for line, _ in file.lines)
        routes = set(re.findall(r"@\w+\.(?:get|route|api_route|head)\(\s*[\"']([^\"']+)[\"']", code))
        if asked is None or not routes or not listening(built) or _ADDS_ROUTES.search(code):
            continue
        if asked[1].rstrip("/") not in {route.rstrip("/") for route in routes} and asked[1] not in (
            "/docs",
            "/openapi.json",
        ):
            place = Place(built.image.path, step.instruction.line_of(asked[1]))
            near = next(
                (route for route in routes if "health" in route or "ping" in route or "ready" in route), min(routes)
            )
            told = error if _MAKES_APPLICATION.search(code) and _HEEDS_STATUS.search(step.value) else warning
            yield told(
                "probe-path-unknown",
                place,
                f"the health check asks {asked[1]}, and {file.path} serves {', '.join(sorted(routes))[:80]}",
                f"ask {near}",
                replaced(recipe.folder, place, asked[1], near),
            )


def _application(built: Built) -> HeldFile | None:
    """The Python file that serves: the one that is started, or the module that uvicorn or gunicorn is given."""
    start = built.start
    if start is None:
        return None
    if start.file is not None and start.wanted.endswith(".py"):
        return start.file
    words = start.argv
    servers = ("uvicorn", "gunicorn", "hypercorn", "granian")
    moved = any(word.startswith(("--app-dir", "--chdir", "--factory")) for word in words)
    if start.is_shell or start.texts or start.program not in servers or moved:
        return None
    module = next((found[1] for word in words[1:] if (found := _MODULE.fullmatch(word))), "")
    path = posixpath.join(built.image.final.workdir, module.replace(".", "/") + ".py")
    return built.files.get(path) if module else None
