"""What a release would send, in its order, for whoever wants to read it before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenroom.ship.account.values import with_mark, without_empty
from greenroom.ship.deploy.masking import shown
from greenroom.ship.deploy.target import Request
from greenroom.ship.endpoints.blue_green import green_of, idle_workers
from greenroom.ship.endpoints.configuration import as_patch, changes, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from greenroom.ship.deploy.records import Release
    from greenroom.ship.runpod.types import Endpoint

# What stands for the id of an endpoint that was not made.
_ID = "ID"


def requests(release: Release, endpoint: Endpoint | None) -> Iterator[Request]:
    """Of a release that is brought about. endpoint: what is there now."""
    if release.wanted is None:
        identities = dict.fromkeys(one for one in (release.endpoint, release.beside) if one)
        yield from (Request("DELETE", f"/serverless/{identity}") for identity in identities)
    elif release.kind == "blue-green":
        yield from _blue_green(release)
    else:
        wanted = release.wanted if release.kind == "rollback" else with_mark(release.wanted, release.marks[0])
        if endpoint is None:
            yield Request("POST", "/serverless", shown(without_empty(wanted)))
        elif changed := changes(wanted, values_of(endpoint)):
            yield Request("PATCH", f"/serverless/{endpoint.id}", shown(as_patch(changed)))
        yield from _canary(release, endpoint.id if endpoint else _ID)


def taking_back(release: Release) -> Iterator[Request]:
    """Of a blue/green deploy that is taken back."""
    if release.switched:
        workers = {"workers": (release.before or {}).get("workers", {})}
        yield Request("PATCH", f"/serverless/{release.beside}", workers)
    yield Request("DELETE", f"/serverless/{release.endpoint or _ID}")


def _blue_green(release: Release) -> Iterator[Request]:
    green = green_of(release)
    yield Request("POST", "/serverless", shown(without_empty(green)))
    yield from _canary(release, _ID)
    yield Request("PATCH", f"/serverless/{release.beside}", idle_workers(release.before))
    own = changes(with_mark(release.wanted or {}, release.marks[0]), green)
    yield Request("PATCH", f"/serverless/{_ID}", shown(as_patch(own)))
    yield Request("DELETE", f"/serverless/{release.beside}")


def _canary(release: Release, identity: str) -> Iterator[Request]:
    """The canary's own address is the endpoint's, not the interface's."""
    canary: Mapping[str, Any] | None = release.canary
    if canary is None or release.wanted is None:
        return
    if release.wanted.get("type") != "LOAD_BALANCER":
        yield Request("POST", f"/{identity}/run", {"input": canary})
    elif path := canary.get("path"):
        yield Request("POST", f"/{identity}/{str(path).lstrip('/')}", canary.get("body"))
