"""Units behind numbers: ``10 GB``, ``5km``, ``70 °C``, ``60 km/h``, ``5'10"``, ``50%``.

The names are American, as the voice is; "metre" would be said the same. Case matters, as it does to the SI: mW, MW.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.text.english.initialisms import letters
from greenroom.text.english.numerals import cardinal, decimal
from greenroom.text.english.quantities import quantity
from greenroom.text.english.words import Dot, Said, word_set

if TYPE_CHECKING:
    from greenroom.text.english.words import Reading, Words

_PREFIXES = {
    "p": "pico", "n": "nano", "μ": "micro", "u": "micro", "m": "milli", "c": "centi", "d": "deci", "h": "hecto",
    "k": "kilo", "K": "kilo", "M": "mega", "G": "giga", "T": "tera", "P": "peta", "E": "exa", "Ki": "kibi",
    "Mi": "mebi", "Gi": "gibi", "Ti": "tebi",
}  # fmt: skip

# symbol: (singular, plural, prefixes that it is used with)
_WITH_PREFIXES = {
    "m": ("meter", "meters", "n μ u m c d k"),
    "g": ("gram", "grams", "n μ u m k"),
    "L": ("liter", "liters", "μ m c d h"),
    "l": ("liter", "liters", "μ m c d h"),
    "s": ("second", "seconds", "n μ u m"),
    "Hz": ("hertz", "hertz", "m k M G T"),
    "B": ("byte", "bytes", "k K M G T P E Ki Mi Gi Ti"),
    "b": ("bit", "bits", "k K M G T"),
    "bit": ("bit", "bits", "k M G T"),
    "W": ("watt", "watts", "m k M G T"),
    "Wh": ("watt hour", "watt hours", "m k M G T"),
    "V": ("volt", "volts", "m k"),
    "A": ("amp", "amps", "m k"),
    "Ah": ("amp hour", "amp hours", "m"),
    "J": ("joule", "joules", "k M G"),
    "N": ("newton", "newtons", "m k"),
    "Pa": ("pascal", "pascals", "h k M G"),
    "Ω": ("ohm", "ohms", "m k M"),
    "F": ("farad", "farads", "p n μ"),
    "eV": ("electron volt", "electron volts", "m k M G T"),
    "cal": ("calorie", "calories", "k"),
    "mol": ("mole", "moles", "n μ m k"),
    "px": ("pixel", "pixels", "M"),
    "pixel": ("pixel", "pixels", "M"),
    "FLOPS": ("flops", "flops", "M G T P E"),
    "FLOPs": ("flops", "flops", "M G T P E"),
    "t": ("ton", "tons", "k M"),
}

# symbol: (singular, plural); these take no prefix.
_PLAIN = {
    "min": ("minute", "minutes"), "mins": ("minute", "minutes"), "sec": ("second", "seconds"),
    "secs": ("second", "seconds"), "h": ("hour", "hours"), "hr": ("hour", "hours"), "hrs": ("hour", "hours"),
    "yr": ("year", "years"), "yrs": ("year", "years"), "wk": ("week", "weeks"), "mo": ("month", "months"),
    "ft": ("foot", "feet"), "yd": ("yard", "yards"), "yds": ("yard", "yards"), "mi": ("mile", "miles"),
    "lb": ("pound", "pounds"), "lbs": ("pound", "pounds"), "oz": ("ounce", "ounces"), "pt": ("point", "points"),
    "gal": ("gallon", "gallons"), "tsp": ("teaspoon", "teaspoons"), "tbsp": ("tablespoon", "tablespoons"),
    "mph": ("mile per hour", "miles per hour"), "kph": ("kilometer per hour", "kilometers per hour"),
    "kmh": ("kilometer per hour", "kilometers per hour"), "mpg": ("mile per gallon", "miles per gallon"),
    "fps": ("frame per second", "frames per second"), "rpm": ("revolution per minute", "revolutions per minute"),
    "bpm": ("beat per minute", "beats per minute"), "dpi": ("dot per inch", "dots per inch"),
    "ppi": ("pixel per inch", "pixels per inch"), "ppm": ("part per million", "parts per million"),
    "cps": ("character per second", "characters per second"), "wpm": ("word per minute", "words per minute"),
    "psi": ("pound per square inch", "pounds per square inch"), "bps": ("bit per second", "bits per second"),
    "kbps": ("kilobit per second", "kilobits per second"), "Kbps": ("kilobit per second", "kilobits per second"),
    "Mbps": ("megabit per second", "megabits per second"), "Gbps": ("gigabit per second", "gigabits per second"),
    "MBps": ("megabyte per second", "megabytes per second"), "GBps": ("gigabyte per second", "gigabytes per second"),
    "dB": ("decibel", "decibels"), "dBFS": ("decibel F.S", "decibels F.S"), "LUFS": ("luffs", "luffs"),
    "bar": ("bar", "bars"), "atm": ("atmosphere", "atmospheres"), "lm": ("lumen", "lumens"), "lx": ("lux", "lux"),
    "hp": ("horsepower", "horsepower"), "ha": ("hectare", "hectares"), "ac": ("acre", "acres"),
    "MP": ("megapixel", "megapixels"), "mAh": ("milliamp hour", "milliamp hours"), "KB": ("kilobyte", "kilobytes"),
    "°": ("degree", "degrees"), "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
    "%": ("percent", "percent"), "‰": ("per mille", "per mille"), "pct": ("percent", "percent"),
}  # fmt: skip

# Only attached to the number: apart they are words or letters ("5 in", "2 A", "the 4 K").
_ATTACHED = {
    "in": ("inch", "inches"), "d": ("day", "days"), "w": ("week", "weeks"), "C": ("degree Celsius", "degrees Celsius"),
    "F": ("degree Fahrenheit", "degrees Fahrenheit"),
}  # fmt: skip
_NEVER_ATTACHED = word_set("B T F")  # 7B is seven billion
_NEVER_APART = word_set("A F B b t ac bar bit mo in")

# Apart from the number only.
_APART = {"K": ("kelvin", "kelvins"), "bar": ("bar", "bars")}

# These may end in a full stop of their own.
_DOTTED = word_set("min mins sec secs hr hrs yr yrs ft in lb lbs oz yd yds mi pt gal tsp tbsp wk mo")

# What things are counted by, whatever they are: "tokens/s", "requests/min".
_RATES = word_set("s sec second min minute h hr hour day week month yr year step token image frame")

_RAISED = {"2": "square", "²": "square", "^2": "square", "3": "cubic", "³": "cubic", "^3": "cubic"}
_SQUARED = frozenset({"s²", "s2", "s^2"})
_LENGTH = re.compile(r"(?P<unit>[kcdmμ]?m|ft|mi|yd|in)(?P<power>\^?[23]|[²³])")
_FEET_INCHES = re.compile(r"(?P<feet>\d{1,3})'(?P<inches>\d{1,2}(?:\.\d)?)")
_MARKED = {"'": "foot", '"': "inch"}
_MEASURED = word_set("board deep display high long monitor panel pipe screen tablet tall thick tv wheel wide x")
_UNIT = re.compile(r"[-–]?(?P<unit>\D.*)")


def _table() -> dict[str, tuple[str, str]]:
    table = dict(_PLAIN)
    for symbol, (one, many, prefixes) in _WITH_PREFIXES.items():
        table.setdefault(symbol, (one, many))
        for prefix in prefixes.split():
            table.setdefault(prefix + symbol, (_PREFIXES[prefix] + one, _PREFIXES[prefix] + many))
    return table


UNITS = _table()
"""Symbol to singular and plural, prefixes applied."""


def unit_names(symbol: str) -> tuple[str, str] | None:
    """The singular and the plural of a unit: ``km² → square kilometer``, ``km/h → kilometer per hour``."""
    if symbol in UNITS:
        return UNITS[symbol]
    if match := _LENGTH.fullmatch(symbol):
        one, many = UNITS.get(match["unit"]) or _ATTACHED[match["unit"]]
        return f"{_RAISED[match['power']]} {one}", f"{_RAISED[match['power']]} {many}"
    above, _, below = symbol.partition("/")
    if not above or not (below.isalpha() or below in _SQUARED or below in UNITS):
        return None
    names = unit_names(above)
    if not names and below in _RATES and above.isalpha() and above.islower():  # "tokens/s"
        names = above, above
    return (f"{names[0]} per {' '.join(per(below))}", f"{names[1]} per {' '.join(per(below))}") if names else None


def per(text: str) -> tuple[str, ...]:
    """What stands behind "per": ``h → hour``, ``s² → second squared``, ``month → month``."""
    if text in _SQUARED:
        return ("second", "squared")
    names = unit_names(text)
    return tuple(names[0].split()) if names else letters(text)


def attached(words: Words, at: int) -> Reading | None:
    """``5km``, ``24kHz``, ``50%``, ``10-20ms``, ``5-km``; ``90s`` are seconds unless a decade is meant."""
    found = quantity(words.core(at))
    match = _UNIT.fullmatch(found.rest) if found else None
    if not found or not match or match["unit"] in _NEVER_ATTACHED:
        return None
    names = _ATTACHED.get(match["unit"]) or unit_names(match["unit"])
    if not names:
        return None
    hyphened = found.rest[0] in "-–"
    dot = Dot.BEFORE_CAPITAL if match["unit"] in _DOTTED else Dot.ENDS
    singular = found.one or hyphened or words.attributive(at, at)
    return (Said(found.words + _name(names, singular=singular), dot),)


def apart(words: Words, at: int) -> Reading | None:
    """``10 GB``, ``70 °C``, ``5 ft.``, ``3.5 million km``."""
    found = quantity(words.core(at))
    if not found or found.rest or not words.linked(at):
        return None
    scaled = words.core(at + 1) in {"hundred", "thousand", "million", "billion", "trillion"} and words.linked(at + 1)
    place = at + 1 + scaled
    singular = (found.one and not scaled) or words.attributive(at, place)
    unit = behind(words, place - 1, singular=singular)
    if not unit:
        return None
    number = Said(found.words)
    return (number, Said((words.core(at + 1),)), unit) if scaled else (number, unit)


def behind(words: Words, at: int, *, singular: bool) -> Said | None:
    """The unit that is the word after ``at``."""
    names = _unit_apart(words, at + 1) if words.linked(at) else None
    if not names:
        return None
    dotted = words.core(at + 1) in _DOTTED and words[at + 1].tail.startswith(".")
    return Said(_name(names, singular=singular), Dot.BEFORE_CAPITAL if dotted else Dot.ENDS)


def feet_and_inches(words: Words, at: int) -> Reading | None:
    """``5'10" → five foot ten``, ``6' tall``, ``a 27" monitor``; a mark that may close a quotation is no unit."""
    piece = words[at]
    if match := _FEET_INCHES.fullmatch(piece.core):
        return (Said((*cardinal(int(match["feet"])), "foot", *decimal(match["inches"]))),)
    found = quantity(piece.core) if piece.tail in _MARKED and not piece.lead else None
    if not found or found.rest or words.core(at + 1) not in _MEASURED:
        return None
    return (Said((*found.words, _MARKED[piece.tail])),)


def lonely(words: Words, at: int) -> Reading | None:
    """A unit without a number, where it can be nothing else: ``in GHz``, ``per GB``, ``km/h``."""
    core = words.core(at)
    if core not in _ALONE:
        return None
    singular = words.core(at - 1).lower() in {"a", "an", "each", "every", "one", "per"}
    return (Said(_name(unit_names(core) or (core, core), singular=singular)),)


_ALONE = word_set("GHz MHz kHz Hz GB MB KB kB TB GiB MiB KiB TiB Gbps Mbps kbps km/h m/s kWh kHz °C °F dB")


def _unit_apart(words: Words, at: int) -> tuple[str, str] | None:
    symbol = words.core(at)
    if symbol == "in" and words[at].tail.startswith(".") and words.core(at + 1)[:1].islower():
        return _ATTACHED["in"]  # "5 in. wide"; without its dot it is the word
    if symbol in _NEVER_APART and symbol not in _APART:
        return None
    return _APART.get(symbol) or unit_names(symbol)


def _name(names: tuple[str, str], *, singular: bool) -> tuple[str, ...]:
    return tuple(names[0 if singular else 1].split())
