"""The transformer of SeedVR2 (arXiv 2506.05301; its windows: arXiv 2501.01320), as its checkpoints name it.

One clip at a time. Clips of a batch would share nothing but the launches of their kernels, and one clip fills a GPU.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from greenroom.models.seedvr2.architecture import NORM_EPS, PATCH
from greenroom.models.seedvr2.nadit.block import Block
from greenroom.models.seedvr2.nadit.layout import lay_out
from greenroom.models.seedvr2.nadit.modulation import Modulations, OutputModulation, by_layer
from greenroom.models.seedvr2.nadit.patching import Projection, grid_of, latent_of, patches
from greenroom.models.seedvr2.nadit.stream import OnHost, Resident
from greenroom.models.seedvr2.nadit.time_embedding import TimeEmbedding
from greenroom.models.seedvr2.nadit.work import WHOLE, Work
from greenroom.models.seedvr2.ranks.shares import lay_out_share, share_of, whole_of
from greenroom.nn.attention import fastest_kernels
from greenroom.nn.norms import RMSNorm

if TYPE_CHECKING:
    from greenroom.models.seedvr2.architecture import Architecture
    from greenroom.models.seedvr2.nadit.layout import Layout, Layouts
    from greenroom.models.seedvr2.nadit.stream import Stream
    from greenroom.models.seedvr2.nadit.windows import Grid
    from greenroom.runtime.gang.ranks import Ranks

_CELLS = PATCH * PATCH
_KEPT_LAYOUTS = 2


class NaDiT(nn.Module):
    """A variant of the transformer. Made under ``torch.device("meta")``, it costs nothing until weights come.

    ranks: those that go through each clip together, all at the same time; None for this one alone.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        width = architecture.width
        self.vid_in = Projection(_CELLS * architecture.channels_in, width)
        self.txt_in = nn.Linear(architecture.text_in, width)
        self.emb_in = TimeEmbedding(width, 6 * width)
        self.blocks = nn.ModuleList(
            Block(
                architecture,
                own_text=architecture.has_own_text(layer),
                modulates_text=architecture.modulates_text(layer),
                keeps_text=layer < architecture.layers - 1,
            )
            for layer in range(architecture.layers)
        )
        self.vid_out_norm = RMSNorm(width, NORM_EPS) if architecture.design == "dit_v2" else None
        self.vid_out_ada = OutputModulation(architecture) if architecture.design == "dit_v2" else None
        self.vid_out = Projection(width, _CELLS * architecture.latent)
        self.ranks: Ranks | None = None
        self._layouts: dict[tuple[Grid, int, torch.device, int], Layouts] = {}

    @property
    def layers(self) -> tuple[Block, ...]:
        """The blocks, from the first to the last."""
        return cast("tuple[Block, ...]", tuple(self.blocks))

    @property
    def dtype(self) -> torch.dtype:
        """The type of the stream."""
        return self.txt_in.bias.dtype

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.txt_in.bias.device

    def modulations(self, time: float) -> Modulations:
        """What modulates all blocks at a time of the diffusion, 0 to 1000: made once, for any number of clips."""
        times = torch.tensor([time], dtype=torch.float32, device=self.device)
        embedding = by_layer(self.emb_in(times)[0])
        return Modulations(tuple(block.terms(embedding) for block in self.layers), embedding)

    def forward(self, latent: Tensor, text: Tensor, at: Modulations, work: Work = WHOLE) -> Tensor:
        """The velocity, noise - data, of one clip.

        latent: (time, height, width, 2 * channels + 1): noise, condition, mask; height and width even.  text: (length,
        text_in), the embedding of the prompt.  at: from ``modulations``.  work: how the clip is gone through.
        Returns (time, height, width, channels), where the latent is.  Raises InputInvalid.
        """
        grid = grid_of(latent)
        layouts = self._laid_out(grid, len(text), on_host=work.on_host)
        with fastest_kernels():
            stream = self._embedded(latent, layouts, work)
            words = self.txt_in(text.to(self.device, self.dtype))
            for layer, block in enumerate(self.layers):
                if layer:
                    stream.sort_for(layouts, layer)
                words = block(stream, words, at.blocks[layer], layouts.of(layer), layouts.text)
            cells = self._out(stream, layouts.of(len(self.blocks) - 1), at.embedding)
        if self.ranks is not None:
            cells = whole_of(cells, self.architecture, grid, len(text), len(self.blocks) - 1, self.ranks)
        return latent_of(cells, grid).to(latent.device)

    def _embedded(self, latent: Tensor, layouts: Layouts, work: Work) -> Stream:
        """The stream in front of the first block."""
        layout = layouts.of(0)
        place = layout.order.device
        cells = patches(latent).to(place)
        values = torch.empty(layout.tokens, self.architecture.width, dtype=self.dtype, device=place)
        if self.ranks is not None:
            stream = share_of(values, self.device, work, self.ranks)
        else:
            stream = OnHost(values, self.device, work.most) if work.on_host else Resident(values, work.most)
        for part in layout.parts(work.most):
            own = cells[layout.order[part.rows]].to(self.device, self.dtype)
            stream.put(layout, part, self.vid_in(own))
        return stream

    def _out(self, stream: Stream, layout: Layout, embedding: Tensor) -> Tensor:
        """What tokens say behind the last block, in the order of the clip; of a rank's share in that of its windows."""
        device = layout.order.device
        cells = torch.empty(layout.tokens, _CELLS * self.architecture.latent, dtype=self.dtype, device=device)
        for part, x, _ in stream.each(layout, keep=False):
            places = layout.order[part.rows] if self.ranks is None else part.rows
            cells[places] = self.vid_out(self._ended(x, embedding)).to(device)
        return cells

    def _ended(self, x: Tensor, embedding: Tensor) -> Tensor:
        """The stream in front of the output's linear layer: normed and modulated in the 3B."""
        if self.vid_out_norm is None or self.vid_out_ada is None:
            return x
        ended: Tensor = self.vid_out_ada(self.vid_out_norm(x), embedding)
        return ended

    def _laid_out(self, grid: Grid, text: int, *, on_host: bool) -> Layouts:
        """The layouts of a clip. Those of the last few sizes are kept on the device, but for streams on the host."""
        if self.ranks is None:
            found = lay_out(self.architecture, grid, text)
        else:
            found = lay_out_share(self.architecture, grid, text, self.ranks.rank, self.ranks.size)
        if on_host:
            return found.for_host(self.device)
        key = grid, text, self.device, 1 if self.ranks is None else self.ranks.size
        if key not in self._layouts:
            while len(self._layouts) >= _KEPT_LAYOUTS:
                del self._layouts[next(iter(self._layouts))]
            self._layouts[key] = found.to(self.device)
        return self._layouts[key]
