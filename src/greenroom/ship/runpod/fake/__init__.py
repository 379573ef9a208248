"""A RunPod of one's own: the interface's behaviour on this machine, with faults on demand. For tests, and to try.

>>> with FakeRunPod() as fake:
...     settings = {"runpod_url": fake.url, "runpod_api_key": fake.key}

It keeps what the platform is known to do: releases that roll (idle workers at once, busy ones behind their job), stale
workers, workers that wait for a GPU or never become healthy, quotas, and what a network does to requests on their way.
"""

from __future__ import annotations

from greenroom.ship.runpod.fake.clock import ManualClock, ScaledClock
from greenroom.ship.runpod.fake.faults import Fault
from greenroom.ship.runpod.fake.platform import Behaviour, Platform
from greenroom.ship.runpod.fake.server import FakeRunPod, Seen

__all__ = ["Behaviour", "FakeRunPod", "Fault", "ManualClock", "Platform", "ScaledClock", "Seen"]
