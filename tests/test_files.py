"""Files appear whole and together, or not at all."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import IO

import pytest

from greenroom.errors import InputInvalid, OutputUnwritable
from greenroom.files import Publication, writing_to


def names(folder: Path) -> list[str]:
    """What is in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def test_files_appear_together_at_the_end(tmp_path: Path) -> None:
    with Publication(tmp_path / "new" / "folder") as out:
        out.write("a.srt", b"one")
        out.write("b.vtt", b"two")
        assert [name for name in names(tmp_path / "new" / "folder") if not name.startswith(".")] == []
    assert (tmp_path / "new/folder/a.srt").read_bytes() == b"one"
    assert names(tmp_path / "new/folder") == ["a.srt", "b.vtt"]


def test_a_failure_leaves_the_old_files_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_bytes(b"old")
    with Publication(tmp_path / "other") as other:
        with pytest.raises(OutputUnwritable), Publication(tmp_path) as out:
            out.write("a.srt", b"new")
            out.write("other", b"a folder has this name")
        other.write("b.vtt", b"new")
    assert names(tmp_path / "other") == ["b.vtt"]
    (tmp_path / "other" / "b.vtt").unlink()
    (tmp_path / "other").rmdir()
    assert names(tmp_path) == ["a.srt"]
    assert (tmp_path / "a.srt").read_bytes() == b"old"


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_process_never_leaves_a_half_file_under_the_name(tmp_path: Path, stop: signal.Signals) -> None:
    script = """
        import sys, time
        from pathlib import Path
        from greenroom.files import Publication
        with Publication(Path(sys.argv[1])) as out, out.open("speech.wav") as file:
            file.write(b"half"); file.flush()
            print("ready", flush=True)
            time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(stop)
        process.wait(timeout=60)
    assert not (tmp_path / "speech.wav").exists()
    if stop == signal.SIGINT:
        assert names(tmp_path) == []


def test_a_disk_that_fills_up_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    """The kernel's own refusal in the middle of a write: a limit on the size of files stands in for the full disk."""
    script = """
        import resource, signal, sys
        from pathlib import Path
        from greenroom.errors import InputInvalid, OutputUnwritable
        from greenroom.files import Publication
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            with Publication(Path(sys.argv[1])) as out:
                out.write("small.srt", b"x" * 10)
                out.write("large.wav", b"x" * 100_000)
        except OutputUnwritable as error:
            print(error.code, error.message)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("output-unwritable")
    assert "large.wav" in done.stdout
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, "no room on the disk"),
        (errno.EDQUOT, "no room on the disk"),
        (errno.EACCES, "may not be written"),
        (errno.EROFS, "may not be written"),
        (errno.ENOTDIR, "not a folder"),
        (errno.ENAMETOOLONG, "too long"),
        (errno.EIO, "cannot be written"),
    ],
)
def test_what_the_system_says_becomes_words(tmp_path: Path, number: int, says: str) -> None:
    with pytest.raises(OutputUnwritable, match=says) as caught, writing_to(tmp_path / "x.wav"):
        raise OSError(number, os.strerror(number))
    assert "x.wav" in caught.value.message
    assert caught.value.mend


def test_a_full_disk_at_the_first_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        """A file on a disk without room."""

        def __init__(self, file: IO[bytes]) -> None:
            self.file = file

        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def write(self, _: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    real = Publication.open
    monkeypatch.setattr(Publication, "open", lambda self, name: Full(real(self, name)))
    with pytest.raises(OutputUnwritable, match="no room"), Publication(tmp_path) as out:
        out.write("a.wav", b"x")
    assert names(tmp_path) == []


def test_a_folder_that_is_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(OutputUnwritable, match="taken"), Publication(tmp_path / "taken" / "below"):
        pass
    (tmp_path / "a.wav").mkdir()
    with pytest.raises(OutputUnwritable, match="is a folder"), Publication(tmp_path) as out:
        out.write("a.wav", b"x")


def test_two_results_of_one_name_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputInvalid, match=r"two results would be named .*a\.json"), Publication(tmp_path) as out:
        out.write("a.json", b"sound")
        out.write("a.json", b"captions")
    assert names(tmp_path) == []


def test_a_link_is_followed_and_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.srt").symlink_to(tmp_path / "real" / "a.srt")
    with Publication(tmp_path) as out:
        out.write("link.srt", b"x")
    assert (tmp_path / "link.srt").is_symlink()
    assert (tmp_path / "real" / "a.srt").read_bytes() == b"x"


def test_a_pipe_is_never_replaced_by_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(OutputUnwritable, match="a device or a pipe") as caught, Publication(tmp_path) as out:
        out.write("pipe.wav", b"x")
    assert caught.value.mend == "name a file"  # few verbs stream
    assert (tmp_path / "pipe.wav").is_fifo()


def test_the_longest_name_that_the_system_allows_is_allowed(tmp_path: Path) -> None:
    with Publication(tmp_path) as out:
        out.write("x" * 251 + ".srt", b"x")
    assert names(tmp_path) == ["x" * 251 + ".srt"]


def test_of_two_writers_the_last_to_leave_wins_whole(tmp_path: Path) -> None:
    with Publication(tmp_path) as first, Publication(tmp_path) as second:
        first.write("a", b"first")
        second.write("a", b"second")
    assert (tmp_path / "a").read_bytes() == b"first"
    assert names(tmp_path) == ["a"]
