"""What stays the same over all steps of a request, made once: embedded features, the text's keys and values, tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from greenroom.errors import InputInvalid
from greenroom.models.foley.architecture import SYNC_GROUP
from greenroom.models.foley.mmdit.nearest import nearest
from greenroom.models.foley.mmdit.rotary import Places, places
from greenroom.models.foley.mmdit.triple_block import Said

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from greenroom.models.foley.mmdit.transformer import MMDiT


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Of a video and what is said of it.

    text, negative: (tokens, text_in) of what should be heard and what should not, padded together, since what pads
    them is heard as well.  visual: (frames, visual_in).  sync: (tokens, sync_in), whole groups of 8.
    """

    text: Tensor
    negative: Tensor
    visual: Tensor
    sync: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """What a sound is to fit.

    text: (tokens, text_in).  visual: (frames, visual_in).  sync: (n, sync_in), repeated to ``sync_tokens``.
    """

    text: Tensor
    visual: Tensor
    sync: Tensor
    sync_tokens: int


def conditions(network: MMDiT, features: Features, guidance: float) -> tuple[Condition, ...]:
    """What is predicted for: the features; with guidance above 1, first, the negative text and nothing to be seen."""
    visual, sync = features.visual, features.sync
    wanted = Condition(features.text, visual, sync, len(sync))
    if guidance <= 1:
        return (wanted,)
    # All frames, and all segments, are the same: places within a group are all that tells sync tokens apart.
    unseen, unsynced = network.empty_clip_feat, network.empty_sync_feat
    nothing = Condition(features.negative, unseen.expand(len(visual), -1), unsynced.expand(SYNC_GROUP, -1), len(sync))
    return nothing, wanted


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Fixed:
    """Of a request, on the device. Rows are the conditions of the first sample, then those of the next.

    conditions: how many there are.  visual: (frames, rows, width), the stream in front of the first block.  sync: (n,
    width), each different sync token of any row.  shows: int32 (rows, length), which of them an audio token shows.
    said: of each triple block; texts are as many as conditions, or as rows.
    """

    conditions: int
    visual: Tensor
    sync: Tensor
    shows: Tensor
    said: tuple[Said, ...]
    places: Places

    @property
    def samples(self) -> int:
        """Of each condition."""
        return len(self.shows) // self.conditions

    @property
    def length(self) -> int:
        """Of the latents."""
        return self.shows.shape[1]

    @property
    def shapes(self) -> tuple[int | torch.Size, ...]:
        """What tells apart requests that need another graph."""
        return self.conditions, self.visual.shape, self.sync.shape, self.shows.shape, self.said[0].key.shape

    def copied(self) -> Fixed:
        """The same in memory of its own, places aside."""
        visual, sync, shows, *said = (tensor.clone() for tensor in self._tensors())
        unheard = said.pop(0) if self.said[0].unheard is not None else None
        pairs = zip(said[::2], said[1::2], strict=True)
        heard = tuple(Said(key, value, unheard) for key, value in pairs)
        return replace(self, visual=visual, sync=sync, shows=shows, said=heard)

    def take(self, other: Fixed) -> None:
        """Become another of the same shapes, in the same memory."""
        for own, its in zip(self._tensors(), other._tensors(), strict=True):
            own.copy_(its)

    def _tensors(self) -> Iterator[Tensor]:
        # Places follow from the shapes.
        yield from (self.visual, self.sync, self.shows)
        if self.said[0].unheard is not None:
            yield self.said[0].unheard
        for said in self.said:
            yield from (said.key, said.value)


def fix(
    network: MMDiT,
    given: Sequence[Condition],
    samples: int,
    length: int,
    room: int = 0,
    *,
    like: Fixed | None = None,
    heard: Fixed | None = None,
) -> Fixed:
    """Make what stays of a request.

    samples: of each condition.  length: of the latents.  room: for so many tokens of text, of which those beyond the
    text are not heard; 0 for as many as there are.  like: another of the same numbers, whose places are taken.  heard:
    another of the same texts, whose keys and values are. Raises InputInvalid.
    """
    texts = _stacked([condition.text for condition in given], "text tokens").to(network.device)
    visual = _stacked([condition.visual for condition in given], "frames").to(network.device)
    rows, frames, tokens = len(given) * samples, visual.shape[1], texts.shape[1]
    device = network.device
    stand = like.places if like else places(network.architecture.head_dim, rows, length, frames, tokens, device)
    seen: Tensor = network.visual_proj(visual.to(network.dtype))
    return Fixed(
        conditions=len(given),
        visual=seen.transpose(0, 1).repeat(1, samples, 1),
        sync=torch.cat([network.synced(condition.sync.to(device, network.dtype)) for condition in given]),
        shows=_shown(given, length).int().repeat(samples, 1).to(device),
        said=heard.said if heard else _said(network, texts, stand, max(0, room - tokens) if room else None),
        places=stand,
    )


def stacked(fixed: Sequence[Fixed], head_dim: int, *, like: Fixed | None = None) -> Fixed:
    """Several of the same shapes as one: the rows of the first, then those of the next.

    What is given more than once has its sync tokens once; keys and values are there once if all hear the same.  like:
    as many of the same numbers, stacked, whose places are taken.
    """
    firsts: dict[int, int] = {}
    sync: list[Tensor] = []
    for own in fixed:
        if id(own) not in firsts:
            firsts[id(own)] = sum(map(len, sync))
            sync.append(own.sync)
    shows = torch.cat([own.shows + firsts[id(own)] for own in fixed])
    visual = torch.cat([own.visual for own in fixed], dim=1)
    alike = all(own.said is fixed[0].said for own in fixed)
    # Angles of the text are in its keys already.
    stand = like.places if like else places(head_dim, len(shows), shows.shape[1], len(visual), 0, shows.device)
    return Fixed(
        conditions=fixed[0].conditions,
        visual=visual,
        sync=torch.cat(sync),
        shows=shows,
        said=fixed[0].said if alike else _said_in_turn(fixed),
        places=stand,
    )


def _said_in_turn(fixed: Sequence[Fixed]) -> tuple[Said, ...]:
    """What each triple block hears, a text for every row."""

    def each(layer: int, part: int) -> Tensor:
        own = ((one.said[layer][part], len(one.shows)) for one in fixed)
        return torch.cat(
            [texts.repeat(rows // len(texts), *[1] * (texts.dim() - 1)) for texts, rows in own if texts is not None]
        )

    unheard = None if fixed[0].said[0].unheard is None else each(0, 2)
    return tuple(Said(each(layer, 0), each(layer, 1), unheard) for layer in range(len(fixed[0].said)))


def _said(network: MMDiT, texts: Tensor, stand: Places, free: int | None) -> tuple[Said, ...]:
    """What each triple block hears. free: tokens of room behind the text; None where all that is there is heard."""
    embedded = network.cond_in(texts.to(network.dtype))
    unheard = None
    if free is not None:
        unheard = embedded.new_zeros(*texts.shape[:2])
        unheard = functional.pad(unheard, (0, free), value=-torch.inf)

    def roomy(part: Tensor) -> Tensor:
        return functional.pad(part, (0, 0, 0, free or 0)).contiguous()

    said = [block.said(embedded, stand.text) for block in network.triples]
    return tuple(Said(roomy(key), roomy(value), unheard) for key, value, _ in said)


def _stacked(parts: Sequence[Tensor], what: str) -> Tensor:
    counts = [len(part) for part in parts]
    if len(set(counts)) > 1:
        raise InputInvalid(f"{' and '.join(map(str, counts))} {what}", mend="pad them to the same number")
    return torch.stack([*parts])


def _shown(given: Sequence[Condition], length: int) -> Tensor:
    """Which of all sync tokens, one condition's behind another's, each audio token shows."""
    rows, first = [], 0
    for condition in given:
        if condition.sync_tokens % len(condition.sync):
            raise InputInvalid(
                f"{len(condition.sync)} sync tokens cannot be repeated to {condition.sync_tokens}",
                mend="give all of them, or those of one segment",
            )
        rows.append(first + nearest(condition.sync_tokens, length) % len(condition.sync))
        first += len(condition.sync)
    return torch.stack(rows)
