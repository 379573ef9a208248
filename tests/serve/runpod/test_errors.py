"""A failed job says what, why and what to do, and nothing of the machine it ran on."""

from __future__ import annotations

import json

from greenroom.errors import InputInvalid, OutputUnwritable
from greenroom.serve.runpod.errors import StoreUnusable, as_fields, as_result


def test_an_error_is_json_in_the_one_key_that_reaches_the_caller() -> None:
    result = as_result(StoreUnusable("no bucket", mend="make one"))
    assert set(result) == {"error"}
    assert json.loads(result["error"]) == {
        "code": "store-unusable", "message": "no bucket", "mend": "make one", "retryable": True,
    }  # fmt: skip


def test_an_error_of_nobody_is_named_by_its_type_alone() -> None:
    said = as_fields(KeyError("/secret/place"))
    assert said["message"] == "unexpected failure (KeyError)"
    assert said["code"] == "failed"
    assert "secret" not in json.dumps(said)


def test_paths_of_the_worker_are_taken_out() -> None:
    said = as_fields(OutputUnwritable("no room on the disk for '/srv/a b/x', /srv/y.wav", mend="see /etc/fstab"))
    assert said["message"].startswith("no room on the disk for ")
    assert "/srv" not in said["message"]
    assert said["mend"] == "see a file of the worker"


def test_urls_and_what_the_caller_sent_stay() -> None:
    assert as_fields(StoreUnusable("https://example.com/a/b is gone"))["message"] == "https://example.com/a/b is gone"
    assert as_fields(InputInvalid("sound is '/my/file.wav'"))["message"] == "sound is '/my/file.wav'"
