"""What can go wrong with jobs.

GreenroomError
├── JobUnknown             no such job, or it is another caller's
├── JobConflict            what was asked for does not fit the state of the job
├── IdempotencyMismatch    one idempotency key for two different requests
├── DatabaseUnavailable    the database does not answer now
├── StorageFull            the disk has no room left for jobs, or for what they are sent
├── JobTimedOut            it ran longer than it may
├── QueueTimedOut          it waited longer than it may
├── PoisonJob              it was started often and never came to an end
├── ResultUnwritable       the disk did not take what a model made
├── UploadUnknown          no such upload
└── ArtifactUnknown        no such file of a job
"""

from __future__ import annotations

from greenroom.errors import GreenroomError, InputInvalid, quoted


class JobUnknown(GreenroomError):
    """No job has this id, for this caller."""

    code = "job-unknown"

    def __init__(self, job_id: str) -> None:
        super().__init__(f"there is no job {quoted(job_id)}", mend="GET /v1/jobs lists them; old ones are deleted")


class JobConflict(GreenroomError):
    """The job is in a state that does not allow it."""

    code = "job-conflict"


class IdempotencyMismatch(InputInvalid):
    """The idempotency key belongs to a different request."""

    code = "idempotency-mismatch"

    def __init__(self, key: str, job_id: str) -> None:
        super().__init__(
            f"the idempotency key {quoted(key)} belongs to {job_id}, which asked for something else",
            mend="make a new key for a new request",
        )


class DatabaseUnavailable(GreenroomError):
    """The database is locked, gone or restarting."""

    code = "database-unavailable"
    retryable = True

    def __init__(self) -> None:
        super().__init__("the database of jobs does not answer", mend="try again in a few seconds")


class StorageFull(GreenroomError):
    """The disk of the server is full."""

    code = "storage-full"
    retryable = True

    def __init__(self) -> None:
        super().__init__("the server has no room left on its disk", mend="free some of it, then try again")


class JobTimedOut(GreenroomError):
    """The job ran for longer than its timeout."""

    code = "job-timeout"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"it ran for {seconds:g} s, which is all that timeout_s allows", mend="ask with a larger timeout_s"
        )


class QueueTimedOut(GreenroomError):
    """The job waited for longer than its time to live."""

    code = "queue-timeout"

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"it waited for {seconds:g} s, which is all that ttl_s allows", mend="ask again, or with a larger ttl_s"
        )


class PoisonJob(GreenroomError):
    """Every start of the job ended with the loss of whoever ran it."""

    code = "poison-job"

    def __init__(self, attempts: int) -> None:
        super().__init__(
            f"it was started {attempts} times and its worker or its server was lost each time",
            mend="try smaller inputs; the server's log says what was lost",
        )


class ResultUnwritable(GreenroomError):
    """The disk did not take what the model made."""

    code = "result-unwritable"
    retryable = True

    def __init__(self) -> None:
        super().__init__("the disk did not take the result", mend="free some of the server's disk, then run it again")


class UploadUnknown(InputInvalid):
    """No upload has this id, for this caller."""

    code = "upload-unknown"

    def __init__(self, upload_id: str) -> None:
        super().__init__(f"there is no upload {quoted(upload_id)}", mend="POST the file to /v1/uploads first")


class ArtifactUnknown(GreenroomError):
    """No artifact has this id, for this caller."""

    code = "artifact-unknown"

    def __init__(self, artifact_id: str) -> None:
        super().__init__(f"there is no artifact {quoted(artifact_id)}", mend="a job lists its artifacts")
