"""The denoiser of HunyuanVideo-Foley (arXiv 2508.16930), as its checkpoints name it.

``forward`` computes everything anew, as the original does; ``Denoising`` (``denoising.py``) computes the same of what
stays, for many steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from greenroom.errors import InputInvalid
from greenroom.models.foley.architecture import NORM_EPS, SYNC_GROUP
from greenroom.models.foley.mmdit.embedding import AudioIn, FinalLayer, TextIn, TimeIn, sync_in
from greenroom.models.foley.mmdit.mlp import linear_gated
from greenroom.models.foley.mmdit.nearest import nearest
from greenroom.models.foley.mmdit.rotary import places
from greenroom.models.foley.mmdit.single_block import SingleBlock
from greenroom.models.foley.mmdit.triple_block import TripleBlock, streams
from greenroom.nn.adaptive_layer_norm import Stream
from greenroom.nn.streaming import Streaming

if TYPE_CHECKING:
    from greenroom.models.foley.architecture import Architecture


# Of triple blocks, what a request or a schedule calls once, apart from the blocks.
_CALLED_APART = ("text_cross_kv.", "text_cross_k_norm.", "audio_mod.", "v_cond_mod.")


class MMDiT(nn.Module):
    """A size of the denoiser. Made under ``torch.device("meta")``, it costs nothing until weights come.

    streaming: which blocks stay on the device, triple ones and then single ones.  modulations: of the layers that
    modulate triple blocks by the time, two of each: a schedule asks for them once.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        width = architecture.width
        self.empty_clip_feat = nn.Parameter(torch.zeros(1, architecture.visual_in))
        self.empty_sync_feat = nn.Parameter(torch.zeros(1, architecture.sync_in))
        self.audio_embedder = AudioIn(architecture.latent, width)
        self.visual_proj = linear_gated(architecture.visual_in, width, width)
        self.cond_in = TextIn(architecture.text_in, width)
        self.time_in = TimeIn(width)
        self.sync_in = sync_in(architecture)
        self.sync_pos_emb = nn.Parameter(torch.zeros(1, 1, SYNC_GROUP, architecture.sync_in))
        self.triple_blocks = nn.ModuleList(
            TripleBlock(architecture, keeps_visual=layer < architecture.triple - 1)
            for layer in range(architecture.triple)
        )
        self.single_blocks = nn.ModuleList(SingleBlock(architecture) for _ in range(architecture.single))
        self.final_layer = FinalLayer(width, architecture.latent, NORM_EPS)
        self.streaming = Streaming((*self.triples, *self.singles), lambda name: name.startswith(_CALLED_APART))
        self.modulations = Streaming(
            [mod.linear for block in self.triples for mod in (block.audio_mod, block.v_cond_mod)]
        )

    @property
    def triples(self) -> tuple[TripleBlock, ...]:
        """The blocks of audio and video, from the first to the last."""
        return cast("tuple[TripleBlock, ...]", tuple(self.triple_blocks))

    @property
    def singles(self) -> tuple[SingleBlock, ...]:
        """The blocks of the audio alone, behind the others."""
        return cast("tuple[SingleBlock, ...]", tuple(self.single_blocks))

    @property
    def blocks(self) -> dict[str, nn.Module]:
        """All blocks in their order, by what the names of their weights begin with."""
        lists = {"triple_blocks": self.triples, "single_blocks": self.singles}
        return {f"{name}.{place}.": block for name, of in lists.items() for place, block in enumerate(of)}

    def modulations_of(self, block: int) -> range:
        """The places in ``modulations`` of a block's, of which single blocks have none there."""
        return range(2 * block, 2 * block + 2) if block < len(self.triples) else range(0)

    @property
    def dtype(self) -> torch.dtype:
        """The type of the streams."""
        return self.empty_clip_feat.dtype

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.empty_clip_feat.device

    def synced(self, features: Tensor) -> Tensor:
        """Sync features in the stream's width, each knowing its place in its group.

        features: (..., tokens, sync_in), of whole groups.  Returns (..., tokens, width). Raises InputInvalid.
        """
        if features.shape[-2] % SYNC_GROUP:
            raise InputInvalid(
                f"{features.shape[-2]} sync tokens", mend=f"give whole segments: {SYNC_GROUP} tokens of each"
            )
        groups = features.reshape(*features.shape[:-2], -1, SYNC_GROUP, features.shape[-1])
        out: Tensor = self.sync_in((groups + self.sync_pos_emb[0, 0]).flatten(-3, -2))
        return out

    def forward(self, latents: Tensor, times: Tensor, text: Tensor, visual: Tensor, sync: Tensor) -> Tensor:
        """The velocity, noise - data, of each sample.

        latents: (samples, channels, length).  times: float32 (samples,), 0 to 1000.  text: (samples, tokens, text_in).
        visual: (samples, frames, visual_in).  sync: (samples, tokens, sync_in), whole groups of 8.
        Returns as ``latents``. Raises InputInvalid.
        """
        length = latents.shape[2]
        text, visual, sync = (features.to(self.device, self.dtype) for features in (text, visual, sync))
        samples, frames, tokens = len(latents), visual.shape[1], text.shape[1]
        stand = places(self.architecture.head_dim, samples, length, frames, tokens, self.device)
        at = self.time_in(times)
        heard = self.synced(sync)[:, nearest(sync.shape[1], length).to(self.device)]
        words, seen = self.cond_in(text), self.visual_proj(visual)

        x = torch.cat((seen, self.audio_embedder(latents) + heard), dim=1).transpose(0, 1).contiguous()
        both = streams(x, stand, len(at))
        for triple in self.triples:
            both = triple(both, triple.terms(at), triple.said(words, stand.text), stand)
        condition = functional.silu(heard + at[:, None]).flatten(0, 1)
        shows = torch.arange(len(condition), dtype=torch.int32, device=self.device).view(samples, length)
        stream = Stream(both.settled().transpose(0, 1).contiguous(), shows)
        for single in self.singles:
            stream = single(stream, condition, stand.alone)
        out: Tensor = self.final_layer(stream.settled())
        return out
