"""Secrets stay out of whatever is shown."""

from __future__ import annotations

from greenroom.plan.masking import Mask


def test_values_of_variables_that_are_secret_by_name() -> None:
    mask = Mask(
        {
            "HF_TOKEN": "hf_abcdef",
            "API_KEY": "hf_abcdef_longer",
            "DB_PASSWORD": "pa.s+s",
            "SIGNING_KEY": "-----BEGIN\nMIIEline\n-----END",
            "DOS_KEY": "first line\r\nother line\r\n",
            "HTTP_AUTHORIZATION": "Bearer x",
            "GIT_AUTHOR_NAME": "Mary",
            "PWD": "/home/me",
            "USE_AUTH": "1",
            "HOME": "/home/me",
        }
    )
    assert mask("hf_abcdef_longer hf_abcdef") == "******** ********"
    assert mask("password pa.s+s, and not paxs+s") == "password ********, and not paxs+s"
    assert mask("MIIEline") == "********"
    assert mask("other line") == mask("Bearer x") == "********"
    assert mask("/home/me is 1 of Mary") == "/home/me is 1 of Mary"


def test_users_of_urls() -> None:
    assert Mask()("git clone https://me:secret@host/x") == "git clone https://********@host/x"
