"""For the tests of layers and of weights that come and go."""

from __future__ import annotations

import pytest

from greenroom.nn import streaming
from tests.nn.lanes import Watched


@pytest.fixture
def lane(monkeypatch: pytest.MonkeyPatch) -> Watched:
    lane = Watched()
    monkeypatch.setattr(streaming, "lane_to", lambda _device: lane)
    return lane
