"""What is known of the image that a stage begins with, from its name alone."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace

from greenroom.diagnose.variables import has_variable
from greenroom.machine.facts import bases, systems
from greenroom.machine.facts.fact import Fact


@dataclass(frozen=True, slots=True)
class Base:
    """An image by its name.

    os, release: ``ubuntu``, ``24.04``; empty where the name does not tell.  python: the minor that ``python3`` is from
    the start.  own_python: it is no package of the system, so pip may write into it.  cuda, torch: versions in the tag.
    flavour: ``devel``, ``runtime``, ``base``, ``slim``, ``alpine``.  lacks: commands that it has not; None: unknown.
    unread: those of them that it has not for all that is known, but that nobody looked for.
    """

    repository: str
    tag: str
    digest: str = ""
    os: str = ""
    release: str = ""
    python: Fact[str] | None = None
    own_python: bool = False
    cuda: str = ""
    torch: str = ""
    flavour: str = ""
    lacks: Fact[frozenset[str]] | None = None
    unread: frozenset[str] = frozenset()

    def surely_lacks(self, command: str) -> bool:
        """Whether it is known that it has not a command, and not only likely."""
        known = self.lacks
        return known is not None and known.sure and command in known.value - self.unread

    @property
    def is_plain(self) -> bool:
        """Whether it holds a system and a language alone, and so none of the recipe's own files."""
        return self.lacks is not None

    @property
    def system(self) -> systems.System | None:
        """Its operating system, where the tables have it."""
        return systems.system(self.os, self.release)


@functools.lru_cache(maxsize=1024)
def base(reference: str) -> Base:
    """What a name such as ``nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04`` says."""
    name, _, digest = reference.partition("@")
    repository, tag = _split(name)
    repository = repository.removeprefix("docker.io/").removeprefix("library/")
    if has_variable(reference):
        return Base(repository, tag, digest)
    os, release = _system(repository, tag)
    flavour = next((kind for kind in ("alpine", "slim") if kind in tag or kind == repository), "")
    named = Base(repository, tag, digest, os, release, flavour=flavour)
    return _KNOWN.get(repository, _unknown)(named)


def _unknown(named: Base) -> Base:
    return named


def _debian(named: Base) -> Base:
    return replace(named, lacks=bases.lacks("debian"))


def _alpine(named: Base) -> Base:
    return replace(named, os="alpine", release=named.tag, lacks=bases.lacks("alpine"))


def _python(named: Base) -> Base:
    minor = re.match(r"3\.\d+", named.tag)
    python = Fact(minor[0], verified=True, sources=("docker-library",)) if minor else None
    system = "alpine" if named.flavour == "alpine" else named.os or "debian"
    kind = {"alpine": "alpine", "slim": "python-slim", "": "python"}[named.flavour]
    return replace(named, os=system, python=python, own_python=True, lacks=bases.lacks(kind))


def _cuda(named: Base) -> Base:
    version = re.match(r"\d+\.\d+(?:\.\d+)?", named.tag)
    flavour = re.search(r"(devel|runtime|base)", named.tag)
    kind = flavour[1] if flavour else ""
    named = replace(named, cuda=version[0] if version else "", flavour=kind)
    read, compilers, unread = bases.lacks("cuda"), bases.lacks("cuda-runtime"), bases.lacks("cuda-unread")
    if named.os != "ubuntu" or read is None or compilers is None or unread is None:
        return named
    surely = read.value | (compilers.value if kind in ("runtime", "base") else frozenset())
    every = Fact(surely | unread.value, read.verified, read.sources, read.note)
    return replace(named, lacks=every, unread=unread.value - surely)


def _pytorch(named: Base) -> Base:
    found = re.match(r"(\d+\.\d+\.\d+)-cuda(\d+\.\d+)-cudnn\d+-(\w+)", named.tag)
    torch, cuda, flavour = found.groups() if found else ("", "", "")
    return replace(named, cuda=cuda, torch=torch, flavour=flavour, own_python=True)


def _runpod(named: Base) -> Base:
    torch = re.match(r"\d+\.\d+\.\d+", named.tag)
    python = re.search(r"-py(3\.\d+)", named.tag)
    cuda = re.search(r"-cuda(\d+\.\d+)", named.tag)
    return replace(
        named,
        python=Fact(python[1], verified=False) if python else None,
        cuda=cuda[1] if cuda else "",
        torch=torch[0] if torch else "",
        flavour="devel" if "devel" in named.tag else "",
    )


_KNOWN = {
    "ubuntu": _debian,
    "debian": _debian,
    "alpine": _alpine,
    "python": _python,
    "nvidia/cuda": _cuda,
    "nvcr.io/nvidia/cuda": _cuda,
    "pytorch/pytorch": _pytorch,
    "runpod/pytorch": _runpod,
}


def _split(name: str) -> tuple[str, str]:
    head, slash, last = name.rpartition("/")
    repository, _, tag = last.partition(":")
    return f"{head}{slash}{repository}", tag


def _system(repository: str, tag: str) -> tuple[str, str]:
    found = re.search(r"(ubuntu|debian|ubi|rockylinux|oraclelinux)-?(\d+(?:\.\d+)?)", tag)
    if found:
        return found[1], found[2]
    known = bases.codenames().value
    for name, system in known.items():
        if re.search(rf"(^|[-.]){name}($|[-.\d])", tag):
            os, _, release = system.partition(" ")
            return os, release
    if repository in ("ubuntu", "debian"):
        number = re.match(r"\d+(?:\.\d\d)?", tag)
        return repository, number[0] if number else ""
    return "", ""
