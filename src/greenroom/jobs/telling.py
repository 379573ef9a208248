"""What a running job tells and shows before its result is there, on its way to the database and the store."""

from __future__ import annotations

import itertools
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from greenroom.errors import GreenroomError
from greenroom.jobs.job import PLAN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.jobs.artifacts import ArtifactStore
    from greenroom.jobs.database import Database
    from greenroom.jobs.job import Job
    from greenroom.jobs.news import News
    from greenroom.jobs.reporting import Reporter
    from greenroom.jobs.transitions import Transitions
    from greenroom.models.model import MadeFile

_log = logging.getLogger("greenroom.jobs")


class Telling:
    """Of one attempt. Called in the event loop; ``reporter`` writes in the order in which things were said."""

    def __init__(
        self,
        job: Job,
        database: Database,
        transitions: Transitions,
        store: ArtifactStore,
        news: News,
        reporter: Reporter,
    ) -> None:
        self._job, self._database, self._transitions = job, database, transitions
        self._store, self._news, self._reporter = store, news, reporter
        self._numbers = itertools.count(1)

    def tell(self, kind: str, data: Mapping[str, Any]) -> None:
        """A fact becomes an event of the job."""
        if kind == PLAN:
            self._reporter.expect(data)
        self._reporter.note(partial(self._tell, kind, data))

    def show(self, file: MadeFile) -> None:
        """A file becomes a preview of the job, in place of one of its name. The file is left where it is."""
        self._reporter.note(partial(self._show, file, next(self._numbers)))

    async def _tell(self, kind: str, data: Mapping[str, Any]) -> None:
        await self._database.call(lambda connection: self._transitions.told(connection, self._job, kind, data))
        self._news.tell(self._job.id)

    async def _show(self, file: MadeFile, number: int) -> None:
        artifact = await self._store.keep_made(self._job.id, f"{self._job.claim}/shown-{number}", file)
        useless = await self._database.call(lambda connection: self._transitions.shown(connection, self._job, artifact))
        self._news.tell(self._job.id)
        for key in useless:
            try:
                await self._store.delete(key)
            except GreenroomError as error:  # it goes with the job
                _log.warning("a preview that was replaced stays: %s", error)
