"""Shortened words, most of them with a full stop that is not the end of a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.text.english.words import Dot, Said, word_set

if TYPE_CHECKING:
    from greenroom.text.english.words import Reading, Words

# Before a name. Those without a dot, as Britons write them, are read too.
TITLES = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Mx": "Mix", "Messrs": "Messieurs", "Dr": "Doctor", "Drs": "Doctors",
    "Prof": "Professor", "St": "Saint", "Mt": "Mount", "Ft": "Fort", "Rev": "Reverend", "Hon": "Honorable",
    "Gen": "General", "Col": "Colonel", "Maj": "Major", "Capt": "Captain", "Lt": "Lieutenant", "Cmdr": "Commander",
    "Adm": "Admiral", "Sgt": "Sergeant", "Cpl": "Corporal", "Pvt": "Private", "Gov": "Governor", "Sen": "Senator",
    "Rep": "Representative", "Pres": "President", "Supt": "Superintendent", "Atty": "Attorney", "Fr": "Father",
}  # fmt: skip

_ALWAYS_TITLES = word_set("Mr Mrs Ms Mx Messrs Dr Drs Prof Sgt Capt Lt")
_UNDOTTED_TITLES = word_set("Mr Mrs Ms Mx Mt Dr Prof St Lt Sgt Capt")

# Behind a street's name.
STREETS = {
    "St": "Street", "Dr": "Drive", "Ave": "Avenue", "Av": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Ln": "Lane",
    "Hwy": "Highway", "Pkwy": "Parkway", "Sq": "Square", "Ct": "Court", "Pl": "Place", "Ter": "Terrace",
}  # fmt: skip

# Behind any name.
_BEHIND_NAMES = {
    "Inc": "Incorporated", "Ltd": "Limited", "Corp": "Corporation", "Co": "Company", "Bros": "Brothers",
    "Jr": "Junior", "Sr": "Senior", "Esq": "Esquire",
}  # fmt: skip

# Wherever they stand, when the dot is there. The first letter may be a capital.
_ANYWHERE = {
    "etc": ("et cetera", Dot.BEFORE_CAPITAL), "vs": ("versus", Dot.NEVER), "approx": ("approximately", Dot.NEVER),
    "e.g": ("for example", Dot.NEVER), "i.e": ("that is", Dot.NEVER), "cf": ("compare", Dot.NEVER),
    "viz": ("namely", Dot.NEVER), "ca": ("circa", Dot.NEVER), "dept": ("department", Dot.BEFORE_OPENER),
    "avg": ("average", Dot.NEVER), "incl": ("including", Dot.NEVER), "excl": ("excluding", Dot.NEVER),
    "esp": ("especially", Dot.NEVER), "misc": ("miscellaneous", Dot.NEVER), "est": ("established", Dot.NEVER),
    "tel": ("telephone", Dot.NEVER), "govt": ("government", Dot.BEFORE_OPENER),
    "assn": ("association", Dot.BEFORE_OPENER),
    "univ": ("university", Dot.BEFORE_OPENER), "ext": ("extension", Dot.NEVER), "a.k.a": ("also known as", Dot.NEVER),
    "w.r.t": ("with respect to", Dot.NEVER), "a.m": ("A.M", Dot.BEFORE_CAPITAL), "p.m": ("P.M", Dot.BEFORE_CAPITAL),
    "ph.d": ("P.H.D", Dot.BEFORE_OPENER), "ph.d's": ("P.H.D's", Dot.ENDS), "m.sc": ("M.S.C", Dot.BEFORE_OPENER),
    "b.sc": ("B.S.C", Dot.BEFORE_OPENER),
    "ibid": ("ibidem", Dot.BEFORE_CAPITAL), "resp": ("respectively", Dot.BEFORE_CAPITAL),
}  # fmt: skip

# Without any dot.
_BARE = {
    "vs": "versus", "approx": "approximately", "w/": "with", "w/o": "without", "c/o": "care of", "b/c": "because",
    "aka": "also known as", "btw": "by the way", "eg": "for example", "ie": "that is", "pls": "please",
    "and/or": "and or", "n/a": "not applicable", "etc": "et cetera", "a.m": "A.M", "p.m": "P.M", "e.g": "for example",
    "i.e": "that is", "dept": "department", "govt": "government", "i/o": "I.O", "tcp/ip": "T.C.P I.P",
}  # fmt: skip

# Only before a number: "max. 5", but "her name is Max."
_BEFORE_NUMBERS = {
    "max": "maximum",
    "min": "minimum",
    "c": "circa",
    "v": "version",
    "ver": "version",
    "apt": "apartment",
}

TRIGGERS = (
    frozenset({"v", "al", "op"})
    | TITLES.keys()
    | STREETS.keys()
    | _BEHIND_NAMES.keys()
    | {form for word in (*_ANYWHERE, *_BARE, *_BEFORE_NUMBERS) for form in (word, word.capitalize())}
)
"""Words of letters alone that a rule here may read in another way than they are written."""

OPENERS = word_set("""
    A After All Also Although An And Another Any As At Because Before Both But By Did Do Does Each Even Every Everyone
    Finally First For From Had Has Have He Her Here His How However I If In Instead Is It Its Last Later Let Like Many
    Maybe Meanwhile Most My Never Next No Nobody Not Nothing Now Of On Once One Only Or Other Our Perhaps Please Since
    So Some Someone Soon Still Such Suddenly Than Thank That The Their Then There These They This Those Though Thus To
    Today Tomorrow Under Until Was We Were What When Where Whether Which While Who Why Will With Without Would Yes Yet
    You Your It's I'm I'll I've He's She's That's There's They're We're You're Don't
    """)
"""Capitalised words that hardly ever follow an initial or a company's "Inc." within the sentence."""


def title(words: Words, at: int) -> Reading | None:
    """``Dr. Smith``, ``St. Paul``; ``Elm Dr.`` and ``Main St.`` are streets."""
    piece = words[at]
    dotted = piece.tail.startswith(".")
    if piece.core not in TITLES or not (dotted or piece.core in _UNDOTTED_TITLES):
        return None
    if piece.core in STREETS and _ends_street(words, at):
        return None
    if piece.tail in {"", "."} and words.core(at + 1)[:1].isupper():
        return (Said((TITLES[piece.core],), Dot.NEVER),)
    if dotted and piece.core in _ALWAYS_TITLES:  # "Mr. and Mrs. Smith", "the Dr. said"
        return (Said((TITLES[piece.core],), Dot.BEFORE_OPENER),)
    return None


def street(words: Words, at: int) -> Reading | None:
    """``Main St.``, ``Fifth Ave.``, ``42 Elm Dr., Boston``."""
    piece = words[at]
    if piece.core not in STREETS or not piece.tail.startswith(".") or not _ends_street(words, at):
        return None
    return (Said((STREETS[piece.core],), Dot.BEFORE_OPENER),)


def behind_name(words: Words, at: int) -> Reading | None:
    """``Acme Inc.``, ``Martin Luther King Jr.``"""
    piece = words[at]
    named = words.core(at - 1)[:1].isupper() or words[at - 1].whole == "&"
    if piece.core not in _BEHIND_NAMES or not named:
        return None
    if not piece.tail.startswith(".") and piece.core in {"Co", "Esq", "Bros"}:
        return None
    return (Said((_BEHIND_NAMES[piece.core],), Dot.BEFORE_OPENER),)


def versus_in_law(words: Words, at: int) -> Reading | None:
    """``Roe v. Wade``, and the Latin of footnotes: ``et al.``, ``op. cit.``"""
    piece = words[at]
    if (
        piece.core == "v"
        and piece.tail == "."
        and words.core(at - 1)[:1].isupper()
        and words.core(at + 1)[:1].isupper()
    ):
        return (Said(("versus",), Dot.NEVER),)
    if piece.core == "op" and piece.tail == "." and words.core(at + 1) == "cit":
        return (Said(("op",), Dot.NEVER),)
    if piece.core == "al" and piece.tail.startswith(".") and words.core(at - 1) == "et":
        return (Said(("al",), Dot.BEFORE_OPENER),)
    return None


def before_number(words: Words, at: int) -> Reading | None:
    """``max. 5``, ``c. 1850``."""
    piece = words[at]
    if piece.tail == "." and piece.core.lower() in _BEFORE_NUMBERS and words.core(at + 1).lstrip("#")[:1].isdecimal():
        return (Said((_BEFORE_NUMBERS[piece.core.lower()],), Dot.NEVER),)
    return None


def anywhere(words: Words, at: int) -> Reading | None:
    """``e.g.``, ``etc.``, ``approx.``, and the few that need no dot: ``vs``, ``w/o``."""
    piece = words[at]
    known = piece.core[:1].lower() + piece.core[1:]
    if "." in known:
        known = known.lower()
    if piece.tail.startswith(".") and known in _ANYWHERE:
        said, dot = _ANYWHERE[known]
        return (Said(tuple(said.split()), dot),)
    if known.lower() in _BARE and (known in _BARE or not known.isalpha()):
        return (Said(tuple(_BARE[known.lower()].split())),)
    return None


def _ends_street(words: Words, at: int) -> bool:
    """Whether St. or Dr. stands behind a street's name: "Main St. is", "12 Main St. Paul lives there"."""
    before = words[at - 1]
    if (
        not (before.core[:1].isupper() or before.core[-2:] in {"st", "nd", "rd", "th"})
        or before.tail
        or before.core in OPENERS
    ):
        return False
    follows = words[at + 1]
    in_address = words.core(at - 2)[:1].isdecimal() and not words[at - 2].tail
    return in_address or words[at].tail != "." or not follows.core[:1].isupper() or follows.core in OPENERS
