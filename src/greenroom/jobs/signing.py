"""Signatures: of webhooks, in the form of Standard Webhooks, and of links to artifacts. HMAC-SHA256 for both.

Every check takes all secrets that may still be in use, so that one can be replaced without a moment of failure.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets as random
import time
from typing import TYPE_CHECKING

from greenroom.errors import GreenroomError, InputInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PREFIX = "whsec_"
# Standard Webhooks: a secret has 24 to 64 bytes, and a message is refused five minutes off its time.
_SECRET_BYTES = range(24, 65)
TOLERANCE_S = 300
_LINK_SECRET = 16


class SignatureInvalid(GreenroomError):
    """A webhook was not signed by us, was changed, or is too old."""

    code = "signature-invalid"


class LinkInvalid(GreenroomError):
    """A link to an artifact was not made by us, or was changed."""

    code = "link-invalid"

    def __init__(self) -> None:
        super().__init__("the signature of this link is not valid", mend="GET the job again: it has a fresh link")


class LinkExpired(GreenroomError):
    """A link to an artifact is past its time."""

    code = "link-expired"

    def __init__(self) -> None:
        super().__init__("this link has expired", mend="GET the job again: it has a fresh link")


def new_webhook_secret() -> str:
    """A fresh secret, ``whsec_...`` of 32 bytes."""
    return _PREFIX + base64.b64encode(random.token_bytes(32)).decode()


def check_webhook_secret(secret: str) -> str:
    """The secret itself, if it can sign. Raises InputInvalid, without the value."""
    _key(secret)
    return secret


def webhook_headers(
    secrets: Sequence[str], message_id: str, body: bytes, *, now: float | None = None
) -> dict[str, str]:
    """The headers of one delivery.

    secrets: the one in use, then any that is being retired; a receiver takes the signature that it can check.
    message_id: the same for every attempt at one event.  now: seconds of the epoch.
    """
    timestamp = int(time.time() if now is None else now)
    signatures = " ".join(f"v1,{_webhook_signature(_key(secret), message_id, timestamp, body)}" for secret in secrets)
    return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": signatures}


def verify_webhook(
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    *,
    tolerance_s: float = TOLERANCE_S,
    now: float | None = None,
) -> None:
    """Check a delivery, as its receiver does. headers: names in any case. Raises SignatureInvalid."""
    named = {name.lower(): value for name, value in headers.items()}
    message_id, stamp, given = (named.get(f"webhook-{part}", "") for part in ("id", "timestamp", "signature"))
    if not (message_id and stamp and given):
        raise SignatureInvalid("a webhook header is missing", mend="send webhook-id, -timestamp and -signature")
    if not (stamp.isascii() and stamp.isdigit()):
        raise SignatureInvalid("webhook-timestamp is no number", mend="send seconds of the epoch")
    timestamp = int(stamp)
    if abs((time.time() if now is None else now) - timestamp) > tolerance_s:
        raise SignatureInvalid("the webhook is too old, or from the future", mend="check the clocks of both sides")
    offered = [value for version, _, value in (part.partition(",") for part in given.split()) if version == "v1"]
    expected = [_webhook_signature(_key(secret), message_id, timestamp, body) for secret in secrets]
    # Every pair is compared, so that the time taken says nothing of which one fits.
    matches = [_same(one, other) for one in offered for other in expected]
    if not any(matches):
        raise SignatureInvalid(
            "the signature does not fit the webhook", mend="check the secret and that the body is whole"
        )


class LinkSigner:
    """Signs links to artifacts, and checks them. secrets: the first one signs, all of them are accepted."""

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets or any(len(secret) < _LINK_SECRET for secret in secrets):
            raise InputInvalid(
                "a secret for links is missing or too short", mend=f"give one of {_LINK_SECRET} characters or more"
            )
        self._keys = [secret.encode() for secret in secrets]

    def sign(self, artifact_id: str, expires: int) -> str:
        """The signature. expires: seconds of the epoch; the link is good until then."""
        return _link_signature(self._keys[0], artifact_id, expires)

    def query(self, artifact_id: str, lifetime_s: float, *, now: float | None = None) -> str:
        """``expires=...&signature=...``, to be put behind the artifact's address."""
        expires = int((time.time() if now is None else now) + lifetime_s)
        return f"expires={expires}&signature={self.sign(artifact_id, expires)}"

    def check(self, artifact_id: str, expires: int, signature: str, *, now: float | None = None) -> None:
        """Raises LinkInvalid, LinkExpired."""
        matches = [_same(signature, _link_signature(key, artifact_id, expires)) for key in self._keys]
        if not any(matches):
            raise LinkInvalid
        if expires <= (time.time() if now is None else now):
            raise LinkExpired


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or len(key) not in _SECRET_BYTES:
        raise InputInvalid("the webhook secret is not usable", mend="give whsec_ and then 24 to 64 bytes in base64")
    return key


def _webhook_signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def _link_signature(key: bytes, artifact_id: str, expires: int) -> str:
    # The first word keeps these signatures apart from any other that the same secret may ever make.
    signed = f"artifact\n{artifact_id}\n{expires}".encode()
    return base64.urlsafe_b64encode(hmac.digest(key, signed, hashlib.sha256)).decode().rstrip("=")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(errors="replace"), other.encode())
