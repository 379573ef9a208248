"""Shared libraries and modules of Python that the system does not have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.diagnose.analysers.commands import packages_of
from greenroom.diagnose.base import base
from greenroom.diagnose.saying import error, replaced, warning
from greenroom.machine.facts import bases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.image import Stage
    from greenroom.diagnose.recipe import Recipe
    from greenroom.findings import Finding


def libraries(recipe: Recipe) -> Iterator[Finding]:
    """Shared libraries that wheels load and that slim images do not have."""
    for built in recipe.images:
        known = base(built.image.final.root)
        plain = known.lacks is not None and (
            known.flavour in ("slim", "runtime", "base", "devel") or known.repository in ("ubuntu", "debian")
        )
        packages = {
            package
            for step in built.image.final.all_steps
            for command in step.commands
            for package in packages_of(command, step.environment)
        }
        names = {one.name for installed in built.installs for one in installed.install.requirements}
        for installed in built.installs:
            for requirement in installed.install.requirements:
                needs = bases.libraries_of(requirement.name)
                if needs is None or not plain or not needs.sure or f"{requirement.name}-headless" in names:
                    continue
                if packages & set(needs.value) or any(
                    package.startswith(("libgl1", "libopengl", "libglx")) for package in packages
                ):
                    continue
                patch = replaced(recipe.folder, requirement.place, "opencv-python", "opencv-python-headless")
                patch = patch if requirement.name == "opencv-python" else None
                told = error if known.repository != "nvidia/cuda" or known.flavour != "devel" else warning
                yield told(
                    "library-missing",
                    requirement.place,
                    f"{requirement.name} loads libGL.so.1, which {known.repository}:{known.tag} does not have: "
                    "import cv2 fails",
                    f"{requirement.name}-headless, or apt-get install libgl1 libglib2.0-0",
                    patch,
                )


def virtual_environments(recipe: Recipe) -> Iterator[Finding]:
    """``python3 -m venv`` where the system's Python came without it."""
    for built in recipe.images:
        for text in built.texts:
            stage = text.stage or built.image.final
            if text.script.names("venv") and not _has_venv(stage):
                for command in text.commands:
                    if command.plain[1:3] != ("-m", "venv") or command.has("--without-pip"):
                        continue
                    yield error(
                        "venv-package-missing",
                        text.place(command.line),
                        "the system's Python has no ensurepip until python3-venv is installed: no environment is made",
                        "apt-get install python3-venv",
                    )


def _has_venv(stage: Stage) -> bool:
    """Whether the Python of a stage makes environments; so does each that is no Debian's or Ubuntu's own."""
    known = base(stage.root)
    if known.os not in ("debian", "ubuntu") or known.own_python or known.lacks is None:
        return True
    return any(
        package in bases.venv_packages().value or re.fullmatch(r"python3\.\d+-(venv|full)", package)
        for step in stage.all_steps
        for command in step.commands
        for package in packages_of(command, step.environment)
    )
