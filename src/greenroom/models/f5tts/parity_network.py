"""Golden cases of the network: what the original's layers, samplers and vocoder answered, beside what ours do."""

from __future__ import annotations

import re
import tempfile
from collections import defaultdict
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from greenroom.errors import UnknownName
from greenroom.models.f5tts.architecture import PUBLISHED, SMALL, Architecture
from greenroom.models.f5tts.checkpoint import load_flow
from greenroom.models.f5tts.flow import Flow
from greenroom.models.f5tts.mel import MelSpec, log_mel
from greenroom.models.f5tts.sampler import draw_noise, padded, row_frames, sample
from greenroom.models.f5tts.text_embedding import TextEmbedding
from greenroom.models.f5tts.time_grid import time_grid
from greenroom.models.f5tts.vocos import Vocos, VocosConfig
from greenroom.models.golden import EXACT, close, same
from greenroom.weights.fitting import shapes_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from torch import nn

    from greenroom.models.f5tts.backbone import Backbone
    from greenroom.models.golden import Case, Comparison, Golden

Outputs = dict[str, Tensor]


def timesteps(golden: Golden) -> Iterator[Comparison]:
    """Grids of times."""
    for item in golden["items"]:
        ours = time_grid(item["steps"], item.get("sway_sampling_coef"), epss=item.get("use_epss", True))
        label = " ".join(f"{name} {value}" for name, value in item.items() if name != "t")
        yield close(label, ours, torch.tensor(item["t"]), golden.tolerance)


def text_embed(golden: Golden) -> Iterator[Comparison]:
    """The text embedding alone."""
    yield from golden.answers({"TextEmbedding.forward": lambda **args: _embed_text(golden, **args)})


def _embed_text(
    golden: Golden,
    text: Tensor,
    seq_len: int | list[int],
    mask_padding: bool = True,
    drop_text: bool = False,
    average_upsampling: bool = False,
) -> Outputs:
    config = dict(golden.config)
    options = {
        "dim": config["text_dim"],
        "text_dim": config["text_dim"],
        "conv_layers": config.get("conv_layers", 0),
        "conv_mult": config.get("conv_mult", 2),
        "text_mask_padding": mask_padding,
        "average_upsampling": average_upsampling,
    }
    backbone = config.get("backbone", "DiT")
    embedding = TextEmbedding(
        Architecture.from_options(golden.name, backbone, options, vocabulary=config["text_num_embeds"])
    )
    embedding.load_state_dict(golden.weights())
    length = seq_len if isinstance(seq_len, int) else torch.as_tensor(seq_len)
    return {"text_embed": embedding(text, length, drop_text=drop_text)}


def backbone_forward(golden: Golden) -> Iterator[Comparison]:
    """One velocity of a backbone, and what its parts answer on the way."""
    flow = _flow(golden, golden.weights(), prefix="transformer.")
    yield from golden.answers(_forward_of(flow.transformer))
    yield from _rotary(golden, flow.transformer)


def checkpoint_layout(golden: Golden) -> Iterator[Comparison]:
    """A file as it is published, loaded as one, then one velocity."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "published.safetensors"
        save_file(golden.weights(), file)
        flow = load_flow(file, _architecture(golden))
        yield from golden.answers(_forward_of(flow.transformer))


def cfm_sample(golden: Golden) -> Iterator[Comparison]:
    """The published sampler, from the noise to the mel; the noise is drawn again too."""
    flow = _flow(golden, golden.weights())
    yield from golden.answers({"flow.sample": lambda **args: _sample(golden, flow, args)})
    for call in golden.calls:
        args = golden.arguments(call)
        if args.get("noise") is not None and args.get("seed") is not None:
            noise = _noise(golden, args)
            yield close(f"{call.get('id')}.noise", noise, args["noise"], EXACT)


def _sample(golden: Golden, flow: Flow, args: Mapping[str, Any]) -> Outputs:
    sampled = sample(flow, **{**args, "cond": _conditioning(golden, args)}, trajectory=True)
    if sampled.trajectory is None:
        raise RuntimeError("the trajectory was asked for and is not there")
    states = {f"state_after_step_{step}": state for step, state in enumerate(sampled.trajectory)}
    return {"out": sampled.mel, "timesteps": sampled.times, "trajectory": sampled.trajectory, **states}


def _noise(golden: Golden, args: Mapping[str, Any]) -> Tensor:
    bounds = {name: args[name] for name in ("lens", "max_duration") if name in args}
    cond = _conditioning(golden, args)
    frames = row_frames(cond, args["text"], args["duration"], **bounds)
    return padded([draw_noise(count, cond.shape[-1], args["seed"]) for count in frames], max(frames))


def _conditioning(golden: Golden, args: Mapping[str, Any]) -> Tensor:
    """A mel as it is; a wave, (batch, samples), as the mel of the case's front end."""
    cond: Tensor = args["cond"]
    if cond.ndim != 2:  # a mel is (batch, frames, bands)
        return cond
    said = golden.config["mel"]
    spec = MelSpec(
        kind=said["mel_spec_type"],
        rate=said["target_sample_rate"],
        n_fft=said["n_fft"],
        window=said["win_length"],
        hop=said["hop_length"],
        bands=said["n_mel_channels"],
    )
    return log_mel(cond, spec).transpose(1, 2)


def vocos(golden: Golden) -> Iterator[Comparison]:
    """The vocoder and its own features."""
    vocoder = Vocos(VocosConfig.from_options(golden.config))
    vocoder.load_state_dict(golden.weights())

    def decode(mel: Tensor) -> Outputs:
        return {"wave": vocoder.decode(mel), "backbone": vocoder.backbone(mel)}

    def features(wave: Tensor) -> Outputs:
        return {"logmel": vocoder.feature_extractor(wave)}

    yield from golden.answers({"vocos.decode": decode, "vocos.feature_extractor": features})


def published_keys(golden: Golden) -> Iterator[Comparison]:
    """Names and shapes of every published network."""
    made: dict[str, Callable[[], nn.Module]] = {"vocos-mel-24khz": Vocos}
    for architecture in (*PUBLISHED.values(), *SMALL):
        made[_PUBLISHED_NAMES[architecture.name]] = partial(Flow, architecture)
    for name, theirs in golden.facts.items():
        if not _is_listing(theirs):
            continue
        if name not in made:
            raise UnknownName("published network", name, made)
        with torch.device("meta"):
            ours = shapes_of(made[name]())
        wanted = {key: tuple(shape) for key, shape in theirs.items()}
        yield same(f"{name} names", sorted(ours), sorted(wanted))
        for key in sorted(ours.keys() & wanted.keys()):
            yield same(f"{name} {key}", ours[key], wanted[key])


_PUBLISHED_NAMES = {
    "f5tts-v1-base": "F5TTS_v1_Base",
    "f5tts-base": "F5TTS_Base",
    "e2tts-base": "E2TTS_Base",
    "f5tts-v1-small": "F5TTS_v1_Small",
    "f5tts-small": "F5TTS_Small",
    "e2tts-small": "E2TTS_Small",
}


def _is_listing(fact: object) -> bool:
    return isinstance(fact, dict) and bool(fact) and all(isinstance(shape, list) for shape in fact.values())


def _architecture(golden: Golden) -> Architecture:
    config = golden.config
    return Architecture.from_options(
        golden.name,
        config["backbone"],
        config["arch"],
        mel_dim=config["mel_dim"],
        vocabulary=config["text_num_embeds"],
    )


def _flow(golden: Golden, weights: Mapping[str, Tensor], prefix: str = "") -> Flow:
    flow = Flow(_architecture(golden))
    flow.load_state_dict({prefix + name: tensor for name, tensor in weights.items()})
    return flow.eval()


def _forward_of(network: Backbone[Any]) -> dict[str, Callable[..., Outputs]]:
    """The operation of a backbone's forward, by its published name."""

    def forward(*, rows: int | None = None, time: float | list[float] | Tensor, **args: Any) -> Outputs:
        given = {name: value[:rows] if isinstance(value, Tensor) else value for name, value in args.items()}
        with _recorded(network) as heard:
            pred = network(time=torch.as_tensor(time), **given)
        return {"pred": pred, **_parts(heard, branches=2 if given.get("cfg_infer") else 1)}

    return {f"{type(network).__name__}.forward": forward}


@contextmanager
def _recorded(network: Backbone[Any]) -> Iterator[dict[str, list[Tensor]]]:
    """What each of a backbone's parts answers, by the name that the goldens have for it."""
    heard: dict[str, list[Tensor]] = defaultdict(list)
    hooks = [
        module.register_forward_hook(lambda _module, _args, out, name=name: heard[_shown(name)].append(out))
        for name, module in network.named_modules()
        if name
    ]
    try:
        yield heard
    finally:
        for hook in hooks:
            hook.remove()


def _parts(heard: Mapping[str, list[Tensor]], branches: int) -> Outputs:
    """Each part's output as ``mid.NAME``; of guidance also each branch's as ``mid.NAME#0``, ``mid.NAME#1``."""
    outputs: Outputs = {}
    for name, outs in heard.items():
        if not all(isinstance(out, Tensor) for out in outs):
            continue
        whole = torch.cat(outs)
        outputs[f"mid.{name}"] = whole
        outputs |= {f"mid.{name}#{branch}": part for branch, part in enumerate(whole.chunk(branches))}
    return outputs


_LAYER_PARTS = {"0": "skip", "1": "attn_norm", "2": "attn", "3": "ff_norm", "4": "ff"}


def _shown(name: str) -> str:
    """``block0.attn`` for ``transformer_blocks.0.attn``, ``layer0.attn`` for ``layers.0.2``."""
    name = re.sub(r"^transformer_blocks\.(\d+)", r"block\1", name)
    return re.sub(r"^layers\.(\d+)\.(\d)", lambda found: f"layer{found[1]}.{_LAYER_PARTS[found[2]]}", name)


def _rotary(golden: Golden, network: Backbone[Any]) -> Iterator[Comparison]:
    """Angles and frequencies, where the case lists them: they belong to no call."""
    for key in golden.tensors:
        if key == "outputs.rope_inv_freq":
            yield golden.compare(key, network.rotary_embed.angles(2)[1], key)
        elif key.startswith("outputs.rope_angles"):
            length = golden.tensor(key).shape[-2]
            angles = network.rotary_embed.angles(length).repeat_interleave(2, dim=-1)  # both numbers of a pair
            yield golden.compare(key, angles.expand_as(golden.tensor(key)), key)


CASES: dict[str, Case] = {
    "timesteps": timesteps,
    "text_embed": text_embed,
    "dit_v1_forward": backbone_forward,
    "dit_base_forward": backbone_forward,
    "dit_options_forward": backbone_forward,
    "unett_e2_forward": backbone_forward,
    "checkpoint_layout": checkpoint_layout,
    "cfm_sample_v1": cfm_sample,
    "cfm_sample_base": cfm_sample,
    "cfm_sample_e2": cfm_sample,
    "vocos_center": vocos,
    "vocos_same": vocos,
    "published_keys": published_keys,
}
