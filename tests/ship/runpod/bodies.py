"""Bodies of requests that the platform takes."""

from __future__ import annotations

from typing import Any


def endpoint(**changed: Any) -> dict[str, Any]:
    return {
        "name": "joe", "type": "QUEUE", "image": "i:1", "gpu": {"pools": ["ADA_24"]}, "env": {"MARK": "1"},
        "scaling": {"type": "QUEUE_DELAY", "queueDelay": 4}, "workers": {"min": 1, "max": 2}, **changed,
    }  # fmt: skip
