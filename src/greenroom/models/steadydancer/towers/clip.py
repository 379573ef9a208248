"""CLIP's vision tower of XLM-RoBERTa-large ViT-H/14 (arXiv 2103.00020): what is in a picture, as 257 vectors."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from greenroom.models.borrowed import filled, shapes_in_file, without_memory
from greenroom.models.steadydancer.dancer.recognising import recognise
from greenroom.weights.fitting import check_fit
from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from torch import Tensor, nn

    from greenroom.weights.fitting import Shape

NETWORK = "the CLIP image encoder of Wan2.1"

# By transformers' names. The file has one layer more; the denoiser takes what goes into that one.
PUBLISHED: Mapping[str, Any] = MappingProxyType(
    {
        "hidden_size": 1280,
        "intermediate_size": 5120,
        "num_hidden_layers": 31,
        "num_attention_heads": 16,
        "num_channels": 3,
        "image_size": 224,
        "patch_size": 14,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-5,
    }
)

# Of the pictures that the tower was trained on: mean and spread of red, green and blue, from 0 to 1.
_MEAN = (0.48145466, 0.4578275, 0.40821073)
_SPREAD = (0.26862954, 0.26130258, 0.27577711)

_VISUAL = "visual."
_OTHERS = ("textual.", "log_scale", "visual.head")
# What the file calls a part of a layer, by transformers' name.
_PARTS = {
    "layer_norm1": "norm1",
    "self_attn.q_proj": "attn.to_qkv",
    "self_attn.k_proj": "attn.to_qkv",
    "self_attn.v_proj": "attn.to_qkv",
    "self_attn.out_proj": "attn.proj",
    "layer_norm2": "norm2",
    "mlp.fc1": "mlp.0",
    "mlp.fc2": "mlp.2",
}
_FUSED = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
# And what stands around the layers.
_AROUND = {
    "embeddings.class_embedding": "cls_embedding",
    "embeddings.position_embedding.weight": "pos_embedding",
    "embeddings.patch_embedding.weight": "patch_embedding.weight",
    "pre_layrnorm.weight": "pre_norm.weight",
    "pre_layrnorm.bias": "pre_norm.bias",
    "post_layernorm.weight": "post_norm.weight",
    "post_layernorm.bias": "post_norm.bias",
}
# Those that the file gives axes of one number in front.
_AXES = {"embeddings.class_embedding": 2, "embeddings.position_embedding.weight": 1}


class ClipPictures:
    """The tower. network: transformers' ``CLIPVisionModel``, without the published one's last layer."""

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    @torch.inference_mode()
    def see(self, picture: Tensor) -> Tensor:
        """What the denoiser takes of a picture: (257, width), its class first, where the tower is and of its type.

        picture: (3, height, width) in -1..1, of any size, on any device.
        """
        weight = next(self.network.parameters())
        pixels = prepared(picture.to(weight.device), self.side).to(weight.dtype)
        states: Tensor = self.network(pixel_values=pixels[None]).last_hidden_state
        return states[0]

    @property
    def side(self) -> int:
        """Pixels of the square that a picture is made."""
        config: Any = self.network.config
        side: int = config.image_size
        return side


def prepared(picture: Tensor, side: int) -> Tensor:
    """A picture as the tower sees it: a square, whatever shape it had, in float32.

    Nothing is smoothed before pixels are left out, as the original has it. picture: (3, height, width) in -1..1.
    """
    square = functional.interpolate(picture[None].float(), (side, side), mode="bicubic", align_corners=False)[0]
    mean, spread = (square.new_tensor(values)[:, None, None] for values in (_MEAN, _SPREAD))
    return (square * 0.5 + 0.5 - mean) / spread


def load_clip(
    path: Path,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype | None = None,
    options: Mapping[str, Any] = PUBLISHED,
) -> ClipPictures:
    """Load the tower from the file of both, strictly, onto a device.

    dtype: of the weights; where it is None, float16 on a GPU, as the original has it, and float32 elsewhere.  options:
    transformers' own.  Raises WeightsUnreadable, WeightsUnfit, ExtraMissing.
    """
    network = without_memory(lambda: vision_tower(options))
    wanted = names_in_file(network)
    weights = open_weights(path)
    left_out = (*_OTHERS, f"{_VISUAL}transformer.{_layers(network)}.")
    stored = {name: tensor for name, tensor in weights.tensors.items() if not name.startswith(left_out)}
    recognised = recognise({name: tensor.shape for name, tensor in stored.items()}, ())
    check_fit(weights.name, NETWORK, wanted, stored, recognised="" if recognised == NETWORK else recognised)
    dtype = dtype or (torch.float16 if torch.device(device).type == "cuda" else torch.float32)
    tensors = read_weights(weights, {name: name for name in wanted}, device, dtype)
    return ClipPictures(with_weights(network, tensors))


def with_weights(network: nn.Module, tensors: Mapping[str, Tensor]) -> nn.Module:
    """A network that was made without memory, with tensors by the file's names."""
    return filled(network, {name: _from_file(name)(tensors[in_file(name)]) for name in shapes_in_file(network)})


def names_in_file(network: nn.Module) -> dict[str, Shape]:
    """Names and shapes as the file has them."""
    wanted: dict[str, Shape] = {}
    for name, shape in shapes_in_file(network).items():
        fused = 3 if _part(name) in _FUSED else 1
        wanted[in_file(name)] = (*[1] * _AXES.get(name, 0), shape[0] * fused, *shape[1:])
    return wanted


def in_file(name: str) -> str:
    """The file's name of a weight, by transformers'."""
    if name in _AROUND:
        return f"{_VISUAL}{_AROUND[name]}"
    number, kind = name.split(".")[2], name.rpartition(".")[2]  # encoder.layers.N.part.kind
    return f"{_VISUAL}transformer.{number}.{_PARTS[_part(name)]}.{kind}"


def _from_file(name: str) -> Callable[[Tensor], Tensor]:
    """What makes a weight of what the file has."""
    if name in _AXES:
        return lambda tensor: tensor.view(tensor.shape[_AXES[name] :])
    if (part := _part(name)) in _FUSED:
        return lambda tensor: tensor.chunk(3)[_FUSED.index(part)]
    return lambda tensor: tensor


def _part(name: str) -> str:
    """Of a layer: ``encoder.layers.0.mlp.fc1.weight`` has mlp.fc1."""
    return ".".join(name.split(".")[3:-1])


def _layers(network: nn.Module) -> int:
    config: Any = network.config
    layers: int = config.num_hidden_layers
    return layers


def vision_tower(options: Mapping[str, Any]) -> nn.Module:
    """transformers' network, of no weights yet. options: its own; what they leave out is as published."""
    from transformers import CLIPVisionConfig, CLIPVisionModel

    network: nn.Module = CLIPVisionModel(CLIPVisionConfig(**{**PUBLISHED, **options}))
    return network
