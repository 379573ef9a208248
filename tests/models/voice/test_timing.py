"""Words laid over phonemes: joined words, split words, pauses."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from greenroom.models.voice.timing import Sound, Span, edit_distance, letters, word_spans

ALONE = {"on": "ˈɔn", "the": "ðə", "bus": "bˈʌs", "GPU": "dʒˈiː pˈiː jˈuː", "go": "ɡˈoʊ"}


def sounds(phonemes: str, each: int = 10) -> list[Sound]:
    """Every phoneme ``each`` samples long, after a lead of 5."""
    return [Sound(p, 5 + i * each, 5 + (i + 1) * each) for i, p in enumerate(phonemes)]


def spans(phonemes: str, words: str) -> list[Span] | None:
    return word_spans(sounds(phonemes), words.split(), lambda word: ALONE.get(word, word))


def test_the_space_belongs_to_the_word_behind_it() -> None:
    assert spans("go go", "go go") == [Span(5, 25), Span(25, 55)]


def test_after_a_pause_a_word_begins_with_its_first_sound() -> None:
    assert spans("go, go.", "go go") == [Span(5, 25), Span(45, 65)]


def test_words_run_together_share_by_their_letters() -> None:
    assert spans("ɔnðə bʌs", "on the bus") == [Span(5, 25), Span(25, 45), Span(45, 85)]


def test_a_word_taken_apart_covers_all_its_groups() -> None:
    assert spans("ðə dʒiː piː juː ɡoʊ", "the GPU go") == [Span(5, 25), Span(25, 155), Span(155, 195)]


def test_stress_marks_are_part_of_their_word() -> None:
    assert spans("ðə ˈɔn", "the on") == [Span(5, 25), Span(25, 65)]
    assert letters("bˈʌsː, ") == "bʌs"


def test_nothing_to_lay_is_none() -> None:
    assert spans("", "go") is None
    assert spans("go", "") is None
    assert spans(".,!", "go") is None


@given(st.lists(st.sampled_from(["on", "the", "bus", "GPU", "go"]), min_size=1, max_size=12), st.data())
def test_every_word_gets_a_span_in_order(words: list[str], data: st.DataObject) -> None:
    """However words are joined and parted by pauses, spans rise and stay inside the sound."""
    gaps = [data.draw(st.sampled_from([" ", "", ", ", ". "])) for _ in words]
    phonemes = "".join(ALONE[word] + gap for word, gap in zip(words, gaps, strict=True))
    found = spans(phonemes, " ".join(words))
    if found is None:  # more than four words run together
        assert gaps.count("") >= 4
        return
    assert len(found) == len(words)
    edges = [edge for span in found for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert edges[0] >= 5
    assert edges[-1] <= 5 + 10 * len(phonemes)


@given(st.text("abc", max_size=8), st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_edit_distance_is_a_metric(a: str, b: str, c: str) -> None:
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, b) == edit_distance(b, a)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))
