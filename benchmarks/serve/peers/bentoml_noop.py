"""The model that does nothing, as BentoML serves it: ``bentoml serve bentoml_noop:Noop``."""

from __future__ import annotations

from typing import Any

import bentoml  # type: ignore[import-not-found]  # it lives in an environment of its own


@bentoml.service(workers=1, traffic={"timeout": 60})
class Noop:
    """Gives its inputs back."""

    @bentoml.api  # type: ignore[untyped-decorator]  # nor are its types here
    async def generate(self, text: str) -> dict[str, Any]:
        """Give the text back."""
        return {"output": {"text": text}}
