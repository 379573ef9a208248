"""What users must know of a model's licences."""

from __future__ import annotations

from greenroom.models.terms import notice_of, terms_of
from greenroom.recipes.catalogue import with_components


def test_the_most_restricting_comes_first() -> None:
    known = with_components("f5tts-v1-base")
    terms = terms_of(known)
    assert terms[0].startswith("non-commercial: ")
    assert terms[-1] == "licences: code MIT, weights CC-BY-NC-4.0"
    assert notice_of(known).startswith("non-commercial (code MIT, weights CC-BY-NC-4.0); see ")


def test_what_restricts_nothing_names_its_licences() -> None:
    known = with_components("seedvr2-3b")
    assert terms_of(known) == ("licences: code Apache-2.0, weights Apache-2.0",)
    assert notice_of(known) == "code Apache-2.0, weights Apache-2.0; see greenroom models seedvr2-3b"


def test_what_restricts_a_component_restricts_the_model() -> None:
    known = with_components("hunyuanvideo-foley-xxl")
    *limits, licences = terms_of(known)
    assert limits[0].startswith("territory: ")
    assert limits[-1] == (
        "no-licence: No licence is known for the weights of Synchformer: find its terms before you use it."
    )
    assert len(limits) == len(set(limits)), "parts of one release repeat its terms"
    assert licences.count("weights") == 1
    notice = notice_of(known)
    assert notice.startswith("not in the EU, UK, South Korea; ")
    assert "; Synchformer: no known licence (code " in notice
    assert notice.count("not in the EU") == 1
