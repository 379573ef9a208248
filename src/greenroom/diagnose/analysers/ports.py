"""Whether the server can be reached: the address that it listens on, and one port in all places."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.diagnose.listening import LOCAL, Listening, listening
from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.source import Place
from greenroom.findings import Patch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.recipe import Built, Recipe
    from greenroom.findings import Finding


def address(recipe: Recipe) -> Iterator[Finding]:
    """A server that listens on the container's own loopback, and is asked for from outside."""
    for built in recipe.images:
        # What else is exposed or asked for may be another service's.
        asked = _asked(recipe) if built.service is None else []
        open_ports = set(_exposed(built)) if built.service is None else set()
        ports = open_ports | {inner for _, inner, _ in _published(recipe, built)} | {port for port, _ in asked}
        if not ports:
            continue
        servers = listening(built)
        for server in servers:
            behind = len(servers) > 1 and server.port and server.port not in ports
            if server.host in LOCAL and not behind:
                patch = None
                for host in LOCAL:
                    patch = patch or (replaced(recipe.folder, server.place, host, "0.0.0.0") if server.told else None)  # noqa: S104 - text for the recipe; nothing is bound here
                patch = patch if server.told else _with_host(recipe, server)
                why = "listens" if server.told else "listens, unless it is told otherwise,"
                yield error(
                    "listens-on-localhost",
                    server.place,
                    f"{server.server} {why} on {server.host}, which is the container's own: nobody outside reaches it",
                    server.mend,
                    patch,
                )


def _with_host(recipe: Recipe, server: Listening) -> Patch | None:
    """A patch that tells a server its address, where all its words stand in one line."""
    source = recipe.folder.read(server.place.path)
    line = source.line(server.place.line) if source is not None else ""
    words = server.mend.replace("PORT", str(server.port)).split()
    if not words[0].startswith("-") or not server.port:
        return None
    name = re.escape(server.server)
    body = line.rstrip()
    if re.search(rf'[\["\s,]"(?:[^" ]*/)?{name}"', line) and body.endswith('"]'):
        more = "".join(f', "{word}"' for word in words)
        return Patch(server.place.path, server.place.line, (line,), (f"{body[:-1]}{more}]",))
    if re.search(rf"(?:^|\s){name}\s", line) and not re.search(r"[|&;<>#`()\[\]'\"\\]", line):
        return Patch(server.place.path, server.place.line, (line,), (f"{body} {' '.join(words)}",))
    return None


def agreement(recipe: Recipe) -> Iterator[Finding]:
    """A port that is probed, published or asked for, and on which nothing listens."""
    for built in recipe.images:
        ports = {server.port for server in listening(built) if server.port}
        unknown = any(not server.port for server in listening(built)) or not ports
        if unknown:
            continue
        words = ", ".join(map(str, sorted(ports)))
        step = built.image.final.last("HEALTHCHECK")
        if step is not None and (built.service is None or built.service.get("healthcheck") is None):
            probed = _probed(step.value)
            if probed and probed not in ports:
                line = step.instruction.line_of(f":{probed}")
                place = Place(built.image.path, line)
                patch = replaced(recipe.folder, place, str(probed), words) if len(ports) == 1 else None
                yield error(
                    "port-mismatch",
                    place,
                    f"the health check asks port {probed}, and the server listens on {words}: "
                    "the container is unhealthy for ever",
                    f"probe port {words}",
                    patch,
                )
        for outside, inner, place in _published(recipe, built):
            if inner not in ports:
                patch = (
                    replaced(recipe.folder, place, f"{outside}:{inner}", f"{outside}:{min(ports)}")
                    if len(ports) == 1
                    else None
                )
                yield error(
                    "port-mismatch",
                    place,
                    f"port {inner} of the container is published, and the server listens on {words}",
                    f"publish {outside}:{words}",
                    patch,
                )
        for port, place in _asked(recipe) if built.service is None else ():
            if port not in ports and port not in (22, 8888):
                yield error(
                    "port-mismatch",
                    place,
                    f"the platform is asked for port {port}, and the server listens on {words}",
                    f"ask for port {words}",
                    replaced(recipe.folder, place, str(port), words) if len(ports) == 1 else None,
                )
        exposed = _exposed(built)
        if exposed and not set(exposed) & ports and built.service is None:
            place = Place(built.image.path, next(iter(exposed.values())))
            yield warning(
                "port-mismatch",
                place,
                f"EXPOSE names {', '.join(map(str, exposed))}, and the server listens on {words}",
                f"EXPOSE {words}",
            )


def _exposed(built: Built) -> dict[int, int]:
    """Ports that EXPOSE names, with their lines."""
    return {
        int(number): step.instruction.line
        for step in built.image.final.all_steps
        if step.keyword == "EXPOSE"
        for number in re.findall(r"\b(\d{2,5})\b(?!/udp)", step.value)
    }


def _published(recipe: Recipe, built: Built) -> list[tuple[str, int, Place]]:
    """Ports of the compose services that are built as this image: outside, inside, place."""
    found = []
    for service in recipe.services_of(built):
        ports = service.get("ports")
        path = service.compose.path
        for value in ports.items if ports is not None else ():
            short = re.fullmatch(r"(?:[\d.]+:)?(\d+):(\d+)(?:/tcp)?", value.scalar)
            if short:
                found.append((short[1], int(short[2]), Place(path, value.line)))
            target = value.get("target")
            if target is not None and target.number:
                outside = value.get("published")
                found.append((outside.scalar if outside else "", int(target.number), Place(path, target.line)))
    return found


def _asked(recipe: Recipe) -> list[tuple[int, Place]]:
    """HTTP ports that the platform is asked for."""
    if recipe.endpoint is None:
        return []
    ports = recipe.endpoint.get("ports")
    found = []
    for value in (ports.items or (ports,)) if ports is not None else ():
        numbers = re.findall(r"(\d+)/http", value.scalar) or ([value.scalar] if value.tag == "int" else [])
        found += [(int(number), Place(recipe.endpoint.document.path, value.line)) for number in numbers]
    return found


def _probed(text: str) -> int:
    found = re.search(r"(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\]):(\d+)", text)
    return int(found[1]) if found else 0
