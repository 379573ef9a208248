"""Sums of money: ``$3.50``, ``€1,000``, ``$3.5 million``, ``USD 20``, ``20 EUR``, ``$1.2bn``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom.text.english.numerals import cardinal, decimal
from greenroom.text.english.quantities import LONGEST_CORE
from greenroom.text.english.quantities import SIGNS as NUMBER_SIGNS
from greenroom.text.english.units import per
from greenroom.text.english.words import NUMBER, Dot, Said, spread, word_set

if TYPE_CHECKING:
    from greenroom.text.english.words import Reading, Words


@dataclass(frozen=True, slots=True)
class Currency:
    """one and many: its name in the singular and the plural.  cent, cents: the same of its hundredth, if it is used."""

    one: str
    many: str
    cent: str = ""
    cents: str = ""


def _currency(one: str, many: str = "", cent: str = "", cents: str = "") -> Currency:
    return Currency(one, many or one, cent, cents or (f"{cent}s" if cent else ""))


_DOLLAR = _currency("dollar", "dollars", "cent")
_POUND = _currency("pound", "pounds", "penny", "pence")


def _dollar(country: str) -> Currency:
    return _currency(f"{country} dollar", f"{country} dollars", "cent")


SYMBOLS = {
    "$": _DOLLAR, "US$": _dollar("U.S"), "C$": _dollar("Canadian"), "CA$": _dollar("Canadian"),
    "A$": _dollar("Australian"), "AU$": _dollar("Australian"), "NZ$": _dollar("New Zealand"),
    "HK$": _dollar("Hong Kong"), "S$": _dollar("Singapore"), "NT$": _dollar("Taiwan"),
    "R$": _currency("real", "reais", "centavo"), "€": _currency("euro", "euros", "cent"), "£": _POUND,
    "¥": _currency("yen"), "円": _currency("yen"), "元": _currency("yuan"),
    "₹": _currency("rupee", "rupees", "paisa", "paise"), "₩": _currency("won"),
    "₽": _currency("ruble", "rubles", "kopeck"), "₺": _currency("lira"),
    "₪": _currency("shekel", "shekels", "agora", "agorot"), "₴": _currency("hryvnia"), "₫": _currency("dong"),
    "฿": _currency("baht"), "₦": _currency("naira"), "₱": _currency("peso", "pesos", "centavo"),
    "₿": _currency("bitcoin", "bitcoins"), "₵": _currency("cedi", "cedis"), "₡": _currency("colon", "colones"),
    "zł": _currency("zloty", "zlotys", "grosz", "groszy"), "Kč": _currency("koruna", "korunas"),
    "Rs": _currency("rupee", "rupees", "paisa", "paise"),
}  # fmt: skip

# Without TRY, which people shout.
CODES = {
    "USD": _dollar("U.S"), "CAD": _dollar("Canadian"), "AUD": _dollar("Australian"), "NZD": _dollar("New Zealand"),
    "HKD": _dollar("Hong Kong"), "SGD": _dollar("Singapore"), "TWD": _dollar("Taiwan"), "EUR": SYMBOLS["€"],
    "GBP": _POUND, "JPY": SYMBOLS["¥"], "CNY": SYMBOLS["元"], "RMB": SYMBOLS["元"], "INR": SYMBOLS["₹"],
    "KRW": SYMBOLS["₩"], "RUB": SYMBOLS["₽"], "ILS": SYMBOLS["₪"], "UAH": SYMBOLS["₴"],
    "VND": SYMBOLS["₫"], "THB": SYMBOLS["฿"], "NGN": SYMBOLS["₦"], "PHP": SYMBOLS["₱"], "BTC": SYMBOLS["₿"],
    "BRL": SYMBOLS["R$"], "PLN": SYMBOLS["zł"], "CZK": SYMBOLS["Kč"], "CHF": _currency("Swiss franc", "Swiss francs"),
    "SEK": _currency("Swedish krona", "Swedish kronor"), "NOK": _currency("Norwegian krone", "Norwegian kroner"),
    "DKK": _currency("Danish krone", "Danish kroner"), "HUF": _currency("forint", "forints"),
    "MXN": _currency("Mexican peso", "Mexican pesos", "centavo"), "ZAR": _currency("rand", "rand", "cent"),
    "IDR": _currency("rupiah"), "MYR": _currency("ringgit"), "SAR": _currency("riyal", "riyals"),
    "AED": _currency("dirham", "dirhams"), "EGP": _currency("Egyptian pound", "Egyptian pounds"),
    "ARS": _currency("Argentine peso", "Argentine pesos"), "CLP": _currency("Chilean peso", "Chilean pesos"),
}  # fmt: skip

_MAGNITUDES = {
    "k": "thousand", "K": "thousand", "m": "million", "M": "million", "mn": "million", "mm": "million",
    "MM": "million", "b": "billion", "B": "billion", "bn": "billion", "Bn": "billion", "t": "trillion", "T": "trillion",
    "tn": "trillion",
}  # fmt: skip
TRIGGERS = frozenset({"Rs"})
SIGNS = "a¢" + "".join(sorted({char for name in SYMBOLS for char in name if not char.isalpha()}))
"""A word with a sum has one of these; "a" is any letter."""

MAGNITUDE_WORDS = word_set("hundred thousand million billion trillion quadrillion")

_NAME = "|".join(re.escape(name) for name in sorted({*SYMBOLS, *CODES} - {"Rs"}, key=len, reverse=True))
_AMOUNT = rf"{NUMBER}|\d+,\d\d"
_BEFORE = re.compile(
    rf"(?P<sign>[-+~≈±<>≤≥]|\+/-)?(?P<name>{_NAME}|Rs\.?)(?P<minus>-)?(?P<low>{_AMOUNT})(?P<scale1>[A-Za-z]{{1,2}})?"
    rf"(?:[-–—](?:{_NAME})?(?P<high>{_AMOUNT})(?P<scale2>[A-Za-z]{{1,2}})?)?(?P<rest>\+|/[A-Za-z]+|-[a-z]+)?"
)
_BEHIND = re.compile(
    rf"(?P<sign>[-+~≈±<>≤≥]|\+/-)?(?P<low>{_AMOUNT})(?P<scale1>[kKmMbB]n?)??"
    rf"(?:[-–—](?P<high>{_AMOUNT})(?P<scale2>[kKmMbB]n?)??)?(?P<name>{_NAME}|¢)(?P<rest>\+|/[A-Za-z]+)?"
)
_CENT = _currency("cent", "cents")


@dataclass(frozen=True, slots=True)
class _Sum:
    """A sum as it was found in one word: ``~$3.5–4m/year``."""

    currency: Currency
    sign: str
    low: str
    high: str = ""
    scale: str = ""
    rest: str = ""


def before(words: Words, at: int) -> Reading | None:
    """``$3.50``, ``-€5``, ``$10-20``, ``$1.2bn``, and ``$3.5 million``."""
    core = words.core(at)
    match = _BEFORE.fullmatch(core) if len(core) <= LONGEST_CORE else None
    if not match:
        return None
    scale, rest = match["scale2"] or match["scale1"] or "", match["rest"] or ""
    if rest[1:] in MAGNITUDE_WORDS:  # "a $5-million deal"
        scale, rest = rest[1:], "-"
    if scale and scale not in _MAGNITUDES and scale not in MAGNITUDE_WORDS:
        return None
    name = match["name"].rstrip(".")
    found = _Sum(
        SYMBOLS.get(name) or CODES[name],
        match["sign"] or match["minus"] or "",
        match["low"],
        match["high"] or "",
        _MAGNITUDES.get(scale, scale),
        rest,
    )
    return _say(words, at, found)


def behind(words: Words, at: int) -> Reading | None:
    """``20€``, ``50¢``, ``20USD``."""
    core = words.core(at)
    match = _BEHIND.fullmatch(core) if len(core) <= LONGEST_CORE else None
    if not match:
        return None
    name = match["name"]
    currency = _CENT if name == "¢" else SYMBOLS.get(name) or CODES[name]
    scale = _MAGNITUDES.get(match["scale2"] or match["scale1"] or "", "")
    found = _Sum(currency, match["sign"] or "", match["low"], match["high"] or "", scale, match["rest"] or "")
    return _say(words, at, found)


def code_first(words: Words, at: int) -> Reading | None:
    """``USD 20 → twenty / U.S dollars``, ``$ 5``, ``Rs. 500``: each written word has its share, in the spoken order."""
    core, piece = words.core(at), words[at]
    dotted = core == "Rs" and piece.tail == "."
    currency = CODES.get(core) or SYMBOLS.get(core)
    if not currency or not (words.linked(at) or (dotted and words.linked(at, "."))):
        return None
    match = re.fullmatch(rf"(?P<low>{_AMOUNT})(?P<scale>[kKmMbB]n?)?", words.core(at + 1))
    if not match or len(words.core(at + 1)) > LONGEST_CORE:
        return None
    scaled = words.linked(at + 1) and words.core(at + 2) in MAGNITUDE_WORDS
    scale = _MAGNITUDES.get(match["scale"] or "", "") or (words.core(at + 2) if scaled else "")
    number, unit = _words_of(_Sum(currency, "", match["low"], scale=scale), singular=False)
    return spread(number + unit, 3) if scaled else (Said(number, Dot.NEVER), Said(unit))


def code_behind(words: Words, at: int) -> Reading | None:
    """``20 EUR``, ``5 €``, ``3.5 million USD``."""
    scaled = words.linked(at) and words.core(at + 1) in MAGNITUDE_WORDS
    place = at + 1 + scaled
    name = words.core(place)
    currency = CODES.get(name) or SYMBOLS.get(name) or (_CENT if name == "¢" else None)
    if not currency or not words.linked(place - 1):
        return None
    match = re.fullmatch(rf"(?P<sign>[-+~≈])?(?P<low>{_AMOUNT})", words.core(at))
    if not match or len(words.core(at)) > LONGEST_CORE:
        return None
    found = _Sum(currency, match["sign"] or "", match["low"], scale=words.core(at + 1) if scaled else "")
    number, unit = _words_of(found, singular=words.attributive(at, place))
    if scaled:
        return Said(number[:-1]), Said(number[-1:]), Said(unit)
    return Said(number), Said(unit)


def _say(words: Words, at: int, found: _Sum) -> Reading:
    """The sum with what belongs to it behind: a magnitude word, ``/month``, ``-plus``."""
    scaled = not found.scale and words.linked(at) and words.core(at + 1) in MAGNITUDE_WORDS and not found.rest
    if scaled:
        scale = words.core(at + 1)
        with_scale = _Sum(found.currency, found.sign, found.low, found.high, scale)
        number, unit = _words_of(with_scale, singular=words.attributive(at, at + 1))
        return Said(number[:-1]), Said((scale, *unit))
    singular = words.attributive(at, at) or found.rest.startswith("-")
    number, unit = _words_of(found, singular=singular)
    return (Said(number + unit + _rest(found.rest)),)


def _rest(rest: str) -> tuple[str, ...]:
    if rest == "+":
        return ("plus",)
    return ("per", *per(rest[1:])) if rest.startswith("/") else tuple(rest[1:].split())


def _words_of(found: _Sum, *, singular: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The number's words and the currency's words behind them: ``3.50 → (three), (dollars and fifty cents)``."""
    currency, sign = found.currency, NUMBER_SIGNS.get(found.sign, ())
    low = _point(found.low)
    if found.high or found.scale:
        number = sign + decimal(low)
        number += ("to", *decimal(_point(found.high))) if found.high else ()
        number += (found.scale,) if found.scale else ()
        return number, tuple((currency.one if singular else currency.many).split())
    whole, _, part = low.partition(".")
    if not currency.cent or len(part) not in {0, 2}:
        one = singular or low == "1"
        return sign + decimal(low), tuple((currency.one if one else currency.many).split())
    units, cents = int((whole or "0").replace(",", "")[:21]), int(part or 0)
    if cents and not units:
        return sign + cardinal(cents), (currency.cent if cents == 1 or singular else currency.cents,)
    name = tuple((currency.one if units == 1 or singular else currency.many).split())
    if not cents:
        return sign + decimal(whole or "0"), name
    small = currency.cent if cents == 1 or singular else currency.cents
    return sign + decimal(whole), (*name, "and", *cardinal(cents), small)


def _point(text: str) -> str:
    """``3,50 → 3.50``: a comma before two last digits is a decimal comma."""
    return f"{text[:-3]}.{text[-2:]}" if re.fullmatch(r"\d+,\d\d", text) else text
