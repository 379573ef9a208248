"""What users must know of a model's licences."""

from __future__ import annotations

from greenroom.models.terms import notice_of, terms_of
from greenroom.recipes.catalogue import recipe


def test_the_most_restricting_comes_first() -> None:
    terms = terms_of(recipe("f5tts-v1-base"))
    assert terms[0].startswith("non-commercial: ")
    assert terms[-1] == "licences: code MIT, weights CC-BY-NC-4.0"
    assert notice_of(recipe("f5tts-v1-base")).startswith("non-commercial (code MIT, weights CC-BY-NC-4.0); see ")


def test_what_restricts_nothing_names_its_licences() -> None:
    known = recipe("seedvr2-3b")
    assert terms_of(known) == ("licences: code Apache-2.0, weights Apache-2.0",)
    assert notice_of(known) == "code Apache-2.0, weights Apache-2.0; see greenroom models seedvr2-3b"
