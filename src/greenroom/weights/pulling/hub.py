"""What the model hub says of a repository: its commit, and each file's size and hash. Bytes are fetched elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from threading import Event
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from greenroom.errors import ExtraMissing, GreenroomError, quoted
from greenroom.weights.pulling.errors import (
    HubAnswerInvalid,
    HubRefused,
    HubUnreachable,
    RepositoryGated,
    RepositoryUnknown,
    RevisionUnknown,
    WeightsOffline,
)
from greenroom.weights.transfer.patience import Patience, retry_after
from greenroom.weights.transfer.source import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.settings import Settings

HOME = "https://huggingface.co"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIMEOUT_S = 20.0
_PATIENCE = Patience(tries=4, backoff_s=2.0)
# Answers of a hub, or of a proxy before it, that will be another one soon.
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class HubFile:
    """A file of a commit. size: bytes.  sha256: of a large file.  git_sha1: of any, as git counts it."""

    path: str
    size: int | None
    sha256: str | None
    git_sha1: str | None

    @property
    def etag(self) -> str | None:
        """The name of its bytes in a cache."""
        return self.sha256 or self.git_sha1


@dataclass(frozen=True, slots=True)
class Listing:
    """A commit of a repository, and its files by path."""

    commit: str
    files: Mapping[str, HubFile]


@dataclass
class Hub:
    """The model hub, or a mirror of it. endpoint: its address.  token: of the settings; shown to nobody.

    What it was told once it is not asked again.
    """

    endpoint: str
    token: str | None = field(repr=False)
    offline: bool = False
    patience: Patience = _PATIENCE
    _listings: dict[tuple[str, str | None], Listing] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Hub:
        """The hub that settings name."""
        token = settings.hf_token.get_secret_value() if settings.hf_token else None
        return cls((settings.hf_endpoint or HOME).rstrip("/"), token, settings.offline)

    @cached_property
    def headers(self) -> dict[str, str]:
        """What a request for bytes must carry."""
        return {"Authorization": f"Bearer {self._credential}"} if self._credential else {}

    @cached_property
    def _credential(self) -> str | None:
        """The token of the settings, or that of ``hf auth login``; looked up once, since it may be asked for."""
        return self.token or _stored_token()

    def listing(self, repository: str, revision: str | None) -> Listing:
        """A repository at a revision, ``main`` if None.

        Raises ExtraMissing, WeightsOffline, HubUnreachable, RepositoryUnknown, RepositoryGated, RevisionUnknown,
        HubAnswerInvalid.
        """
        key = (repository, revision)
        if key not in self._listings:
            self._listings[key] = self._ask(repository, revision)
        return self._listings[key]

    def told(self, repository: str, revision: str | None) -> Listing | None:
        """What the hub has said before; it is not asked."""
        return self._listings.get((repository, revision))

    def url(self, repository: str, commit: str, path: str) -> str:
        """Where the bytes of a file are."""
        from huggingface_hub import hf_hub_url

        return hf_hub_url(repository, path, revision=commit, endpoint=self.endpoint)

    def _ask(self, repository: str, revision: str | None) -> Listing:
        if self.offline:
            raise WeightsOffline(
                f"{repository} is not here as a whole, and nothing may be fetched",
                mend="leave out --offline (and unset HF_HUB_OFFLINE)",
            )
        try:
            from huggingface_hub import HfApi
            from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
        except ImportError:
            raise ExtraMissing("huggingface_hub, which asks the model hub,", "weights") from None
        # The client lets errors of its HTTP library through, and which library that is changes with its version.
        http_error: type[BaseException] = HfHubHTTPError.__bases__[0]
        api = HfApi(self.endpoint, token=self._credential or False)
        for attempt in range(1, self.patience.tries + 1):
            try:
                info = api.model_info(repository, revision=revision, files_metadata=True, timeout=_TIMEOUT_S)
            except OfflineModeIsEnabled:
                raise WeightsOffline(
                    f"{repository} is not here as a whole, and HF_HUB_OFFLINE says to fetch nothing",
                    mend="unset HF_HUB_OFFLINE",
                ) from None
            except http_error as error:
                failure = self._failure(repository, revision, error)
                if not failure.retryable or attempt == self.patience.tries:
                    raise failure from None
                self.patience.pause(Event(), self._pause(attempt, error))
            except (ValueError, TypeError, KeyError, AttributeError):  # the client read something else than it expects
                raise self._no_hub(repository) from None
            else:
                return self._checked(repository, info)
        raise AssertionError  # the last try returns or raises

    def _checked(self, repository: str, info: Any) -> Listing:
        """What the client read, as far as it can be true: names of files are made of it."""
        commit = info.sha
        if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
            raise self._no_hub(repository)
        files = {}
        for sibling in info.siblings or ():
            lfs = sibling.lfs.sha256 if sibling.lfs else None
            files[sibling.rfilename] = HubFile(
                sibling.rfilename,
                sibling.size,
                lfs if lfs and _SHA256.fullmatch(lfs) else None,
                sibling.blob_id if sibling.blob_id and _COMMIT.fullmatch(sibling.blob_id) else None,
            )
        return Listing(commit, files)

    def _no_hub(self, repository: str) -> HubAnswerInvalid:
        return HubAnswerInvalid(
            f"{self._host} does not answer as a model hub does when asked for {repository}",
            mend="check HF_ENDPOINT, or whether a proxy or a login page stands between",
        )

    def _failure(self, repository: str, revision: str | None, error: BaseException) -> GreenroomError:
        """The hub's refusal in our words: the client's own hold addresses and request numbers, and no mend."""
        from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError

        page = shown(f"{self.endpoint}/{repository}")
        with_token = self._credential is not None
        match error:
            case GatedRepoError():
                then = "with the account of your token" if with_token else "and set HF_TOKEN to a token of that account"
                return RepositoryGated(
                    f"{repository} is given only to those who accepted its terms", mend=f"accept them at {page} {then}"
                )
            case RepositoryNotFoundError():
                mend = (
                    "check its name, and that the token may read it"
                    if with_token
                    else ("check its name; if it is private, set HF_TOKEN")
                )
                return RepositoryUnknown(f"{self._host} has no repository {repository}, or it is private", mend=mend)
            case RevisionNotFoundError():
                return RevisionUnknown(
                    f"{repository} has no revision {quoted(revision)}", mend=f"{page} lists what there is"
                )
        status = _status(error)
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return HubRefused(
                f"{self._host} refuses {repository} (HTTP {status:d})",
                mend="check that HF_TOKEN is valid and may read it",
            )
        if status is not None and status not in _PASSING:
            return HubRefused(f"{self._host} refuses {repository} (HTTP {status})", mend="check HF_ENDPOINT")
        said = f"answers with HTTP {status}" if status else f"does not answer ({type(error).__name__})"
        return HubUnreachable(
            f"{self._host} {said}", mend="check the network and HF_ENDPOINT, or try again later; what is here stays"
        )

    def _pause(self, attempt: int, error: BaseException) -> float:
        """Seconds: what the hub asks for, if it does."""
        response = getattr(error, "response", None)
        asked = None if response is None else retry_after(response.headers.get("retry-after"))
        return self.patience.backoff(attempt) if asked is None else min(asked, self.patience.most_retry_after_s)

    @property
    def _host(self) -> str:
        return urlsplit(self.endpoint).netloc.rpartition("@")[2]


def _stored_token() -> str | None:
    from huggingface_hub import get_token

    return get_token()


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    return None if response is None else int(response.status_code)
