"""Where the tensors of a torch file lie in it."""

from __future__ import annotations

from pathlib import Path

import torch

from greenroom.weights.reading import open_weights


def test_spans_are_where_the_bytes_are(tmp_path: Path) -> None:
    weights = {"a": torch.randn(50, 3), "b": torch.arange(7, dtype=torch.bfloat16), "c": torch.tensor(2.5)}
    file = tmp_path / "some.pt"
    torch.save({"section": weights, "other": torch.ones(1000), "step": 3}, file)
    content = file.read_bytes()
    opened = open_weights(file, ("section",))
    for name, value in weights.items():
        span = opened.span(name)
        assert span is not None
        assert span.path == file
        assert content[span.start : span.start + span.length] == bytes(value.view(-1).view(torch.uint8).tolist())


def test_what_is_not_one_piece_has_no_span(tmp_path: Path) -> None:
    file = tmp_path / "some.pt"
    torch.save({"a": torch.randn(4, 3).T, "n": 3}, file)
    opened = open_weights(file)
    assert opened.span("a") is None
    assert opened.span("n") is None


def test_a_part_of_a_storage_has_its_own_span(tmp_path: Path) -> None:
    file = tmp_path / "some.pt"
    whole = torch.arange(100.0)
    torch.save({"whole": whole, "part": whole[10:20]}, file)
    opened = open_weights(file)
    first, second = opened.span("whole"), opened.span("part")
    assert first is not None
    assert second is not None
    assert (second.start - first.start, second.length) == (40, 40)


def test_the_old_format_has_no_spans(tmp_path: Path) -> None:
    file = tmp_path / "some.pt"
    torch.save({"a": torch.ones(4)}, file, _use_new_zipfile_serialization=False)
    assert open_weights(file).span("a") is None
