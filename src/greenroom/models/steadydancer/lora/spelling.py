"""The names that files of small changes give to what they change: the model's own, diffusers' and kohya's.

Each spelling of the network's own parameters is listed, so that a key is found there or is unknown; none is guessed.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping


class Part(Enum):
    """What a tensor of a file is to the parameter it changes."""

    DOWN = "down"
    """The first of the two small matrices whose product is added."""
    UP = "up"
    """The second."""
    ALPHA = "alpha"
    """A number: the product counts alpha / rank."""
    WHOLE = "difference"
    """All of what is added."""
    BIAS = "bias"
    """Of the second matrix: all of what is added to a bias, but counted as a product is."""


class Placed(NamedTuple):
    """A tensor's place. parameter: of the network, by its own name."""

    parameter: str
    part: Part


# What a key ends in, what of a module that is, and what it is to it.
_ENDS: tuple[tuple[str, str, Part], ...] = (
    (".lora_down.weight", ".weight", Part.DOWN),
    (".lora_up.weight", ".weight", Part.UP),
    (".lora_A.weight", ".weight", Part.DOWN),
    (".lora_B.weight", ".weight", Part.UP),
    (".lora_A.default.weight", ".weight", Part.DOWN),
    (".lora_B.default.weight", ".weight", Part.UP),
    (".lora.down.weight", ".weight", Part.DOWN),
    (".lora.up.weight", ".weight", Part.UP),
    (".lora_B.bias", ".bias", Part.BIAS),
    (".lora_B.default.bias", ".bias", Part.BIAS),
    (".alpha", ".weight", Part.ALPHA),
    (".diff", ".weight", Part.WHOLE),
    (".diff", "", Part.WHOLE),
    (".diff_b", ".bias", Part.WHOLE),
    (".diff_m", ".modulation", Part.WHOLE),
)
_DOTTED = (
    "",
    "diffusion_model.",
    "model.diffusion_model.",
    "base_model.model.",
    "base_model.model.diffusion_model.",
    "transformer.",
    "dit.",
    "model.",
)
_UNDERSCORED = ("lora_unet_", "lora_transformer_")
_OWNED = (".weight", ".bias", ".modulation")
# diffusers' names of the same modules, by pieces of ours.
_DIFFUSERS: tuple[tuple[str, str], ...] = (
    (r"^text_embedding\.0$", "condition_embedder.text_embedder.linear_1"),
    (r"^text_embedding\.2$", "condition_embedder.text_embedder.linear_2"),
    (r"^time_embedding\.0$", "condition_embedder.time_embedder.linear_1"),
    (r"^time_embedding\.2$", "condition_embedder.time_embedder.linear_2"),
    (r"^time_projection\.1$", "condition_embedder.time_proj"),
    (r"^img_emb\.proj\.0$", "condition_embedder.image_embedder.norm1"),
    (r"^img_emb\.proj\.1$", "condition_embedder.image_embedder.ff.net.0.proj"),
    (r"^img_emb\.proj\.3$", "condition_embedder.image_embedder.ff.net.2"),
    (r"^img_emb\.proj\.4$", "condition_embedder.image_embedder.norm2"),
    (r"^head\.head$", "proj_out"),
    (r"^head\.modulation$", "scale_shift_table"),
    (r"\.modulation$", ".scale_shift_table"),
    (r"\.self_attn\.", ".attn1."),
    (r"\.cross_attn\.", ".attn2."),
    (r"(attn\d)\.([qkv])$", r"\1.to_\2"),
    (r"(attn\d)\.o$", r"\1.to_out.0"),
    (r"\.k_img$", ".add_k_proj"),
    (r"\.v_img$", ".add_v_proj"),
    (r"\.norm_k_img$", ".norm_added_k"),
    (r"\.norm3$", ".norm2"),
    (r"\.ffn\.0$", ".ffn.net.0.proj"),
    (r"\.ffn\.2$", ".ffn.net.2"),
)


def spellings(parameters: Iterable[str]) -> dict[str, str]:
    """What files may call the modules that parameters belong to, and the modules' own names.

    A parameter that belongs to the network itself counts as a module too.
    """
    found: dict[str, str] = {}
    for parameter in parameters:
        owner = next((parameter.removesuffix(end) for end in _OWNED if parameter.endswith(end)), parameter)
        for module in {owner, parameter}:
            theirs = _diffusers(module)
            found |= dict.fromkeys((prefix + name for prefix in _DOTTED for name in (module, theirs)), module)
            flat = (name.replace(".", "_") for name in (module, theirs))
            found |= {prefix + name: module for name in flat for prefix in _UNDERSCORED}
    return found


def placed(key: str, modules: Mapping[str, str], parameters: Container[str]) -> Placed | None:
    """Where a file's tensor belongs; None if nowhere. modules: of ``spellings``."""
    for end, owned, part in _ENDS:
        module = modules.get(key.removesuffix(end)) if key.endswith(end) else None
        if module is not None and module + owned in parameters:
            return Placed(module + owned, part)
    return None


def _diffusers(module: str) -> str:
    for ours, theirs in _DIFFUSERS:
        module = re.sub(ours, theirs, module)
    return module
