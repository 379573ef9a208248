"""One request to RunPod: the key, the quota, the tries, and what may be said of a request whose reply got lost."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import time
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import urlsplit

from greenroom.errors import Cancelled, ExtraMissing, InputInvalid, quoted
from greenroom.ship.certificates import certificates
from greenroom.ship.runpod.errors import (
    AnswerStrange,
    KeyMissing,
    RateLimited,
    ReplyLost,
    RunPodError,
    ServerTrouble,
    Unreachable,
    refusal,
)
from greenroom.ship.runpod.quota import Quota
from greenroom.weights.transfer.patience import Patience

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import httpx
    from pydantic import SecretStr

    from greenroom.settings import Settings

# An interface of small answers: a reply that takes longer than this is as good as lost.
PATIENCE = Patience(connect_s=10.0, stall_s=30.0, tries=6, backoff_s=0.5, most_backoff_s=20.0, most_retry_after_s=120.0)

# Asked again without harm: whatever they do, doing it twice is doing it once (RFC 9110, 9.2.2; our PATCH gives values).
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "PATCH", "DELETE"})
_log = logging.getLogger("greenroom.ship")


class Answer(NamedTuple):
    """An answer's status, and its JSON (None for an empty body)."""

    status: int
    body: Any


class Transport:
    """Requests to one interface with one key. Close it, or use it as a context.

    url: ``https://api.runpod.io/v2``; http is taken for this machine alone, since the key would be read on its way.
    clock: seconds, of the quota.
    Raises InputInvalid for another address, ExtraMissing.
    """

    def __init__(
        self,
        url: str,
        key: SecretStr,
        patience: Patience = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            import httpx
        except ImportError as error:
            raise ExtraMissing("the client of RunPod's interface", "ship") from error
        self._key = key
        self._patience = patience
        self._quota = Quota(clock)
        self._stopped = Event()
        self._url = checked_url(url)
        # Every httpx error before a byte was sent, and every one behind it.
        self._unsent = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
        self._lost = (httpx.TransportError,)
        self._silent = (httpx.ReadTimeout,)
        self._http = httpx.Client(
            verify=certificates(self._url),
            timeout=httpx.Timeout(patience.stall_s, connect=patience.connect_s),
            headers={"Accept": "application/json", "User-Agent": "greenroom"},
            auth=self._signed,
            follow_redirects=False,  # a redirect would carry the key to a host that nobody named
        )

    @classmethod
    def of(cls, settings: Settings, patience: Patience = PATIENCE) -> Self:
        """As the settings say. Raises KeyMissing, InputInvalid, ExtraMissing."""
        if settings.runpod_api_key is None:
            raise KeyMissing
        return cls(settings.runpod_url, settings.runpod_api_key, patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    @contextlib.contextmanager
    def stopped_by(self, stop: Event) -> Iterator[None]:
        """Within the block, waits (for the quota, between tries) end with Cancelled when the event is set."""
        before, self._stopped = self._stopped, stop
        try:
            yield
        finally:
            self._stopped = before

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """What GET answers. Raises RunPodError."""
        return self.send("GET", path, params=params).body

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, str] | None = None,
        repeatable: bool | None = None,
    ) -> Answer:
        """Send one request, as often as is needed and allowed.

        path: below the interface's address, or a whole address that an answer of the platform named.
        repeatable: whether doing it twice is doing it once; by its method if not given. One that is not is sent again
        only where it surely had no effect (no connection, 429).
        Raises ReplyLost for such a one whose reply never came, RunPodError, Cancelled (see ``stopped_by``).
        """
        may_repeat = method in _REPEATABLE if repeatable is None else repeatable
        asked = f"{method} {path if '://' in path else path.partition('?')[0]}"
        failures = 0
        while True:
            self._wait(self._quota.wait_s(), asked)
            try:
                return self._once(method, path, body, params, asked, may_repeat=may_repeat)
            except RunPodError as error:
                failures += 1
                if not error.retryable or isinstance(error, ReplyLost) or failures >= self._patience.tries:
                    raise
                _log.info("%s; try %d follows", error.message, failures + 1)
                backoff = self._patience.backoff(failures)
                self._wait(backoff if error.retry_after_s is None else error.retry_after_s, asked)

    def lines(
        self, path: str, params: Mapping[str, str], headers: Mapping[str, str], quiet_s: float | None = None
    ) -> Iterator[str]:
        """The lines of a stream, until it ends, or for ``quiet_s`` says nothing. Raises RunPodError."""
        asked = f"GET {path}"
        timeout = self._http.timeout if quiet_s is None else quiet_s
        try:
            with self._http.stream(
                "GET", f"{self._url}{path}", params=params, headers=dict(headers), timeout=timeout
            ) as answer:
                if answer.is_error:
                    answer.read()
                    raise refusal(answer, asked, self._key.get_secret_value())
                yield from answer.iter_lines()
        except self._silent as error:
            if quiet_s is None:
                raise _no_answer(asked, type(error).__name__) from error
        except self._lost as error:
            raise _no_answer(asked, type(error).__name__) from error

    def _once(
        self, method: str, path: str, body: Any, params: Mapping[str, str] | None, asked: str, *, may_repeat: bool
    ) -> Answer:
        url = self._whole(path)
        try:
            answer = self._http.request(method, url, json=body, params=params)
        except self._unsent as error:
            raise Unreachable(
                f"RunPod cannot be reached for {asked} ({type(error).__name__})",
                mend="check the network, then run it again; greenroom status shows what is there",
            ) from error
        except self._lost as error:
            raise (_no_answer if may_repeat else _lost)(asked, type(error).__name__) from error
        self._quota.read(answer.headers)
        if answer.is_success:
            return Answer(answer.status_code, _json(answer, asked))
        refused = refusal(answer, asked, self._key.get_secret_value())
        if isinstance(refused, ServerTrouble) and not may_repeat:
            raise _lost(asked, str(answer.status_code))
        raise refused

    def _whole(self, path: str) -> str:
        """The address of a request. Raises AnswerStrange for one that a key that goes over HTTPS may not be sent to."""
        if "://" not in path:
            return f"{self._url}{path}"
        if urlsplit(path).scheme != urlsplit(self._url).scheme:
            raise AnswerStrange(
                f"RunPod names the address {quoted(path)}, of another scheme than {self._url}",
                mend="check the setting runpod_url",
            )
        return checked_url(path)

    def _wait(self, seconds: float, asked: str) -> None:
        """Raises RateLimited where it would be longer than patience has it, Cancelled."""
        if seconds > self._patience.most_retry_after_s:
            raise RateLimited(
                f"RunPod takes the next request ({asked}) in {seconds:.0f} s",
                mend="its quota is used up: run it again then",
            )
        if seconds > 0 and self._patience.pause(self._stopped, seconds):
            raise Cancelled

    def _signed(self, request: httpx.Request) -> httpx.Request:
        """The key goes on at the last moment, so that nothing that prints a client or a request shows it."""
        request.headers["Authorization"] = f"Bearer {self._key.get_secret_value()}"
        return request


def checked_url(url: str, sent: str = "RunPod's key") -> str:
    """An address that a key may be sent to, without the slash at its end. sent: what, in words. Raises InputInvalid."""
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0 and not parts.username
    except ValueError:
        is_whole, parts = False, urlsplit("")
    if not is_whole or not (parts.scheme == "https" or (parts.scheme == "http" and _is_here(parts.hostname or ""))):
        raise InputInvalid(
            f"{sent} is not sent to {quoted(url)}", mend="give an https address; http is for this machine alone"
        )
    return url.rstrip("/")


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _json(answer: httpx.Response, asked: str) -> Any:
    if not answer.content:
        return None
    try:
        return answer.json()
    except ValueError as error:
        raise AnswerStrange(
            f"RunPod's answer to {asked} is not JSON",
            mend="check the setting runpod_url; a proxy on the way may have answered",
        ) from error


def _no_answer(asked: str, why: str) -> RunPodError:
    return ServerTrouble(
        f"RunPod's answer to {asked} did not come whole ({why})",
        mend="check the network, then run it again; greenroom status shows what is there",
    )


def _lost(asked: str, why: str) -> RunPodError:
    return ReplyLost(
        f"RunPod's answer to {asked} was lost ({why}): it may have had its effect",
        mend="greenroom status shows what is there; then run it again",
    )
