"""Golden cases of the front end: text, durations, the reference, mel, joining, edit."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from greenroom.models.f5tts import chunks, durations, reference, script
from greenroom.models.f5tts.clipping import Pcm, clip_reference, without_long_silences
from greenroom.models.f5tts.edit import Edit, plan_edit
from greenroom.models.f5tts.joining import join, restored
from greenroom.models.f5tts.mel import MelSpec, htk_filters, log_mel, resample, slaney_filters
from greenroom.models.f5tts.tokens import tokens
from greenroom.models.f5tts.vocabulary import SPACE, Vocabulary, padded
from greenroom.models.golden import Comparison, GoldenBroken, close, operation, same

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor

    from greenroom.models.golden import Case, Golden


def text_tokens(golden: Golden) -> Iterator[Comparison]:
    """Texts to tokens, tokens to numbers, numbers to a batch."""
    items = golden["items"]
    vocabulary = Vocabulary.of_pairs(pair for item in items for pair in zip(item["tokens"], item["ids"], strict=True))
    yield from _vocabulary_facts(golden, vocabulary)
    rows = []
    for index, item in enumerate(items):
        found = tokens(item["text"])
        rows.append(vocabulary.ids(found))
        yield same(f"{index}.tokens", found, item["tokens"])
        yield same(f"{index}.ids", rows[-1], item["ids"])
    batch = golden["batch_padding"]
    yield same("batch_padding", padded([rows[row] for row in batch["rows"]]), batch["ids"])


def _vocabulary_facts(golden: Golden, vocabulary: Vocabulary) -> Iterator[Comparison]:
    """That the numbers fit the vocabulary: its size, the space, and the file itself where it lies beside the case."""
    facts = golden["vocab"]
    largest = max(vocabulary.numbers.values())
    yield Comparison("vocab.size", 0.0, "" if largest < facts["size"] else f"{largest} is beyond {facts['size']}")
    yield same("vocab.space", vocabulary.numbers[SPACE], 0)
    file = golden.folder / "vocab.txt" if golden.folder else None
    if file and file.exists():
        published = Vocabulary.read(file)
        listed = "".join(f"{token}\n" for token in published.numbers)
        yield same("vocab.txt size", len(published), facts["size"])
        yield same("vocab.txt sha256", hashlib.sha256(listed.encode()).hexdigest(), facts["sha256_lf"])
        wrong = {token: number for token, number in vocabulary.numbers.items() if published.ids([token]) != [number]}
        yield same("vocab.txt numbers", wrong, {})


def chunk_text(golden: Golden) -> Iterator[Comparison]:
    """Long texts to chunks."""
    for index, item in enumerate(golden["items"]):
        yield same(f"{index}.chunks", chunks.published_chunks(item["text"], item["max_chars"]), item["chunks"])


def durations_(golden: Golden) -> Iterator[Comparison]:
    """Frames of single texts, of texts that share a fixed time, and the chunks that a reference allows."""
    for index, item in enumerate(golden["single"]):
        samples = resampled(item["samples"], item["sample_rate"])
        frames, prompt = durations.frames_of(samples), durations.prompt_text(item["ref_text"])
        asked = (
            durations.requested_frames(item["gen_text"], prompt, frames, item.get("speed", 1.0))
            if item.get("fix_duration") is None
            else durations.frames_in(item["fix_duration"])
        )
        yield same(f"single.{index}.samples", samples, item["resampled_samples"])
        yield same(f"single.{index}.frames", asked, item["duration_frames"])
        yield same(f"single.{index}.tokens", "".join(tokens(prompt + item["gen_text"])), item["text_tokens_joined"])
    for index, item in enumerate(golden["fixed_total"]):
        frames = durations.frames_of(resampled(item["samples"], item["sample_rate"]))
        shares = durations.fixed_frames(item["fix_duration"], item["chunks"], frames, item["cross_fade_duration"])
        yield same(f"fixed_total.{index}.frames", shares, item["durations_frames"])
    for index, item in enumerate(golden["chunked"]):
        limit = chunks.published_limit(item["ref_text"], item["samples"] / item["sample_rate"], item["speed"])
        yield same(f"chunked.{index}", chunks.published_chunks(item["gen_text"], limit), item["chunks"])


def resampled(samples: int, rate: int) -> int:
    """How many samples a recording has at the model's rate."""
    return -(-samples * durations.RATE // rate)


def multi_voice(golden: Golden) -> Iterator[Comparison]:
    """Scripts of the web page and of the command line."""
    for index, item in enumerate(golden["web_ui"]):
        yield same(f"web_ui.{index}", script.published_web(item["text"]), item["segments"])
    told = golden["command_line"]
    for index, item in enumerate(told["items"]):
        calls = [
            _voice_call(voice, text, told["voices"][voice], told["global_speed"])
            for voice, text in script.published_command_line(item["text"], told["voices"])
        ]
        yield same(f"command_line.{index}", calls, item["calls"])


def _voice_call(voice: str, text: str, facts: Mapping[str, Any], speed: float) -> dict[str, Any]:
    return {
        "ref_audio": facts.get("ref_audio", f"{voice}.wav"),
        "ref_text": facts["ref_text"],
        "gen_text": text,
        "speed": facts.get("speed", speed),
    }


def reference_audio(golden: Golden) -> Iterator[Comparison]:
    """Recordings made by a formula, clipped and without long silences, bit by bit; and the ending of their text."""
    for item in golden["items"]:
        name, sound = item["name"], _by_formula(item)
        yield same(f"{name}.input_frames", sound.frames, item["input_frames"])
        yield same(f"{name}.input_sha256", _sha256(sound), item["input_sha256"])
        clip = clip_reference(sound)
        told = [f"Audio is over 12s, clipping short. ({cut})" for cut in clip.cuts]
        yield same(f"{name}.clip_messages", told, item["reference"]["clip_messages"])
        yield from _pcm(f"{name}.reference", clip.sound, item["reference"])
        shortened = without_long_silences(sound)
        yield from _pcm(f"{name}.silence_removed", shortened, item["generated_with_silence_removed"])
    for index, item in enumerate(golden["ref_text"]):
        yield same(f"ref_text.{index}", reference.ended(item["in"]), item["out"])


def _by_formula(item: Mapping[str, Any]) -> Pcm:
    """The recording that ``input_formula`` tells of: sines one after another, each from its own beginning."""
    rate = item["sample_rate"]
    parts = []
    for milliseconds, frequency, amplitude in item["segments_ms_freq_amp"]:
        k = np.arange(milliseconds * rate // 1000)
        parts.append(np.rint(amplitude * np.sin(2 * np.pi * frequency * k / rate)).astype(np.int16))
    first = np.concatenate(parts)
    channels = [first, *(first // 2 for _ in range(item["channels"] - 1))]
    return Pcm(np.stack(channels, axis=1), rate)


def _pcm(what: str, ours: Pcm, theirs: Mapping[str, Any]) -> Iterator[Comparison]:
    yield same(f"{what}.frames", ours.frames, theirs["frames"])
    yield same(f"{what}.channels", ours.samples.shape[1], theirs["channels"])
    yield same(f"{what}.sample_rate", ours.rate, theirs["sample_rate"])
    if "rms_per_100ms" in theirs:
        yield same(f"{what}.rms_per_100ms", _levels(ours, ours.rate // 10), theirs["rms_per_100ms"])
    yield same(f"{what}.sha256", _sha256(ours), theirs["sha256"])


def _levels(sound: Pcm, length: int) -> list[int]:
    """Whole-numbered RMS of stretches of ``length`` samples, the last one shorter."""
    stretches = (sound.samples[start : start + length].astype(np.float64) for start in range(0, sound.frames, length))
    return [int(np.sqrt(np.square(stretch).mean())) for stretch in stretches]


def _sha256(sound: Pcm) -> str:
    return hashlib.sha256(sound.samples.astype("<i2").tobytes()).hexdigest()


_FILTERS = re.compile(r"outputs\.mel_filterbank_(\w+)_rows_(\d+)_(\d+)")


def mel(golden: Golden) -> Iterator[Comparison]:
    """Spectrograms of both kinds, resampling, and rows of the filters."""
    config = golden.config
    sizes = {
        "rate": config["sample_rate"],
        "n_fft": config["n_fft"],
        "window": config["win_length"],
        "hop": config["hop_length"],
        "bands": config["n_mel_channels"],
    }
    vocos, bigvgan = MelSpec("vocos", **sizes), MelSpec("bigvgan", **sizes)
    yield from golden.answers(
        {
            "mel.vocos": lambda wave: {"logmel": log_mel(wave, vocos)},
            "mel.bigvgan": lambda wave: {"logmel": log_mel(wave, bigvgan)},
            "resample_to_24000": lambda wave, sample_rate: {"wave24k": resample(wave, sample_rate, 24_000)},
        }
    )
    filters = {"vocos": htk_filters, "bigvgan": slaney_filters}
    for key in golden.tensors:
        if found := _FILTERS.fullmatch(key):
            made = operation(found[1], filters)(vocos.rate, vocos.n_fft, vocos.bands)
            theirs = golden.tensor(key)
            rows = made[int(found[2]) : int(found[3]), : theirs.shape[1]]
            yield close(key, rows, theirs, golden.tolerance)


def cross_fade(golden: Golden) -> Iterator[Comparison]:
    """Chunks to one wave, as loud as the reference."""
    rate = golden.config["sample_rate"]

    def join_chunks(
        chunks: list[Tensor], cross_fade_duration: float, reference_rms: float, target_rms: float
    ) -> dict[str, Tensor]:
        waves = [restored(chunk.numpy(), reference_rms, target_rms) for chunk in chunks]
        return {"wave": torch.from_numpy(join(waves, int(cross_fade_duration * rate)))}

    yield from golden.answers({"join_chunks": join_chunks})


def speech_edit_plan(golden: Golden) -> Iterator[Comparison]:
    """A recording and stretches of it to the conditioning of a speech edit."""
    config = golden.config
    rate, hop = config["sample_rate"], config["hop_length"]
    spec = MelSpec(rate=rate, hop=hop, bands=config["n_mel_channels"])

    def plan(
        wave: Tensor,
        sample_rate: int,
        parts_to_edit_s: list[list[float]],
        fix_duration_s: list[float] | None,
        target_text: str,
    ) -> dict[str, Any]:
        raised, _ = reference.raised(wave.numpy())
        heard = log_mel(resample(torch.from_numpy(raised), sample_rate, rate), spec).T
        lengths = [None for _ in parts_to_edit_s] if fix_duration_s is None else fix_duration_s
        edits = [Edit(start, end, length) for (start, end), length in zip(parts_to_edit_s, lengths, strict=True)]
        made = plan_edit(heard, edits, rate=rate, hop=hop)
        return {
            "cond_mel": made.conditioning[None],
            "keep_mask": made.keep[None],
            "requested_frames": len(made.conditioning),
            "sampled_frames": made.frames,
            "text_tokens_joined": "".join(tokens(target_text)),
        }

    operations = {"speech_edit.plan": plan}
    yield from golden.answers(operations)
    for call in golden.calls:
        made = golden.perform(call, operations)
        for fact in ("requested_frames", "sampled_frames", "text_tokens_joined"):
            if fact not in call:
                raise GoldenBroken(f"{golden.name}: call {call.get('id')} tells no {fact}")
            yield same(f"{call.get('id')}.{fact}", made[fact], call[fact])


FRONT: dict[str, Case] = {
    "text_tokens": text_tokens,
    "chunk_text": chunk_text,
    "durations": durations_,
    "multi_voice": multi_voice,
    "reference_audio": reference_audio,
    "mel": mel,
    "cross_fade": cross_fade,
    "speech_edit_plan": speech_edit_plan,
}
