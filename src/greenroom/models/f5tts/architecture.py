"""What a flow model is made of: the published variants, and the options that a checkpoint's own configuration names."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from greenroom.errors import InputInvalid, UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping

BackboneKind = Literal["DiT", "UNetT"]
SkipKind = Literal["concat", "add", "none"]


@dataclass(frozen=True, slots=True)
class Architecture:
    """One variant of the flow model. Weights cannot tell all of it, so it travels beside them.

    dim, depth, heads, dim_head: the transformer's width, layers, attention heads and their width.  ff_mult: the width
    of its MLP over ``dim``.  text_dim, conv_layers, conv_mult: the width of the text embedding, its ConvNeXt-V2 blocks
    and the width within them.  text_mask_padding: filler tokens are zeroed around those blocks.  average_upsampling:
    tokens are spread over all frames.  pe_attn_head: how many heads are rotated, None for all.  qk_norm: queries and
    keys are normed.  attn_mask_enabled: padded keys are masked in the published batches.  long_skip_connection: of a
    DiT; skip_connect_type: of a UNetT.  vocabulary: tokens; the table has one row more, the filler.
    """

    name: str
    backbone: BackboneKind
    dim: int
    depth: int
    heads: int
    ff_mult: float
    text_dim: int
    dim_head: int = 64
    conv_layers: int = 0
    conv_mult: int = 2
    text_mask_padding: bool = True
    average_upsampling: bool = False
    pe_attn_head: int | None = None
    qk_norm: Literal["rms_norm"] | None = None
    attn_mask_enabled: bool = False
    long_skip_connection: bool = False
    skip_connect_type: SkipKind = "concat"
    mel_dim: int = 100
    vocabulary: int = 2545

    def __post_init__(self) -> None:
        if self.backbone == "UNetT" and self.depth % 2:
            raise InputInvalid(
                f"{self.name}: a UNetT of depth {self.depth}: its halves must be equal", mend="give an even depth"
            )
        if self.average_upsampling and not self.text_mask_padding:
            raise InputInvalid(
                f"{self.name}: average upsampling needs the mask of the text", mend="switch text_mask_padding on"
            )

    @classmethod
    def from_options(
        cls, name: str, backbone: str, options: Mapping[str, Any], *, mel_dim: int = 100, vocabulary: int = 2545
    ) -> Architecture:
        """An architecture from the options of a published configuration, by the names and defaults they have there.

        Raises UnknownName for a backbone or an option that there is not.
        """
        if backbone not in get_args(BackboneKind):
            raise UnknownName("backbone", backbone, get_args(BackboneKind))
        given = {option: value for option, value in options.items() if option not in _WITHOUT_EFFECT}
        unknown = next((option for option in given if option not in _OPTIONS), None)
        if unknown is not None:
            raise UnknownName(f"option of a {backbone}", unknown, _OPTIONS)
        values = {_OPTIONS[option]: value for option, value in given.items()}
        if values.get("text_dim") is None:
            values["text_dim"] = mel_dim
        values = _DEFAULTS | values
        return cls(name, cast("BackboneKind", backbone), mel_dim=mel_dim, vocabulary=vocabulary, **values)


# The constructor's defaults, for what a configuration leaves out.
_DEFAULTS: dict[str, Any] = {"depth": 8, "heads": 8, "ff_mult": 4}

# A published option, and what it is called here.
_SAME = (
    "dim",
    "depth",
    "heads",
    "dim_head",
    "ff_mult",
    "text_dim",
    "conv_layers",
    "conv_mult",
    "text_mask_padding",
    "average_upsampling",
    "pe_attn_head",
    "qk_norm",
    "attn_mask_enabled",
    "long_skip_connection",
    "skip_connect_type",
)
_OPTIONS = {name: name for name in _SAME} | {"text_embedding_average_upsampling": "average_upsampling"}

# Options that change how the original trains or which kernel it runs, not what it computes.
_WITHOUT_EFFECT = frozenset({"dropout", "attn_backend", "checkpoint_activations"})

_V1 = Architecture(
    name="f5tts-v1-base", backbone="DiT", dim=1024, depth=22, heads=16, ff_mult=2, text_dim=512, conv_layers=4
)
_BASE = Architecture(
    name="f5tts-base",
    backbone="DiT",
    dim=1024,
    depth=22,
    heads=16,
    ff_mult=2,
    text_dim=512,
    conv_layers=4,
    text_mask_padding=False,
    pe_attn_head=1,
)
_E2 = Architecture(
    name="e2tts-base",
    backbone="UNetT",
    dim=1024,
    depth=24,
    heads=16,
    ff_mult=4,
    text_dim=100,
    text_mask_padding=False,
    pe_attn_head=1,
)

# Configurations that the authors never published weights of; community checkpoints have these sizes.
SMALL = (
    replace(_V1, name="f5tts-v1-small", dim=768, depth=18, heads=12),
    replace(_BASE, name="f5tts-small", dim=768, depth=18, heads=12),
    replace(_E2, name="e2tts-small", dim=768, depth=20, heads=12),
)

# By the name that a recipe gives as its architecture.
PUBLISHED = {architecture.name: architecture for architecture in (_V1, _BASE, _E2)}
