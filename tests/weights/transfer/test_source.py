"""Sources, and addresses as they may be shown."""

from __future__ import annotations

import pytest

from greenroom.weights.transfer.source import Expected, Source, shown


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://host/path/file.bin", "https://host/path/file.bin"),
        ("https://host:8080/file?Signature=secret&x=1", "https://host:8080/file?..."),
        ("https://ann:secret@host/file#secret", "https://host/file"),
        ("http://[::1]:80/file", "http://[::1]:80/file"),
        ("http://[::1/secret", "an address that cannot be read"),
        ("http://host:secret/file", "an address that cannot be read"),
    ],
)
def test_an_address_is_shown_without_its_secrets(url: str, said: str) -> None:
    assert shown(url) == said


@pytest.mark.parametrize("value", ["0" * 63, "0" * 65, "A" * 64, "", "g" * 64])
def test_a_digest_is_one(value: str) -> None:
    with pytest.raises(ValueError, match="is no sha256"):
        Expected("sha256", value)


def test_a_header_that_is_none_is_refused_without_being_shown() -> None:
    with pytest.raises(ValueError, match="header Authorization") as caught:
        Source(("https://host/file",), {"Authorization": "Bearer secret\n"})
    assert "secret" not in str(caught.value)


def test_a_source_has_an_address() -> None:
    with pytest.raises(ValueError, match="needs an address"):
        Source(())
