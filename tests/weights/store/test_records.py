"""What is noted of verified files, and when it is not believed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from greenroom.errors import OutputUnwritable
from greenroom.weights.store.records import Record, Records, led_to

WHEN = "2026-11-30T21:00:00Z"


def noted(base: Path, file: Path) -> Record:
    record = Record.of(file, "0" * 64, "hub", "acme/tiny/model.bin", "a" * 40, WHEN)
    Records(base).keep(file, record)
    return record


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "blobs" / "x"
    made.parent.mkdir()
    made.write_bytes(b"12345")
    return made


def test_a_record_comes_back_and_fits_until_the_file_is_written_to(tmp_path: Path, file: Path) -> None:
    record = noted(tmp_path, file)
    assert Records(tmp_path).of(file) == record
    assert record.size == 5
    assert record.fits(file)
    os.utime(file, ns=(0, record.mtime_ns + 1))
    assert not record.fits(file)
    file.write_bytes(b"123456")
    os.utime(file, ns=(0, record.mtime_ns))
    assert not record.fits(file)
    file.unlink()
    assert not record.fits(file)


def test_a_link_and_what_it_leads_to_have_one_record(tmp_path: Path, file: Path) -> None:
    link = tmp_path / "snapshots" / "model.bin"
    link.parent.mkdir()
    link.symlink_to("../blobs/x")
    assert led_to(link) == file
    record = noted(tmp_path, link)
    assert Records(tmp_path).of(file) == Records(tmp_path).of(link) == record
    assert [found for found, _ in Records(tmp_path).all()] == [file]


def test_a_link_that_leads_out_has_a_record_of_its_own(tmp_path: Path, file: Path) -> None:
    base = tmp_path / "own"
    base.mkdir()
    (base / "model.bin").symlink_to(file)
    record = noted(base, base / "model.bin")
    assert Records(base).of(base / "model.bin") == record
    assert record.fits(base / "model.bin")


@pytest.mark.parametrize("said", [b"", b"{", b"[]", b'{"size": 1}', b"\xff", b'{"unknown": 1}'])
def test_what_cannot_be_read_is_as_good_as_nothing(tmp_path: Path, file: Path, said: bytes) -> None:
    noted(tmp_path, file)
    Records(tmp_path).place(file).write_bytes(said)
    assert Records(tmp_path).of(file) is None


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path, file: Path) -> None:
    (tmp_path / ".greenroom").write_text("a file where a folder should be")
    with pytest.raises(OutputUnwritable):
        noted(tmp_path, file)
    assert Records(tmp_path).of(file) is None
