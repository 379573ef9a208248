"""The operating system, the container, and the platform that rents the machine out."""

from __future__ import annotations

import platform
import sys
from typing import TYPE_CHECKING, Literal

from greenroom.machine.facts.runpod import network_volume
from greenroom.machine.host import Platform
from greenroom.machine.probes.disks import mount_of
from greenroom.machine.probes.reading import assignments, text

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from greenroom.machine.probes.disks import Mount


def find_platform(root: Path, environ: Mapping[str, str], known: tuple[Mount, ...]) -> Platform:
    """Where this runs. known: what is mounted."""
    release = assignments(root / "etc/os-release", "=")
    volume = network_volume().value
    return Platform(
        system={"linux": "Linux", "darwin": "macOS", "win32": "Windows"}.get(sys.platform, sys.platform),
        kernel=platform.release() or None,
        os=release.get("ID"),
        os_release=release.get("VERSION_ID"),
        title=release.get("PRETTY_NAME"),
        container=_container(root, environ),
        runpod=_runpod(environ),
        volumes=tuple(path for path in (volume.serverless, volume.pod) if _is_mounted(path, known)),
    )


def _container(root: Path, environ: Mapping[str, str]) -> str | None:
    if environ.get("KUBERNETES_SERVICE_HOST"):
        return "kubernetes"
    if (root / "run/.containerenv").exists():
        return "podman"
    if (root / ".dockerenv").exists():
        return "docker"
    # systemd's convention: whoever starts a container says so to its first process, which may pass it on.
    if environ.get("container"):
        return environ["container"]
    groups = text(root / "proc/1/cgroup") or ""
    names = ("docker", "kubepods", "libpod", "lxc", "containerd")
    return next((name for name in names if name in groups), None)


def _runpod(environ: Mapping[str, str]) -> Literal["pod", "serverless"] | None:
    if environ.get("RUNPOD_ENDPOINT_ID"):
        return "serverless"
    return "pod" if environ.get("RUNPOD_POD_ID") else None


def _is_mounted(path: str, known: tuple[Mount, ...]) -> bool:
    mount = mount_of(path, known)
    return mount is not None and mount.point == path
