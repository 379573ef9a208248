"""The system and the platform around: what is kept, what was tried, what did not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.machine.host import Host


def keeps_weights(host: Host) -> Iterator[Finding]:
    """On RunPod, weights lie where they outlive the container."""
    runpod, volumes, weights = host.platform.runpod, host.platform.volumes, host.disk("weights")
    if runpod == "serverless" and not volumes:
        yield Finding(
            "volume-missing",
            "note",
            "this endpoint has no network volume: every new worker fetches its weights, unless the image holds them",
            "attach a network volume to the endpoint, or let it name a cached model",
        )
    if runpod is not None and volumes and weights is not None and weights.mount not in volumes:
        yield Finding(
            "weights-not-kept",
            "note",
            f"weights lie in {weights.path}, which goes with the container; the volume at {volumes[0]} stays",
            f"set HF_HOME={volumes[0]}/huggingface",
            path=weights.path,
        )


def answers(host: Host) -> Iterator[Finding]:
    """Everything that was asked has answered."""
    for name in host.unanswered:
        yield Finding(
            "no-answer",
            "warning",
            f"{name}: there was no answer, so nothing is known of it",
            "look whether a file system or the driver hangs",
        )


def system_is_linux(host: Host) -> Iterator[Finding]:
    """greenroom was tried on such a system."""
    if host.platform.system != "Linux":
        yield Finding(
            "system-other",
            "warning",
            f"this is {host.platform.system}, and greenroom is made for Linux",
            "use Linux, or a container of it",
        )
