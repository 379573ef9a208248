"""In the place of the package that RunPod's SDK asks for the name of the processor, for a line of its benchmarks.

The package looks in processes of its own, for a second, at each import of the SDK: twice for each worker.
"""

from __future__ import annotations


def get_cpu_info() -> dict[str, str]:
    """The one entry that the SDK reads."""
    return {"brand_raw": "a processor"}
