"""Files of weights that are altered on purpose, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from torch import Tensor

from greenroom.errors import GreenroomError

Weights = dict[str, Tensor]


def changed(file: Path, change: Callable[[Weights], Any]) -> Path:
    """The same file, its tensors changed in place."""
    weights = {name: tensor.clone() for name, tensor in load_file(file).items()}
    change(weights)
    save_file(weights, file)
    return file


def refusal_of(file: Path, load: Callable[[Path], object]) -> GreenroomError:
    """Why a file is not loaded: it is named, but not where it lies, and what helps is said."""
    with pytest.raises(GreenroomError) as caught:
        load(file)
    assert str(file.parent) not in caught.value.message + caught.value.mend
    assert file.name in caught.value.message
    assert caught.value.mend
    return caught.value
