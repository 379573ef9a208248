"""Shortened words, and what their full stops are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

TITLES = [
    ("Dr. Smith", "Doctor Smith"),
    ("Mr. Bean", "Mister Bean"),
    ("Mrs. Jones", "Missus Jones"),
    ("Ms. Lee", "Miz Lee"),
    ("Mr Bean", "Mister Bean"),
    ("Prof. Lee", "Professor Lee"),
    ("Mr. and Mrs. Smith", "Mister and Missus Smith"),
    ("the Dr. said", "the Doctor said"),
    ("St. Paul", "Saint Paul"),
    ("Mt. Everest", "Mount Everest"),
    ("Ft. Worth", "Fort Worth"),
    ("Lt. Col. Smith", "Lieutenant Colonel Smith"),
    ("Gen. Lee", "General Lee"),
    ("Rev. King", "Reverend King"),
]

STREETS = [
    ("Elm Dr. is long", "Elm Drive is long"),
    ("Main St. is long", "Main Street is long"),
    ("on Main St. He", "on Main Street. He"),
    ("42nd St. is late", "forty-second Street is late"),
    ("Fifth Ave. bus", "Fifth Avenue bus"),
    ("Sunset Blvd., L.A.", "Sunset Boulevard, L.A."),
]

BEHIND_NAMES = [
    ("Acme Inc. is", "Acme Incorporated is"),
    ("Acme Inc. The", "Acme Incorporated. The"),
    ("Smith & Co. is", "Smith and Company is"),
    ("Sammy Davis Jr. sang", "Sammy Davis Junior sang"),
    ("Acme Ltd.", "Acme Limited."),
]

ANYWHERE = [
    ("e.g. this", "for example this"),
    ("i.e. that", "that is that"),
    ("E.g. this", "for example this"),
    ("etc.", "et cetera."),
    ("apples, etc. Then", "apples, et cetera. Then"),
    ("vs. them", "versus them"),
    ("A vs B", "A versus B"),
    ("approx. 5", "approximately five"),
    ("cf. page", "compare page"),
    ("a.k.a. Doc", "also known as Doc"),
    ("Smith et al. say", "Smith et al say"),
    ("Roe v. Wade", "Roe versus Wade"),
    ("op. cit.", "op cit."),
    ("w/o it", "without it"),
    ("and/or", "and or"),
    ("n/a", "not applicable"),
    ("max. 5", "maximum five"),
    ("Max. He", "Max. He"),
    ("c. 1850", "circa eighteen fifty"),
    ("Ph.D. students", "P.H.D students"),
    ("ext. 12", "extension twelve"),
    ("dept. of", "department of"),
    ("M.Sc. in", "M.S.C in"),
]


@pytest.mark.parametrize(("written", "spoken"), TITLES)
def test_titles(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), STREETS)
def test_streets(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), BEHIND_NAMES)
def test_behind_names(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken


@pytest.mark.parametrize(("written", "spoken"), ANYWHERE)
def test_anywhere(say: Callable[[str], str], written: str, spoken: str) -> None:
    assert say(written) == spoken
