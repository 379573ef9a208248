"""The vocabulary: the file as it was published, or a named error."""

from __future__ import annotations

from pathlib import Path

import pytest

from greenroom.models.f5tts.vocabulary import Vocabulary, VocabularyInvalid, padded


def write(folder: Path, content: bytes) -> Path:
    file = folder / "vocab.txt"
    file.write_bytes(content)
    return file


@pytest.mark.parametrize("content", [b" \n!\na\nhao3\n", b" \r\n!\r\na\r\nhao3\r\n", b" \n!\na\nhao3"])
def test_either_line_end_is_read(content: bytes, tmp_path: Path) -> None:
    vocabulary = Vocabulary.read(write(tmp_path, content))
    assert len(vocabulary) == 4
    assert vocabulary.ids([" ", "hao3", "a"]) == [0, 3, 2]


def test_only_the_line_end_is_taken_away(tmp_path: Path) -> None:
    vocabulary = Vocabulary.read(write(tmp_path, " \n\u3000\n\u00a0\n".encode()))
    assert list(vocabulary.numbers) == [" ", "\u3000", "\u00a0"]


def test_an_unknown_token_is_a_space() -> None:
    vocabulary = Vocabulary.of_tokens([" ", "a"])
    assert vocabulary.ids(["a", "😀", " "]) == [1, 0, 0]
    assert vocabulary.unknown(["a", "😀", " ", "<", "😀"]) == ["😀", "<"]
    assert "a" in vocabulary
    assert "<" not in vocabulary


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "holds no token"),
        (b"a\n \n", "first line of 'vocab.txt' is 'a'"),
        (b"\na\n", "first line of 'vocab.txt' is ''"),
        (b"  \na\n", "first line of 'vocab.txt' is '  '"),
        (b" \na\nb\na\n", "'a' on line 2 and on 4"),
        (b" \n\xff\n", "is not UTF-8 text"),
    ],
)
def test_what_is_no_vocabulary_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(VocabularyInvalid, match=reason) as refused:
        Vocabulary.read(write(tmp_path, content))
    assert refused.value.mend
    assert str(tmp_path) not in refused.value.message


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VocabularyInvalid, match="cannot be read"):
        Vocabulary.read(tmp_path / "vocab.txt")


def test_pairs_make_the_vocabulary_of_their_texts() -> None:
    vocabulary = Vocabulary.of_pairs([("a", 5), ("😀", 0), (" ", 0), ("a", 5), ("b", 7)])
    assert vocabulary.ids(["a", "b", "😀", " "]) == [5, 7, 0, 0]
    assert vocabulary.unknown(["😀"]) == ["😀"]


@pytest.mark.parametrize("pairs", [[("a", 5), ("a", 6)], [("a", 5), ("b", 5)], [(" ", 1)], [("a", 0), ("a", 2)]])
def test_pairs_that_contradict_each_other_are_refused(pairs: list[tuple[str, int]]) -> None:
    with pytest.raises(VocabularyInvalid):
        Vocabulary.of_pairs(pairs)


def test_a_batch_is_padded_behind() -> None:
    assert padded([[1, 2, 3], [4], []]) == [[1, 2, 3], [4, -1, -1], [-1, -1, -1]]
    assert padded([]) == []
