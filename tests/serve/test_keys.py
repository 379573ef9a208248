"""Keys: who has one is known, who has none stays out, and no key is ever written down."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from pydantic import SecretStr

from greenroom.errors import FileUnreadable, InputInvalid
from greenroom.serve.keys import ANONYMOUS, Caller, Keys, Unauthorised, new_key
from greenroom.settings import Settings


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_without_keys_everybody_is_anonymous() -> None:
    keys = Keys.of(Settings())
    assert not keys.required
    assert keys.caller({}) == keys.caller(bearer("anything")) == ANONYMOUS


def test_the_one_key_of_the_settings_is_an_administrator_s() -> None:
    keys = Keys.of(Settings(api_key=SecretStr("words of my own")))
    assert keys.required
    assert keys.caller(bearer("words of my own")) == Caller("default", admin=True)
    with pytest.raises(Unauthorised):
        keys.caller(bearer("words of my  own"))


def test_a_key_of_the_file_says_who_asks_and_what_they_may(tmp_path: Path) -> None:
    ann, ann_entry = new_key("ann", concurrency=4, requests_per_minute=90.5)
    bob, bob_entry = new_key("bob", admin=True)
    (tmp_path / "keys.toml").write_text(f"# ours\n{ann_entry}\n{bob_entry}")
    keys = Keys(tmp_path / "keys.toml", single="the one")
    assert keys.caller(bearer(ann)) == Caller("ann", concurrency=4, requests_per_minute=90.5)
    assert keys.caller(bearer(bob)) == Caller("bob", admin=True)
    assert keys.caller(bearer("the one")).name == "default"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer ", "Basic YTpi", "gr_x", "Bearer gr_unknown", "Bearer \ud800", "Bearer " + "x" * 100_000],
)
def test_who_has_no_key_stays_out(header: str) -> None:
    with pytest.raises(Unauthorised) as caught:
        Keys(single="right").caller({"authorization": header} if header else {})
    assert "right" not in str(caught.value)
    assert "unknown" not in caught.value.message


def test_the_scheme_is_read_in_any_case() -> None:
    assert Keys(single="right").caller({"authorization": "bearer  right "}).name == "default"


def test_a_hash_is_no_key() -> None:
    keys = Keys(single="right")
    with pytest.raises(Unauthorised):
        keys.caller(bearer(hashlib.sha256(b"right").hexdigest()))


def test_keys_that_are_made_are_long_and_only_their_hash_is_written() -> None:
    token, entry = new_key("ann")
    assert token.startswith("gr_")
    assert len(token) == 46
    assert token not in entry
    assert hashlib.sha256(token.encode()).hexdigest() in entry
    assert new_key("ann")[0] != token


@pytest.mark.parametrize("name", ["", "a b", "a.b", 'a"]', "x" * 65, "ä"])
def test_names_that_toml_or_logs_would_trip_over_are_refused(name: str) -> None:
    with pytest.raises(InputInvalid, match="no name for a key"):
        new_key(name)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    old, entry = new_key("ann")
    file.write_text(entry)
    keys = Keys(file)
    assert keys.caller(bearer(old)).name == "ann"
    new, entry = new_key("ann")
    (tmp_path / "next").write_text(entry)
    (tmp_path / "next").replace(file)
    assert keys.caller(bearer(new)).name == "ann"
    with pytest.raises(Unauthorised):
        keys.caller(bearer(old))


def test_a_file_that_becomes_wrong_changes_nothing_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "keys.toml"
    token, entry = new_key("ann")
    file.write_text(entry)
    keys = Keys(file)
    file.write_text("[ann")
    assert keys.caller(bearer(token)).name == "ann"
    assert keys.caller(bearer(token)).name == "ann"
    assert len(caplog.records) == 1
    file.unlink()
    assert keys.caller(bearer(token)).name == "ann"
    assert len(caplog.records) == 2
    file.write_text("")
    with pytest.raises(Unauthorised):
        keys.caller(bearer(token))


def test_an_empty_file_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text("")
    keys = Keys(tmp_path / "keys.toml")
    assert keys.required
    with pytest.raises(Unauthorised):
        keys.caller({})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[ann", "is not TOML"),
        ("ann = 1", "a key is a table"),
        ("[ann]\n", "sha256 is missing"),
        ('[ann]\nsha256 = "gr_a-key-by-mistake"\n', "64 hexadecimal digits"),
        (f'[ann]\nsha256 = "{"0" * 64}"\nconcurrency = 0\n', "concurrency"),
        (f'[ann]\nsha256 = "{"0" * 64}"\nrate = 3\n', "there is no input 'rate'"),
        (f'["a b"]\nsha256 = "{"0" * 64}"\n', "1 to 64 letters"),
    ],
)
def test_a_wrong_file_is_said_to_be_wrong_and_where(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "keys.toml").write_text(content)
    with pytest.raises(FileUnreadable, match=words) as caught:
        Keys(tmp_path / "keys.toml")
    assert "by-mistake" not in caught.value.message


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="there is no file of keys"):
        Keys(tmp_path / "absent.toml")


def test_hashes_in_capitals_are_the_same(tmp_path: Path) -> None:
    digest = hashlib.sha256(b"a key").hexdigest().upper()
    (tmp_path / "keys.toml").write_text(f'[ann]\nsha256 = "{digest}"\n')
    assert Keys(tmp_path / "keys.toml").caller(bearer("a key")).name == "ann"
