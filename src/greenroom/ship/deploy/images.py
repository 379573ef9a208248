"""Images as registries know them: which digest a tag has, what it was built for, how large it is. Nothing is pulled.

Source: the OCI distribution and image specifications, and Docker's token scheme for anonymous readers.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import urlsplit

from greenroom.errors import ExtraMissing, InputInvalid, quoted
from greenroom.findings import Finding
from greenroom.ship.certificates import certificates

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

_REFERENCE = re.compile(
    r"(?P<name>[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?::[0-9]+)?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_INDEX = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
_MANIFEST = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
_ACCEPT = {"Accept": ", ".join((*_INDEX, *_MANIFEST))}
_DOCKER_HUB = "registry-1.docker.io"
_LARGEST = 8_000_000
_TIMEOUT_S = 15.0
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')
_CUDA = re.compile(r"(?:^|[^0-9])([0-9]{2}\.[0-9]+)")


@dataclass(frozen=True, slots=True)
class Reference:
    """An image by name. digest: ``sha256:...``, None where only a tag says which one is meant."""

    name: str
    tag: str | None
    digest: str | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``[HOST/]PATH[:TAG][@sha256:DIGEST]``. Raises InputInvalid."""
        found = _REFERENCE.fullmatch(text)
        if found is None:
            raise InputInvalid(f"{quoted(text)} is not the name of an image", mend="HOST/NAME@sha256:DIGEST")
        return cls(found["name"], found["tag"], found["digest"])

    @property
    def host(self) -> str:
        """Of its registry, with the port."""
        first, slash, _ = self.name.partition("/")
        named = slash and ("." in first or ":" in first or first == "localhost")
        return first if named and first != "docker.io" else _DOCKER_HUB

    @property
    def path(self) -> str:
        """Of its repository there."""
        if self.host != _DOCKER_HUB:
            return self.name.partition("/")[2]
        path = self.name.removeprefix("docker.io/")
        return path if "/" in path else f"library/{path}"

    def pinned(self, digest: str) -> str:
        """By name and digest alone."""
        return f"{self.name}@{digest}"


@dataclass(frozen=True, slots=True)
class Image:
    """What a registry says. platforms: ``linux/amd64``, ...  cuda: ``12.8``, None where nothing says it.

    size: bytes of its layers as they are fetched.
    """

    digest: str
    platforms: tuple[str, ...]
    cuda: str | None
    size: int | None


@dataclass(frozen=True, slots=True)
class Looked:
    """A look into a registry. state: "absent" is what the registry itself says.  problem: why it is not found."""

    state: Literal["found", "absent", "login", "unreachable"]
    image: Image | None = None
    problem: str = ""


def pinned(image: str, looked: Looked) -> tuple[str, tuple[Finding, ...]]:
    """The image by its digest, as far as the registry told it, and what is to be said of that."""
    reference = Reference.parse(image)
    if looked.state == "found" and looked.image is not None:
        found = looked.image
        whole = reference.pinned(found.digest)
        if reference.digest is None:
            tag = reference.tag or "latest"
            message = f"the tag {tag} of {reference.name} is {found.digest} now, and that is what is deployed"
            return whole, (Finding("image-resolved", "note", message, f"write {whole} to be sure of it"),)
        return whole, ()
    if looked.state == "absent":
        message = f"there is no image {image} in its registry"
        return image, (Finding("image-absent", "error", message, "push it, or check its name"),)
    if reference.digest is None:
        message = f"nobody can say which digest {image} has ({looked.problem}), and a tag may be moved while it rolls"
        mend = "give it by digest: NAME@sha256:..., as docker push and greenroom build print it"
        return image, (Finding("image-digest-unknown", "error", message, mend),)
    message = f"whether {reference.name} has this digest could not be looked up ({looked.problem})"
    mend = "make sure that the push has ended, and that the endpoint's registry credentials may read it"
    return reference.pinned(reference.digest), (Finding("image-unchecked", "warning", message, mend),)


def look_up(reference: Reference) -> Looked:
    """Ask the registry, without a login. Raises nothing that a registry may cause; ExtraMissing."""
    try:
        import httpx
    except ImportError as error:
        raise ExtraMissing("the client of image registries", "ship") from error
    scheme = "http" if _is_here(reference.host) else "https"
    base = f"{scheme}://{reference.host}/v2/{reference.path}"
    # A registry of this machine sends nobody elsewhere.
    follows = scheme == "https"
    told = {"User-Agent": "greenroom"}
    with httpx.Client(verify=certificates(base), timeout=_TIMEOUT_S, follow_redirects=follows, headers=told) as http:
        try:
            return _Registry(http, base).look_up(reference)
        except _Refused as refused:
            return refused.looked
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Looked("unreachable", problem=type(error).__name__)
        except (ValueError, KeyError, TypeError, AttributeError):
            return Looked("unreachable", problem="its answer is no image")


class _Refused(Exception):
    def __init__(self, looked: Looked) -> None:
        super().__init__(looked.problem)
        self.looked = looked


class _Registry:
    """One repository of a registry."""

    def __init__(self, http: httpx.Client, base: str) -> None:
        self._http = http
        self._base = base
        self._token: dict[str, str] = {}

    def look_up(self, reference: Reference) -> Looked:
        """Raises what look_up catches."""
        digest = reference.digest or self._digest(reference.tag or "latest")
        manifest = self._manifest(digest)
        if "manifests" not in manifest:
            return Looked("found", self._image(digest, manifest))
        entries = {_platform(entry.get("platform") or {}): entry["digest"] for entry in manifest["manifests"]}
        known = tuple(name for name in entries if not name.startswith("unknown"))
        if "linux/amd64" not in entries:
            return Looked("found", Image(digest, known, None, None))
        image = self._image(entries["linux/amd64"], self._manifest(entries["linux/amd64"]))
        return Looked("found", Image(digest, known, image.cuda, image.size))

    def _digest(self, tag: str) -> str:
        answer = self._ask("HEAD", f"/manifests/{tag}")
        said = str(answer.headers.get("Docker-Content-Digest", ""))
        if re.fullmatch(r"sha256:[0-9a-f]{64}", said):
            return said
        return f"sha256:{hashlib.sha256(self._ask('GET', f'/manifests/{tag}').content).hexdigest()}"

    def _manifest(self, digest: str) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self._content(f"/manifests/{digest}", digest))
        return said

    def _image(self, digest: str, manifest: Mapping[str, Any]) -> Image:
        config_digest = manifest["config"]["digest"]
        config = json.loads(self._content(f"/blobs/{config_digest}", config_digest))
        size = sum(int(layer["size"]) for layer in manifest.get("layers", ()))
        return Image(digest, (_platform(config),), _cuda(config.get("config") or {}), size)

    def _content(self, path: str, digest: str) -> bytes:
        """Bytes that are what their digest says. Raises ValueError."""
        content = self._ask("GET", path).content
        if len(content) > _LARGEST or f"sha256:{hashlib.sha256(content).hexdigest()}" != digest:
            raise ValueError(digest)
        return content

    def _ask(self, method: str, path: str) -> httpx.Response:
        answer = self._http.request(method, f"{self._base}{path}", headers={**_ACCEPT, **self._token})
        if answer.status_code == 401 and not self._token:
            self._token = self._anonymous(answer.headers.get("WWW-Authenticate", ""))
            answer = self._http.request(method, f"{self._base}{path}", headers={**_ACCEPT, **self._token})
        if answer.status_code in (401, 403):
            raise _Refused(Looked("login", problem=f"the registry answers {answer.status_code}"))
        if answer.status_code == 404:
            raise _Refused(Looked("absent", problem="the registry does not have it"))
        answer.raise_for_status()
        return answer

    def _anonymous(self, challenge: str) -> dict[str, str]:
        """What a registry hands to readers without a login; nothing where it does not."""
        said = dict(_CHALLENGE.findall(challenge))
        realm = urlsplit(said.get("realm", ""))
        if not challenge.lower().startswith("bearer") or not (realm.scheme == "https" or _is_here(realm.netloc)):
            raise _Refused(Looked("login", problem="the registry asks for a login"))
        asked = {name: said[name] for name in ("service", "scope") if name in said}
        answer = self._http.get(said["realm"], params=asked)
        if answer.is_client_error:
            raise _Refused(Looked("login", problem="the registry asks for a login"))
        token = answer.raise_for_status().json()
        return {"Authorization": f"Bearer {token.get('token') or token['access_token']}"}


def _platform(said: Mapping[str, Any]) -> str:
    return f"{said.get('os', 'unknown')}/{said.get('architecture', 'unknown')}"


def _cuda(config: Mapping[str, Any]) -> str | None:
    """The CUDA that an image says it was built for: by a label, or as NVIDIA's base images say it."""
    env = dict(entry.partition("=")[::2] for entry in config.get("Env") or ())
    labels = config.get("Labels") or {}
    said = labels.get("greenroom.cuda") or env.get("CUDA_VERSION") or env.get("NVIDIA_REQUIRE_CUDA") or ""
    found = _CUDA.search(said)
    return found[1] if found else None


def _is_here(host: str) -> bool:
    name = host.rsplit(":", 1)[0]
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
