"""A model of the family that is small enough for every test: two layers, random weights, a short vocabulary.

What it says is noise of the right length; everything around that is real. Workers import it as
``tests.models.f5tts.tiny:TinyF5``.
"""

from __future__ import annotations

import shutil
import string
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from greenroom.models.f5tts.architecture import PUBLISHED
from greenroom.models.f5tts.checkpoint import load_flow, load_vocos
from greenroom.models.f5tts.engine import Engine
from greenroom.models.f5tts.flow import Flow
from greenroom.models.f5tts.model import F5Model, Sources
from greenroom.models.f5tts.rows import Row, Sampling, sample_rows
from greenroom.models.f5tts.synthetic import TINY_VOCOS, synthesise_flow, synthesise_vocos, tiny
from greenroom.models.f5tts.vocoding import Vocoder
from greenroom.progress import Step
from greenroom.settings import Settings

TOKENS = [" ", *string.ascii_letters, *string.digits, *",.!?'\"-:", "ni2", "ni3", "hao3", "shi4", "jie4", "de", "hang2"]
ARCHITECTURE = replace(tiny(PUBLISHED["f5tts-v1-base"], heads=2, dim_head=16), vocabulary=len(TOKENS))


def make(folder: Path) -> Sources:
    """Write the files of the tiny model into a folder."""
    sources = Sources(ARCHITECTURE, folder / "flow.safetensors", folder / "vocab.txt", folder / "vocos.bin")
    synthesise_flow(sources.flow, ARCHITECTURE)
    sources.vocabulary.write_text("".join(f"{token}\n" for token in TOKENS), encoding="utf-8")
    synthesise_vocos(sources.vocoder, TINY_VOCOS)
    return sources


class TinyF5(F5Model):
    """A tiny F5-TTS."""

    known = "f5tts-v1-base"
    memory = 0
    concurrency = 4

    @classmethod
    def sources(cls, settings: Settings) -> Sources:
        """Made anew for each process."""
        return make(Path(tempfile.mkdtemp()))

    @classmethod
    def engine(cls, sources: Sources, device: str) -> Engine:
        """The networks, small."""
        flow = load_flow(sources.flow, sources.architecture, device=device)
        vocoder = load_vocos(sources.vocoder, TINY_VOCOS, device=device)
        shutil.rmtree(sources.flow.parent)  # what is mapped of it stays
        return Engine(partial(_sample, flow), Vocoder(vocoder), torch.device(device))


def _sample(flow: Flow, rows: Sequence[Row], sampling: Sampling, step: Step) -> list[Tensor]:
    return sample_rows(flow, rows, sampling, step)
