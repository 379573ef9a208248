"""UMT5-XXL's encoder (arXiv 2304.09151): a text's tokens, each as a vector that knows of the others."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import torch

from greenroom.models.borrowed import shapes_in_file, without_memory
from greenroom.models.steadydancer.dancer.recognising import recognise
from greenroom.models.steadydancer.towers.prompts import VOCABULARY
from greenroom.nn.streaming import Streaming
from greenroom.weights.fitting import check_fit
from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from torch import Tensor, nn

    from greenroom.models.steadydancer.towers.prompts import Tokenizer
    from greenroom.weights.fitting import Shape

    Read = Callable[[Iterable[str]], Mapping[str, Tensor]]

NETWORK = "the UMT5 text encoder of Wan2.1"

# By transformers' names.
PUBLISHED: Mapping[str, Any] = MappingProxyType(
    {
        "vocab_size": VOCABULARY,
        "d_model": 4096,
        "d_kv": 64,
        "d_ff": 10_240,
        "num_layers": 24,
        "num_heads": 64,
        "relative_attention_num_buckets": 32,
        "relative_attention_max_distance": 128,
        "feed_forward_proj": "gated-gelu",
        "layer_norm_epsilon": 1e-6,
    }
)

_BLOCKS = "encoder.block."
# What the file calls a part of a block, by transformers' name.
_PARTS = {
    "layer.0.layer_norm": "norm1",
    "layer.0.SelfAttention.q": "attn.q",
    "layer.0.SelfAttention.k": "attn.k",
    "layer.0.SelfAttention.v": "attn.v",
    "layer.0.SelfAttention.o": "attn.o",
    "layer.0.SelfAttention.relative_attention_bias": "pos_embedding.embedding",
    "layer.1.layer_norm": "norm2",
    "layer.1.DenseReluDense.wi_0": "ffn.gate.0",
    "layer.1.DenseReluDense.wi_1": "ffn.fc1",
    "layer.1.DenseReluDense.wo": "ffn.fc2",
}
# And what stands around the blocks. One table is read under two names.
_AROUND = {"shared": "token_embedding", "encoder.embed_tokens": "token_embedding", "encoder.final_layer_norm": "norm"}


class Umt5Texts:
    """The encoder and its tokenizer.

    network: transformers' ``UMT5EncoderModel``.  streaming: which of its blocks stay on the device; a text goes through
    each of them once.
    """

    def __init__(self, network: nn.Module, tokenizer: Tokenizer) -> None:
        self.network = network
        self.tokenizer = tokenizer
        self.streaming = Streaming(blocks_of(network))

    @property
    def table(self) -> nn.Module:
        """A vector of each token of the vocabulary: a fifth of all weights."""
        return self.network.get_submodule("shared")

    @torch.inference_mode()
    def encode(self, ids: Sequence[int]) -> Tensor:
        """The rows of a text that the denoiser takes, (tokens, width), where the encoder is and of its type."""
        # Alone and unpadded: what pads would be looked at by nobody.
        given = torch.tensor([[*ids]], device=next(self.table.parameters()).device)
        states: Tensor = self.network(input_ids=given).last_hidden_state
        return states[0]


def load_umt5(
    path: Path,
    tokenizer: Tokenizer,
    *,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.bfloat16,
    options: Mapping[str, Any] = PUBLISHED,
    resident: int | None = None,
) -> Umt5Texts:
    """Load the encoder, strictly, onto a device, which holds what stays there and a block more at most.

    dtype: of the weights; they are published in bfloat16, and on a CPU stay mapped from the file in that type.
    options: transformers' own.  resident: how many blocks stay, see ``Streaming.keep``; None for all.  Raises
    WeightsUnreadable, WeightsUnfit, ExtraMissing.
    """
    network = without_memory(lambda: text_encoder(options))
    wanted = names_in_file(network)
    weights = open_weights(path)
    recognised = recognise({name: tensor.shape for name, tensor in weights.tensors.items()}, ())
    check_fit(weights.name, NETWORK, wanted, weights.tensors, recognised="" if recognised == NETWORK else recognised)

    def read(names: Iterable[str]) -> Mapping[str, Tensor]:
        return read_weights(weights, {name: name for name in names}, device, dtype)

    return texts_of(network, tokenizer, read, resident)


def texts_of(network: nn.Module, tokenizer: Tokenizer, read: Read, resident: int | None = None) -> Umt5Texts:
    """The encoder of a network that was made without memory, for use alone.

    read: gives tensors by the file's names, where the network is to be. Asked for one block after another, each of
    which has left when it is to, and for the rest.  resident: see ``load_umt5``.
    """
    _share(network)
    texts = Umt5Texts(network, tokenizer)
    away = texts.streaming.streamed(resident)
    for place, block in enumerate(blocks_of(network)):
        _fill(block, f"{_BLOCKS}{place}.", read)
        if place in away:
            texts.streaming.put_away(place)
    outside = [name for name in network.state_dict() if not name.startswith(_BLOCKS)]
    tensors = read({in_file(name): None for name in outside})
    network.load_state_dict({name: tensors[in_file(name)] for name in outside}, strict=False, assign=True)
    _share(network)
    network.eval().requires_grad_(requires_grad=False)
    return texts


def blocks_of(network: nn.Module) -> tuple[nn.Module, ...]:
    """Its blocks, from the first to the last."""
    return tuple(network.get_submodule(_BLOCKS.removesuffix(".")).children())


def _fill(block: nn.Module, prefix: str, read: Read) -> None:
    """Give a block its weights. When this returns, nothing else holds them."""
    names = {name: in_file(f"{prefix}{name}") for name in block.state_dict()}
    tensors = read(names.values())
    block.load_state_dict({name: tensors[source] for name, source in names.items()}, assign=True)


def _share(network: Any) -> None:
    """Have one table where the library has two names for it, which leaves and comes back once."""
    network.set_input_embeddings(network.shared)


def names_in_file(network: nn.Module) -> dict[str, Shape]:
    """Names and shapes as the file has them."""
    return {in_file(name): shape for name, shape in shapes_in_file(network).items()}


def in_file(name: str) -> str:
    """The file's name of a weight, by transformers'."""
    module, _, kind = name.rpartition(".")
    if module in _AROUND:
        return f"{_AROUND[module]}.{kind}"
    _, _, number, part = module.split(".", 3)  # encoder.block.N.part
    return f"blocks.{number}.{_PARTS[part]}.{kind}"


def text_encoder(options: Mapping[str, Any]) -> nn.Module:
    """transformers' network, of no weights yet. options: its own; what they leave out is as published."""
    from transformers import UMT5Config, UMT5EncoderModel

    network: nn.Module = UMT5EncoderModel(UMT5Config(**{**PUBLISHED, **options}, dropout_rate=0.0))
    return network
