"""Golden cases of what stands around the denoiser: the autoencoder, and both encoders of a library."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.models.borrowed import without_memory
from greenroom.models.golden import same
from greenroom.models.steadydancer.towers import clip, umt5
from greenroom.models.steadydancer.towers.synthetic import spelled
from greenroom.models.steadydancer.vae.config import WanVaeConfig
from greenroom.models.steadydancer.vae.vae import USUAL, WanVae
from greenroom.nn.slices import Slices

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor

    from greenroom.models.golden import Case, Comparison, Golden

# As the original cuts a clip, in one, and otherwise within a slice too.
_CUTS = (USUAL, Slices(100, 400), Slices(1, 1), Slices(2, 3))
# What a case says of itself among the options.
_OF_THE_CASE = frozenset({"seed", "note"})


def vae(golden: Golden) -> Iterator[Comparison]:
    """Latents of clips, and clips of latents, in pieces of several lengths."""
    model = vae_of(golden)
    for cut in _CUTS:
        for frames in (1, 9):
            latents = model.encode(golden.tensor(f"inputs.video_t{frames}"), cut)
            yield golden.compare(f"{frames} frames encoded {cut}", latents, f"outputs.latent_t{frames}")
        for count in (1, 3):
            video = model.decode(golden.tensor(f"inputs.z_t{count}"), cut)
            yield golden.compare(f"{count} latents decoded {cut}", video, f"outputs.decoded_t{count}")


def vae_of(golden: Golden, config: Mapping[str, object] | None = None, prefix: str = "") -> WanVae:
    """The autoencoder of a case. config: None for all of the case's.  prefix: of its weights' names."""
    given = golden.config if config is None else config
    options = {name: value for name, value in given.items() if name not in _OF_THE_CASE}
    return WanVae.of(golden.weights(prefix), WanVaeConfig.from_options(options))


def text_encoder(golden: Golden) -> Iterator[Comparison]:
    """Rows of texts of several lengths, which are padded in the case and not here."""
    texts = texts_of(golden)
    ids, mask = golden.tensor("inputs.ids"), golden.tensor("inputs.mask")
    for place, length in enumerate(golden.config["lengths"]):
        own: Tensor = ids[place][mask[place].bool()]
        yield same(f"tokens of text {place}", len(own), length)
        yield golden.compare(f"text {place}", texts.encode(own.tolist()), f"outputs.rows{place}")


def texts_of(golden: Golden) -> umt5.Umt5Texts:
    """The text encoder of a case."""
    config = golden.config
    options = {
        "vocab_size": config["vocab"],
        "d_model": config["dim"],
        "d_kv": config["dim_attn"] // config["num_heads"],
        "d_ff": config["dim_ffn"],
        "num_layers": config["num_layers"],
        "num_heads": config["num_heads"],
        "relative_attention_num_buckets": config["num_buckets"],
    }
    network = without_memory(lambda: umt5.text_encoder(options))
    weights = golden.weights()
    return umt5.texts_of(network, spelled, lambda names: {name: weights[name] for name in names})


def image_encoder(golden: Golden) -> Iterator[Comparison]:
    """Vectors of a picture that is no square."""
    tokens = pictures_of(golden).see(golden.tensor("inputs.image"))
    yield golden.compare("tokens", tokens[None], "outputs.tokens")


def pictures_of(golden: Golden) -> clip.ClipPictures:
    """The tower for pictures of a case."""
    config = golden.config
    options = {
        "hidden_size": config["dim"],
        "intermediate_size": config["dim"] * config["mlp_ratio"],
        "num_hidden_layers": config["blocks_used"],
        "num_attention_heads": config["num_heads"],
        "image_size": config["image_size"],
        "patch_size": config["patch_size"],
        "layer_norm_eps": config["norm_eps"],
    }
    network = without_memory(lambda: clip.vision_tower(options))
    return clip.ClipPictures(clip.with_weights(network, golden.weights()))


ENCODERS: dict[str, Case] = {"vae": vae, "text_encoder": text_encoder, "image_encoder": image_encoder}
