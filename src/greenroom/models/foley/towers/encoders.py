"""What is asked of the two encoders that are not the family's own, SigLIP 2 and CLAP's text tower, and how it is.

Whatever fits these protocols will do: the rest of the family knows no library that has the networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import torch

from greenroom.errors import InputInvalid
from greenroom.models.foley.architecture import TEXT_TOKENS
from greenroom.models.foley.watching.preprocess import normalised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

LONGEST_TEXT = 512
"""Tokens that CLAP has positions for."""


class TextTooLong(InputInvalid):
    """A text has more tokens than its encoder has positions for."""

    code = "text-too-long"


class Tokens(NamedTuple):
    """Texts as numbers of a vocabulary, padded to the longest.

    ids: int64 (texts, tokens).  own: bool (texts, tokens), False where a text is padded.
    """

    ids: Tensor
    own: Tensor


class PictureEncoder(Protocol):
    """SigLIP 2's vision tower."""

    def __call__(self, pictures: Tensor, /) -> Tensor:
        """A vector of each picture: of the attention pooling head, not brought to length 1.

        pictures: float32 in -1..1, (pictures, 3, 512, 512). Returns float32 (pictures, width).
        """


class Tokenizer(Protocol):
    """CLAP's tokenizer."""

    def __call__(self, texts: Sequence[str], /) -> Tokens:
        """Texts with their marks of begin and end, nothing cut off."""


class TextEncoder(Protocol):
    """CLAP's text tower."""

    def __call__(self, tokens: Tokens, /) -> Tensor:
        """The last hidden state of each token, of those that pad a text too: (texts, tokens, width)."""


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """A pair of texts as the denoiser takes them.

    prompt, negative: (tokens, width), as long as the longer of the two. What pads the other is heard by the denoiser,
    so a pair is encoded alone: another beside it would change its sound.  cut: tokens that were left out.
    """

    prompt: Tensor
    negative: Tensor
    cut: int


def read_texts(prompt: str, negative: str, tokenizer: Tokenizer, encoder: TextEncoder) -> Texts:
    """Encode what should be heard and what should not. Raises TextTooLong."""
    return encode_texts(tokenizer((negative, prompt)), encoder)


def encode_texts(tokens: Tokens, encoder: TextEncoder) -> Texts:
    """The same of tokens; those of what should not be heard come first. Raises TextTooLong."""
    count = tokens.ids.shape[1]
    if count > LONGEST_TEXT:
        raise TextTooLong(
            f"the longer of prompt and negative prompt has {count} tokens; {LONGEST_TEXT} is the most",
            mend=f"write less: what is beyond {TEXT_TOKENS} tokens is not heard anyway",
        )
    # Encoded whole, then cut: what is left has seen the rest.
    negative, prompt = encoder(tokens)[:, :TEXT_TOKENS]
    return Texts(prompt, negative, max(0, count - TEXT_TOKENS))


def see_pictures(pictures: Tensor, encoder: PictureEncoder, *, at_once: int = 32) -> Tensor:
    """A clip's vectors as the denoiser takes them.

    pictures: uint8 (pictures, 3, 512, 512), where the encoder is.  at_once: so many, which do not see each other; for
    memory alone. Returns (pictures, width).
    """
    return torch.cat([encoder(normalised(part)) for part in torch.split(pictures, at_once)])
