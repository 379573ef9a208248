"""Which part of the family a checkpoint is of, told by its names."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

VISUAL = "vfeat_extractor."
"""What the names begin with in Synchformer's file of all that looks at pictures."""

_DENOISER = "HunyuanVideo-Foley's denoiser"
_AUDIO_VAE = "the audio VAE of HunyuanVideo-Foley"
_SYNCHFORMER = "Synchformer"
# What a name begins with that is in no other part's file; SigLIP 2 and CLAP both have a "text_model.".
_PARTS = {
    "triple_blocks.": _DENOISER,
    "single_blocks.": _DENOISER,
    "decoder.model.": _AUDIO_VAE,
    VISUAL: _SYNCHFORMER,
    "afeat_extractor.": _SYNCHFORMER,
    "vision_model.": "SigLIP 2",
    "audio_model.": "CLAP",
}


def recognise(names: Iterable[str], *, wanted: str) -> str:
    """What part tensors of such names are of, in words; empty where nothing tells, or it is the one that is wanted.

    wanted: how a name begins in the file that was asked for.
    """
    found = next((part for name in names for start, part in _PARTS.items() if name.startswith(start)), "")
    return "" if found == _PARTS[wanted] else found
