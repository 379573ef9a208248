"""What an image is asked to be, and what it will be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greenroom.machine.torch_build import CPU
from greenroom.machine.versions import cuda_of_tag

if TYPE_CHECKING:
    from pathlib import Path

    from greenroom.machine.environments.parts import Parts
    from greenroom.machine.torch_build import TorchBuild
    from greenroom.recipes.recipe import Recipe

Place = Literal["baked", "volume"]
# Debian 12 by the day on which it was made, and by its digest. CUDA comes with torch's wheels and the driver with the
# host, so an image of NVIDIA's would bring both a second time.
BASE = (
    "docker.io/library/debian:bookworm-20260824-slim"
    "@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171"
)
# What Debian 12 keeps through its life; what is behind the star are its repairs.
PACKAGES = {
    "ca-certificates": "20*",
    "curl": "7.88.*",
    "gcc": "4:12.*",
    "libc6-dev": "2.36-*",
    "python3": "3.11.*",
    "python3-dev": "3.11.*",
    "python3-venv": "3.11.*",
    "tini": "0.19.*",
}
PORT = 8000
NO_GPU = "none"


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order. weights, environment: in the image, or on the volume, where the first start puts them.

    gpus: ids or pools of RunPod's list, or ``none``.  base: Debian 12 under another name.  lock: a pylock.toml.
    accepts: the terms of weights that are put into the image.
    """

    model: str
    weights: Place = "volume"
    environment: Place = "baked"
    gpus: tuple[str, ...] = ()
    base: str = BASE
    lock: Path | None = None
    accepts: bool = False


@dataclass(frozen=True, slots=True)
class Blueprint:
    """An image as it will be.

    python: minor of the base's own.  torch: None for models without.  driver: the oldest one of NVIDIA that runs it.
    gpus: ids.  pools: RunPod's, which hold no other GPU than these and ``excluded``.  fetches: whether weights come
    from a server, and not with a package.  lock: a pylock.toml of the environment.  bootstrap: hashed requirements of
    what installs it.  decisions: what was chosen by facts, in sentences.
    """

    recipe: Recipe
    weights: Place
    environment: Place
    base: str
    python: str
    parts: Parts
    torch: TorchBuild | None
    driver: str | None
    gpus: tuple[str, ...]
    pools: tuple[str, ...]
    excluded: tuple[str, ...]
    fetches: bool
    accepts: bool
    decisions: tuple[str, ...]
    lock: bytes | None = None
    bootstrap: bytes | None = None

    @property
    def model(self) -> str:
        """Its name in the catalogue."""
        return self.recipe.name

    @property
    def cuda(self) -> str | None:
        """The CUDA that torch is built for, ``12.6``."""
        return cuda_of_tag(self.torch.cuda) if self.torch is not None and self.torch.cuda != CPU else None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is as it is, in sentences."""
        if self.lock is None:
            return (*self.decisions, "releases are pinned, and not their hashes")
        installers = "" if self.bootstrap is None else ", and that of what installs them"
        return (*self.decisions, f"the hash of every package is locked{installers}")

    @property
    def pulls(self) -> bool:
        """Whether weights are put into the image."""
        return self.fetches and self.weights == "baked"

    @property
    def fetches_at_start(self) -> bool:
        """Whether weights are fetched by the first start."""
        return self.fetches and self.weights == "volume"

    @property
    def bootstrap_extras(self) -> tuple[str, ...]:
        """What the greenroom has that installs the environment and, without one in the image, fetches weights."""
        return ("install", "weights") if self.pulls and self.environment == "volume" else ("install",)

    @property
    def on_runpod(self) -> bool:
        """Whether it takes jobs of RunPod serverless, too."""
        return bool(self.pools)
