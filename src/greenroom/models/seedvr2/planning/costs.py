"""What each stage of a way through the networks takes of memory: added up from the sizes of what it holds."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self

from greenroom.models.seedvr2.architecture import PATCH, PUBLISHED
from greenroom.models.seedvr2.nadit.footprint import Footprint
from greenroom.models.seedvr2.nadit.work import Work
from greenroom.models.seedvr2.planning.way import TOGETHER
from greenroom.models.seedvr2.vae.config import VAEConfig
from greenroom.models.seedvr2.vae.footprint import VAEFootprint
from greenroom.nn.slices import CUTS
from greenroom.runtime.device import is_host, members

if TYPE_CHECKING:
    from greenroom.models.seedvr2.architecture import Architecture
    from greenroom.models.seedvr2.nadit.windows import Grid
    from greenroom.nn.slices import Slices
    from greenroom.recipes.recipe import Recipe

VAE_BYTES = 710_000_000
"""Of the autoencoder's weights in half precision, with the products that its upsampling is computed by."""

TILES = (1024, 768, 512, 384, 256)
"""Pixels of the sides of squares that are taken where a frame does not fit, the largest first."""

LEAST_WINDOW = 9
"""Frames that are restored together at least, where memory forces windows."""

_FLOAT = 4  # bytes
# What a matrix takes while it is dequantised, beside itself: bytes of each number of a step, and of the step before.
_UNPACKING, _UNPACKED = 14, 4
_UNPACKED_AT_ONCE = 1 << 25  # numbers of a step, as ``weights.quantised`` takes them on a GPU
_PINNED = 2  # torch takes a power of two of pinned memory for each tensor
_SINUSOIDS = 256  # that the time is told by
# Latents in float32 that live at once around the transformer: what is given, noise, both and the mask joined twice,
# patches of these, the velocity and the result.
_LATENTS = 9
_LATENTS_BESIDE_VAE = 3
_PLANES = 10  # pictures in float32 that live at once while one is resized, or brought back to its colours
_IN_FLIGHT = 4  # pictures of the frames before that live while the next ones are decoded


@dataclass(frozen=True, slots=True)
class Networks:
    """What does the work.

    transformer, vae: bytes of their weights on the device.  text: tokens of the prompt.  itemsize: bytes of a number.
    small: the transformer's weights stay as small as they are stored, and are dequantised at each use.
    ranks: devices that do the work together, each with all of the weights.
    """

    name: str
    architecture: Architecture
    transformer: int
    vae: int
    text: int = 58
    itemsize: int = 2
    config: VAEConfig = field(default_factory=VAEConfig)
    ranks: int = 1
    small: bool = False

    @classmethod
    def published(cls, known: Recipe, variant: str | None = None) -> Self:
        """Of a recipe, before anything is here. variant: a file set whose weights stay as small as they are stored."""
        architecture = PUBLISHED[known.architecture or known.name]
        full = (known.parameters or 0) * 2
        held = min(full, _stored(known, variant, architecture) or full)
        return cls(known.name, architecture, held, VAE_BYTES, small=held < full)


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be restored.

    height, width: pixels of the frames that the networks take, multiples of 16.  source: height and width of the
    frames that come.  shots: frames of each.  window, overlap: frames that are restored together, and over which
    windows fade into each other, where somebody asked for that.
    """

    height: int
    width: int
    source: tuple[int, int]
    shots: tuple[int, ...]
    window: int | None = None
    overlap: int = 0


@dataclass(frozen=True, slots=True)
class Costs:
    """Bytes of the device in each of the three stages, for windows of so many frames.

    tile: see ``Way``.  parked: the transformer's weights are away while the autoencoder works.
    """

    networks: Networks
    job: Job
    frames: int
    tile: int | None
    parked: bool

    def encoding(self, cut: Slices) -> int:
        """With the encoder cut so."""
        slice_of = min(self.networks.config.time * cut.latents + 1, filled(self.frames))
        inner = self._area * 3 * (_FLOAT + 2 * self.networks.itemsize * slice_of)
        source = self.job.source[0] * self.job.source[1] * 3 * 3 * _FLOAT
        cells = _LATENTS_BESIDE_VAE * self._latent
        return self._beside_vae + source + inner + cells + self._vae(VAEFootprint.encoder(self._config), cut)

    def step(self, work: Work) -> int:
        """With the transformer going through the window so."""
        return self._beside_step + self._footprint.bytes(work)

    def decoding(self, cut: Slices) -> int:
        """With the decoder cut so, or while colours are brought back, whichever takes more."""
        footprint = VAEFootprint.decoder(self._config)
        picture = self._area * 3 * _FLOAT
        together = min(max(TOGETHER, cut.frames), filled(self.frames))
        joined = 0
        if self.tile is not None:
            joined = filled(self.frames) * picture
        elif self.networks.ranks > 1:  # what all ranks decode in two rounds is on the first one's device
            joined = 2 * self.networks.ranks * picture * self.networks.config.time * cut.latents
        computing = self._vae(footprint, cut) + picture * _IN_FLIGHT * together
        waiting = footprint.between(*self._seen, cut, self.networks.itemsize, filled(self.frames))
        waiting += picture * _PLANES * together
        cells = _LATENTS_BESIDE_VAE * self._latent
        return self._beside_vae + cells + joined + max(computing, waiting)

    def work(self, budget: int, host: int | None = None) -> Work | None:
        """The fastest way through the transformer within so many bytes of device and host, None where there is none."""
        left = None if host is None else host - self._host_beside_step
        return self._footprint.fitting(budget - self._beside_step, left)

    def cuts(self, budget: int) -> tuple[Slices, Slices] | None:
        """The fastest ones of the encoder and of the decoder, None where there are none."""
        height, width = self._seen
        of = self.networks.itemsize, filled(self.frames)
        encode = VAEFootprint.encoder(self._config).fitting(height, width, budget, *of)
        decode = VAEFootprint.decoder(self._config).fitting(height, width, budget, *of)
        if encode is None or decode is None:
            return None
        for_encoder = next((cut for cut in CUTS[CUTS.index(encode) :] if self.encoding(cut) <= budget), None)
        for_decoder = next((cut for cut in CUTS[CUTS.index(decode) :] if self.decoding(cut) <= budget), None)
        return (for_encoder, for_decoder) if for_encoder and for_decoder else None

    def host(self, work: Work) -> int:
        """Bytes of the host that the way takes, beside frames."""
        return self._host_beside_step + self._footprint.host(work)

    @property
    def _host_beside_step(self) -> int:
        """Of squares, the frames that they are cut from; and weights that are parked, of all ranks."""
        pixels = filled(self.frames) * self._area * 3 * self.networks.itemsize if self.tile else 0
        parked = _PINNED * self.networks.transformer * self.networks.ranks if self.parked else 0
        return pixels + parked

    def _vae(self, footprint: VAEFootprint, cut: Slices) -> int:
        return footprint.bytes(*self._seen, cut, self.networks.itemsize, filled(self.frames))

    @property
    def _beside_step(self) -> int:
        unpacked = unpacking(self.networks.architecture, self.networks.itemsize) if self.networks.small else 0
        return self.networks.transformer + self.networks.vae + unpacked + _LATENTS * self._latent

    @property
    def _beside_vae(self) -> int:
        return self.networks.vae + (0 if self.parked else self.networks.transformer)

    @property
    def _config(self) -> VAEConfig:
        return self.networks.config

    @property
    def _area(self) -> int:
        return self.job.height * self.job.width

    @property
    def _seen(self) -> tuple[int, int]:
        """Height and width of what the autoencoder takes at once."""
        if self.tile is None:
            return self.job.height, self.job.width
        return min(self.tile, self.job.height), min(self.tile, self.job.width)

    @property
    def _grid(self) -> Grid:
        return grid(self.networks.config, self.job, self.frames)

    @property
    def _latent(self) -> int:
        """Bytes of a latent in float32."""
        return PATCH**2 * self.networks.config.latent * _FLOAT * self._grid[0] * self._grid[1] * self._grid[2]

    @property
    def _footprint(self) -> Footprint:
        networks = self.networks
        return Footprint(networks.architecture, self._grid, networks.text, networks.itemsize, networks.ranks)


def networks_on(device: str, networks: Networks) -> Networks:
    """Published networks as a device computes: a CPU in float32, where weights that stay small are as large as before.

    Of several devices each has all of the weights.
    """
    ranks = len(members(device))
    if not is_host(device) or networks.itemsize == _FLOAT:
        return replace(networks, ranks=ranks)
    more = _FLOAT // networks.itemsize
    transformer = networks.transformer * (1 if networks.small else more)
    return replace(networks, ranks=ranks, transformer=transformer, vae=vae_bytes(_FLOAT), itemsize=_FLOAT)


def vae_bytes(itemsize: int) -> int:
    """Of the autoencoder's weights. itemsize: bytes of a number."""
    return VAE_BYTES * itemsize // 2


def unpacking(architecture: Architecture, itemsize: int) -> int:
    """Bytes that the largest matrix of a block takes at most where weights are dequantised at each use, with itself."""
    largest = architecture.width * max(3 * architecture.width, architecture.hidden)
    before = _UNPACKED if largest > _UNPACKED_AT_ONCE else 0
    return largest * itemsize + min(largest, _UNPACKED_AT_ONCE) * (_UNPACKING + before)


def grid(config: VAEConfig, job: Job, frames: int) -> Grid:
    """Tokens of so many frames, which are filled up to 4n + 1."""
    cell = config.space * PATCH
    return config.latent_frames(filled(frames)), job.height // cell, job.width // cell


def filled(frames: int) -> int:
    """Frames with those that are repeated, 4n + 1."""
    return -(-(frames - 1) // 4) * 4 + 1


def least(networks: Networks, job: Job) -> int:
    """About what the leanest way takes of the device."""
    costs = Costs(networks, job, min(LEAST_WINDOW, max(job.shots)), TILES[-1], parked=True)
    return max(costs.encoding(CUTS[-1]), costs.step(Work(1, on_host=True)), costs.decoding(CUTS[-1]))


def _stored(known: Recipe, variant: str | None, architecture: Architecture) -> int | None:
    """Bytes of a file set on the device: blocks as they are stored, and the rest in half precision."""
    chosen = next((files for files in known.variants if files.name == variant), None)
    if chosen is None:
        return None
    sizes = [file.size.bytes for file in chosen.files if file.role == "weights" and file.size]
    width = architecture.width
    rest = 7 * width**2 + (_SINUSOIDS + architecture.text_in) * width  # embeddings of time and text
    return sum(sizes) + rest if sizes else None
