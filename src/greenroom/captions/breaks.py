"""Where a cue or a line may end, and how well.

The order of preference is the Netflix Timed Text Style Guide's: behind punctuation, before conjunctions, before
prepositions; never between an article and its noun, a preposition and its object, a title and a name; better not
between a pronoun and its verb, an auxiliary or a negation and its verb, a first and a last name. For scripts without
spaces: the kinsoku rules of JIS X 4051 (what may not begin or end a line).
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from greenroom.captions.grammar import ABBREVIATIONS, LANGUAGES, NO_LANGUAGE, TITLES, Grammar

if TYPE_CHECKING:
    from greenroom.captions.options import CaptionInputs
    from greenroom.captions.track import Track

# What a break costs. The unit is arbitrary; ``spans`` and ``layout`` weigh emptiness and haste in the same.
SENTENCE = 0
CLAUSE = 40
BEFORE_CONJUNCTION = 70
BEFORE_PREPOSITION = 130
BETWEEN_PHRASES = 100  # of Japanese: behind hiragana, before anything else
PLAIN = 300  # nothing is known: it may be an adjective and its noun
WEAK = 380
NAMES = 420
GLUED = 3_000  # words that one reads as one; only a line too narrow for them parts them
FORBIDDEN = 20_000  # letters that may not begin or end a line; only a line too narrow for two letters parts them

# What a pause takes off that cost, a millisecond and at most: who stops for 0.4 s says what a comma says.
PAUSE_PER_MS = 0.6
PAUSE_MOST = 240
# Two words said at once can be in one cue; in two, one of them is shown late or cut short.
OVERLAP = 100

_SENTENCE_END = frozenset(".!?…。！？｡．؟۔।॥։።‼⁇⁈⁉")
_CLAUSE_END = frozenset(",;:—–、，；：､،؛·・")
_CLOSERS = frozenset("\"'”’»›)]}）］｝〕〉》」』】〙〗〟｣")
_OPENERS = frozenset("\"'“‘„‚«‹([{（［｛〔〈《「『【〘〖〝｢¿¡")
_ONLY_CLOSERS = _CLOSERS - _OPENERS
_ONLY_OPENERS = _OPENERS - _CLOSERS

# May not begin a line, whatever follows: closing punctuation, small kana, marks of length and repetition.
_NEVER_FIRST = frozenset(
    "、。，．・：；！？｡､･｣）］｝〕〉》」』】〙〗〟ー々〻ゝゞヽヾ゛゜ﾞﾟｰ～〜％‰゠"
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿｧｨｩｪｫｬｭｮｯ"
)
# May not end a line. Quotes that open in one language and close in another are judged by the word they belong to.
_NEVER_LAST = frozenset("([{（［｛〔〈《「『【〘〖〝｢¿¡")

_KANJI = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〆]")
_HIRAGANA = re.compile("[\u3041-\u309f]")
_KATAKANA = re.compile("[\u30a0-\u30ff\u31f0-\u31ff\uff66-\uff9f]")


@dataclass(frozen=True, slots=True)
class _Traits:
    """What of a word matters to the breaks around it."""

    core: str  # without the punctuation around it, lower case
    stops: int  # what the break behind it costs by its punctuation: SENTENCE, CLAUSE, or PLAIN for none
    shortened: bool  # an abbreviation: its full stop ends a sentence only where a capital follows
    glues: bool  # article, preposition, conjunction, title: one reads on
    weak: bool  # pronoun, auxiliary, negation: better to read on
    leads: int  # what the break before it costs: BEFORE_CONJUNCTION, BEFORE_PREPOSITION, or PLAIN
    never_first: bool
    never_last: bool
    capital: bool
    head: str  # the scripts of its first and last letters: k(anji), h(iragana), a (katakana), l(atin), or o(ther)
    tail: str


def ends_sentence(text: str) -> bool:
    """Whether a sentence is over behind this word, as its punctuation says."""
    return _stop(text) == SENTENCE


def break_costs(track: Track, options: CaptionInputs) -> tuple[list[int], list[bool]]:
    """For each word: what it costs to end a cue or a line behind it, and whether a sentence ends there."""
    language = options.lang.replace("_", "-").split("-")[0].lower()
    traits_of = functools.cache(functools.partial(_traits, grammar=LANGUAGES.get(language, NO_LANGUAGE)))
    traits = [traits_of(text) for text in track.texts]
    spaced = bool(options.join)
    costs: list[int] = []
    sentences: list[bool] = []
    stops = PLAIN
    for at, (word, after) in enumerate(pairwise(traits)):
        stops = _stops_here(word, after, stops)
        cost = _cost(word, after, stops, spaced, language)
        if cost < GLUED:
            cost = _by_time(cost, track.begins[at + 1] - track.ends[at])
        costs.append(cost)
        sentences.append(stops == SENTENCE and cost < GLUED)
    if traits:
        costs.append(SENTENCE)
        sentences.append(True)
    return costs, sentences


def _stops_here(word: _Traits, after: _Traits, before: int) -> int:
    if word.shortened:
        return SENTENCE if after.capital else PLAIN
    # A closing quote on its own ends what the word before it ended.
    return before if not word.core and word.never_first and word.stops == PLAIN else word.stops


def _cost(word: _Traits, after: _Traits, stops: int, spaced: bool, language: str) -> int:
    if word.never_last or after.never_first:
        return FORBIDDEN
    if stops != PLAIN:
        return stops
    if not spaced and word.tail != "o" and after.head != "o":
        return _between_letters(word.tail, after.head, language)
    return _between_words(word, after)


def _between_words(word: _Traits, after: _Traits) -> int:
    if word.glues:
        return GLUED
    if after.leads != PLAIN:
        return after.leads
    if word.capital and after.capital:
        return NAMES
    return WEAK if word.weak else PLAIN


def _between_letters(tail: str, head: str, language: str) -> int:
    """Japanese writes the stem of a word in kanji and its ending in hiragana: a phrase ends where hiragana ends."""
    if tail == head:
        # Chinese has Han letters alone: nothing tells its words apart.
        return PLAIN if tail == "k" and language != "ja" else GLUED
    if tail == "h":
        return BETWEEN_PHRASES
    return GLUED if head == "h" else PLAIN


def _by_time(cost: int, pause: int) -> int:
    return cost + OVERLAP if pause < 0 else max(0, cost - min(PAUSE_MOST, round(PAUSE_PER_MS * pause)))


def _traits(text: str, grammar: Grammar) -> _Traits:
    core = _core(text)
    stops = _stop(text)
    bare = stops == PLAIN
    leads = PLAIN
    if core in grammar.conjunctions:
        leads = BEFORE_CONJUNCTION
    elif core in grammar.prepositions:
        leads = BEFORE_PREPOSITION
    return _Traits(
        core=core,
        stops=stops,
        shortened=bare and text.endswith(".") and core in ABBREVIATIONS,
        glues=bare and (grammar.reads_on(core) or (text.endswith(".") and core in grammar.titles)),
        weak=bare and core in grammar.weak,
        leads=leads,
        never_first=text[0] in _NEVER_FIRST or (not core and (not bare or text[0] in _ONLY_CLOSERS)),
        never_last=text[-1] in _NEVER_LAST or (not core and text[-1] in _ONLY_OPENERS),
        capital=text[0].isupper() and core != "i",
        head=_script(text[0]),
        tail=_script(text[-1]),
    )


def _core(text: str) -> str:
    first, last = 0, len(text)
    while first < last and not text[first].isalnum():
        first += 1
    while last > first and not text[last - 1].isalnum():
        last -= 1
    return text[first:last].lower()


def _stop(text: str) -> int:
    closed = len(text)
    while closed and text[closed - 1] in _CLOSERS:
        closed -= 1
    if not closed:
        return PLAIN
    mark = text[closed - 1]
    if mark in _CLAUSE_END:
        return CLAUSE
    if mark not in _SENTENCE_END or (mark == "." and _is_abbreviation(text)):
        return PLAIN
    return SENTENCE


def _is_abbreviation(text: str) -> bool:
    """Whether the full stop belongs to the word, as in Dr., e.g. and the J. of a name."""
    core = _core(text)
    return core in ABBREVIATIONS or core in TITLES or (len(core) == 1 and text[0].isupper() and core != "i")


def _script(letter: str) -> str:
    if letter < "\u2e80":
        return "l" if letter.isalnum() else "o"
    if _HIRAGANA.match(letter):
        return "h"
    if _KATAKANA.match(letter):
        return "a"
    return "k" if _KANJI.match(letter) else "o"
