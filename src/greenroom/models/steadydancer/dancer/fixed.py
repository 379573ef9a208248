"""A job's way through the network: what stays the same over all steps, made once, and the velocity of one step.

Nothing in a velocity waits for the host or depends on values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from greenroom.errors import InputInvalid
from greenroom.models.steadydancer.architecture import MASK, NORM_EPS, PATCH
from greenroom.models.steadydancer.dancer.block import BlockTerms, Context, Said
from greenroom.models.steadydancer.dancer.embedding import laid_out
from greenroom.models.steadydancer.dancer.rotary import Grid, tables_of
from greenroom.models.steadydancer.sampling.guidance import Pass
from greenroom.nn.adaptive_layer_norm import Terms
from greenroom.nn.attention import fastest_kernels
from greenroom.nn.long_stream import LongStream
from greenroom.nn.rotary import RotaryTables

if TYPE_CHECKING:
    from greenroom.models.steadydancer.dancer.block import Attention
    from greenroom.models.steadydancer.dancer.transformer import Dancer

# Of each pass: which text is heard, and which poses are seen.
_HEARS = {Pass.CONDITIONAL: 0, Pass.UNCONDITIONAL: 1, Pass.OTHER_POSE: 0}
_SEES = {Pass.CONDITIONAL: 0, Pass.UNCONDITIONAL: 0, Pass.OTHER_POSE: 1}


@dataclass(frozen=True, slots=True, eq=False)
class Conditions:
    """What a dance is to fit. h, w, T: of the latents; channels are 16 in published sizes.

    text, negative: (n, text_in) of what is asked for and of what is not, n at most 512; negative None without guidance
    by text.  image, pose_image: (257, image_in), of the picture and of the first frame of poses.  y: (20, T, h, w), the
    mask's four channels and the picture's clip.  ref_x, ref_c: (16, 1, h, w), latents of the picture and of the first
    frame of poses.  pose: (16, T, h, w), latents of the driving poses.  negative_pose: of other ones; None without
    guidance by poses.
    """

    text: Tensor
    negative: Tensor | None
    image: Tensor
    pose_image: Tensor
    y: Tensor
    ref_x: Tensor
    ref_c: Tensor
    pose: Tensor
    negative_pose: Tensor | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Fixed:
    """Of a job, on the device.

    grid: of the video's tokens.  picture: float32 (20, T, h, w).  references: (tokens of two frames, width).  poses:
    float32 (16, T, h, w), the driving ones and the others, with what adapters make of them.  heard: of each text, for
    each block.  tables: of each token.  modulation: float32 (blocks, 6, width), what the time's vectors are added to.
    listening: of each block.
    """

    grid: Grid
    picture: Tensor
    references: Tensor
    poses: tuple[Tensor, ...]
    heard: tuple[tuple[Said | Context, ...], ...]
    tables: RotaryTables
    modulation: Tensor
    listening: tuple[Terms, ...]


class Share(NamedTuple):
    """Some of a job's tokens, where others are elsewhere.

    rows: a run of all tokens, the first of which is the video's.  attention: of these to all.
    """

    rows: slice
    attention: Attention


@torch.inference_mode()
def fix(network: Dancer, conditions: Conditions, *, keeps_said: bool = True, like: Fixed | None = None) -> Fixed:
    """Make what stays of a job.

    keeps_said: of texts and pictures, keys and values for every block: 1 GB of the published size with two texts.
    Otherwise they are made at every step, in a five-hundredth of its time, by weights that take 8 GB.  like: another of
    the same texts and pictures, what is heard of which is taken: windows of a long clip hear the same. Raises
    InputInvalid.
    """
    _check(network, conditions)
    device = network.device
    grid = Grid.of(conditions.pose)
    poses = [poses for poses in (conditions.pose, conditions.negative_pose) if poses is not None]
    return Fixed(
        grid=grid,
        picture=conditions.y.to(device, torch.float32),
        references=references_of(network, _given(conditions.ref_x).to(device), conditions.ref_c.to(device)),
        poses=tuple(_posed(network, own.to(device, torch.float32)) for own in poses),
        heard=_heard(network, conditions, keeps_said=keeps_said) if like is None else like.heard,
        tables=tables_of(grid, network.architecture.head_dim, device),
        modulation=torch.cat([block.modulation for block in network.layers]).float(),
        listening=tuple(listening_terms(block.norm3.weight, block.norm3.bias) for block in network.layers),
    )


@torch.inference_mode()
def velocity(network: Dancer, fixed: Fixed, latents: Tensor, time: int, which: Pass, *, at_once: int = 0) -> Tensor:
    """What the network predicts for a step.

    latents: float32 (16, T, h, w).  time: 0 to 1000.  at_once: see ``Block``.  Returns float32, as ``latents``. Raises
    InputInvalid where the pass asks for a text or poses that were not given.
    """
    return laid_out(numbers(network, fixed, latents, time, which, at_once=at_once), fixed.grid)


@torch.inference_mode()
def numbers(
    network: Dancer,
    fixed: Fixed,
    latents: Tensor,
    time: int,
    which: Pass,
    *,
    at_once: int = 0,
    share: Share | None = None,
) -> Tensor:
    """The same, as the head gives it of each token: float32 (tokens of the video, outputs).

    share: of those tokens alone; None for all. See ``velocity``.
    """
    text, pose = _HEARS[which], _SEES[which]
    if text >= len(fixed.heard) or pose >= len(fixed.poses):
        raise InputInvalid(
            f"a pass that is {which.value}, without what it needs", mend="give a negative text and poses"
        )
    if latents.shape != fixed.poses[pose].shape:
        raise InputInvalid(
            f"latents of {list(latents.shape)}", mend=f"give {list(fixed.poses[pose].shape)}, as the poses"
        )
    latents = latents.to(network.device, torch.float32)
    own, others = network.timed(time)
    vectors = fixed.modulation + others.float()
    rows, attention = (slice(0, fixed.grid.tokens), None) if share is None else share
    tables = RotaryTables(fixed.tables.cos[rows], fixed.tables.sin[rows])
    with fastest_kernels():
        stream = LongStream(tokens_of(network, fixed, latents, fixed.poses[pose], rows))
        for layer, (block, heard) in enumerate(zip(network.layers, fixed.heard[text], strict=True)):
            terms = block_terms(vectors[layer], fixed.listening[layer])
            block(stream, terms, heard, tables, at_once, attention)
    return headed(network, stream, own, len(range(fixed.grid.video)[rows]))


def tokens_of(network: Dancer, fixed: Fixed, latents: Tensor, poses: Tensor, rows: slice | None = None) -> Tensor:
    """The stream in front of the first block: the video, then the picture, then the first frame of poses.

    rows: of these, those that are wanted; None for all.
    """
    video = torch.cat((latents, fixed.picture, poses, network.condition_embedding_align(poses, latents)))
    wanted = range(fixed.grid.tokens)[rows or slice(None)]
    own, behind = len(range(fixed.grid.video)[rows or slice(None)]), fixed.grid.video
    tokens = fixed.references.new_empty(len(wanted), fixed.references.shape[1])
    network.patch_embedding_fuse.write(video, tokens[:own], slice(wanted.start, wanted.start + own))
    tokens[own:] = fixed.references[wanted.start + own - behind : wanted.stop - behind]
    return tokens


def block_terms(vectors: Tensor, listening: Terms) -> BlockTerms:
    """Of one block. vectors: float32 (6, width)."""
    each = vectors.unbind()
    return BlockTerms(Terms(*each[:3]), listening, Terms(*each[3:]))


def headed(network: Dancer, stream: LongStream, time: Tensor, tokens: int) -> Tensor:
    """What the head gives of so many of the first tokens behind the last block, float32. time: (width,)."""
    if not tokens:
        return time.new_empty(0, network.architecture.outputs, dtype=torch.float32)
    shift, scale = (network.head.modulation[0].float() + time.float()).unbind()
    stream.cut(tokens)
    normed = stream.normed(Terms(shift, scale, scale), NORM_EPS)
    out: Tensor = network.head(normed)
    return out


def _posed(network: Dancer, poses: Tensor) -> Tensor:
    motion, shape = network.posed(poses)
    return poses + motion + shape


def references_of(network: Dancer, picture: Tensor, pose: Tensor) -> Tensor:
    """Tokens of the two frames behind the video.

    picture: (36, 1, h, w), as a video of one frame that is given.  pose: (16, 1, h, w).
    """
    return torch.cat((network.patch_embedding(picture), network.patch_embedding_ref_c(pose)))


def _given(latents: Tensor) -> Tensor:
    """A frame as a video that is given whole: its latents, a mask of ones, its latents."""
    return torch.cat((latents, torch.ones_like(latents[:MASK]), latents))


def _heard(network: Dancer, conditions: Conditions, *, keeps_said: bool) -> tuple[tuple[Said | Context, ...], ...]:
    """Of each text, for each block. What is seen is the same beside all of them, and is there once."""
    texts = [network.told(text) for text in (conditions.text, conditions.negative) if text is not None]
    seen = network.seen((conditions.image, conditions.pose_image))
    if not keeps_said:
        return tuple((Context(text, seen),) * len(network.layers) for text in texts)
    together = Context(torch.cat(texts), seen)
    of_blocks = [_apart(block.cross_attn.said(together), len(texts)) for block in network.layers]
    return tuple(zip(*of_blocks, strict=True))


def _apart(said: Said, texts: int) -> tuple[Said, ...]:
    keys, values = said.text_key.chunk(texts, dim=2), said.text_value.chunk(texts, dim=2)
    return tuple(Said(key, value, said.image_key, said.image_value) for key, value in zip(keys, values, strict=True))


def listening_terms(weight: Tensor, bias: Tensor) -> Terms:
    """An affine norm as one that is modulated, and a residual that no gate holds back."""
    exact = weight.float()
    return Terms(bias.float(), exact - 1, torch.ones_like(exact))


def _check(network: Dancer, conditions: Conditions) -> None:
    architecture = network.architecture
    frames, height, width = conditions.pose.shape[1:]
    if height % PATCH[1] or width % PATCH[2]:
        raise InputInvalid(f"latents of {width} x {height}", mend="give even numbers: a token is 2 x 2 latents")
    latent = architecture.latent
    wanted = {
        "pose": (latent, frames, height, width),
        "negative_pose": (latent, frames, height, width),
        "y": (MASK + latent, frames, height, width),
        "ref_x": (latent, 1, height, width),
        "ref_c": (latent, 1, height, width),
        "image": (architecture.image_tokens, architecture.image_in),
        "pose_image": (architecture.image_tokens, architecture.image_in),
    }
    for name, shape in wanted.items():
        given: Tensor | None = getattr(conditions, name)
        if given is not None and tuple(given.shape) != shape:
            raise InputInvalid(f"{name} is {list(given.shape)}", mend=f"give it as {list(shape)}")
    for text in (conditions.text, conditions.negative):
        if text is not None and (text.shape[1] != architecture.text_in or len(text) > architecture.text_tokens):
            most = [architecture.text_tokens, architecture.text_in]
            raise InputInvalid(f"a text of {list(text.shape)}", mend=f"give it as {most}, or fewer rows")
