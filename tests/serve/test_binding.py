"""Binding: other machines are let in by a key, or by saying so."""

from __future__ import annotations

import pytest

from greenroom.serve.binding import HostUnusable, OpenWithoutKey, check_binding, is_loopback

LOCAL = [
    "127.0.0.1",
    "127.0.0.53",
    "::1",
    "[::1]",
    "localhost",
    " 127.0.0.1 ",
    "::ffff:127.0.0.1",
    "127.1",
    "2130706433",
]
OPEN = ["0.0.0.0", "::", "[::]", "", "192.0.2.7", "2001:db8::1", "::ffff:192.0.2.7", "0", "fe80::1%1", "fe80::1"]


@pytest.mark.parametrize("host", LOCAL)
def test_this_machine_needs_no_key(host: str) -> None:
    addresses = check_binding(host, has_key=False, allow_anonymous=False)
    assert addresses
    assert all(is_loopback(address) for address in addresses)


@pytest.mark.parametrize("host", OPEN)
def test_other_machines_need_a_key_or_a_word(host: str) -> None:
    with pytest.raises(OpenWithoutKey, match="no key is set") as caught:
        check_binding(host, has_key=False, allow_anonymous=False)
    assert "--allow-anonymous" in caught.value.mend
    assert "GREENROOM_API_KEY" in caught.value.mend
    assert check_binding(host, has_key=True, allow_anonymous=False)
    assert check_binding(host, has_key=False, allow_anonymous=True)


def test_a_name_is_as_open_as_the_most_open_of_its_addresses() -> None:
    def both(_: str) -> list[str]:
        return ["127.0.0.1", "192.0.2.7"]

    with pytest.raises(OpenWithoutKey):
        check_binding("both.example", has_key=False, allow_anonymous=False, resolve=both)


def test_what_was_checked_is_what_is_listened_on() -> None:
    """A name may stand for something else a moment later."""
    answers = iter([["127.0.0.1"], ["192.0.2.7"]])
    found = check_binding("x.example", has_key=False, allow_anonymous=False, resolve=lambda _: next(answers))
    assert found == ("127.0.0.1",)


@pytest.mark.parametrize("host", ["no such host", "a" * 300, "x..y", "\x00"])
def test_a_host_without_address_is_named(host: str) -> None:
    with pytest.raises(HostUnusable, match="has no address"):
        check_binding(host, has_key=True, allow_anonymous=True)
