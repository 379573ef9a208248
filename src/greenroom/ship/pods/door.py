"""The way to a pod's port: the platform's proxy, asked as callers ask it. The account's key never goes there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from greenroom.errors import ExtraMissing, InputInvalid, quoted
from greenroom.ship.certificates import certificates
from greenroom.ship.runpod.transport import checked_url

if TYPE_CHECKING:
    import httpx

_PROBE_S = 10.0


class Door:
    """Ports of pods over HTTP. Close it, or use it as a context.

    form: ``https://{pod}-{port}.proxy.example``; http is taken for this machine alone, since a canary's body would be
    read on its way.
    Raises InputInvalid for another form, ExtraMissing.
    """

    def __init__(self, form: str) -> None:
        try:
            import httpx
        except ImportError as error:
            raise ExtraMissing("the client of RunPod's pods", "ship") from error
        if "{pod}" not in form or "{port}" not in form:
            raise InputInvalid(
                f"{quoted(form)} does not say where {{pod}} and {{port}} go", mend="check the setting runpod_pod_url"
            )
        self._form = form
        address = checked_url(self.address("pod", 1), "a canary")
        self._failed = (httpx.HTTPError, httpx.InvalidURL)
        # A container's own answers are followed nowhere.
        self._http = httpx.Client(verify=certificates(address), timeout=_PROBE_S, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def address(self, pod: str, port: int) -> str:
        """Where callers find a port."""
        return self._form.replace("{pod}", pod).replace("{port}", str(port)).rstrip("/")

    def status(self, address: str, path: str) -> int:
        """What a GET is answered; 0 where nothing answers."""
        answer = self._asked("GET", f"{address}{path}", None, _PROBE_S)
        return 0 if isinstance(answer, str) else answer.status_code

    def post(self, address: str, path: str, body: Any, timeout_s: float) -> str:
        """What a POST is answered: its status, or why there was none."""
        answer = self._asked("POST", f"{address}{path}", body, timeout_s)
        return answer if isinstance(answer, str) else str(answer.status_code)

    def _asked(self, method: str, url: str, body: Any, timeout_s: float) -> httpx.Response | str:
        try:
            return self._http.request(method, url, json=body, timeout=timeout_s)
        except self._failed as error:
            return type(error).__name__
