"""Golden cases of the denoiser: what the original answered, beside what ours does."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import torch

from greenroom.errors import InputInvalid, UnknownName, quoted
from greenroom.models.golden import close, same
from greenroom.models.steadydancer.architecture import NORM_EPS, PATCH, Architecture
from greenroom.models.steadydancer.dancer.adapters import FrameAlignment, SpatialExtractor, temporal_motion
from greenroom.models.steadydancer.dancer.block import Block, Context
from greenroom.models.steadydancer.dancer.embedding import laid_out
from greenroom.models.steadydancer.dancer.fixed import (
    Conditions,
    block_terms,
    fix,
    headed,
    listening_terms,
    references_of,
    tokens_of,
    velocity,
)
from greenroom.models.steadydancer.dancer.rotary import Grid, tables_of
from greenroom.models.steadydancer.dancer.transformer import Dancer
from greenroom.models.steadydancer.sampling.guidance import Pass
from greenroom.nn.long_stream import LongStream
from greenroom.nn.rotary import rotate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor

    from greenroom.models.golden import Case, Comparison, Golden
    from greenroom.models.steadydancer.dancer.fixed import Fixed
    from greenroom.nn.rotary import RotaryTables

# Options that the published size has alike, so that there is no other code for them; some cases do not say them.
_FIXED: dict[str, Any] = {
    "in_channels": 36, "pose_channels": 16, "out_channels": 16, "patch": list(PATCH), "eps": NORM_EPS,
}  # fmt: skip
_READ = frozenset({"dim", "heads", "layers", "ffn", "freq_dim", "text_dim", "text_len", "clip_dim"})
# Of a case, and not of a network.
_ABOUT = frozenset({"latent_t_h_w", "note", "seed"})


def architecture_of(name: str, config: Mapping[str, Any]) -> Architecture:
    """The architecture of a case's configuration. Raises UnknownName, InputInvalid for what there is no code for."""
    for option, value in config.items():
        if option not in _READ | _ABOUT and option not in _FIXED:
            raise UnknownName("option", option, (*_READ, *_FIXED))
        if option in _FIXED and value != _FIXED[option]:
            raise InputInvalid(f"{option} is {quoted(value)}", mend=f"the published size has {_FIXED[option]!r}")
    return Architecture(
        name=name,
        layers=config["layers"],
        heads=config["heads"],
        head_dim=config["dim"] // config["heads"],
        hidden=config["ffn"],
        sinusoids=config["freq_dim"],
        text_in=config["text_dim"],
        text_tokens=config["text_len"],
        image_in=config["clip_dim"],
    )


def dancer_of(golden: Golden, config: Mapping[str, Any], prefix: str = "") -> Dancer:
    """A network with a case's weights, loaded strictly. Raises UnknownName, InputInvalid."""
    network = Dancer(architecture_of(golden.name, config))
    network.load_state_dict(golden.weights(prefix))
    return network.eval()


def spatial_extractor(golden: Golden) -> Iterator[Comparison]:
    """Frames of poses, each seen alone."""
    module = SpatialExtractor(golden.config["in_channels"])
    module.load_state_dict(golden.weights())
    yield golden.compare("y", module(golden.tensor("inputs.x")), "outputs.y")


def temporal_adapter(golden: Golden) -> Iterator[Comparison]:
    """Poses in time."""
    module = temporal_motion(golden.config["channels"])
    module.load_state_dict(golden.weights())
    yield golden.compare("y", module(golden.tensor("inputs.x")), "outputs.y")


def frame_align(golden: Golden) -> Iterator[Comparison]:
    """Poses as noisy latents see them."""
    module = FrameAlignment(golden.config["channels"])
    module.load_state_dict(golden.weights())
    aligned = module(golden.tensor("inputs.pose")[0], golden.tensor("inputs.noise")[0])
    yield golden.compare("y", aligned[None], "outputs.y")


def rope(golden: Golden) -> Iterator[Comparison]:
    """Queries turned by where their tokens stand; the last two frames are the references."""
    config = golden.config
    tables = _tables(config, config["head_dim"])
    half = config["head_dim"] // 2
    side = half // 3
    yield same("pairs of each axis", [half - 2 * side, side, side], config["complex_split_t_h_w"])
    turned = rotate(golden.tensor("inputs.q").transpose(1, 2), tables).transpose(1, 2)
    yield golden.compare("q", turned, "outputs.y")


def wan_block(golden: Golden) -> Iterator[Comparison]:
    """One block, layer by layer and as a whole."""
    config = golden.config
    heads, width = config["heads"], config["dim"]
    architecture = Architecture(golden.name, 1, heads, width // heads, config["ffn_dim"])
    block = Block(architecture)
    block.load_state_dict(golden.weights())
    x, context = golden.tensor("inputs.x")[0], golden.tensor("inputs.context")[0]
    seen, text = torch.split(context, [config["image_tokens"], config["text_tokens"]])
    heard, tables = Context(text, seen), _tables(config, width // heads)
    terms = block_terms(
        (block.modulation + golden.tensor("inputs.e"))[0], listening_terms(block.norm3.weight, block.norm3.bias)
    )
    stream = LongStream(x.clone())
    looked = block.look(stream.normed(terms.look, NORM_EPS), tables)
    yield golden.compare("look", looked[None], "outputs.self_attn")
    stream.plus(looked, terms.look.gate)
    listened = block.listen(stream.normed(terms.listen, NORM_EPS), block.cross_attn.said(heard))
    yield golden.compare("listen", listened[None], "outputs.cross_attn")
    stream.plus(listened, terms.listen.gate)
    yield golden.compare("mlp", block.thought(stream.normed(terms.mlp, NORM_EPS))[None], "outputs.ffn")
    whole = LongStream(x.clone())
    block(whole, terms, heard, tables)
    yield golden.compare("whole", whole.settled()[None], "outputs.y")


def dit_full(golden: Golden) -> Iterator[Comparison]:
    """The whole denoiser, stage by stage and as it is asked by a sampler."""
    network = dancer_of(golden, golden.config)
    given = conditions_of(golden)
    yield same("grid of the latents", list(given.pose.shape[1:]), golden.config["latent_t_h_w"])
    latents, (time,) = golden.tensor("inputs.x"), golden.tensor("inputs.t").tolist()
    yield from _before(golden, network, given)
    # The case has random numbers in all channels of the references, also where a job has a mask and the same again.
    references = references_of(network, golden.tensor("inputs.ref_x"), golden.tensor("inputs.ref_c")[: len(latents)])
    fixed = replace(fix(network, given), references=references)
    yield from _within(golden, network, fixed, latents, time)
    again = replace(fix(network, given, keeps_said=False), references=references)
    for name, own, at_once in (("", fixed, 0), (", said anew, a few tokens at once", again, 7)):
        asked = velocity(network, own, latents, round(time), Pass.CONDITIONAL, at_once=at_once)
        yield golden.compare(f"velocity{name}", asked, "outputs.velocity")


def conditions_of(golden: Golden) -> Conditions:
    """What a case gives."""
    picture, pose = (golden.tensor(f"inputs.{name}")[: golden.config["out_channels"]] for name in ("ref_x", "ref_c"))
    return Conditions(
        text=golden.tensor("inputs.context"),
        negative=None,
        image=golden.tensor("inputs.clip_fea_x")[0],
        pose_image=golden.tensor("inputs.clip_fea_c")[0],
        y=golden.tensor("inputs.y"),
        ref_x=picture,
        ref_c=pose,
        pose=golden.tensor("inputs.condition"),
    )


def _before(golden: Golden, network: Dancer, given: Conditions) -> Iterator[Comparison]:
    """What stays."""
    motion, shape = network.posed(given.pose)
    yield golden.compare("poses in time", motion[None], "outputs.condition_temporal")
    yield golden.compare("poses in frames", shape.transpose(0, 1), "outputs.condition_spatial_frames")
    yield golden.compare("poses", (given.pose + motion + shape)[None], "outputs.condition_fused")
    context = torch.cat((network.seen((given.image, given.pose_image)), network.told(given.text)))
    first = golden.tensor("outputs.context_first_272")
    yield golden.compare("context", context[None, : first.shape[1]], "outputs.context_first_272")


def _within(golden: Golden, network: Dancer, fixed: Fixed, latents: Tensor, time: float) -> Iterator[Comparison]:
    """What a step does."""
    poses = fixed.poses[0]
    aligned = network.condition_embedding_align(poses, latents)
    yield golden.compare("poses as latents see them", aligned[None], "outputs.condition_aligned")
    tokens = tokens_of(network, fixed, latents, poses)
    yield golden.compare("tokens", tokens[None], "outputs.tokens_in")
    frame = fixed.grid.height * fixed.grid.width
    parts = torch.split(tokens, [fixed.grid.video, frame, frame])
    for part, name in zip(parts, ("video", "ref_image", "ref_pose"), strict=True):
        laid = part.view(-1, *fixed.grid[1:], part.shape[1]).permute(3, 0, 1, 2)
        yield golden.compare(f"tokens of {name}", laid[None], f"outputs.tokens_{name}_conv")
    own, others = network.timed(time)
    yield golden.compare("time", own[None], "outputs.time_e")
    yield golden.compare("time for blocks", others.view(1, -1), "outputs.time_e0")
    stream = LongStream(tokens)
    for layer, (block, heard) in enumerate(zip(network.layers, fixed.heard[0], strict=True)):
        terms = block_terms(fixed.modulation[layer] + others, fixed.listening[layer])
        block(stream, terms, heard, fixed.tables)
        yield golden.compare(f"block {layer}", stream.settled()[None], f"outputs.block{layer}")
    made = laid_out(headed(network, stream, own, fixed.grid.video), fixed.grid)
    apart = made.view(-1, fixed.grid.frames, fixed.grid.height, PATCH[1], fixed.grid.width, PATCH[2])
    patches = apart.permute(1, 2, 4, 3, 5, 0).flatten(3).flatten(0, 2)
    theirs = golden.tensor("outputs.head_out")[:, : fixed.grid.video]
    yield close("head", patches[None], theirs, golden.tolerance)


def _tables(config: Mapping[str, Any], head_dim: int) -> RotaryTables:
    """Of a case's grid, which counts the two frames of references."""
    frames, height, width = config["grid_t_h_w"]
    return tables_of(Grid(frames - 2, height, width), head_dim)


DANCER: dict[str, Case] = {
    "spatial_extractor": spatial_extractor,
    "temporal_adapter": temporal_adapter,
    "frame_align": frame_align,
    "rope": rope,
    "wan_block": wan_block,
    "dit_full": dit_full,
}
