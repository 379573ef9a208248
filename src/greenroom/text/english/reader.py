"""Which rule reads which word. The first rule that knows the word is the one that reads it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from greenroom.text.english import (
    abbreviations,
    addresses,
    dates,
    initialisms,
    labels,
    money,
    numbers,
    phones,
    symbols,
    times,
    units,
    versions,
)
from greenroom.text.english.fragments import read_fragments
from greenroom.text.english.words import SUPERSCRIPTS, Said, Words, take_apart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.text.english.words import Reading, Rule

_LONGEST_FOR_RULES = 2048
"""Characters of the longest written word that rules are asked about: the longest web address that browsers share."""

_LONGEST_COMPOUND = 40

# A rule, and what a word's core must have one of for it: any of these characters, where "a" is any letter and "" asks
# for nothing. It spares most words most rules. The narrower rule comes before the wider: a date before a fraction, a
# fraction before a number.
_WITH_DIGITS: tuple[tuple[Rule, str], ...] = (
    (addresses.mail, "@"),
    (addresses.web, "."),
    (numbers.fixed, "/-"),
    (dates.iso, "-"),
    (dates.figures, "/.-"),
    (dates.short_figures, "/"),
    (times.clock, ":"),
    (times.time_range, "-–—"),
    (times.hour, ""),
    (times.zone_offset, "+-"),
    (phones.phone, ""),
    (dates.day_before_month, ""),
    (money.before, money.SIGNS),
    (money.behind, money.SIGNS),
    (money.code_behind, ""),
    (dates.apostrophe_year, ""),
    (dates.decade_number, "a"),
    (dates.year_range, "-–—/"),
    (versions.network_address, "."),
    (versions.product_version, "."),
    (numbers.grouped_by_spaces, ""),
    (numbers.side_apart, ""),
    (numbers.mixed_fraction, ""),
    (units.feet_and_inches, ""),
    (units.apart, ""),
    (dates.year_number, ""),
    (numbers.model_number, ""),
    (numbers.ordinal_number, "a"),
    (numbers.hundreds, "a"),
    (numbers.picture_lines, "a"),
    (numbers.fraction_number, "/"),
    (numbers.plain, ""),
    (units.attached, "a%‰°Ω"),
    (labels.hash_number, "#§"),
    (labels.short_label_attached, "."),
    (numbers.ratio, ":"),
    (numbers.dimensions, "a×*"),
    (numbers.exponent, "a"),
    (numbers.power_number, f"^{SUPERSCRIPTS}"),
    (numbers.number_word, "-"),
    (numbers.calculation, "-+×*÷=<>≤≥≈"),
    (versions.version, ".a"),
    (addresses.option, "-"),
    (addresses.path, "./\\"),
    (addresses.handle, "@#"),
)

_WITH_LETTERS: tuple[tuple[Rule, str], ...] = (
    (dates.month_first, ""),
    (dates.weekday, ""),
    (dates.name_range, "-–—"),
    (money.code_first, ""),
    (labels.short_label, ""),
    (labels.short_label_numeral, ""),
    (labels.numeral, ""),
    (labels.counted_letter, ""),
    (abbreviations.title, ""),
    (abbreviations.street, ""),
    (abbreviations.behind_name, ""),
    (abbreviations.versus_in_law, ""),
    (abbreviations.before_number, ""),
    (abbreviations.anywhere, ""),
    (symbols.between_letters, ""),
    (units.lonely, ""),
    (initialisms.dotted, ""),
    (initialisms.initialism, ""),
    (addresses.mail, "@"),
    (addresses.web, "."),
    (addresses.option, "-"),
    (addresses.path, "./\\"),
    (addresses.handle, "@#"),
)

_WITHOUT_EITHER: tuple[tuple[Rule, str], ...] = (
    (labels.hash_number, "#§"),
    (money.code_first, money.SIGNS),
    (symbols.between, ""),
)

_LETTERS_AND_DIGITS = re.compile(r"[^\W_]+")


def read(words: Words) -> Iterator[Said]:
    """What is said for each word of a paragraph, in order, exactly one for each."""
    at, count = 0, len(words)
    while at < count:
        for said in _read_at(words, at):
            yield said
            at += 1


def paragraph(text: str, *, day_first: bool = False) -> Words:
    """One paragraph of cleaned text as the rules see it."""
    return Words(map(take_apart, text.split()), day_first=day_first)


def _read_at(words: Words, at: int) -> Reading:
    core = words[at].core
    if core.isalpha() and core.isascii() and core not in _ASKED_ABOUT and (core.islower() or core[1:].islower()):
        return (Said((core,)),)
    if len(core) <= _LONGEST_FOR_RULES:
        for rule in _rules(core):
            if reading := rule(words, at):
                return reading
    return (Said(_compound(core) or read_fragments(core)),)


def _rules(core: str) -> tuple[Rule, ...]:
    """The rules to ask about a word, in order."""
    signs = _LETTERS_AND_DIGITS.sub("", core)
    return _rules_for("".join(sorted(set(signs))), any(map(str.isdecimal, core)), any(map(str.isalpha, core)))


@lru_cache(maxsize=1024)
def _rules_for(signs: str, digits: bool, letters: bool) -> tuple[Rule, ...]:
    table = _WITH_DIGITS if digits else _WITH_LETTERS if letters else _WITHOUT_EITHER
    has = set(signs) | ({"a"} if letters else set()) | set(SUPERSCRIPTS)
    return tuple(rule for rule, needs in table if not needs or not has.isdisjoint(needs))


def _compound(core: str) -> tuple[str, ...]:
    """``mid-1990s``, ``pre-2000``, ``A100-80GB``: what stands behind the last hyphen is read by its own rule."""
    front, _, back = core.rpartition("-")
    if not front or not back[:1].isdecimal() or len(core) > _LONGEST_COMPOUND:
        return ()
    alone = Words([take_apart(front), take_apart(back)])
    if front.isalpha() and front.islower():
        for rule in _rules(back):
            if reading := rule(alone, 1):
                return (front, *reading[0].words)
    elif (reading := units.attached(alone, 1)) and len(back.lstrip("0123456789.,")) > 1:
        return (*read_fragments(front), *reading[0].words)
    return ()


# Plain words that rules must be asked about; all others are said as they are written.
_ASKED_ABOUT = frozenset().union(
    abbreviations.TRIGGERS, initialisms.TRIGGERS, labels.TRIGGERS, dates.TRIGGERS, money.TRIGGERS, {"x", "X"}
)
