"""The original F5-TTS, run by its own code beside ours: same files, same workload, same process.

Needs the packages f5-tts, vocos, x-transformers, torchdiffeq, pypinyin and rjieba; greenroom itself never does. What
their training and web sides import, and speech does not touch, is stood in for while they are imported (``STOOD_IN``).

    python benchmarks/f5tts_original.py                                 a tiny model on the CPU, whole way
    python benchmarks/f5tts_original.py --goldens tests/goldens/f5tts   and the golden sampler calls through it

Prints one JSON.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import importlib.util
import io
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

import f5tts_workload as workload

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

# Imported at the top of the original's files, called by none of what is measured.
STOOD_IN = (
    "accelerate",
    "accelerate.utils",
    "datasets",
    "ema_pytorch",
    "encodec",
    "librosa",
    "librosa.filters",
    "matplotlib",
    "matplotlib.pylab",
    "pydub",
    "transformers",
    "wandb",
)

PACKAGES = ("f5-tts", "vocos", "x-transformers", "torchdiffeq", "torchaudio", "pypinyin", "rjieba")

# As published for the 24 kHz Vocos; JSON is YAML too.
VOCOS_CONFIG: dict[str, Any] = {
    "feature_extractor": {
        "class_path": "vocos.feature_extractors.MelSpectrogramFeatures",
        "init_args": {"sample_rate": 24000, "n_fft": 1024, "hop_length": 256, "n_mels": 100, "padding": "center"},
    },
    "backbone": {
        "class_path": "vocos.models.VocosBackbone",
        "init_args": {"input_channels": 100, "dim": 512, "intermediate_dim": 1536, "num_layers": 8},
    },
    "head": {
        "class_path": "vocos.heads.ISTFTHead",
        "init_args": {"dim": 512, "n_fft": 1024, "hop_length": 256, "padding": "center"},
    },
}

TINY = {"dim": 64, "depth": 2, "heads": 2, "dim_head": 32, "ff_mult": 2, "text_dim": 32, "conv_layers": 2}


class _Nothing:
    """Stands where a class or a function of a missing package would."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass


class _StandIn(ModuleType):
    """A module that has every name."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing


@contextlib.contextmanager
def _stand_ins() -> Iterator[None]:
    """While it lasts, ``STOOD_IN`` are empty modules, whether installed or not; then all is as before."""
    before = {name: sys.modules[name] for name in STOOD_IN if name in sys.modules}
    modules: dict[str, ModuleType] = {}
    for name in STOOD_IN:
        modules[name] = module = _StandIn(name)
        module.__spec__ = ModuleSpec(name, None, is_package=True)
        module.__path__ = []
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(modules[parent], child, module)
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in STOOD_IN:
            del sys.modules[name]
        sys.modules.update(before)


@dataclass(frozen=True, slots=True, eq=False)
class Original:
    """The original's model and vocoder, loaded.

    infer: its module of inference functions.  seconds: what each part of loading took, synchronised.
    """

    model: Any
    vocoder: Any
    infer: Any
    device: str
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def facts(self) -> dict[str, Any]:
        """What ran: versions, what was stood in for, and in which precision."""
        return {
            "versions": {name: version(name) for name in PACKAGES},
            "stood_in": list(STOOD_IN),
            "model_dtype": str(next(self.model.parameters()).dtype).removeprefix("torch."),
            "vocoder_dtype": str(next(self.vocoder.parameters()).dtype).removeprefix("torch."),
            "parameters": sum(parameter.numel() for parameter in self.model.parameters()),
        }

    def end_to_end(
        self, text: str, ref_wave: NDArray[np.float32], ref_text: str, steps: int, seed: int
    ) -> NDArray[np.float32]:
        """Speak ``text`` in the voice of ``ref_wave``, float32 (samples,) at 24 kHz; gives the same, on the host.

        From samples to samples, as its command line does once the reference is read and trimmed: its chunks, its
        tokens, its mel, its sampler, its vocoder, its joining. ``seed`` goes to the generators that it draws from.
        """
        sound = torch.from_numpy(ref_wave)[None]
        spoken = _ended(ref_text)
        # Its own limit of a chunk, which its function for files works out.
        seconds = len(ref_wave) / workload.RATE
        limit = int(len(spoken.encode()) / seconds * (22 - seconds))
        torch.manual_seed(seed)
        made = self.infer.infer_batch_process(
            (sound, workload.RATE),
            spoken,
            self.infer.chunk_text(text, max_chars=limit),
            self.model,
            self.vocoder,
            progress=None,
            nfe_step=steps,
            cfg_strength=workload.GUIDANCE,
            sway_sampling_coef=workload.SWAY,
            device=self.device,
        )
        wave: NDArray[np.float32] = next(made)[0]
        return wave

    def mel(self, samples: NDArray[np.float32]) -> Tensor:
        """Its log mel of a sound: float32, (frames, 100), on the device."""
        with torch.inference_mode():
            mel: Tensor = self.model.mel_spec(torch.from_numpy(samples)[None].to(self.device))
        return mel[0].T

    def tokens(self, text: str) -> list[int]:
        """Its ids of a text, by its own conversion and the vocabulary it was loaded with."""
        utils = importlib.import_module("f5_tts.model.utils")
        converted = utils.convert_char_to_pinyin([text])
        ids: list[int] = utils.list_str_to_idx(converted, self.model.vocab_char_map)[0].tolist()
        return ids

    def sample_batch(
        self, cond: Tensor, tokens: Sequence[Sequence[int]], durations: Sequence[int], steps: int, seed: int = 0
    ) -> Tensor:
        """Its sampler over a batch: (rows, frames of the longest, 100), on the device, not synchronised.

        cond: the reference's log mel, (frames, 100), for every row, or (rows, frames, 100).  tokens: ids of the
        reference's text and the text to speak.  durations: frames of each whole sound.  Unequal rows are padded and
        masked as it does by itself; every row is given the same seed, as it does too.
        """
        rows = len(durations)
        conditioning = cond.to(self.device).expand(rows, -1, -1)
        ids = [torch.tensor(row, dtype=torch.long) for row in tokens]
        text = torch.nn.utils.rnn.pad_sequence(ids, batch_first=True, padding_value=-1).to(self.device)
        with torch.inference_mode():
            sampled: Tensor = self.model.sample(
                cond=conditioning,
                text=text,
                duration=torch.tensor(durations, device=self.device),
                steps=steps,
                cfg_strength=workload.GUIDANCE,
                sway_sampling_coef=workload.SWAY,
                seed=seed,
            )[0]
        return sampled

    def vocode(self, mel: Tensor) -> Tensor:
        """Its vocoder: log mels (rows, frames, 100) to sound (rows, (frames - 1) * 256), on the device."""
        with torch.inference_mode():
            sound: Tensor = self.vocoder.decode(mel.float().transpose(1, 2))
        return sound


def available() -> bool:
    """Whether the original's packages are installed."""
    return all(importlib.util.find_spec(name) for name in ("f5_tts", "vocos", "x_transformers", "torchdiffeq"))


def load(
    flow_path: Path, vocos_path: Path, vocab_path: Path, device: str, arch: Mapping[str, Any] | None = None
) -> Original:
    """Load by its own functions; on a GPU that means the flow model in fp16 and the vocoder in fp32.

    flow_path: the published safetensors or one laid out alike.  vocos_path: the vocoder's weights, ``.bin`` or
    safetensors, or the folder of both published files.  arch: options of the backbone, where not those of v1 Base.
    """
    began = time.perf_counter()
    infer, options = _imported(arch)
    imported = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):  # it tells what it loads; stdout is for the JSON
        dit = importlib.import_module("f5_tts.model").DiT
        model = infer.load_model(dit, options, str(flow_path), vocab_file=str(vocab_path), device=device).eval()
        _wait(device)
        flow = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            local = _vocos_folder(vocos_path, Path(folder))
            vocoder = infer.load_vocoder(is_local=True, local_path=str(local), device=device)
        _wait(device)
    seconds = {"import": imported - began, "flow": flow - imported, "vocoder": time.perf_counter() - flow}
    return Original(model, vocoder, infer, device, {part: round(took, 3) for part, took in seconds.items()})


def _imported(arch: Mapping[str, Any] | None) -> tuple[Any, dict[str, Any]]:
    """Its inference functions, and the options of the backbone: those given, else v1 Base's as the package has them."""
    with _stand_ins():
        infer = importlib.import_module("f5_tts.infer.utils_infer")
    if arch is not None:
        return infer, dict(arch)
    spec = importlib.util.find_spec("f5_tts")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    config = Path(spec.submodule_search_locations[0], "configs", "F5TTS_v1_Base.yaml")
    return infer, importlib.import_module("yaml").safe_load(config.read_text())["model"]["arch"]


def _vocos_folder(weights: Path, folder: Path) -> Path:
    """A folder as its loader wants one: configuration and pickled weights."""
    if weights.is_dir() and (weights / "config.yaml").exists():
        return weights
    file = weights / "pytorch_model.bin" if weights.is_dir() else weights
    (folder / "config.yaml").write_text(json.dumps(VOCOS_CONFIG))
    if file.suffix == ".safetensors":
        torch.save(load_file(file), folder / "pytorch_model.bin")
    else:
        (folder / "pytorch_model.bin").symlink_to(file.resolve())
    return folder


def _ended(ref_text: str) -> str:
    """The reference's text as its preparation of references ends it (specification of the original, section 4.2)."""
    if ref_text.endswith((". ", "。")):
        return ref_text
    return ref_text + (" " if ref_text.endswith(".") else ". ")


def _wait(device: str) -> None:
    """Until the device has done what it was given."""
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)


def _write_tiny(folder: Path) -> tuple[Path, Path, Path]:
    """A tiny model's files with random weights, laid out as published: flow, vocoder, vocabulary."""
    _imported(TINY)
    torch.manual_seed(0)
    transformer = importlib.import_module("f5_tts.model").DiT(**TINY, text_num_embeds=workload.TOKENS, mel_dim=100)
    flow = {f"ema_model.transformer.{name}": tensor for name, tensor in transformer.state_dict().items()}
    flow |= {"initted": torch.tensor(True), "step": torch.tensor(1)}
    for tensor in flow.values():
        if tensor.is_floating_point() and not tensor.any():
            tensor.normal_(0, 0.02)  # what it begins at zero would hide what stands before it
    save_file(flow, folder / "flow.safetensors")
    config = folder / "config.yaml"
    config.write_text(json.dumps(VOCOS_CONFIG))
    vocoder = importlib.import_module("vocos").Vocos.from_hparams(str(config))
    config.unlink()
    torch.save(vocoder.state_dict(), folder / "vocos.bin")
    return folder / "flow.safetensors", folder / "vocos.bin", workload.write_vocabulary(folder / "vocab.txt")


def smoke(steps: int = 5) -> dict[str, Any]:
    """A tiny model on the CPU in float32, the standard workload whole and a batch of two; what came out."""
    with tempfile.TemporaryDirectory() as name:
        original = load(*_write_tiny(Path(name)), "cpu", TINY)
    wave = original.end_to_end(workload.TEXT, workload.reference(), workload.REFERENCE_TEXT, steps, seed=1)
    again = original.end_to_end(workload.TEXT, workload.reference(), workload.REFERENCE_TEXT, steps, seed=1)
    mel = original.mel(workload.reference())
    lines = workload.spread(2)
    ids = [original.tokens(f"{_ended(workload.REFERENCE_TEXT)} {line.text}") for line in lines]
    sampled = original.sample_batch(mel, ids, [line.frames for line in lines], steps)
    return {
        **original.facts,
        "load_s": dict(original.seconds),
        "samples": len(wave),
        "expected_samples": (workload.FRAMES - workload.REFERENCE_FRAMES - 1) * workload.HOP,
        "finite": bool(np.isfinite(wave).all()),
        "rms": round(float(np.sqrt(np.mean(wave**2))), 4),
        "seed_repeats": bool(np.array_equal(wave, again)),
        "mel": list(mel.shape),
        "batch": list(sampled.shape),
        "batch_finite": bool(sampled.isfinite().all()),
        "vocoded": list(original.vocode(sampled[:, -20:]).shape),
    }


def golden(folder: Path, case: str = "cfm_sample_v1") -> dict[str, float]:
    """The golden sampler calls of one row, or of unequal rows, through ``sample_batch``'s way: largest differences."""
    _imported(TINY)
    parts = importlib.import_module("f5_tts.model")
    facts = json.loads((folder / f"{case}.json").read_text())
    tensors = load_file(folder / f"{case}.safetensors")
    config = facts["config"]
    transformer = getattr(parts, config["backbone"])(
        **config["arch"], text_num_embeds=config["text_num_embeds"], mel_dim=config["mel_dim"]
    )
    model = parts.CFM(transformer, mel_spec_kwargs=config["mel"])
    model.load_state_dict({name[8:]: tensor for name, tensor in tensors.items() if name.startswith("weights.")})
    original = Original(model.eval(), None, None, "cpu")
    differences: dict[str, float] = {}
    for call in facts["calls"]:
        args = call["args"]
        standard = {"cond", "text", "noise", "ode_method", "duration", "steps", "cfg_strength", "sway_sampling_coef"}
        told = (args.get("ode_method"), args.get("cfg_strength"), args.get("sway_sampling_coef"))
        if set(args) - standard != {"seed"} or told != ("euler", workload.GUIDANCE, workload.SWAY):
            continue
        cond, text, duration = tensors[args["cond"]], tensors[args["text"]], args["duration"]
        if cond.ndim != 3:
            continue
        durations = tensors[duration].tolist() if isinstance(duration, str) else duration
        durations = durations if isinstance(durations, list) else [durations] * len(cond)
        rows = [row[row >= 0].tolist() for row in text]
        out = original.sample_batch(cond, rows, durations, args["steps"], args["seed"])
        differences[call["id"]] = float((out - tensors[call["outputs"]["out"]]).abs().max())
    return differences


def main() -> None:
    """Try the original here, and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--goldens", type=Path, help="folder of golden cases")
    parser.add_argument("--case", default="cfm_sample_v1")
    asked = parser.parse_args()
    result = smoke()
    if asked.goldens:
        result["golden_differences"] = golden(asked.goldens, asked.case)
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
