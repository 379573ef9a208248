"""Golden cases of the denoiser and its schedule: what the original's parts answered, beside what ours do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional

from greenroom.errors import InputInvalid, UnknownName, quoted
from greenroom.models.foley.architecture import (
    LATENTS_PER_SECOND,
    NORM_EPS,
    SINGLE_HEAD_EPS,
    SINGLE_NORM_EPS,
    TEXT_TOKENS,
    Architecture,
)
from greenroom.models.foley.mmdit.checkpoint import arranged
from greenroom.models.foley.mmdit.course import Course
from greenroom.models.foley.mmdit.denoising import Denoising, velocities
from greenroom.models.foley.mmdit.embedding import sinusoids
from greenroom.models.foley.mmdit.fixed import Condition, Features, conditions, fix
from greenroom.models.foley.mmdit.nearest import nearest
from greenroom.models.foley.mmdit.rotary import places, turned, visual_places
from greenroom.models.foley.mmdit.sampler import Sampler
from greenroom.models.foley.mmdit.schedule import LAST_TIME, sigmas, stepped, times
from greenroom.models.foley.mmdit.single_block import SingleBlock
from greenroom.models.foley.mmdit.transformer import MMDiT
from greenroom.models.foley.mmdit.triple_block import TripleBlock, streams
from greenroom.models.golden import Tolerance, close, same
from greenroom.nn.adaptive_layer_norm import Stream, Terms, norm_modulate
from greenroom.nn.norms import RMSNorm
from greenroom.nn.rotary import rotate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import nn

    from greenroom.models.golden import Case, Comparison, Golden

# Options that both published sizes have alike, so that there is no other code for them.
_FIXED: dict[str, Any] = {
    "mlp_act_type": "gelu_tanh", "qkv_bias": True, "qk_norm": True, "qk_norm_type": "rms", "attn_mode": "torch",
    "embedder_type": "default", "interleaved_audio_visual_rope": True, "enable_learnable_empty_visual_feat": True,
    "sync_modulation": False, "add_sync_feat_to_audio": True, "cross_attention": True, "use_attention_mask": False,
    "condition_projection": "linear", "audio_frame_rate": LATENTS_PER_SECOND, "patch_size": 1, "rope_dim_list": None,
    "rope_theta": 10_000, "text_length": TEXT_TOKENS,
}  # fmt: skip
# Read below, or the length of something that has the length of what is given.
_READ = frozenset({
    "depth_triple_blocks", "depth_single_blocks", "hidden_size", "num_heads", "mlp_ratio", "sync_feat_dim",
    "condition_dim", "clip_dim", "audio_vae_latent_dim", "clip_length", "sync_length",
})  # fmt: skip


def architecture_of(name: str, config: Mapping[str, Any]) -> Architecture:
    """The architecture of a published configuration. Raises UnknownName, InputInvalid for what there is no code for."""
    for option, value in config.items():
        if option not in _READ and option not in _FIXED:
            raise UnknownName("option", option, (*_READ, *_FIXED))
        if option in _FIXED and value != _FIXED[option]:
            raise InputInvalid(f"{option} is {quoted(value)}", mend=f"both published sizes have {_FIXED[option]!r}")
    return Architecture(
        name=name,
        triple=config["depth_triple_blocks"],
        single=config["depth_single_blocks"],
        heads=config["num_heads"],
        head_dim=config["hidden_size"] // config["num_heads"],
        latent=config["audio_vae_latent_dim"],
        visual_in=config["clip_dim"],
        text_in=config["condition_dim"],
        sync_in=config["sync_feat_dim"],
        mlp_ratio=config["mlp_ratio"],
    )


def denoiser_of(golden: Golden, prefix: str = "") -> MMDiT:
    """A network with a case's weights, loaded strictly. Raises UnknownName, InputInvalid."""
    architecture = architecture_of(golden.name, golden.config["model_kwargs"])
    network = MMDiT(architecture)
    network.load_state_dict(arranged(golden.weights(prefix), architecture))
    return network.eval()


def rope_tables(golden: Golden) -> Iterator[Comparison]:
    """Tables, and queries and keys of the three streams turned by them."""
    head_dim, audio, visual = (golden.config[key] for key in ("head_dim", "audio_len", "visual_len"))
    for name, length in (("interleaved", 2 * audio), ("single", audio)):
        cos, sin = turned(torch.arange(length), head_dim)
        yield golden.compare(f"cos {name}", cos.repeat_interleave(2, -1), f"outputs.cos_{name}")
        yield golden.compare(f"sin {name}", sin.repeat_interleave(2, -1), f"outputs.sin_{name}")
    seen_at = visual_places(visual, audio)
    yield same("visual places", seen_at.tolist(), golden["visual_positions"])
    woven, alone = (
        turned(own, head_dim) for own in (torch.cat((seen_at, 2 * torch.arange(audio))), torch.arange(audio))
    )
    for kind in "qk":
        heard, seen = (golden.tensor(f"inputs.{kind}_{stream}").transpose(1, 2) for stream in ("audio", "visual"))
        both = rotate(torch.cat((seen, heard), dim=2), woven).transpose(1, 2)
        yield golden.compare(f"{kind} visual", both[:, :visual], f"outputs.{kind}_visual_rot")
        yield golden.compare(f"{kind} audio", both[:, visual:], f"outputs.{kind}_audio_rot")
        yield golden.compare(f"{kind} single", rotate(heard, alone), f"outputs.{kind}_single_rot")
    stretched = golden.tensor("inputs.q_visual")[:, nearest(visual, audio)]
    both = torch.stack((golden.tensor("inputs.q_audio"), stretched), dim=2).flatten(1, 2)
    yield golden.compare("q woven", both, "outputs.q_interleaved")


def norms_and_embeddings(golden: Golden) -> Iterator[Comparison]:
    """Norms on numbers that are small beside their eps and on others, and the time as sines and cosines."""
    x, small = golden.tensor("inputs.x"), golden.tensor("inputs.x_small")
    zero = torch.zeros(1, x.shape[-1])
    for kind, of_heads, of_stream in (("triple", NORM_EPS, NORM_EPS), ("single", SINGLE_HEAD_EPS, SINGLE_NORM_EPS)):
        norm = RMSNorm(x.shape[-1], of_heads)
        norm.load_state_dict(golden.weights(f"{kind}_qk_norm."))
        yield golden.compare(f"{kind} heads", norm(x), f"outputs.{kind}_qk_norm")
        yield golden.compare(f"{kind} heads, small", norm(small), f"outputs.{kind}_qk_norm_small")
        plain = norm_modulate(small, Terms(zero, zero, zero), None, of_stream)
        yield golden.compare(f"{kind} stream, small", plain, f"outputs.{kind}_layernorm_small")
    width, at = golden.config["time_dim"], golden.tensor("inputs.t")
    embeddings = sinusoids(at, width), golden.tensor(f"outputs.timestep_embedding_{width}")
    for time, ours, theirs in zip(at.tolist(), *embeddings, strict=True):
        # What made the case took exponentials whose last place is its processor's own.
        allowed = Tolerance(golden.tolerance.atol + time * 2.0**-23, golden.tolerance.rtol)
        yield close(f"time {time:g}", ours, theirs, allowed)


def _block_architecture(golden: Golden) -> Architecture:
    config = golden.config
    heads = config["num_heads"]
    return Architecture(
        golden.name, 1, 1, heads, head_dim=config["hidden_size"] // heads, mlp_ratio=config["mlp_ratio"]
    )


# By what the two calls of a block's case multiply their streams.
_SIZES = {"": 1.0, "_small": 0.01}


def triple_block(golden: Golden) -> Iterator[Comparison]:
    """One block of audio and video beside a text."""
    architecture = _block_architecture(golden)
    block = TripleBlock(architecture)
    block.load_state_dict(golden.weights())
    audio, visual, text = (golden.tensor(f"inputs.{stream}") for stream in ("audio", "visual", "text"))
    stand = places(architecture.head_dim, len(audio), audio.shape[1], visual.shape[1], text.shape[1])
    terms, said = block.terms(golden.tensor("inputs.vec")), block.said(text, stand.text)
    for size, factor in _SIZES.items():
        both = torch.cat((visual, audio), dim=1).transpose(0, 1).contiguous() * factor
        behind = block(streams(both, stand, len(terms)), terms, said, stand).settled().transpose(0, 1)
        seen, heard = torch.split(behind, [visual.shape[1], audio.shape[1]], dim=1)
        yield golden.compare(f"audio{size}", heard, f"outputs.audio{size}")
        yield golden.compare(f"visual{size}", seen, f"outputs.visual{size}")


def single_block(golden: Golden) -> Iterator[Comparison]:
    """One block of audio alone."""
    architecture = _block_architecture(golden)
    yield same("width of the MLP", architecture.gated, golden.config["conv_mlp_hidden"])
    block = SingleBlock(architecture)
    block.load_state_dict(arranged(golden.weights(), architecture))
    x = golden.tensor("inputs.x")
    rows, tokens, _ = x.shape
    condition = functional.silu(golden.tensor("inputs.cond").flatten(0, 1))
    shows = torch.arange(rows * tokens, dtype=torch.int32).view(rows, tokens)
    stand = places(architecture.head_dim, rows, tokens, 1, 1)
    for size, factor in _SIZES.items():
        ours = block(Stream(x * factor, shows), condition, stand.alone).settled()
        yield golden.compare(f"x{size}", ours, f"outputs.x{size}")


@contextmanager
def _behind(layer: nn.Module) -> Iterator[list[Any]]:
    """What a layer answers, call by call."""
    answers: list[Any] = []
    hook = layer.register_forward_hook(lambda _module, _args, out: answers.append(out))
    try:
        yield answers
    finally:
        hook.remove()


def forward(golden: Golden) -> Iterator[Comparison]:
    """The whole denoiser, stage by stage; and once more a sample at a time, of what stays for all steps."""
    network = denoiser_of(golden)
    names = ("x", "t", "cond", "clip_feat", "sync_feat")
    x, at, text, visual, sync = (golden.tensor(f"inputs.{name}") for name in names)
    length = x.shape[2]
    with _behind(network.triples[-1]) as triple, _behind(network.singles[-1]) as single:
        velocity = network(x, at, text, visual, sync)
    synced, time = network.synced(sync), network.time_in(at)
    stages = {
        "audio_embedded": network.audio_embedder(x),
        "time_vec": time,
        "text_projected": network.cond_in(text),
        "visual_projected": network.visual_proj(visual),
        "sync_projected": synced,
        "single_cond": synced[:, nearest(sync.shape[1], length)] + time[:, None],
        "audio_after_triple": triple[0].settled().transpose(0, 1),
        "audio_after_single": single[0].settled(),
        "velocity": velocity,
    }
    for name, ours in stages.items():
        yield golden.compare(name, ours, f"outputs.{name}")
    again = torch.cat([_alone(network, *sample) for sample in zip(x, at, text, visual, sync, strict=True)])
    yield golden.compare("velocity of what stays", again, "outputs.velocity")


def _alone(network: MMDiT, x: Tensor, at: Tensor, text: Tensor, visual: Tensor, sync: Tensor) -> Tensor:
    """One sample's velocity at its time: (1, channels, length)."""
    course = Course(network)
    course.set(torch.stack((at / LAST_TIME, torch.zeros_like(at))))
    fixed = fix(network, [Condition(text, visual, sync, len(sync))], 1, x.shape[1])
    return velocities(network, x[None], fixed, course.now())[0]


def scheduler(golden: Golden) -> Iterator[Comparison]:
    """Shares of noise and times of several schedules, and two steps."""
    for row in golden.config["tables"]:
        tokens = row["n_tokens"] if row["use_flux_shift"] else None
        ours = sigmas(row["steps"], shift=row["shift"], tokens=tokens, reverse=row["reverse"])
        yield golden.compare(f"{row['key']} shares", ours, f"outputs.sigmas.{row['key']}")
        yield golden.compare(f"{row['key']} times", times(ours), f"outputs.timesteps.{row['key']}")
    given = golden.config["step_case"]
    _check_solver(given)
    lengths = sigmas(given["steps"], shift=given["shift"]).diff()
    first = stepped(golden.tensor("inputs.sample"), golden.tensor("inputs.velocity"), lengths[0])
    yield golden.compare("step 0", first, "outputs.euler_step0")
    second = stepped(first, golden.tensor("inputs.velocity2"), lengths[1])
    yield golden.compare("step 1", second, "outputs.euler_step1")


def _check_solver(config: Mapping[str, Any]) -> None:
    if config.get("solver", "euler") != "euler":
        raise InputInvalid(f"solver is {quoted(config['solver'])}", mend="the original's others end half way")


def features_of(golden: Golden, kind: str = "inputs") -> Features:
    """The features of a case, of its one video. kind: whether the case gives them or asks for them."""
    names = ("text_feat", "negative_text_feat", "siglip2_feat", "syncformer_feat")
    return Features(*(golden.tensor(f"{kind}.{name}")[0] for name in names))


def denoise(golden: Golden) -> Iterator[Comparison]:
    """From noise to latents with guidance, a step by hand and the whole way."""
    config, network, features = golden.config, denoiser_of(golden, "foley."), features_of(golden)
    _check_solver(config)
    steps, strength, noise = config["steps"], config["guidance_scale"], golden.tensor("inputs.noise")
    given = [config["batch"], network.architecture.latent, config["latent_length"]]
    yield same("shape of the noise", list(noise.shape), given)
    course = Course(network)
    course.set(sigmas(steps, shift=config["shift"]))
    denoising = Denoising(
        network, fix(network, conditions(network, features, strength), len(noise), noise.shape[2]), course
    )
    denoising.begin(noise, strength)
    yield golden.compare("first velocity", denoising.velocity(), "outputs.velocity_step0")
    denoising.advance()
    yield golden.compare("behind the first step", denoising.latents, "outputs.latents_step0")
    for _ in range(steps - 1):
        denoising.advance()
    yield golden.compare("latents", denoising.latents, "outputs.latents_final")
    whole = Sampler(network).sample(features, noise, steps=steps, guidance=strength)
    yield golden.compare("latents of the sampler", whole, "outputs.latents_final")


DENOISER: dict[str, Case] = {
    "01_rope_tables": rope_tables,
    "02_norms_and_embeddings": norms_and_embeddings,
    "03_triple_block": triple_block,
    "04_single_block": single_block,
    "05_mmdit_forward": forward,
    "06_scheduler": scheduler,
    "07_denoise_loop_cfg": denoise,
}
