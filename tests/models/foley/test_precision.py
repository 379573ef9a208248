"""Eight bits are taken where they are asked for, or are all there is; and then it is said."""

from __future__ import annotations

import pytest

from greenroom.errors import UnknownName
from greenroom.models.foley.precision import notes_of, precision_of


@pytest.mark.parametrize(
    ("variant", "asked", "taken"),
    [
        ("bf16-safetensors", None, "bf16"),
        ("bf16-safetensors", "fp8", "fp8"),
        ("fp8_e5m2", None, "fp8"),
        ("fp8_e4m3fn", "bf16", "bf16"),
    ],
)
def test_a_file_set_has_its_own_unless_another_is_asked_for(variant: str, asked: str | None, taken: str) -> None:
    assert precision_of(variant, asked) == taken


def test_one_that_there_is_not_is_refused() -> None:
    with pytest.raises(UnknownName, match="there is no precision 'fp4'; there is bf16, fp8"):
        precision_of("bf16", "fp4")


def test_what_changes_the_sound_is_said() -> None:
    assert notes_of("bf16", "bf16") == ()
    assert "rounded to eight bits (fp8)" in notes_of("bf16", "fp8")[0]
    for precision in ("bf16", "fp8"):
        assert "stored in eight bits (fp8_e5m2)" in notes_of("fp8_e5m2", precision)[0]
