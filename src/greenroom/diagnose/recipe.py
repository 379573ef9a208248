"""Everything that a folder says about how an image is made, started and rented."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from greenroom.diagnose import pip
    from greenroom.diagnose.dockerfile import Dockerfile
    from greenroom.diagnose.document import Document, Value
    from greenroom.diagnose.held import Held
    from greenroom.diagnose.image import Image, Stage
    from greenroom.diagnose.interpreters import Target
    from greenroom.diagnose.platform import Endpoint, Weights
    from greenroom.diagnose.requirement import Listed
    from greenroom.diagnose.shell_text import ShellText
    from greenroom.diagnose.source import Folder, SourceFile
    from greenroom.diagnose.starting import Start


@dataclass(frozen=True, slots=True)
class Installed:
    """A ``pip install`` with where its packages go. text: the shell that it is in.  at_start: not before the container
    runs."""

    install: pip.Install
    target: Target
    text: ShellText
    stage: Stage | None
    at_start: bool


@dataclass(frozen=True, slots=True)
class Service:
    """A service of a compose file. line: of its name.  context, dockerfile: paths below the recipe's folder of what it
    is built from; dockerfile is empty for one that is not built here."""

    compose: Document
    name: str
    value: Value
    line: int
    context: str
    dockerfile: str

    def get(self, *names: str) -> Value | None:
        """A value of it."""
        return self.value.get(*names)

    @property
    def starts_otherwise(self) -> bool:
        """Whether it runs something else than the image does."""
        return any((value := self.get(name)) and value.strings for name in ("command", "entrypoint"))


@dataclass(slots=True)
class Built:
    """One image of the recipe, with its files, its start and what is installed in it, in order.

    service: the compose service that starts it with another command; None where it starts as the image says.
    """

    image: Image
    held: dict[int, Held]
    start: Start | None
    texts: list[ShellText] = field(default_factory=list)
    installs: list[Installed] = field(default_factory=list)
    service: Service | None = None

    @property
    def files(self) -> Held:
        """What the final stage holds."""
        return self.held[self.image.final.index]


@dataclass(slots=True)
class Recipe:
    """A folder as a recipe. dockerfiles: all of them; images: of those that have a FROM.  loose: scripts that no image
    runs.  texts: all shell there is, each once.  requirements: files of them by path.  pipelines: of
    GitLab, as workflows are of GitHub.  contexts: Dockerfiles that workflows build, each with its context."""

    folder: Folder
    dockerfiles: list[Dockerfile] = field(default_factory=list)
    images: list[Built] = field(default_factory=list)
    loose: list[ShellText] = field(default_factory=list)
    loose_installs: list[Installed] = field(default_factory=list)
    requirements: dict[str, Listed] = field(default_factory=dict)
    composes: list[Document] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    workflows: list[Document] = field(default_factory=list)
    pipelines: list[Document] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    contexts: list[tuple[str, str]] = field(default_factory=list)
    endpoint: Endpoint | None = None
    weights: Weights | None = None

    @property
    def texts(self) -> list[ShellText]:
        """All shell of the recipe."""
        return [text for built in self.images for text in built.texts] + self.loose

    def naming(self, *words: str) -> list[ShellText]:
        """The shell in which any of these words stands; the rest need not be read by who looks for them."""
        return [text for text in self.texts if text.script.names(*words)]

    @property
    def scopes(self) -> list[list[Installed]]:
        """What is installed one after another into one Python: by image, and by script or file that no image uses."""
        loose: dict[str, list[Installed]] = {}
        for one in self.loose_installs:
            loose.setdefault(one.text.path, []).append(one)
        return [built.installs for built in self.images if built.installs] + list(loose.values())

    @property
    def installs(self) -> list[Installed]:
        """All that is installed, image by image, and then by scripts that no image runs."""
        return [one for built in self.images for one in built.installs] + self.loose_installs

    def is_installed(self, path: str) -> bool:
        """Whether anything here installs a file of requirements; others may be for another machine than the image."""
        return any(
            one.place.path == path
            for installed in self.installs
            if installed.stage is not None or installed.text.commands
            for one in installed.install.requirements
        )

    def services_of(self, built: Built) -> list[Service]:
        """The services that run this image as it starts here."""
        if built.service is not None:
            return [built.service]
        return [one for one in self.services if one.dockerfile == built.image.path and not one.starts_otherwise]

    def beside(self, name: str, who: str) -> SourceFile | None:
        """A file that another one names: beside it, or at the root, or the only one of that name."""
        name = posixpath.normpath(name.strip("\"'"))
        near = posixpath.normpath(posixpath.join(posixpath.dirname(who), name))
        for path in (near, name.lstrip("/")):
            if (found := self.folder.read(path)) is not None:
                return found
        last = posixpath.basename(name)
        same = self.folder.named(last)
        return self.folder.read(same[0]) if len(same) == 1 else None
