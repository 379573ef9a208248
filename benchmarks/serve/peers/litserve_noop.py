"""The model that does nothing, as LitServe serves it: ``python litserve_noop.py PORT``."""

from __future__ import annotations

import sys
from typing import Any

import litserve  # type: ignore[import-not-found]  # it lives in an environment of its own


class Noop(litserve.LitAPI):  # type: ignore[misc]  # the peers' types are not installed here
    """Gives its inputs back."""

    def setup(self, device: str) -> None:
        """Nothing to load."""

    def predict(self, request: dict[str, Any]) -> dict[str, Any]:
        """Give the text back."""
        return {"output": {"text": request["text"]}}


if __name__ == "__main__":
    server = litserve.LitServer(Noop(), accelerator="cpu", workers_per_device=1, timeout=60)
    server.run(
        host="127.0.0.1", port=int(sys.argv[1]), num_api_servers=1, generate_client_file=False, log_level="error"
    )
