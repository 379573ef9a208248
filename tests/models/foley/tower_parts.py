"""Small files of SigLIP 2 and of CLAP, laid out by the library that the published ones were written with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

SMALL_VISION: dict[str, Any] = {"hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 2}
SMALL_VISION |= {"num_attention_heads": 2, "image_size": 64}

SMALL_TEXT: dict[str, Any] = {"hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 2}
SMALL_TEXT |= {"num_attention_heads": 2, "vocab_size": 400}


def settled(state: dict[str, Tensor], seed: int = 0) -> dict[str, Tensor]:
    """A state whose every real number is another, of a seed."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(values.shape, generator=generator) * 0.2 if values.is_floating_point() else values.clone()
        for name, values in state.items()
    }


def siglip_state(**vision: Any) -> dict[str, Tensor]:
    """Of both towers, as transformers saves them."""
    from transformers import SiglipConfig, SiglipModel

    text = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    text |= {"vocab_size": 50, "bos_token_id": 0, "eos_token_id": 2}
    config = SiglipConfig(vision_config=SMALL_VISION | vision, text_config=text)
    with torch.device("meta"):
        network = SiglipModel(config)
    return settled({name: torch.empty(values.shape) for name, values in network.state_dict().items()})


def clap_state() -> dict[str, Tensor]:
    """Of both towers, as transformers saves them: with its tables of numbers."""
    from transformers import ClapConfig, ClapModel

    audio = {"depths": [1, 1], "num_attention_heads": [1, 1], "hidden_size": 16, "patch_embeds_hidden_size": 8}
    network = ClapModel(ClapConfig(text_config=SMALL_TEXT, audio_config=audio, projection_dim=8))
    return settled(network.state_dict())


def siglip_file(folder: Path, **vision: Any) -> Path:
    """Both towers of SigLIP 2, in what its makers publish."""
    save_file(siglip_state(**vision), folder / "model.safetensors")
    return folder / "model.safetensors"


def clap_file(folder: Path) -> Path:
    """Both towers of CLAP, in what its makers publish."""
    torch.save(clap_state(), folder / "pytorch_model.bin")
    return folder / "pytorch_model.bin"


def tokenizer_file(folder: Path, name: str = "tokenizer.json") -> Path:
    """A small one of the published kind: pairs of bytes, with the marks of begin, end and padding."""
    from tokenizers import ByteLevelBPETokenizer
    from tokenizers.processors import RobertaProcessing

    made = ByteLevelBPETokenizer()
    marks = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    made.train_from_iterator(["rain on a roof, rain on the window"] * 3, 300, show_progress=False, special_tokens=marks)
    made.post_processor = RobertaProcessing(("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False)
    made.save(str(folder / name))
    return folder / name
