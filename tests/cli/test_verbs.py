"""What verbs that run a model answer alike."""

from __future__ import annotations

import pytest

from greenroom.cli.verbs import class_of, in_flags, prompt_of
from greenroom.errors import InputInvalid
from greenroom.models.foley.model import FoleyLarge, FoleyModel
from greenroom.runtime.residency import MemoryShort
from greenroom.runtime.rooms import HostMemoryShort


def test_a_model_of_another_family_is_refused_with_one_that_does_it() -> None:
    assert class_of("hunyuanvideo-foley-xxl", FoleyModel, lacks="hums nothing", usual="hummer") is FoleyLarge
    with pytest.raises(InputInvalid, match=r"seedvr2-3b.* hums nothing") as caught:
        class_of("seedvr2-3b", FoleyModel, lacks="hums nothing", usual="hummer")
    assert caught.value.mend == "--model hummer"


def test_a_prompt_comes_in_one_of_two_ways() -> None:
    assert (prompt_of("rain", None), prompt_of(None, "rain"), prompt_of(None, None)) == ("rain", "rain", None)
    with pytest.raises(InputInvalid, match="given twice"):
        prompt_of("rain", "")


@pytest.mark.parametrize(
    ("error", "of_host", "mend"),
    [
        (MemoryShort("m", 9, "cuda:0", 5), "fewer", "take less"),
        (HostMemoryShort("m", 9, "cuda:0", 5), "fewer", "take fewer; or end what else"),
        (HostMemoryShort("m", 9, "cuda:0", 5), "", "end what else"),
    ],
)
def test_what_helps_where_memory_is_short_is_said_by_flags(error: MemoryShort, of_host: str, mend: str) -> None:
    with pytest.raises(MemoryShort), in_flags("less", of_host):
        raise error
    assert error.mend.startswith(mend)
