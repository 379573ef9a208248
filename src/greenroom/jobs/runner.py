"""What jobs need of those who run them and who carry messages: given by the server, so that nothing here knows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from greenroom.jobs.job import Job
    from greenroom.models.model import Generated, Work
    from greenroom.progress import Step


class Runner(Protocol):
    """Runs models. Cancelling the task that waits cancels the work."""

    def models(self) -> Sequence[str]:
        """Names of the models whose jobs this host takes."""

    def stages(self, model: str) -> Mapping[str, float]:
        """The stages of a model's work, by the share of each in the time; none if it does not say."""

    def idle(self, model: str) -> int:
        """How many requests for a model could begin now, or as soon as those of another have made room."""

    async def changed(self) -> None:
        """Wait until ``idle`` may have changed."""

    async def prepare(self, job: Job, folder: Path, step: Step) -> Mapping[str, Any]:
        """The inputs of a job with every file that they name fetched into ``folder``. Raises GreenroomError."""

    async def run(self, job: Job, inputs: Mapping[str, Any], work: Work, begun: Callable[[], None]) -> Generated:
        """Run a job's model on prepared inputs, as ``work`` says. begun: called once a device has it.

        Raises GreenroomError; an attempt that ends with a blameless one does not count.
        """


class Poster(Protocol):
    """Sends a webhook."""

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Send, and give the status of the answer. Raises GreenroomError when there is none."""


class Watcher(Protocol):
    """Is told what is worth counting."""

    def job_ended(self, model: str, status: str) -> None:
        """A job came to its end."""

    def job_given_up(self, job: str, model: str, reason: str) -> None:
        """A job ended without a result, and what it asked for is not at fault; told beside ``job_ended``."""

    def stage(self, model: str, stage: str, seconds: float) -> None:
        """A stage of a job took so long: queue, prepare, store; what runs counts itself."""

    def delivered(self, *, succeeded: bool) -> None:
        """An attempt to deliver a webhook ended."""


class Unwatched:
    """A Watcher that counts nothing."""

    def job_ended(self, model: str, status: str) -> None:
        """Nothing."""

    def job_given_up(self, job: str, model: str, reason: str) -> None:
        """Nothing."""

    def stage(self, model: str, stage: str, seconds: float) -> None:
        """Nothing."""

    def delivered(self, *, succeeded: bool) -> None:
        """Nothing."""
