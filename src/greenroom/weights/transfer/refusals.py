"""Which error a status is, and what its user can do about it."""

from __future__ import annotations

import re
from http.client import responses
from typing import TYPE_CHECKING

from greenroom.weights.transfer.errors import (
    Forbidden,
    HostBusy,
    LoginNeeded,
    NotThere,
    Refused,
    Withheld,
    WrongAnswer,
    WrongSize,
)
from greenroom.weights.transfer.patience import retry_after

if TYPE_CHECKING:
    from http.client import HTTPResponse

    from greenroom.weights.transfer.address import Address
    from greenroom.weights.transfer.errors import TransferError

_TRIED_AGAIN = frozenset({408, 425, 429})
_CODE = re.compile(r"[A-Za-z]{1,40}")
_LICENCE = "if its repository is gated, accept the licence on its page, then set HF_TOKEN to a token of that account"
_FOR_GOOD: dict[int, tuple[type[Refused], str]] = {
    401: (LoginNeeded, _LICENCE),
    403: (Forbidden, _LICENCE),
    404: (NotThere, "check the name and the revision: it may have moved"),
    410: (NotThere, "it was there once: look for another revision or mirror"),
    451: (Withheld, "it is held back for legal reasons: ask who runs the host, or use another mirror"),
}
_WITH_TOKEN: dict[int, tuple[type[Refused], str]] = {
    401: (
        LoginNeeded,
        "the token is wrong, expired, or of another host: make a new one that may read, and set HF_TOKEN",
    ),
    403: (Forbidden, "accept the licence on the repository's page with the token's account, and let the token read it"),
}


def refusal(response: HTTPResponse, address: Address, *, asked_with_token: bool) -> TransferError:
    """The error that an answer without bytes of the file stands for; ``retryable`` where another try makes sense."""
    status, host, place = response.status, address.authority, address.shown
    reason = f"{status} {responses.get(status, '')}".rstrip() + _said_by_hub(response)
    if status in _TRIED_AGAIN or status >= 500:
        return HostBusy(
            f"{host} cannot give {place} now: {reason}",
            mend="run it again later",
            retry_after_s=retry_after(response.getheader("Retry-After")),
        )
    if status in (401, 403) and asked_with_token:
        kind, mend = _WITH_TOKEN[status]
    else:
        kind, mend = _FOR_GOOD.get(status, (WrongAnswer, "check the address, or use another mirror"))
    return kind(f"{host} does not give {place}: {reason}", mend=mend)


def wrong_size(address: Address, wanted: int, found: int, *, media_type: str = "") -> WrongSize:
    """The error for a file of another length than the one that is wanted."""
    page = ", a web page" if media_type == "text/html" else ""
    return WrongSize(
        f"{address.shown} has {found:,} bytes{page}, where {wanted:,} were expected",
        mend="check the address and the revision; the file may have been replaced",
    )


def _said_by_hub(response: HTTPResponse) -> str:
    """`` (GatedRepo)``: the model hub's own word, where there is one."""
    code = response.getheader("X-Error-Code") or ""
    return f" ({code})" if _CODE.fullmatch(code) else ""
