"""Caption files on the command line: the corpus' form in, only what is asked for out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

WORDS = {"words": [{"w": "Hello", "s": 0.4, "e": 0.8}, {"w": "there.", "s": 0.9, "e": 1.3}], "audio_end": 2.5}


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words.json"
    path.write_text(json.dumps(WORDS))
    return path


def test_only_the_formats_asked_for_are_made(greenroom: Run, words: Path, tmp_path: Path) -> None:
    done = greenroom("caption", words, "--format", "srt,VTT", "-o", "out/deep", "--stem", "talk")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out/deep").iterdir()) == ["talk.srt", "talk.vtt"]
    assert (tmp_path / "out/deep/talk.srt").read_text() == "1\n00:00:00,400 --> 00:00:01,300\nHello there.\n"


def test_options_come_from_the_file_and_flags_win(greenroom: Run, words: Path, tmp_path: Path) -> None:
    words.write_text(json.dumps({**WORDS, "options": {"max_chars": 8, "tail_s": 0}}))
    greenroom("caption", words)
    assert "Hello\nthere." in (tmp_path / "words.srt").read_text()
    done = greenroom("caption", words, "--option", "max-chars=20", "--option", "join=_", "--json")
    assert "Hello_there." in (tmp_path / "words.srt").read_text()
    said = json.loads(done.stdout)
    assert said["schema"] == "greenroom/caption/1"
    assert said["result"]["files"] == {"srt": "words.srt"}
    assert said["result"]["cues"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--format", "srt,sub"], 2, "there is no caption format 'sub'; there is srt, vtt, ass, csv, json"),
        (["--format", ""], 2, "--format is empty"),
        (["--option", "max_char=3"], 2, "did you mean max_chars?"),
        (["--option", "max_chars"], 2, "which is no NAME=VALUE"),
        (["--option", "max_chars=many"], 2, "max_chars is 'many'"),
        (["--option", "min_s=9"], 2, "min_s is 9, more than max_s 7"),
        (["-o", "words.json"], 1, "words.json"),
        (["--format", "json"], 2, "'words.json' would be replaced by its captions"),
        (["--stem", "../x"], 2, "the stem '../x' is no file name"),
        (["--stem", ""], 2, "the stem '' is no file name"),
        (["--language", "fr"], 2, "goes with --text"),
    ],
)
def test_what_cannot_be_is_named(greenroom: Run, words: Path, arguments: list[str], code: int, says: str) -> None:
    done = greenroom("caption", words.name, *arguments)
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in words.parent.iterdir()] == ["words.json"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "a transcript is an object"),
        ('{"words": 3}', "words is 3, not a list"),
        ('{"words": [{"s": 1, "e": 2}]}', "word 1"),
        ('{"words": [{"w": "a", "s": NaN, "e": 2}]}', "word 1 'a'"),
        ('{"words": [{"w": "a", "s": "soon", "e": 2}]}', "word 1 'a': s is 'soon'"),
        ('{"words": [{"w": "a", "s": 3, "e": 2}]}', "word 1 'a'"),
        ('{"words": [{"w": "a", "s": 3, "e": 4}, {"w": "b", "s": 1, "e": 2}]}', "word 2 'b'"),
        ('{"words": [{"w": "a", "s": 1e999, "e": 4}]}', "word 1 'a'"),
    ],
)
def test_malformed_words_are_named_by_place_and_text(greenroom: Run, words: Path, content: str, says: str) -> None:
    words.write_text(content)
    done = greenroom("caption", words)
    assert done.returncode == 1
    assert says in done.stderr
    assert "mend: " in done.stderr
    assert "Traceback" not in done.stderr


def test_absent_and_binary_sources_are_named(greenroom: Run, tmp_path: Path) -> None:
    assert "absent.json' cannot be read" in greenroom("caption", "absent.json").stderr
    (tmp_path / "x.wav").write_bytes(bytes(range(256)))
    done = greenroom("caption", "x.wav")
    assert "together with --text FILE" in done.stderr


def test_sound_and_its_text_become_captions_of_the_written_words(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "said.txt").write_text("Dr. Smith paid $3.50 for it.\n")
    assert greenroom("speak", "--file", "said.txt", "-o", "said.wav").returncode == 0
    done = greenroom("caption", "said.wav", "--text", "said.txt", "--format", "json", "--json")
    result = json.loads(done.stdout)["result"]
    assert result["source"] == "soundswallower"
    assert result["passed_over"][0]["name"] == "synthesiser"
    made = json.loads((tmp_path / "said.json").read_text())
    assert [word["w"] for word in made["words"]] == ["Dr.", "Smith", "paid", "$3.50", "for", "it."]
    assert not any(word.get("estimated") for word in made["words"])


def test_text_without_words_is_refused(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "said.txt").write_text("— !\n")
    greenroom("speak", "Hello.", "-o", "said.wav")
    done = greenroom("caption", "said.wav", "--text", "said.txt")
    assert done.returncode == 2
    assert "nothing to caption" in done.stderr


def test_text_that_is_not_said_is_estimated_and_marked(greenroom: Run, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("Nobody expected the bridge to hold under such a heavy load.\n")
    greenroom("speak", "Good evening, and welcome to the green room.", "-o", "said.wav")
    done = greenroom("caption", "said.wav", "--text", "other.txt", "--format", "json", "--json")
    result = json.loads(done.stdout)["result"]
    assert result["source"] == "estimate"
    assert [passed["name"] for passed in result["passed_over"]] == [
        "synthesiser",
        "soundswallower",
        "whisperx",
        "google",
    ]
    assert all(passed["reason"] for passed in result["passed_over"])
    made = json.loads((tmp_path / "said.json").read_text())
    assert all(word["estimated"] for word in made["words"])
