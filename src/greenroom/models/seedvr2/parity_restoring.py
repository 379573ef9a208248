"""Golden cases of the whole way, from frames to frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenroom.errors import InputInvalid
from greenroom.models.golden import Comparison, near, same
from greenroom.models.seedvr2.colours.colour import wavelet
from greenroom.models.seedvr2.frames.postprocess import to_whole
from greenroom.models.seedvr2.frames.preprocess import padded, prepare
from greenroom.models.seedvr2.frames.sizes import Size
from greenroom.models.seedvr2.nadit.sampling import Sampler
from greenroom.models.seedvr2.parity_transformer import check_alternating, transformer_of
from greenroom.models.seedvr2.parity_vae import vae_of
from greenroom.models.seedvr2.vae.streaming import decode, encode
from greenroom.models.seedvr2.vae.vae import posterior
from greenroom.nn.slices import Slices

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor

    from greenroom.models.golden import Case, Golden

_CUT = Slices()
_SHORT = {"ch": "block_out_channels", "groups": "norm_num_groups", "lpb": "layers_per_block"}


def end_to_end(golden: Golden) -> Iterator[Comparison]:
    """A clip resized, encoded, restored, decoded, brought back to its colours. The draws are those of the case."""
    config = golden.config
    check_alternating(config["window_methods"])
    if golden["cfg_scale"] != 1:
        raise InputInvalid("the case has guidance", mend="give a case without; SeedVR2 has none")
    network = transformer_of(golden.name, config["dit"], config["arch"], golden.weights("dit."))
    vae = vae_of(golden, _vae_options(config), "vae.")

    frames = golden.tensor("inputs.frames")
    source = prepare(frames.permute(0, 2, 3, 1), Size(golden["res_h"], golden["res_w"]))
    drawn = golden.tensor("inputs.posterior_noise")[0].permute(1, 2, 3, 0)
    latent = posterior(encode(vae, source[padded(len(source))], _CUT), vae.config, drawn)
    yield golden.compare("latent", latent, "outputs.cond_latent")

    noise, text = golden.tensor("inputs.noise"), golden.tensor("inputs.text")
    restored = Sampler(network, text, golden["steps"]).restore(latent, noise)
    yield golden.compare("restored", restored, "outputs.x0")

    decoded = decode(vae, restored / vae.config.scale, _CUT)
    yield golden.compare("decoded", decoded.permute(3, 0, 1, 2), "outputs.decoded")

    content, style = (part.permute(0, 3, 1, 2) for part in (decoded[: len(source)], source))
    fixed = wavelet(content, style)
    yield golden.compare("colours", fixed, "outputs.fixed")
    yield _nearly(to_whole(fixed.permute(0, 2, 3, 1)), golden.tensor("outputs.frames"), golden["frames_max_abs_diff"])


def _vae_options(config: Mapping[str, Any]) -> dict[str, Any]:
    """The autoencoder's options by their published names; these cases have short ones. Raises UnknownName."""
    options = {_SHORT.get(name, name): value for name, value in config["vae"].items()}
    return options | {
        "latent_channels": config["dit"]["vid_out_channels"],
        "scaling_factor": config["scaling_factor"],
    }


def _nearly(ours: Tensor, theirs: Tensor, allowed: int) -> Comparison:
    """Whole numbers that may differ a little, since a number between two of them is rounded to either."""
    if ours.shape != theirs.shape:
        return same("frames", list(ours.shape), list(theirs.shape))
    return near("frames", float((ours.int() - theirs.int()).abs().max()), 0.0, allowed)


RESTORING: dict[str, Case] = {"e2e_3b": end_to_end, "e2e_7b": end_to_end}
