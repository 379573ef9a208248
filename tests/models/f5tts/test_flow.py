"""The whole flow model: made without memory, and with the names of published files."""

from __future__ import annotations

import json
import sys

import pytest
import torch

from greenroom.models.f5tts.architecture import PUBLISHED
from greenroom.models.f5tts.flow import Flow
from tests.models.f5tts.networks import GOLDENS, V1, flow_of


@pytest.mark.parametrize("name", PUBLISHED)
def test_on_the_meta_device_it_takes_no_memory(name: str) -> None:
    with torch.device("meta"):
        flow = Flow(PUBLISHED[name])
    assert all(tensor.is_meta for tensor in flow.state_dict().values())
    assert sum(weight.numel() for weight in flow.parameters()) in (337_096_804, 333_470_444)


def test_it_has_the_published_names() -> None:
    theirs = json.loads((GOLDENS / "published_keys.json").read_text())["F5TTS_v1_Base"]
    with torch.device("meta"):
        ours = Flow(PUBLISHED["f5tts-v1-base"]).state_dict()
    assert {name: list(tensor.shape) for name, tensor in ours.items()} == theirs


def test_its_state_is_never_less_than_float32() -> None:
    flow = flow_of(V1)
    assert (flow.dtype, flow.state_dtype) == (torch.float32, torch.float32)
    assert (flow.half().dtype, flow.half().state_dtype) == (torch.float16, torch.float32)
    assert flow.device.type == "cpu"


def test_making_it_without_memory_leaves_the_compiler_alone() -> None:
    import subprocess

    script = (
        "import sys, torch\n"
        "from greenroom.models.f5tts.architecture import PUBLISHED\n"
        "from greenroom.models.f5tts.flow import Flow\n"
        "from greenroom.models.f5tts.vocos import Vocos\n"
        "with torch.device('meta'):\n"
        "    Flow(PUBLISHED['e2tts-base']), Flow(PUBLISHED['f5tts-base']), Vocos()\n"
        "print('torch._dynamo' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
