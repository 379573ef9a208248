"""Addresses that others name: none of them leads into a private network, however it is written."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpcore
import pytest

from greenroom.serve.outbound import UrlRefused, check_url, host_header, is_public, pool, resolve_by_system

PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8", "2002:808:808::1"]
PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.1.2.3", "127.0.0.1", "127.8.8.8", "100.64.0.1", "100.100.100.200", "168.63.129.16",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1",
    "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:a00:1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:c0a8:1::1",
    "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "nonsense",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_the_public_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", PRIVATE)
def test_everything_else_is_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "no address"),
        ("http://", "no address"),
        ("//host/x", "are not used"),
        ("http:///x", "no address"),
        ("http://host:99999/x", "no address"),
        ("http://[::1/x", "no address"),
        ("http://ho st/x", "no address"),
        ("http://host/x\r\nX: y", "no address"),
        ("http://host/\x00", "no address"),
        ("http://" + "a" * 9000, "no address"),
        ("http://\ud800/x", "no address"),
        ("file:///etc/passwd", "no address"),
        ("file://host/etc/passwd", "'file' are not used"),
        ("ftp://host/x", "'ftp' are not used"),
        ("gopher://host/x", "'gopher' are not used"),
        ("http://ann@host/x", "name and a password"),
        ("http://ann:secret@host/x", "name and a password"),
        ("http://8.8.8.8@127.0.0.1/x", "name and a password"),
        ("http://127.0.0.1/x", "public internet"),
        ("http://[::ffff:10.0.0.1]:8080/x", "public internet"),
        ("http://[fe80::1%25eth0]/x", "public internet"),
    ],
)
def test_addresses_of_a_form_that_is_not_used(url: str, words: str) -> None:
    with pytest.raises(UrlRefused, match=words) as caught:
        check_url(url)
    assert "secret" not in caught.value.message


def test_addresses_are_taken_as_browsers_take_them() -> None:
    at = check_url("HTTPS://Bücher.example:8443/lied ä.wav?q=ü&done=%20".replace(" ä", "%20ä"))
    assert (at.scheme, at.host, at.port) == (b"https", b"xn--bcher-kva.example", 8443)
    assert at.target == b"/lied%20%C3%A4.wav?q=%C3%BC&done=%20"
    assert host_header(at) == "xn--bcher-kva.example:8443"
    assert host_header(check_url("http://[2606:4700::1111]/x#part")) == "[2606:4700::1111]"
    assert check_url("https://host").target == b"/"


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0", "localhost", "LOCALHOST", "0x7f.1"]
)
def test_this_machine_by_any_name_is_refused_when_it_is_connected_to(host: str) -> None:
    """What the system makes of a name is what is checked."""

    async def connect() -> None:
        async with pool() as connections:
            await connections.request("GET", f"http://{host}:9/")

    with pytest.raises(UrlRefused, match="public internet"):
        asyncio.run(connect())


def test_a_name_with_a_dot_behind_it_is_what_the_system_makes_of_it() -> None:
    """Some systems know ``localhost.``, some do not; neither connects."""

    async def connect() -> None:
        async with pool() as connections:
            await connections.request("GET", "http://localhost.:9/")

    with pytest.raises((UrlRefused, httpcore.ConnectError)) as caught:
        asyncio.run(connect())
    assert "refused" not in str(caught.value).lower()


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["::1"]])
def test_one_private_address_among_several_is_enough(addresses: list[str]) -> None:
    async def resolve(host: str, port: int) -> Sequence[str]:
        return addresses

    async def connect() -> None:
        async with pool(resolve=resolve) as connections:
            await connections.request("GET", "http://two.example/")

    with pytest.raises(UrlRefused, match=r"two\.example does not lead") as caught:
        asyncio.run(connect())
    assert "127" not in str(caught.value)


def test_the_system_s_resolver_gives_each_address_once() -> None:
    found = asyncio.run(resolve_by_system("127.0.0.1", 80))
    assert found == ["127.0.0.1"]
