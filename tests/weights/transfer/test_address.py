"""Addresses: taken apart, quoted, compared, followed."""

from __future__ import annotations

import pytest

from greenroom.weights.transfer.address import Address
from greenroom.weights.transfer.errors import AddressInvalid, RedirectRefused


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://host", Address("https", "host", 443, "/")),
        ("HTTP://Host:8080/a b/ü%20?x=y z#end", Address("http", "host", 8080, "/a%20b/%C3%BC%20?x=y%20z")),
        ("https://bücher.example/x", Address("https", "xn--bcher-kva.example", 443, "/x")),
        ("http://[::1]:90/x", Address("http", "::1", 90, "/x")),
    ],
)
def test_an_address_is_taken_apart(url: str, address: Address) -> None:
    assert Address.parse(url) == address
    assert Address.parse(address.url) == address


@pytest.mark.parametrize(
    "url", ["", "file", "ftp://host/x", "https:///x", "http://host:99999/", "http://a:b@host/", "http://[::1"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(AddressInvalid):
        Address.parse(url)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/x?y", "https://host/x?y"),
        ("x", "https://host/a/x"),
        ("//other/x", "https://other/x"),
        ("https://other:444/", "https://other:444/"),
        ("http://127.0.0.1:8000/x", "http://127.0.0.1:8000/x"),
        ("http://localhost/x", "http://localhost/x"),
    ],
)
def test_a_redirect_is_followed_from_where_it_stands(location: str, url: str) -> None:
    assert Address.parse("https://host/a/b?c").onward(location).url == url


def test_nothing_leads_out_of_https() -> None:
    with pytest.raises(RedirectRefused, match="from https to http"):
        Address.parse("https://host/a").onward("http://host/a?secret")
    assert Address.parse("http://host/a").onward("http://other/a").host == "other"
