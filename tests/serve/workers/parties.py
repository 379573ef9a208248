"""Requests for the model Party, several of which run at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from greenroom.models.model import Generated
from greenroom.serve.workers.pool import Pool
from tests.serve.workers.pools import eventually, fresh, named

PARTY = named("Party")
Asked = asyncio.Task[Generated]


class Party:
    """Requests for the model Party. together: those that have met whom they wait for."""

    def __init__(self, pool: Pool, folder: Path, model: str = PARTY) -> None:
        self._pool, self._folder, self._model = pool, folder, model
        self.together: set[str] = set()

    def ask(self, label: str, *, urgent: bool = False, **inputs: Any) -> Asked:
        """One more, under its label's name."""

        def step(stage: str, *_: float) -> None:
            if stage != "arriving":
                self.together.add(label)

        asked = {"label": label, **inputs}
        run = self._pool.run(self._model, asked, fresh(self._folder), step=step, urgent=urgent, request=label)
        return asyncio.create_task(run)

    async def met(self, *labels: str) -> None:
        """Wait until these have met."""
        await eventually(lambda: self.together >= set(labels))


def labels(made: Sequence[Generated]) -> list[str]:
    """Of the results, each with a file that says the same."""
    for each in made:
        assert each.files[0].path.read_text() == each.output["label"]
    return [str(each.output["label"]) for each in made]


async def errors(*asked: Asked) -> list[BaseException | Generated]:
    return await asyncio.gather(*asked, return_exceptions=True)
