"""What the workers tell whoever counts: metrics implement it."""

from __future__ import annotations


class Observer:
    """Is told what happens, in the server's event loop; does nothing with it."""

    def restarted(self, device: str, reason: str) -> None:
        """The process of a device ended unasked and is started anew."""

    def out_of_memory(self, model: str) -> None:
        """An attempt of a model ran out of memory."""

    def stage(self, model: str, name: str, seconds: float) -> None:
        """How long a request or a model was in a stage: wait, run, load, warm, wake, sleep."""

    def device_memory(self, device: str, used: int, total: int) -> None:
        """Bytes of a device, by whomever used."""
