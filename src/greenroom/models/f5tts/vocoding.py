"""Mels of rows to sound: a row alone by a graph where there are graphs, rows of like length together."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import torch

from greenroom.runtime.graphs import Pool, Recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor

    from greenroom.models.f5tts.vocos import Vocos

# Vocoded at once, so that the spectra of a large batch do not fill the card.
_FRAMES = 16_384
# A graph serves every length up to its own; the frames behind a mel's end are masked.
_QUANTUM = 64
_GRAPHS = 24


class Vocoder:
    """Vocos on a device. Used by one thread at a time."""

    def __init__(self, vocos: Vocos, *, graphs: bool = False) -> None:
        self._vocos = vocos
        self._device = next(vocos.parameters()).device
        self._pool = Pool() if graphs else None
        self._recorded: OrderedDict[int, tuple[Tensor, Tensor, Recorded[Tensor]]] = OrderedDict()

    @property
    def bands(self) -> int:
        """Of the mel."""
        return self._vocos.config.mels

    @torch.inference_mode()
    def decode(self, mels: Sequence[Tensor]) -> list[Tensor]:
        """Log mels, each float32 (frames, bands), to sound on the host: float32 ((frames - 1) * hop,) each."""
        if len(mels) == 1 and self._pool is not None:
            return [self._decode_alone(mels[0], self._pool)]
        sounds: dict[int, Tensor] = {}
        waiting = sorted(range(len(mels)), key=lambda place: len(mels[place]))
        while waiting:
            count = max(1, min(len(waiting), _FRAMES // len(mels[waiting[-1]])))
            group, waiting = waiting[-count:], waiting[:-count]
            sounds |= zip(group, self._decode_group([mels[place] for place in group]), strict=True)
        return [sounds[place] for place in range(len(mels))]

    def forget(self) -> None:
        """Give back the memory of the graphs."""
        self._recorded.clear()

    def _decode_group(self, mels: Sequence[Tensor]) -> list[Tensor]:
        lengths = [len(mel) for mel in mels]
        batch = torch.nn.utils.rnn.pad_sequence(list(mels), batch_first=True).transpose(1, 2)
        frames = None if len(set(lengths)) == 1 else torch.tensor(lengths)
        waves = self._vocos.decode(batch, frames).cpu()
        # A copy of its own, so that a row that is kept does not keep the whole batch.
        return [self._cut(wave, length).clone() for wave, length in zip(waves, lengths, strict=True)]

    def _decode_alone(self, mel: Tensor, pool: Pool) -> Tensor:
        given, length, recorded = self._record(-(-len(mel) // _QUANTUM) * _QUANTUM, pool)
        given[0, :, : len(mel)] = mel.T
        length.fill_(len(mel))
        recorded.replay()
        return self._cut(recorded.result[0].cpu(), len(mel))

    def _record(self, frames: int, pool: Pool) -> tuple[Tensor, Tensor, Recorded[Tensor]]:
        if frames in self._recorded:
            self._recorded.move_to_end(frames)
            return self._recorded[frames]
        while len(self._recorded) >= _GRAPHS:
            self._recorded.popitem(last=False)
        mel = torch.zeros(1, self.bands, frames, device=self._device)
        length = torch.full((1,), frames, device=self._device)
        self._recorded[frames] = mel, length, Recorded(lambda: self._vocos.decode(mel, length), pool)
        return self._recorded[frames]

    def _cut(self, wave: Tensor, frames: int) -> Tensor:
        return wave[: (frames - 1) * self._vocos.config.hop]
