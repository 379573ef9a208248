"""The compose file: the image as a service, with a health check, limits and the GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.ship.image.blueprint import PORT
from greenroom.ship.image.dockerfile import DATA, VOLUME

if TYPE_CHECKING:
    from greenroom.ship.image.blueprint import Blueprint


def compose(blueprint: Blueprint, version: str) -> str:
    """The whole file. Its key comes from the environment or from ``.env``, and stands in no file of ours."""
    uses_volume = blueprint.environment == "volume" or blueprint.fetches_at_start
    mounts = [f"data:{DATA}", *([f"volume:{VOLUME}"] if uses_volume else [])]
    lines = [
        "services:",
        "  greenroom:",
        "    build: .",
        f"    image: {blueprint.model}:{version}",
        "    environment:",
        "      GREENROOM_API_KEY: ${GREENROOM_API_KEY:?set it to a key that clients will send}",
        *(["      GREENROOM_ACCEPT_LICENCE: ${GREENROOM_ACCEPT_LICENCE:-false}"] if blueprint.fetches_at_start else []),
        "    ports:",
        f'      - "127.0.0.1:${{PORT:-{PORT}}}:{PORT}"',
        "    volumes:",
        *(f"      - {mount}" for mount in mounts),
        "    read_only: true",
        "    tmpfs:",
        "      - /tmp",
        "    cap_drop:",
        "      - ALL",
        "    security_opt:",
        "      - no-new-privileges:true",
        "    restart: unless-stopped",
        "    # What runs may end, then the server: 30 s and a little.",
        "    stop_grace_period: 45s",
        "    healthcheck:",
        f'      test: ["CMD", "curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:{PORT}/readyz"]',
        "      interval: 15s",
        "      timeout: 5s",
        "      retries: 3",
        "      start_period: 30m",
        *(_gpu() if blueprint.cuda else []),
        "",
        "volumes:",
        *(f"  {mount.partition(':')[0]}:" for mount in mounts),
    ]
    return "\n".join(lines) + "\n"


def _gpu() -> list[str]:
    return [
        "    deploy:",
        "      resources:",
        "        reservations:",
        "          devices:",
        "            - driver: nvidia",
        "              count: all",
        "              capabilities: [gpu]",
    ]
