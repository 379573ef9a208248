"""Versions and network addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

VERSIONS = [
    ("v1.2.3", "version one point two point three"),
    ("v2", "version two"),
    ("1.2.3", "one point two point three"),
    ("2.0.0-rc1", "two point zero point zero R.C one"),
    ("v2.0.1-beta.3", "version two point zero point one beta three"),
    ("version v2.0", "version two point zero"),
    ("version 2.0", "version two point zero"),
    ("Python 3.11", "Python three point eleven"),
    ("Ubuntu 22.04", "Ubuntu twenty-two point zero four"),
    ("CUDA 12.8", "CUDA twelve point eight"),
    ("torch 2.13.0", "torch two point thirteen point zero"),
    ("Python 3.9+", "Python three point nine plus"),
    ("pi is 3.11", "pi is three point one one"),
]

NETWORK_ADDRESSES = [
    ("192.168.0.1", "one ninety-two dot one sixty-eight dot zero dot one"),
    ("127.0.0.1:8080", "one twenty-seven dot zero dot zero dot one, port eighty eighty"),
    ("999.1.1.1", "nine hundred ninety-nine point one point one point one"),
]


@pytest.mark.parametrize(("written", "spoken"), VERSIONS)
def test_versions(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), NETWORK_ADDRESSES)
def test_network_addresses(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken
