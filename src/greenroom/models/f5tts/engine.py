"""Rows to sound on one device: the flow model and the vocoder, each by the fastest way that the device has."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, Self

import torch

from greenroom.models.f5tts.checkpoint import load_flow, load_vocos
from greenroom.models.f5tts.rows import Row, Sampling, sample_rows
from greenroom.models.f5tts.vocoding import Vocoder
from greenroom.models.finite import finite
from greenroom.progress import Step, silent
from greenroom.runtime.current import current
from greenroom.runtime.memory import is_out_of_memory, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from greenroom.models.f5tts.architecture import Architecture
    from greenroom.models.f5tts.flow import Flow
    from greenroom.models.f5tts.vocos import Vocos

    Sampler = Callable[[Sequence[Row], Sampling, Step], list[Tensor]]

# Half precision came with this generation; older cards give blank sound in it (upstream issues 669, 799).
_HALF_SINCE = (7, 0)
_SIXTEENS = "GTX 16"
# A reference of 5 s, and with it 2, 5 and 10 s to speak: other lengths are recorded when they come, in 30 ms.
_WARM_REFERENCE = 470
_WARM_FRAMES = (660, 940, 1410)
_WARM_STEPS = 2


class Engine:
    """A flow model and its vocoder on a device. Used by one thread at a time; see ``Batcher`` for many.

    rate: samples a second.  packs: rows of unequal length cost no more than their own frames.  forget: gives back the
    memory of what the sampler recorded.
    """

    rate = 24_000

    def __init__(
        self,
        sampler: Sampler,
        vocoder: Vocoder,
        device: torch.device,
        *,
        packs: bool = False,
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        self._sampler = sampler
        self._forget = forget
        self._vocoder = vocoder
        self._device = device
        self.packs = packs

    @classmethod
    def load(cls, architecture: Architecture, flow: Path, vocoder: Path, device: str = "cpu") -> Self:
        """Load both networks: on CUDA the flow model in half precision, the vocoder in float32 everywhere.

        Raises what ``checkpoint`` raises for files that are not what they should be.
        """
        target = torch.device(device)
        with current(target):
            network = load_flow(flow, architecture, device=target, dtype=usual_precision(target))
            return cls.of(network, load_vocos(vocoder, device=target))

    @classmethod
    def of(cls, network: Flow, vocos: Vocos) -> Self:
        """An engine of networks that lie on one device: packed rows where precision, card and compiler allow them."""
        architecture, target = network.architecture, network.device
        with current(target):
            if network.dtype == torch.float16 and _can_pack(architecture, target):
                return cls._packed(network, vocos)
        return cls(lambda rows, sampling, step: sample_rows(network, rows, sampling, step), Vocoder(vocos), target)

    @classmethod
    def _packed(cls, network: Flow, vocos: Vocos) -> Self:
        architecture, target = network.architecture, network.device
        # What the host does between kernels is small: threads that wake for it make its time uneven.
        torch.set_num_threads(1)
        from greenroom.models.f5tts.packed_dit import PackedDiT
        from greenroom.models.f5tts.packed_sampler import PackedSampler

        packed = PackedDiT(architecture, network.transformer.state_dict(), target)
        sampler = PackedSampler(packed, network.transformer.text_embed)
        return cls(sampler.sample, Vocoder(vocos, graphs=True), target, packs=True, forget=sampler.forget)

    def sample(self, rows: Sequence[Row], sampling: Sampling, step: Step = silent) -> list[Tensor]:
        """The log mel of each row, its reference included: float32 (frames, mel_dim), on the device."""
        with current(self._device):
            return self._sampler(rows, sampling, step)

    def warm(self) -> None:
        """Do what a first row would wait for: compile kernels, choose algorithms, record graphs of usual lengths."""
        generator = torch.Generator().manual_seed(0)
        reference = torch.randn(_WARM_REFERENCE, self._vocoder.bands, generator=generator)
        for frames in _WARM_FRAMES if self.packs else _WARM_FRAMES[:1]:
            row = Row(reference, (0,) * 60, frames, _WARM_REFERENCE, seed=0)
            self.speak([row], Sampling(steps=_WARM_STEPS))
        settle()

    @torch.inference_mode()
    def speak(self, rows: Sequence[Row], sampling: Sampling, step: Step = silent) -> list[NDArray[np.float32]]:
        """The sound of each row from its ``start``: float32, ((frames - start - 1) * hop,).

        Raises SoundNotFinite, InputInvalid, and what ``step`` raises. When memory runs out, the next call has what the
        graphs held.
        """
        try:
            return self._speak(rows, sampling, step)
        except Exception as error:
            if is_out_of_memory(error):
                self.forget()
            raise

    def forget(self) -> None:
        """Give back the memory of all graphs; they are recorded again when they are needed."""
        self._forget()
        self._vocoder.forget()

    def _speak(self, rows: Sequence[Row], sampling: Sampling, step: Step) -> list[NDArray[np.float32]]:
        mels = self.sample(rows, sampling, step)
        step("vocoding", 0, 1)
        sounds = self.vocode(rows, mels)
        step("vocoding", 1, 1)
        return sounds

    def vocode(self, rows: Sequence[Row], mels: Sequence[Tensor]) -> list[NDArray[np.float32]]:
        """The sound of mels that ``sample`` made of the rows, as ``speak`` gives it. Raises SoundNotFinite."""
        spoken = [mel[row.start :] for mel, row in zip(mels, rows, strict=True)]
        with current(self._device):
            return [finite(sound.numpy()) for sound in self._vocoder.decode(spoken)]


def usual_precision(device: torch.device) -> torch.dtype:
    """What the flow model runs in on a device, unless something else is asked for."""
    if device.type != "cuda":
        return torch.float32
    name, capability = torch.cuda.get_device_name(device), torch.cuda.get_device_capability(device)
    return torch.float16 if capability >= _HALF_SINCE and _SIXTEENS not in name else torch.float32


def _can_pack(architecture: Architecture, device: torch.device) -> bool:
    """Whether the packed way is there: Triton's compiler, and a card whose tensor cores it knows."""
    if device.type != "cuda" or importlib.util.find_spec("triton") is None:
        return False
    if torch.cuda.get_device_capability(device) < (8, 0):
        return False
    from greenroom.models.f5tts.packed_dit import is_packable

    return is_packable(architecture)
