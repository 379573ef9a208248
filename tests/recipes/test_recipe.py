"""What a recipe can be asked."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from greenroom.errors import UnknownName
from greenroom.recipes.catalogue import catalogue, recipe
from greenroom.recipes.recipe import Download, Licence, ModelFile, Output, Size
from greenroom.recipes.sizes import readable


def file(path: str, size: Size | None = None) -> ModelFile:
    return ModelFile(role="weights", repository="someone/model", path=path, size=size)


EXACT = Size(bytes=1_000_000, source="stated")
ROUNDED = Size(bytes=2_000_000, source="stated", exact=False)
DOUBTFUL = Size(bytes=3_000_000, source="unverified")


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ([EXACT], "1.00 MB"),
        ([EXACT, ROUNDED], "about 3.00 MB"),
        ([DOUBTFUL], "about 3.00 MB"),
        ([EXACT, None], "at least 1.00 MB"),
        ([None], "unknown"),
        ([], "0 B"),
    ],
)
def test_a_download_says_how_sure_it_is(sizes: list[Size | None], words: str) -> None:
    assert str(Download.of([file(f"{place}", size) for place, size in enumerate(sizes)])) == words


def test_downloads_add_up() -> None:
    assert Download(1, exact=True) + Download(2, exact=False, unsized=1) == Download(3, exact=False, unsized=1)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.00 kB"),
        (13_800, "13.8 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (9_994_999, "9.99 MB"),
        (9_995_000, "10.0 MB"),
        (54_365_991, "54.4 MB"),
        (1_348_435_761, "1.35 GB"),
        (65_586_874_944, "65.6 GB"),
        (2 * 10**15, "2000 TB"),
    ],
)
def test_bytes_are_read_with_three_digits(count: int, words: str) -> None:
    assert readable(count) == words


def test_a_file_set_is_the_default_unless_another_is_asked_for() -> None:
    known = recipe("seedvr2-7b")
    assert [file.path for file in known.file_set()] == ["seedvr2_ema_7b_fp16.safetensors"]
    assert [file.path for file in known.file_set("q4_k_m")] == ["seedvr2_ema_7b-Q4_K_M.gguf"]


def test_an_unknown_variant_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownName) as caught:
        recipe("seedvr2-7b").file_set("fp-16")
    assert caught.value.message.startswith("there is no variant of seedvr2-7b 'fp-16'; there is ")
    assert caught.value.mend.startswith("did you mean fp16?")


def test_a_recipe_without_variants_has_none_to_ask_for() -> None:
    with pytest.raises(UnknownName):
        recipe("vocos-24khz").file_set("fp16")


def test_files_without_a_hash_are_listed() -> None:
    assert [file.path for file in recipe("hunyuanvideo-foley-xxl").without_hash()] == ["hunyuanvideo_foley.pth"]
    assert recipe("f5tts-v1-base").without_hash() == ()


def test_shards_of_unknown_names_are_a_pattern() -> None:
    patterns = [file.path for file in recipe("steadydancer-14b").file_set("upstream") if file.is_pattern]
    assert patterns == ["diffusion_pytorch_model-*.safetensors"]


def test_the_default_files_can_be_checked_wherever_a_hash_is_known() -> None:
    """A default without a hash is taken only where no variant has one."""
    for known in catalogue():
        if known.variants and known.without_hash():
            assert all(known.without_hash(variant.name) for variant in known.variants), known.name


def test_a_licence_that_nobody_states_is_a_restriction() -> None:
    (restriction,) = recipe("steadydancer-14b").all_restrictions
    assert restriction.kind == "no-licence"
    assert "weights of SteadyDancer 14B" in restriction.text


def test_the_territory_clause_comes_first() -> None:
    first = recipe("hunyuanvideo-foley-xl").all_restrictions[0]
    assert first.kind == "territory"
    assert all(place in first.text for place in ("European Union", "United Kingdom", "South Korea"))


@pytest.mark.parametrize(
    "spdx",
    ["MIT", "CC-BY-NC-4.0", "GPL-3.0-or-later", "LicenseRef-Own", "MIT OR Apache-2.0", "GPL-2.0+ WITH Classpath"],
)
def test_spdx_identifiers_are_taken(spdx: str) -> None:
    assert Licence(part="code", id=spdx, source="stated").words == spdx


@pytest.mark.parametrize("words", ["", "MIT license", "see LICENSE", "MIT or Apache-2.0", "-MIT", "MIT OR "])
def test_words_that_are_no_identifier_are_refused(words: str) -> None:
    with pytest.raises(ValidationError):
        Licence(part="code", id=words, source="stated")


def test_outputs_are_said_in_words() -> None:
    assert recipe("f5tts-v1-base").outputs[0].words == "audio, wav, 24000 Hz, mono"
    assert recipe("steadydancer-14b").outputs[0].words == "video, mp4, 16 frames a second"
    assert Output(kind="audio", container="wav", channels=6).words == "audio, wav, 6 channels"


def test_recipes_cannot_be_changed_and_may_be_keys() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        recipe("vocos-24khz").title = "Another"  # type: ignore[misc]  # the very thing that is refused
    assert len(set(catalogue())) == len(catalogue())
