"""What is said of memory is what is held, counted tensor by tensor."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.multiprocessing import reductions
from torch.utils._python_dispatch import TorchDispatchMode

from greenroom.models.seedvr2.vae import upsample as vae_upsample
from greenroom.models.seedvr2.vae.config import VAEConfig
from greenroom.models.seedvr2.vae.footprint import VAEFootprint
from greenroom.models.seedvr2.vae.streaming import decoding, encoding
from greenroom.models.seedvr2.vae.synthetic import synthetic_vae
from greenroom.models.seedvr2.vae.upsample import Composed, Upsample
from greenroom.models.seedvr2.vae.vae import VideoVAE
from greenroom.nn import causal_conv, group_norm
from greenroom.nn.causal_conv import Triple
from greenroom.nn.slices import CUTS, Slices

_WEAK: Any = reductions.StorageWeakRef  # torch gives it no types
CONFIG = VAEConfig(widths=(32, 64, 128, 128), latent=4, groups=4)
HEIGHT, WIDTH = 96, 160
SIZES = ((720, 1280), (1072, 1920), (96, 64))


class Held(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch gives its hook no types
    """The most bytes that tensors made meanwhile take at once."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch gives it none
        self.most = 0
        self._alive: dict[int, tuple[Any, int]] = {}

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False  # otherwise torch loads its compiler here, which takes seconds

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, (tuple, list)) else (made,):
            if isinstance(tensor, Tensor):
                storage = tensor.untyped_storage()
                self._alive.setdefault(storage._cdata, (_WEAK(storage), storage.nbytes()))
        if self._taken() > self.most:
            self._alive = {key: entry for key, entry in self._alive.items() if not entry[0].expired()}
            self.most = max(self.most, self._taken())
        return made

    def _taken(self) -> int:
        return sum(size for _, size in self._alive.values())


@pytest.fixture
def vae(monkeypatch: pytest.MonkeyPatch) -> VideoVAE:
    """What happens has the sizes that it has on a GPU, whose kernels take no room beside; nothing is computed."""

    def statistics(x: Tensor, norm: nn.GroupNorm, shift: Tensor | None = None) -> Tensor:
        return x.new_empty(len(x), norm.num_groups, 2)

    def add(x: Tensor, shift: Tensor, norm: nn.GroupNorm, residual: Tensor | None = None, *, out: Tensor) -> Tensor:
        return statistics(x, norm)

    monkeypatch.setattr(group_norm, "statistics", statistics)
    monkeypatch.setattr(group_norm, "add", add)
    monkeypatch.setattr(group_norm, "normalise", lambda *args, **kwargs: None)

    def convolve(frames: Tensor, weight: Tensor, stride: Triple, zeros: int) -> Tensor:
        sizes = zip(frames.shape[:3], (0, 2 * zeros, 2 * zeros), weight.shape[2:], stride, strict=True)
        shape = ((size + padding - kernel) // step + 1 for size, padding, kernel, step in sizes)
        return frames.new_empty(*shape, weight.shape[0])

    def composed(of: Upsample, dtype: torch.dtype, frames: int, reached: object, times: int = 0) -> Composed:
        channels, times = of.conv.weight.shape[0], times or of.times
        weight = torch.empty(times * 4 * channels, channels, frames, 2, 2, dtype=dtype)
        return Composed(weight, torch.empty(times, 2, 2, 2, 2, channels))

    monkeypatch.setattr(causal_conv, "_convolve", convolve)
    monkeypatch.setattr(vae_upsample, "interleave", lambda *args: None)
    monkeypatch.setattr(vae_upsample, "_composed", composed)
    return synthetic_vae(torch.device("cpu"), torch.float32, CONFIG)


def held(work: Iterator[Tensor]) -> int:
    counted = Held()
    with counted:
        for made in work:
            del made
    return counted.most


@pytest.mark.parametrize("cut", [Slices(1, 4), Slices(2, 3), Slices(1, 1)], ids=str)
def test_what_is_said_is_held(vae: VideoVAE, cut: Slices) -> None:
    frames = CONFIG.frames(3 * cut.latents + 1)  # three slices: then all is remembered that will be
    for (footprint, work), least in zip(both(vae, frames, cut), (0.97, 0.995), strict=True):
        found, said = held(work), footprint.bytes(HEIGHT, WIDTH, cut, itemsize=4)
        assert least * found <= said <= 1.15 * found
        assert footprint.bytes(HEIGHT, WIDTH, cut, itemsize=4, frames=frames) == said


@pytest.mark.parametrize("cut", [Slices(8, 32), Slices(2, 2), Slices(1, 1)], ids=str)
@pytest.mark.parametrize("frames", [1, 5])
def test_a_clip_that_ends_in_its_first_slice_remembers_less(vae: VideoVAE, cut: Slices, frames: int) -> None:
    for footprint, work in both(vae, frames, cut):
        found, said = held(work), footprint.bytes(HEIGHT, WIDTH, cut, itemsize=4, frames=frames)
        assert 0.94 * found <= said <= 1.35 * found
        assert said <= footprint.bytes(HEIGHT, WIDTH, cut, itemsize=4)


def both(vae: VideoVAE, frames: int, cut: Slices) -> tuple[tuple[VAEFootprint, Iterator[Tensor]], ...]:
    """What is said of each network, and its work on a clip."""
    pixels = torch.zeros(frames, HEIGHT, WIDTH, 3, dtype=torch.float32)
    latent = torch.zeros(CONFIG.latent_frames(frames), HEIGHT // 8, WIDTH // 8, CONFIG.latent, dtype=torch.float32)
    return (
        (VAEFootprint.encoder(CONFIG), encoding(vae, torch.split(pixels, 4), cut)),
        (VAEFootprint.decoder(CONFIG), decoding(vae, latent, cut)),
    )


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_leaner_cuts_take_less(size: tuple[int, int]) -> None:
    for footprint in (VAEFootprint.encoder(VAEConfig()), VAEFootprint.decoder(VAEConfig())):
        sizes = [footprint.bytes(*size, cut) for cut in CUTS]
        assert all(after <= before for before, after in pairwise(sizes))
        for cut, size_of_cut in zip(CUTS, sizes, strict=True):
            found = footprint.fitting(*size, size_of_cut)
            assert found is not None
            assert footprint.bytes(*size, found) <= size_of_cut
            assert CUTS.index(found) >= CUTS.index(cut) or footprint.bytes(*size, found) == size_of_cut
        assert footprint.fitting(*size, sizes[-1] - 1) is None


def test_a_tensor_stays_small_enough_to_be_indexed() -> None:
    decoder = VAEFootprint.decoder(VAEConfig())
    assert decoder.fitting(1072, 1920, 10**12) == Slices(1, 2)
    assert decoder.fitting(720, 1280, 10**12) == Slices(1, 4)
    assert decoder.fitting(256, 256, 10**12) == CUTS[0]
    assert decoder.fitting(4320, 7680, 10**12) == CUTS[-1]
