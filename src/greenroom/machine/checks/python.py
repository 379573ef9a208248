"""Python: its version and build, and whether packages can be installed for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.machine.facts.torch import libc, oldest_glibc, releases
from greenroom.machine.versions import release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.machine.host import Host

_OLDEST = (3, 11)


def is_supported(host: Host) -> Iterator[Finding]:
    """It is one that greenroom is made for."""
    python = host.python
    if python.version[:2] < _OLDEST:
        yield Finding(
            "python-old",
            "error",
            f"this is Python {_version(host)}, and greenroom needs 3.11 or newer",
            "install Python 3.12 and make an environment with it: python3.12 -m venv .venv",
        )
    if python.implementation != "cpython":
        yield Finding(
            "python-other",
            "warning",
            f"this is {python.implementation}: the packages of the models are built for CPython",
            "make an environment with CPython",
        )
    if python.free_threaded:
        yield Finding(
            "python-free-threaded",
            "warning",
            f"this is the free-threaded Python {_version(host)}: few packages of the models are built for it",
            f"make an environment with the ordinary python{_version(host)}",
        )


def has_wheels(host: Host) -> Iterator[Finding]:
    """torch has wheels for it: for its version, machine and C library."""
    python = host.python
    known = max((release(minor) for of in releases() for minor in of.pythons.value), default=())
    if python.version[:2] > known:
        newest = ".".join(map(str, known))
        yield Finding(
            "python-new",
            "warning",
            f"no table knows a torch for Python {_version(host)}; the newest that has one is {newest} (unverified)",
            f"make an environment with python{newest}, if torch cannot be installed",
        )
    if python.bits != 64:
        yield Finding(
            "python-32-bit",
            "warning",
            f"this Python has {python.bits} bits: no table knows a torch for it (unverified)",
            "install a 64-bit system and Python",
        )
    elif python.machine not in ("x86_64", "AMD64"):
        yield Finding(
            "machine-other",
            "note",
            f"this machine is {python.machine}: what greenroom knows of builds is of x86_64",
            "nothing to do; if torch cannot be installed, choose an x86_64 machine",
        )
    if python.libc == "musl":
        yield Finding(
            "libc-musl",
            "warning",
            f"the C library is musl, and torch's wheels are made for {libc().value}{libc().doubt}",
            "use an image of Debian or Ubuntu instead of Alpine",
        )
    elif python.libc is not None and release(python.libc.removeprefix("glibc ")) < release(oldest_glibc().value):
        yield Finding(
            "glibc-old",
            "warning",
            f"the C library is {python.libc}; torch's wheels need {oldest_glibc().value}{oldest_glibc().doubt}",
            "use a newer system, such as Debian 12 or Ubuntu 22.04",
        )


def takes_packages(host: Host) -> Iterator[Finding]:
    """pip may install for it."""
    python = host.python
    if python.externally_managed is not None:
        yield Finding(
            "python-managed",
            "warning",
            f"the system manages this Python ({python.externally_managed}): pip install is refused (PEP 668)",
            "greenroom install makes an environment of its own; or python3 -m venv .venv",
        )
    if python.pip is False and python.uv is None:
        yield Finding(
            "installer-missing",
            "warning",
            "neither pip nor uv is here: nothing can be installed for this Python",
            "python3 -m ensurepip, or install uv",
        )


def lies_near(host: Host) -> Iterator[Finding]:
    """It does not lie on a network file system, where each import takes many times as long."""
    disk = host.disk("environment")
    if disk is not None and disk.network:
        yield Finding(
            "environment-on-network",
            "warning",
            f"the environment lies on a network file system ({disk.filesystem} at {disk.mount}): imports wait for it",
            "keep the environment on local disk, and big files on the volume",
            path=disk.path,
        )


def _version(host: Host) -> str:
    return ".".join(map(str, host.python.version[:2]))
