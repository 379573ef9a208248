"""Models that do little, or do it badly: what workers, jobs and routes are tried with.

A worker imports them as ``tests.serve.models:Name``, so its PYTHONPATH holds the root of the repository.
"""

from tests.serve.models.common import MARKS, MB, TextInputs, is_there
from tests.serve.models.failing import (
    BadLoad,
    Broken,
    Cramped,
    Crasher,
    DiesLoading,
    DiskFull,
    Elsewhere,
    Flaky,
    Gated,
    Keeper,
    Mute,
    OutOfMem,
    Quitter,
    SlowLoad,
    StickyCuda,
    TooLarge,
    Unruly,
)
from tests.serve.models.sharing import Heavy, HeavyParty, Light, Middling, Party, Sleepless
from tests.serve.models.working import (
    Chatty,
    Choosy,
    MediaInputs,
    Mirror,
    Noop,
    NoopFile,
    Restorer,
    RestoringInputs,
    Sleeper,
    Speaker,
    Streamer,
    Stubborn,
    TakesMedia,
    Teller,
    a_picture,
)

__all__ = [
    "MARKS", "MB", "BadLoad", "Broken", "Chatty", "Choosy", "Cramped", "Crasher", "DiesLoading", "DiskFull",
    "Elsewhere", "Flaky", "Gated", "Heavy", "HeavyParty", "Keeper", "Light", "MediaInputs", "Middling", "Mirror",
    "Mute", "Noop", "NoopFile", "OutOfMem", "Party", "Quitter", "Restorer", "RestoringInputs", "Sleeper",
    "Sleepless", "SlowLoad", "Speaker", "StickyCuda", "Streamer", "Stubborn", "TakesMedia", "Teller", "TextInputs",
    "TooLarge", "Unruly", "a_picture", "is_there",
]  # fmt: skip
