"""The golden case of all of it: a recording and texts to the joined wave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from greenroom.models.f5tts import durations, reference
from greenroom.models.f5tts.architecture import Architecture
from greenroom.models.f5tts.flow import Flow
from greenroom.models.f5tts.joining import join, restored
from greenroom.models.f5tts.mel import MelSpec, log_mel, resample
from greenroom.models.f5tts.sampler import sample
from greenroom.models.f5tts.tokens import tokens
from greenroom.models.f5tts.vocabulary import Vocabulary
from greenroom.models.f5tts.vocos import Vocos, VocosConfig
from greenroom.models.golden import Comparison, GoldenBroken, operation, same
from greenroom.weights.fitting import difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor, nn

    from greenroom.models.golden import Case, Golden

# The case's vocoder comes without what only hears: Vocos' own mel.
_WITHOUT = "feature_extractor."


def tts_end_to_end(golden: Golden) -> Iterator[Comparison]:
    """Each call: every chunk's tokens, numbers, frames and mel, then the wave of all."""
    flow, vocos = _networks(golden)
    for index, call in enumerate(golden.calls):
        label = call.get("id", index)
        speak = operation(call["op"], {"synthesize_chunks": _synthesize})
        vocabulary = Vocabulary.of_pairs(
            pair for chunk in call["per_chunk"] for pair in zip(chunk["tokens"], chunk["ids"], strict=True)
        )
        made = speak(flow, vocos, vocabulary, **golden.arguments(call))
        yield same(f"{label}.chunks", len(made["chunks"]), len(call["per_chunk"]))
        for place, (ours, theirs) in enumerate(zip(made["chunks"], call["per_chunk"], strict=False)):
            for fact in ("tokens", "ids", "requested_frames", "frames", "wave_samples"):
                yield same(f"{label}.{place}.{fact}", ours[fact], theirs[fact])
            yield golden.compare(f"{label}.{place}.mel", ours["mel"], theirs["mel"])
        yield same(f"{label}.spectrogram_shape", made["spectrogram_shape"], call["spectrogram_shape"])
        for name, key in call["outputs"].items():
            if name != "wave":
                raise GoldenBroken(f"{golden.name}: {call['op']} gives no output {name!r}")
            yield golden.compare(f"{label}.{name}", made["wave"], key)


def _networks(golden: Golden) -> tuple[Flow, Vocos]:
    config = golden.config
    architecture = Architecture.from_options(
        golden.name,
        config["backbone"],
        config["arch"],
        mel_dim=config["mel_dim"],
        vocabulary=config["text_num_embeds"],
    )
    flow, vocos = Flow(architecture).eval(), Vocos(VocosConfig.from_options(config["vocos"])).eval()
    _load(golden, flow, "flow.")
    _load(golden, vocos, "vocos.", without=_WITHOUT)
    return flow, vocos


def _load(golden: Golden, network: nn.Module, prefix: str, without: str | None = None) -> None:
    """Load the weights under a prefix; those ``without`` may be left out, all others must be there, and no more."""
    weights = golden.weights(prefix)
    own = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    wanted = {name: shape for name, shape in own.items() if without is None or not name.startswith(without)}
    differs = difference(wanted, {name: tuple(tensor.shape) for name, tensor in weights.items()})
    if differs:
        raise GoldenBroken(f"{golden.name}: the weights of {prefix}* do not fit: {differs}")
    network.load_state_dict(weights, strict=False)


def _synthesize(
    flow: Flow,
    vocos: Vocos,
    vocabulary: Vocabulary,
    *,
    reference_wave: Tensor,
    sample_rate: int,
    ref_text: str,
    gen_text_chunks: list[str],
    nfe_step: int,
    cfg_strength: float,
    sway_sampling_coef: float | None,
    speed: float,
    cross_fade_duration: float,
    target_rms: float,
    seed_per_chunk: int,
) -> Mapping[str, Any]:
    spec = MelSpec(bands=flow.architecture.mel_dim)
    mono, rms = reference.raised(reference_wave.numpy(), target_rms)
    wave = resample(torch.from_numpy(mono), sample_rate, spec.rate)
    conditioning = log_mel(wave, spec).T[None]
    prompt, frames = durations.prompt_text(ref_text), durations.frames_of(len(wave))
    made: list[dict[str, Any]] = []
    waves = []
    for text in gen_text_chunks:
        found = tokens(prompt + text)
        ids = vocabulary.ids(found)
        requested = durations.requested_frames(text, prompt, frames, speed)
        mel = sample(
            flow,
            conditioning,
            torch.tensor([ids]),
            requested,
            steps=nfe_step,
            cfg_strength=cfg_strength,
            sway_sampling_coef=sway_sampling_coef,
            seed=seed_per_chunk,
        ).mel
        spoken = mel[:, frames:]  # (1, frames, bands)
        waves.append(restored(vocos.decode(spoken.mT)[0].numpy(), rms, target_rms))
        made.append(
            {
                "tokens": found,
                "ids": ids,
                "requested_frames": requested,
                "frames": mel.shape[1],
                "mel": mel,
                "wave_samples": len(waves[-1]),
            }
        )
    return {
        "chunks": made,
        "spectrogram_shape": [spec.bands, sum(chunk["frames"] - frames for chunk in made)],
        "wave": torch.from_numpy(join(waves, int(cross_fade_duration * spec.rate))),
    }


SPEAKING: dict[str, Case] = {"tts_end_to_end": tts_end_to_end}
