"""Golden cases of what stands around the transformer: the autoencoder, frames before and after it, colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenroom.models.golden import Comparison, Tolerance, close, same
from greenroom.models.seedvr2.colours.colour import adain, wavelet, wavelet_capped
from greenroom.models.seedvr2.colours.hsv import hsv, wavelet_adaptive
from greenroom.models.seedvr2.colours.lab import lab
from greenroom.models.seedvr2.frames.preprocess import cropped, padded, prepare, resized
from greenroom.models.seedvr2.frames.sizes import Size
from greenroom.models.seedvr2.vae.config import VAEConfig
from greenroom.models.seedvr2.vae.overlap import cross_faded, mirrored
from greenroom.models.seedvr2.vae.streaming import decode, encode
from greenroom.models.seedvr2.vae.tiling import Tiles, decode_tiled, encode_tiled
from greenroom.models.seedvr2.vae.vae import VideoVAE
from greenroom.nn.slices import Slices

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from torch import Tensor

    from greenroom.models.golden import Case, Golden

# A clip in one, and as the original cuts it, with a cut within the slice besides.
_CUTS = (None, Slices(1, 2))


def vae(golden: Golden) -> Iterator[Comparison]:
    """Moments of pixels, and pixels of their mean, whole and in slices."""
    model = vae_of(golden, golden.config)
    for run in golden["runs"]:
        label = run["id"]
        pixels, moments = (
            _frames(golden, f"{kind}.{label}.{name}") for kind, name in (("inputs", "pixels"), ("outputs", "moments"))
        )
        latents = moments[..., : model.config.latent].contiguous()
        for cut in _CUTS:
            yield _compared(golden, f"{label} encoded {cut}", encode(model, pixels, cut), f"outputs.{label}.moments")
            yield _compared(golden, f"{label} decoded {cut}", decode(model, latents, cut), f"outputs.{label}.decoded")


def vae_tiled(golden: Golden) -> Iterator[Comparison]:
    """The same in tiles, as the community's port joins them."""
    model = vae_of(golden, golden.config)
    tiles = Tiles(golden["tile"], golden["overlap"])
    pixels, moments = _frames(golden, "inputs.pixels"), _frames(golden, "outputs.moments_tiled")
    latents = moments[..., : model.config.latent].contiguous()
    yield _compared(golden, "whole", encode(model, pixels), "outputs.moments_whole")
    yield _compared(golden, "encoded", encode_tiled(model, pixels, tiles), "outputs.moments_tiled")
    yield _compared(golden, "decoded", decode_tiled(model, latents, tiles), "outputs.decoded_tiled")


def vae_of(golden: Golden, config: Mapping[str, Any], prefix: str = "") -> VideoVAE:
    """The autoencoder of a case. prefix: of its weights' names.  Raises UnknownName for an option that there is not."""
    return VideoVAE.of(golden.weights(prefix), VAEConfig.from_options(config))


def preprocess(golden: Golden) -> Iterator[Comparison]:
    """Sizes, frames as the encoder takes them, and clips made long enough."""
    for run in golden["runs"]:
        frames = golden.tensor(f"inputs.{run['id']}.frames").movedim(1, -1)
        yield same(f"{run['id']} source", list(frames.shape[:3]), [run["frames"], run["in_h"], run["in_w"]])
        made = prepare(frames, Size(run["res_h"], run["res_w"])).permute(3, 0, 1, 2)
        yield golden.compare(f"{run['id']} pixels", made, f"outputs.{run['id']}.pixels")
    for item in golden["sizes"]:
        size = resized(Size(*item["in_hw"]), Size(*item["res"]))
        for what, ours in (("resized", size), ("cropped", cropped(size))):
            yield same(f"{item['in_hw']} to {item['res']} {what}", [ours.height, ours.width], item[what])
    for item in golden["temporal_padding"]:
        places = padded(item["frames"], item["sp_size"])
        yield same(f"{item['frames']} frames, {item['sp_size']} ranks", places, item["source_index"])
        yield same(f"{item['frames']} frames, {item['sp_size']} ranks, count", len(places), item["padded"])


def temporal(golden: Golden) -> Iterator[Comparison]:
    """Batches that overlap, as the community's port does it."""
    for item in golden["padding"]:
        places = mirrored(item["frames"], item["count"], before=item["prepend"])
        yield same(f"{item['frames']} frames, {item['count']} more", places, item["source_index"])
    for key in golden.tensors:
        if key.startswith("outputs.blend"):
            count = key.removeprefix("outputs.blend")
            before, after = golden.tensor(f"inputs.tail{count}"), golden.tensor(f"inputs.head{count}")
            yield golden.compare(key, cross_faded(before, after), key)


def colour_fix(golden: Golden) -> Iterator[Comparison]:
    """The methods of the original."""
    content, style = golden.tensor("inputs.content"), golden.tensor("inputs.style")
    yield golden.compare("wavelet", wavelet(content, style), "outputs.wavelet")
    yield golden.compare("adain", adain(content, style), "outputs.adain")
    # Nothing of the style's but zero: what is left are the details.
    details = wavelet(content, content.new_zeros(content.shape))
    yield golden.compare("low band", content - details, "outputs.content_low_band")


_PORT: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "wavelet": wavelet_capped,
    "adain": adain,
    "lab": lab,
    "hsv": hsv,
    "wavelet_adaptive": wavelet_adaptive,
}


def colour_port(golden: Golden) -> Iterator[Comparison]:
    """The methods of the community's port, where a few pixels may differ: equal values have no order."""
    content, style = golden.tensor("inputs.content"), golden.tensor("inputs.style")
    for method in golden["methods"]:
        theirs = golden.tensor(f"outputs.{method}")
        yield _mostly(
            method, _PORT[method](content, style), theirs, golden.tolerance, golden["allowed_outlier_fraction"]
        )


def _mostly(what: str, ours: Tensor, theirs: Tensor, tolerance: Tolerance, allowed: float) -> Comparison:
    """Compare all but a fraction of the values."""
    if ours.shape != theirs.shape:
        return close(what, ours, theirs, tolerance)
    error = (ours - theirs).abs()
    outside = error > tolerance.atol + tolerance.rtol * theirs.abs()
    if bool(outside.float().mean() > allowed) or not ours.isfinite().all():
        return close(what, ours, theirs, tolerance)
    return Comparison(what, float(error.max()))


def _frames(golden: Golden, key: str) -> Tensor:
    """A tensor of the case, (1, channels, frames, height, width), as frames."""
    return golden.tensor(key)[0].permute(1, 2, 3, 0)


def _compared(golden: Golden, what: str, ours: Tensor, key: str) -> Comparison:
    return golden.compare(what, ours.permute(3, 0, 1, 2)[None], key)


AROUND: dict[str, Case] = {
    "vae_a": vae,
    "vae_tiled_port": vae_tiled,
    "preprocess": preprocess,
    "temporal_port": temporal,
    "colour_fix": colour_fix,
    "colour_port": colour_port,
}
