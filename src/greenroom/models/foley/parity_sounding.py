"""Golden cases of the whole way: features to sound, and frames and tokens to sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from greenroom.models.foley.dac.pieces import decode
from greenroom.models.foley.mmdit.fixed import Features
from greenroom.models.foley.mmdit.sampler import Sampler
from greenroom.models.foley.parity_denoiser import denoise, denoiser_of, features_of
from greenroom.models.foley.parity_media import dac_vae_of, synchformer_of
from greenroom.models.foley.recognising import VISUAL
from greenroom.models.foley.towers.clap import TEXT, ClapTexts, text_tower
from greenroom.models.foley.towers.encoders import PictureEncoder, TextEncoder, Tokens, encode_texts, see_pictures
from greenroom.models.foley.towers.loading import tower_of
from greenroom.models.foley.towers.siglip2 import VISION, SiglipPictures, vision_tower
from greenroom.models.foley.watching.cadence import picked
from greenroom.models.foley.watching.lengths import PICTURE_RATE, SYNC_RATE, latents, seconds
from greenroom.models.foley.watching.preprocess import centred, normalised, squashed
from greenroom.models.golden import Tolerance, close, same

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor

    from greenroom.models.foley.dac.vae import DacVAE
    from greenroom.models.golden import Case, Comparison, Golden

# What the goldens' description gives for all that follows from features; the case's own allows for other resizes.
_FROM_FEATURES = Tolerance(1e-4)
_ENCODED = ("siglip2_feat", "text_feat", "negative_text_feat")
_PIECE = 7


class Encoders(NamedTuple):
    """The two that are not the family's own, of a case's weights."""

    pictures: PictureEncoder
    text: TextEncoder


def features_to_audio(golden: Golden) -> Iterator[Comparison]:
    """From features and noise to latents, step by step, and from these to sound, at once and in pieces."""
    yield from denoise(golden)
    vae, made = _vae(golden), _latents(golden, features_of(golden))
    yield golden.compare("sound", vae.decode(made), "outputs.audio")
    yield golden.compare("sound in pieces", decode(vae, made, _PIECE), "outputs.audio")


def encoders_of(golden: Golden) -> Encoders:
    """The encoders of a case. Raises ExtraMissing."""
    config = golden.config
    vision = tower_of(golden.weights("siglip2."), VISION, lambda: vision_tower(config["siglip2_vision"]))
    text = tower_of(golden.weights("clap_text."), TEXT, lambda: text_tower(config["clap_text"]))
    return Encoders(SiglipPictures(vision), ClapTexts(text))


def video_to_audio(golden: Golden, encoders: Callable[[Golden], Encoders] = encoders_of) -> Iterator[Comparison]:
    """From frames and tokens to features, to latents, to sound; the latter two also from the original's own features.

    encoders: of a case. Raises ExtraMissing.
    """
    shown = golden.tensor("inputs.frames").permute(0, 3, 1, 2)
    pictures, places = (picked(golden["frame_times"], rate) for rate in (PICTURE_RATE, SYNC_RATE))
    yield same("frames", places, golden["indices_25fps"])
    yield same("seconds", seconds(len(places)), golden.config["seconds"])
    yield same("length", latents(len(places)), golden.config["latent_length"])

    synchformer = synchformer_of(golden, golden.config["synchformer"], f"synchformer.{VISUAL}")
    sync = synchformer.features(normalised(centred(shown[places])))
    yield _compared(golden, "syncformer_feat", sync[None])
    theirs = features_of(golden, "outputs")
    yield from _sounding(golden, theirs, "their features", _FROM_FEATURES)
    made = encoders(golden)
    visual = see_pictures(squashed(shown[pictures]), made.pictures)
    tokens = Tokens(golden.tensor("inputs.input_ids"), golden.tensor("inputs.attention_mask").bool())
    texts = encode_texts(tokens, made.text)
    for name, ours in zip(_ENCODED, (visual, texts.prompt, texts.negative), strict=True):
        yield _compared(golden, name, ours[None])
    yield from _sounding(golden, Features(texts.prompt, texts.negative, visual, sync), "our features")


def _sounding(
    golden: Golden, features: Features, label: str, tolerance: Tolerance | None = None
) -> Iterator[Comparison]:
    """Latents and sound of features. tolerance: None for the case's own."""
    made = _latents(golden, features)
    for name, ours in (("latents_final", made), ("audio", _vae(golden).decode(made))):
        yield _compared(golden, name, ours, f"{name} of {label}", tolerance)


def _compared(
    golden: Golden, name: str, ours: Tensor, label: str = "", tolerance: Tolerance | None = None
) -> Comparison:
    """An output beside the original's, within the tolerance that the case gives for it."""
    return close(
        label or name, ours, golden.tensor(f"outputs.{name}"), tolerance or Tolerance(*golden["tolerances"][name])
    )


def _latents(golden: Golden, features: Features) -> Tensor:
    config, noise = golden.config, golden.tensor("inputs.noise")
    sampler = Sampler(denoiser_of(golden, "foley."))
    return sampler.sample(features, noise, steps=config["steps"], guidance=config["guidance_scale"])


def _vae(golden: Golden) -> DacVAE:
    return dac_vae_of(golden, golden.config["dac"], "dac.", encoder=False)


SOUNDING: dict[str, Case] = {
    "12_features_to_audio": features_to_audio,
    "13_pipeline_video_to_audio": video_to_audio,
}
