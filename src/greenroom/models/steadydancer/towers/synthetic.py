"""Invented towers, made where they run or written as files, and a tokenizer that needs none.

See ``greenroom.weights.synthesise`` for the values.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import torch

from greenroom.models.borrowed import without_memory
from greenroom.models.steadydancer.towers import clip, umt5
from greenroom.models.steadydancer.towers.prompts import END, LONGEST, Tokens
from greenroom.models.wording import cut_off
from greenroom.weights.synthesise import synthesise_on, write_torch

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from torch import Tensor

_FIRST = END + 2  # behind the marks of padding, of the end, and of what is unknown
_LETTERS = 256

TINY_TEXTS: Mapping[str, Any] = MappingProxyType(
    {"vocab_size": _FIRST + _LETTERS, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 4}
)
TINY_PICTURES: Mapping[str, Any] = MappingProxyType(
    {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
)
"""Small enough for every test. Pictures give as many vectors as published."""


def synthetic_texts(
    device: torch.device,
    dtype: torch.dtype,
    options: Mapping[str, Any] = umt5.PUBLISHED,
    *,
    seed: int = 0,
    resident: int | None = None,
) -> umt5.Umt5Texts:
    """A text encoder of random weights, drawn on its device, which reads letters. resident: see ``load_umt5``.

    Raises ExtraMissing.
    """
    network = without_memory(lambda: umt5.text_encoder(options))
    shapes = umt5.names_in_file(network)

    def read(names: Iterable[str]) -> dict[str, Tensor]:
        return dict(synthesise_on(device, {name: shapes[name] for name in names}, seed, dtype))

    return umt5.texts_of(network, spelled, read, resident)


def synthetic_pictures(
    device: torch.device, dtype: torch.dtype, options: Mapping[str, Any] = clip.PUBLISHED, *, seed: int = 0
) -> clip.ClipPictures:
    """A tower for pictures of random weights, drawn on its device. Raises ExtraMissing."""
    network = without_memory(lambda: clip.vision_tower(options))
    weights = dict(synthesise_on(device, clip.names_in_file(network), seed, dtype))
    return clip.ClipPictures(clip.with_weights(network, weights))


def synthesise_umt5(path: Path, options: Mapping[str, Any] = TINY_TEXTS, seed: int = 0) -> None:
    """Write a text encoder as it is published, random numbers in it. Raises OutputUnwritable, ExtraMissing."""
    write_torch(path, umt5.names_in_file(without_memory(lambda: umt5.text_encoder(options))), seed, {})


def synthesise_clip(path: Path, options: Mapping[str, Any] = TINY_PICTURES, seed: int = 0) -> None:
    """Write a tower for pictures as it is published, with what the file has beside. Raises as ``synthesise_umt5``."""
    layers = options["num_hidden_layers"]
    whole = without_memory(lambda: clip.vision_tower({**options, "num_hidden_layers": layers + 1}))
    beside = {"textual.token_embedding.weight": torch.zeros(2, 2), "log_scale": torch.zeros(())}
    beside["visual.head"] = torch.zeros(options["hidden_size"], 2)
    write_torch(path, clip.names_in_file(whole), seed, beside)


def spelled(text: str, /, what: str = "prompt") -> Tokens:
    """A tokenizer that needs no file: a token each byte, and the mark of the end."""
    letters = text.encode()
    kept = letters[: LONGEST - 1]
    note = "" if kept == letters else cut_off(text, kept.decode(errors="ignore"), what, "read")
    return Tokens((*(_FIRST + letter for letter in kept), END), note)
