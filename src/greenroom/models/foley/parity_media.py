"""Golden cases of what stands around the denoiser: the audio VAE, Synchformer, frames and how they are prepared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from greenroom.models.foley.dac.checkpoint import ENCODING, fused
from greenroom.models.foley.dac.config import DacConfig
from greenroom.models.foley.dac.pieces import decode
from greenroom.models.foley.dac.vae import DacVAE
from greenroom.models.foley.recognising import VISUAL
from greenroom.models.foley.synchformer.checkpoint import UNUSED
from greenroom.models.foley.synchformer.encoder import Synchformer, SynchformerConfig
from greenroom.models.foley.watching.cadence import picked
from greenroom.models.foley.watching.lengths import SEGMENT, latents, seconds, segments, sync_tokens
from greenroom.models.foley.watching.preprocess import centred, normalised, squashed
from greenroom.models.golden import Tolerance, close, same

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor

    from greenroom.models.golden import Case, Comparison, Golden

# What a case says of itself among the options.
_OF_THE_CASE = frozenset({"latent_len", "samples", "batch", "hop_length"})
_PICTURE_STEP, _SYNC_STEP = 16, 8


def dac_vae_of(golden: Golden, options: Mapping[str, Any], prefix: str = "", *, encoder: bool) -> DacVAE:
    """The autoencoder of a case. prefix: of its weights' names.  encoder: with that half; else it is left out."""
    given = {name: value for name, value in options.items() if name not in _OF_THE_CASE}
    vae = DacVAE(DacConfig.from_options(given), encoder=encoder)
    state = fused(golden.weights(prefix))
    if not encoder:
        state = {name: tensor for name, tensor in state.items() if not name.startswith(ENCODING)}
    vae.load_state_dict(state)
    return vae.eval()


def synchformer_of(golden: Golden, options: Mapping[str, Any], prefix: str = "") -> Synchformer:
    """The visual encoder of a case. prefix: of its weights' names."""
    config = SynchformerConfig(options["embed_dim"], options["depth"], options["num_heads"])
    network = Synchformer(config)
    unused = [name.removeprefix(VISUAL) for name in UNUSED]
    network.load_state_dict({name: tensor for name, tensor in golden.weights(prefix).items() if name not in unused})
    return network.eval()


def dac_vae(golden: Golden) -> Iterator[Comparison]:
    """Latents to sound, at once and in pieces; sound to latents, and back from their mean."""
    vae = dac_vae_of(golden, golden.config, encoder=True)
    yield same("hop", vae.config.hop, golden.config["hop_length"])
    given, wave = golden.tensor("inputs.latents"), golden.tensor("inputs.waveform")
    yield golden.compare("decoded", vae.decode(given), "outputs.decoded")
    for piece in range(1, given.shape[2]):
        yield golden.compare(f"decoded in pieces of {piece}", decode(vae, given, piece), "outputs.decoded")

    padded = vae.padded(wave)
    yield golden.compare("padded", padded, "outputs.padded_waveform")
    yield golden.compare("encoder", vae.encoder(padded), "outputs.encoder_out")
    posterior = vae.encode(wave)
    mean, log_variance = posterior.mean, posterior.log_variance
    yield golden.compare("mean", mean, "outputs.post_mean")
    yield golden.compare("log variance", log_variance, "outputs.post_logvar")
    yield golden.compare("deviation", posterior.deviation, "outputs.post_std")
    divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean((1, 2))
    yield golden.compare("divergence", divergence, "outputs.kl")
    back = vae.decode(mean)[..., : wave.shape[-1]]
    yield golden.compare("back", back, "outputs.reconstruction_from_mean")


def synchformer(golden: Golden) -> Iterator[Comparison]:
    """Features of segments, and some tokens before the last norm."""
    network = synchformer_of(golden, golden.config)
    rows, columns = golden.tensor("inputs.rows"), golden.tensor("inputs.cols")
    video = (rows[..., None] * columns[..., None, :]).flatten(0, 1)
    first, last = golden.tensor("outputs.tokens_first"), golden.tensor("outputs.tokens_last")
    tokens = network.tokens(video)
    yield golden.compare("first tokens", tokens[:, : first.shape[1]], "outputs.tokens_first")
    yield golden.compare("last tokens", tokens[:, -last.shape[1] :], "outputs.tokens_last")
    features = network(video).unflatten(0, rows.shape[:2])
    yield golden.compare("features", features, "outputs.features")


def frame_sampling(golden: Golden) -> Iterator[Comparison]:
    """Which frames both encoders look at, and the lengths that follow."""
    rates = golden.config["fps"]
    for number, video in enumerate(golden["videos"]):
        for stream, rate in rates.items():
            yield same(f"video {number} {stream}", picked(video["frame_times"], rate), video[f"{stream}_indices"])
        pictures, frames = (len(picked(video["frame_times"], rates[stream])) for stream in ("siglip2", "synchformer"))
        yield same(f"video {number} pictures", pictures, video["siglip2_tokens"])
        yield same(f"video {number} seconds", seconds(frames), video["seconds"])
        yield same(f"video {number} latents", latents(frames), video["latent_length"])
        yield same(f"video {number} samples", latents(frames) * golden.config["hop"], video["audio_samples"])
        long_enough = frames >= SEGMENT
        yield same(f"video {number} segments", segments(frames) if long_enough else None, video["sync_segments"])
        yield same(f"video {number} tokens", sync_tokens(frames) if long_enough else None, video["sync_tokens"])
    for row in golden["length_table"]:
        frames = row["sync_frames"]
        ours = {"seconds": seconds(frames), "latent_length": latents(frames), "segments": segments(frames)}
        yield same(f"{frames} frames", ours, {name: row[name] for name in ours})


def preprocessing(golden: Golden) -> Iterator[Comparison]:
    """Frames as the encoders take them, of which the case has some, and their means."""
    means = Tolerance(golden["atol_means"])
    for case in golden.config["cases"]:
        frames = _drawn(case)
        ways = {"siglip2": (squashed, _PICTURE_STEP), "synchformer": (centred, _SYNC_STEP)}
        for name, (fit, step) in ways.items():
            made, label = normalised(fit(frames)), f"{name} {case['key']}"
            yield golden.compare(label, made[..., ::step, ::step], f"outputs.{name}.{case['key']}")
            theirs = golden.tensor(f"outputs.{name}_mean.{case['key']}")
            yield close(f"{label} mean", made.mean((2, 3)), theirs, means)


def _drawn(case: Mapping[str, Any]) -> Tensor:
    """The frames that a case describes by a formula: uint8 (frames, 3, height, width)."""
    times, colours = torch.arange(case["frames"])[:, None, None, None], torch.arange(3)[:, None, None]
    y, x = torch.arange(case["height"])[:, None], torch.arange(case["width"])
    drawn: Tensor = y * case["a"] + x * case["b"] + ((x * y) >> case["shift"]) + 37 * colours + 11 * times
    return (drawn % 256).to(torch.uint8)


MEDIA: dict[str, Case] = {
    "08_dac_vae": dac_vae,
    "09_synchformer_visual": synchformer,
    "10_frame_sampling": frame_sampling,
    "11_preprocessing": preprocessing,
}
