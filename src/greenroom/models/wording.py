"""Texts that are longer than a network reads: what of them is left out, in words."""

from __future__ import annotations

from greenroom.errors import quoted

_SHOWN = 40  # characters of a text on each side of the cut


def cut_off(text: str, kept: str, what: str, verb: str) -> str:
    """Nobody should wonder why the end of a text is missing.

    kept: the beginning of the text that is left.  what: the text's name.  verb: what is done with it, as in *heard*.
    """
    rest = text[len(kept) :].strip()
    count, unit = len(kept.split()), "words"
    total = len(text.split())
    if total == 1:
        count, total, unit = len(kept), len(text), "characters"
    end = kept if len(kept) <= _SHOWN else f"…{kept[1 - _SHOWN :]}"
    return (
        f"the {what} has {total:,} {unit}, of which the first {count:,} are {verb}, until {quoted(end)}; cut is"
        f" {quoted(rest, _SHOWN)}"
    )
