"""Signatures: only what we signed passes, while both the old and the new secret are good."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from greenroom.errors import InputInvalid
from greenroom.jobs.signing import (
    LinkExpired,
    LinkInvalid,
    LinkSigner,
    SignatureInvalid,
    check_webhook_secret,
    new_webhook_secret,
    verify_webhook,
    webhook_headers,
)

# The example of the Standard Webhooks specification: known to any of its libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'
NOW = 1_614_265_330
OLD, NEW = "an old secret of links", "a new secret of links"


def test_a_webhook_is_signed_as_the_standard_s_example() -> None:
    assert webhook_headers([SECRET], MESSAGE, BODY, now=NOW) == {
        "webhook-id": MESSAGE,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_what_was_signed_is_verified_with_headers_in_any_case() -> None:
    headers = {name.title(): value for name, value in webhook_headers([SECRET], MESSAGE, BODY).items()}
    verify_webhook([SECRET], headers, BODY)


@pytest.mark.parametrize(
    ("change", "body"),
    [
        ({}, BODY + b" "),
        ({"webhook-id": "msg_other"}, BODY),
        ({"webhook-timestamp": str(NOW + 1)}, BODY),
        ({"webhook-timestamp": "yesterday"}, BODY),
        ({"webhook-timestamp": "²"}, BODY),
        ({"webhook-signature": "v1,"}, BODY),
        ({"webhook-signature": "v1,é"}, BODY),
        ({"webhook-signature": "v2,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}, BODY),
        ({"webhook-signature": ""}, BODY),
    ],
)
def test_anything_changed_is_refused(change: dict[str, str], body: bytes) -> None:
    with pytest.raises(SignatureInvalid):
        verify_webhook([SECRET], webhook_headers([SECRET], MESSAGE, BODY, now=NOW) | change, body, now=NOW)


@pytest.mark.parametrize("late", [-301, 301])
def test_a_replay_outside_the_tolerance_is_refused(late: int) -> None:
    headers = webhook_headers([SECRET], MESSAGE, BODY, now=NOW)
    verify_webhook([SECRET], headers, BODY, now=NOW + late * 0.99)
    with pytest.raises(SignatureInvalid, match="too old"):
        verify_webhook([SECRET], headers, BODY, now=NOW + late)


def test_a_secret_is_replaced_without_a_failure() -> None:
    fresh = new_webhook_secret()
    both = webhook_headers([fresh, SECRET], MESSAGE, BODY)
    assert both["webhook-signature"].count("v1,") == 2
    for known in ([fresh], [SECRET], [SECRET, fresh]):
        verify_webhook(known, both, BODY)
    with pytest.raises(SignatureInvalid):
        verify_webhook([new_webhook_secret()], both, BODY)


@pytest.mark.parametrize(
    "secret", ["", "password", "whsec_", "whsec_%%%", "whsec_" + base64.b64encode(bytes(23)).decode(), SECRET[6:]]
)
def test_a_weak_secret_is_refused_and_not_repeated(secret: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        check_webhook_secret(secret)
    assert not secret or secret not in caught.value.message


def test_new_secrets_are_usable_and_differ() -> None:
    assert check_webhook_secret(new_webhook_secret()) != new_webhook_secret()


def test_a_link_is_good_until_it_expires() -> None:
    signer = LinkSigner([NEW])
    query = dict(part.split("=", 1) for part in signer.query("art_1", 60, now=NOW).split("&"))
    expires = int(query["expires"])
    assert expires == NOW + 60
    signer.check("art_1", expires, query["signature"], now=NOW + 59)
    with pytest.raises(LinkExpired):
        signer.check("art_1", expires, query["signature"], now=NOW + 60)


def test_a_link_is_good_for_its_own_artifact_and_time_alone() -> None:
    signer = LinkSigner([NEW])
    signature = signer.sign("art_1", NOW)
    for artifact_id, expires, given in (
        ("art_2", NOW, signature),
        ("art_1", NOW + 9_999, signature),
        ("art_1", NOW, signature[:-1]),
        ("art_1", NOW, ""),
        ("art_1", NOW, "\ud800ß"),
    ):
        with pytest.raises(LinkInvalid):
            signer.check(artifact_id, expires, given, now=NOW - 1)


def test_links_of_a_retired_secret_stay_good_while_it_is_listed() -> None:
    signature = LinkSigner([OLD]).sign("art_1", NOW)
    LinkSigner([NEW, OLD]).check("art_1", NOW, signature, now=0)
    assert LinkSigner([NEW, OLD]).sign("art_1", NOW) == LinkSigner([NEW]).sign("art_1", NOW)
    with pytest.raises(LinkInvalid):
        LinkSigner([NEW]).check("art_1", NOW, signature, now=0)


def test_a_link_s_signature_is_no_plain_hmac_of_its_id() -> None:
    plain = hmac.digest(NEW.encode(), b"art_1", hashlib.sha256)
    assert LinkSigner([NEW]).sign("art_1", NOW) != base64.urlsafe_b64encode(plain).decode().rstrip("=")


@pytest.mark.parametrize("secrets", [[], [""], ["short"], [NEW, "short"]])
def test_links_need_real_secrets(secrets: list[str]) -> None:
    with pytest.raises(InputInvalid, match="too short"):
        LinkSigner(secrets)
