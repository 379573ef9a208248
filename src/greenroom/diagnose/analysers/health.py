"""Health checks that cannot say no, or that never say yes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.diagnose.listening import listening
from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.source import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.document import Value
    from greenroom.diagnose.recipe import Recipe
    from greenroom.findings import Finding


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
        start = built.start
        if (
            step is None
            or start is None
            or start.file is None
            or not start.file.lines
            or not start.wanted.endswith(".py")
        ):
            continue
        asked = re.search(r"(?:localhost|127\.0\.0\.1):\d+(/[\w/.-]+)", step.value)
        code = "\n".join(line for line, _ in start.file.lines)
        routes = set(re.findall(r"@\w+\.(?:get|route|api_route|head)\(\s*[\"']([^\"']+)[\"']", code))
        if asked is None or not routes or not listening(built) or "include_router" in code or "mount(" in code:
            continue
        if asked[1].rstrip("/") not in {route.rstrip("/") for route in routes} and asked[1] not in (
            "/docs",
            "/openapi.json",
        ):
            place = Place(built.image.path, step.instruction.line_of(asked[1]))
            near = next(
                (route for route in routes if "health" in route or "ping" in route or "ready" in route), min(routes)
            )
            yield error(
                "probe-path-unknown",
                place,
                f"the health check asks {asked[1]}, and {start.wanted} serves {', '.join(sorted(routes))[:80]}",
                f"ask {near}",
                replaced(recipe.folder, place, asked[1], near),
            )
