"""Every tensor arrives with the file's values, whichever way it takes, and what is no number is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from greenroom.weights.contents import WeightsFile
from greenroom.weights.errors import NotFinite, WeightsTruncated, WeightsUnreadable
from greenroom.weights.fp8 import Fp8
from greenroom.weights.loading import read_quantised, read_weights
from greenroom.weights.quantised import Quantised
from greenroom.weights.reading import open_weights
from greenroom.weights.staging import OpenFiles, Sizes
from tests.weights.gguf_files import Listed, write

SMALL = Sizes(buffer=4096, count=3, readers=2)  # so that every tensor comes in pieces
DTYPES = [torch.float32, torch.float16, torch.bfloat16]
E4M3 = torch.float8_e4m3fn


def mixed() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        f"{dtype}.{size}".removeprefix("torch."): torch.randn(size, 3, generator=generator).to(dtype)
        for dtype in (*DTYPES, E4M3, torch.float8_e5m2)
        for size in (0, 1, 5, 7000)
    }


def same(weights: WeightsFile) -> dict[str, str]:
    return {f"net.{name}": name for name in reversed(list(weights.tensors))}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", [None, SMALL])
@pytest.mark.parametrize("kind", ["safetensors", "torch", "old torch"])
def test_every_way_gives_the_same_values(tmp_path: Path, kind: str, sizes: Sizes | None, dtype: torch.dtype) -> None:
    file, tensors = tmp_path / "some", mixed()
    if kind == "safetensors":
        save_file(tensors, file)
    else:
        if kind == "old torch":  # it knows no fp8
            tensors = {name: tensor for name, tensor in tensors.items() if tensor.itemsize > 1}
        torch.save(tensors, file, _use_new_zipfile_serialization=kind == "torch")
    opened = open_weights(file)
    read = read_weights(opened, same(opened), "cpu", dtype, sizes=sizes)
    assert list(read) == list(same(opened))
    for name, tensor in read.items():
        stored = tensors[name.removeprefix("net.")]
        assert tensor.dtype == dtype
        assert tensor.is_contiguous()
        assert torch.equal(tensor, stored.to(dtype))


@pytest.mark.parametrize("cached", [True, False])
def test_a_cold_file_is_read_ahead_of_its_mapping(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cached: bool
) -> None:
    tensors = {"a": torch.randn(3_000_000), "b": torch.randn(100_000), "c": torch.randn(3)}
    save_file(tensors, tmp_path / "some")
    opened = open_weights(tmp_path / "some")
    fetched: list[int] = []
    read = OpenFiles.read

    def noted(files: OpenFiles, path: Path, start: int, into: memoryview) -> None:
        fetched.append(len(into))
        read(files, path, start, into)

    monkeypatch.setattr(OpenFiles, "read", noted)
    monkeypatch.setattr(OpenFiles, "_has", lambda *_: cached)
    found = read_weights(opened, {"x": "a", "y": "c"}, "cpu", torch.float32)
    assert sum(fetched) == (0 if cached else 12_000_012)
    assert torch.equal(found["x"], tensors["a"])
    assert found["x"].data_ptr() == opened.read("a").data_ptr()


def test_tensors_of_several_files_are_read_together(tmp_path: Path) -> None:
    tensors = {f"{place}.{name}": tensor for place in range(3) for name, tensor in mixed().items()}
    for place in range(3):
        save_file({k: v for k, v in tensors.items() if k.startswith(f"{place}.")}, tmp_path / f"{place}.safetensors")
    opened = open_weights(sorted(tmp_path.iterdir()))
    read = read_weights(opened, same(opened), "cpu", torch.float32, sizes=SMALL)
    assert all(torch.equal(read[f"net.{name}"], tensor.float()) for name, tensor in tensors.items())


@pytest.fixture
def scaled(tmp_path: Path) -> WeightsFile:
    """One scaled weight in fp8, one that is not, and one in half precision."""
    file = tmp_path / "scaled.safetensors"
    values = {name: torch.randn(60, 70, generator=torch.Generator().manual_seed(1)).to(E4M3) for name in "ab"}
    save_file(
        {
            "a.weight": values["a"], "a.scale_weight": torch.tensor(0.037), "b.weight": values["b"],
            "c.weight": torch.ones(3).half(), "scaled_fp8": torch.empty(0, dtype=E4M3),
        },
        file,
    )  # fmt: skip
    return open_weights(file)


@pytest.mark.parametrize("dtype", DTYPES)
def test_scaled_fp8_is_dequantised(scaled: WeightsFile, dtype: torch.dtype) -> None:
    read = read_weights(scaled, same(scaled), "cpu", dtype, sizes=SMALL)
    stored = scaled.read("a.weight").float()
    assert torch.equal(read["net.a.weight"], (stored * torch.tensor(0.037)).to(dtype))
    assert torch.equal(read["net.b.weight"], stored.to(dtype))
    assert set(read) == {"net.a.weight", "net.b.weight", "net.c.weight"}


def test_fp8_may_be_kept(scaled: WeightsFile) -> None:
    read = read_quantised(scaled, same(scaled), "cpu", torch.float16, {"net.a.weight", "net.b.weight", "net.c.weight"})
    kept, plain = read["net.a.weight"], read["net.b.weight"]
    assert isinstance(kept, Fp8)
    assert isinstance(plain, Fp8)
    assert torch.equal(kept.values.view(torch.uint8), scaled.read("a.weight").view(torch.uint8))
    assert kept.values.data_ptr() == scaled.read("a.weight").data_ptr()  # mapped
    assert (float(kept.scale), float(plain.scale)) == (float(torch.tensor(0.037)), 1.0)
    assert torch.equal(
        kept.dequantise(torch.float16), read_weights(scaled, same(scaled), "cpu", torch.float16)["net.a.weight"]
    )
    half = read["net.c.weight"]
    assert isinstance(half, Tensor)
    assert half.dtype == torch.float16


@pytest.fixture
def blocks(tmp_path: Path) -> WeightsFile:
    values = np.random.default_rng(0).standard_normal((40, 512)).astype(np.float32)
    kinds = (gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_0, gguf.GGMLQuantizationType.Q5_1)
    small = [
        Listed(kind.name.lower(), (40, 512), int(kind), gguf.quants.quantize(values, kind).tobytes()) for kind in kinds
    ]
    return open_weights(write(tmp_path / "some.gguf", Listed("f", (40, 512), 0, values.tobytes()), *small))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sizes", [None, SMALL])
def test_blocks_are_dequantised(blocks: WeightsFile, sizes: Sizes | None, dtype: torch.dtype) -> None:
    read = read_weights(blocks, same(blocks), "cpu", dtype, sizes=sizes)
    for name in ("q8_0", "q4_0", "q5_1"):
        raw = blocks.read(name).numpy()
        wanted = gguf.quants.dequantize(raw, gguf.GGMLQuantizationType[name.upper()]).reshape(40, 512)
        assert torch.equal(read[f"net.{name}"], torch.from_numpy(wanted).to(dtype))


def test_blocks_may_be_kept(blocks: WeightsFile) -> None:
    read = read_quantised(blocks, same(blocks), "cpu", torch.bfloat16, {"net.q4_0"})
    kept, other = read["net.q4_0"], read["net.q8_0"]
    assert isinstance(kept, Quantised)
    assert isinstance(other, Tensor)
    assert (kept.dtype, kept.shape, kept.blocks.shape) == ("q4_0", (40, 512), (640, 18))
    wanted = read_weights(blocks, {"x": "q4_0"}, "cpu", torch.bfloat16)["x"]
    assert torch.equal(kept.dequantise(torch.bfloat16), wanted)


def spoilt(tmp_path: Path, value: float, dtype: torch.dtype) -> WeightsFile:
    values = torch.randn(7000, 3)
    values[6999, 2] = value
    save_file({"a": torch.ones(5), "b": values.to(dtype), "c": torch.ones(5)}, tmp_path / "some.safetensors")
    return open_weights(tmp_path / "some.safetensors")


@pytest.mark.parametrize("wanted", DTYPES)
@pytest.mark.parametrize("stored", [*DTYPES, torch.float8_e5m2])
@pytest.mark.parametrize(
    ("value", "kind"), [(float("nan"), "NaN"), (float("inf"), "infinity"), (-float("inf"), "infinity")]
)
def test_one_value_that_is_no_number_is_named(
    tmp_path: Path, stored: torch.dtype, wanted: torch.dtype, value: float, kind: str
) -> None:
    opened = spoilt(tmp_path, value, stored)
    with pytest.raises(NotFinite, match=rf"some\.safetensors: net\.b holds {kind} in 1 of 21,000 places"):
        read_weights(opened, same(opened), "cpu", wanted, sizes=SMALL)


def test_what_a_type_cannot_hold_is_named(tmp_path: Path) -> None:
    opened = spoilt(tmp_path, 1e6, torch.float32)
    read_weights(opened, same(opened), "cpu", torch.bfloat16)
    with pytest.raises(NotFinite, match=r"net\.b holds 1e\+06, more than float16 can") as caught:
        read_weights(opened, same(opened), "cpu", torch.float16)
    assert caught.value.mend == "load it in float32"


def test_kept_weights_are_looked_at_too(tmp_path: Path) -> None:
    block = bytes(torch.tensor([float("nan")]).half().view(torch.uint8).tolist()) + bytes(32)
    opened = open_weights(write(tmp_path / "some.gguf", Listed("a", (4, 32), 8, 3 * bytes(34) + block)))
    with pytest.raises(NotFinite, match=r"net\.a holds NaN in 32 of 128 places"):
        read_quantised(opened, same(opened), "cpu", torch.float32, {"net.a"})
    save_file({"a.weight": torch.full((4,), float("nan")).to(E4M3)}, tmp_path / "some.safetensors")
    opened = open_weights(tmp_path / "some.safetensors")
    with pytest.raises(NotFinite, match=r"net\.a\.weight holds NaN in 4 of 4 places"):
        read_quantised(opened, same(opened), "cpu", torch.float32, {"net.a.weight"})


def test_a_scale_that_is_no_number_is_found(tmp_path: Path) -> None:
    tensors = {"a.weight": torch.ones(4).to(E4M3), "a.scale_weight": torch.tensor(float("inf"))}
    save_file(tensors, tmp_path / "some.safetensors")
    opened = open_weights(tmp_path / "some.safetensors")
    for kept in ((), {"net.a.weight"}):
        with pytest.raises(NotFinite, match=r"net\.a\.weight holds infinity"):
            read_quantised(opened, same(opened), "cpu", torch.float32, kept)


def test_a_file_that_shrinks_after_it_was_opened(tmp_path: Path) -> None:
    save_file({"a": torch.ones(70_000)}, tmp_path / "some.safetensors")
    opened = open_weights(tmp_path / "some.safetensors")
    with (tmp_path / "some.safetensors").open("r+b") as file:
        file.truncate(200_000)
    with pytest.raises(WeightsTruncated, match="became shorter"):
        read_weights(opened, same(opened), "cpu", torch.float16)


@pytest.mark.parametrize("kind", ["safetensors", "torch"])
def test_a_file_that_is_replaced_after_it_was_opened(tmp_path: Path, kind: str) -> None:
    """By a rename, as downloads are: the mapping is still the old file, and what is opened again is not."""
    file, other = tmp_path / "some", tmp_path / "other"
    for tensors, path in (({"a": torch.ones(900)}, file), ({"longer": torch.zeros(9000)}, other)):
        if kind == "torch":
            torch.save(tensors, path)
        else:
            save_file(tensors, path)
    opened = open_weights(file)
    other.replace(file)
    with pytest.raises(WeightsUnreadable, match=r"^some was replaced, or written to, after it was opened$"):
        read_weights(opened, {"a": "a"}, "cpu", torch.float16)
    assert read_weights(opened, {"a": "a"}, "cpu", torch.float32)["a"].sum() == 900


def test_tensors_that_are_not_asked_for_are_not_read(tmp_path: Path) -> None:
    opened = spoilt(tmp_path, float("nan"), torch.float32)
    assert set(read_weights(opened, {"x": "a", "y": "c"}, "cpu", torch.float16)) == {"x", "y"}


MEASURED = """
import sys
from pathlib import Path
import torch
from greenroom.weights.loading import read_weights
from greenroom.weights.reading import open_weights

def peak_mib():
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024

opened = open_weights(Path(sys.argv[1]))
read_weights(opened, {"small": "small"}, "cpu", torch.float32)  # brings in what a first call does
before = peak_mib()
tensors = read_weights(opened, {name: name for name in opened.tensors}, "cpu", torch.float32)
held = sum(tensor.nbytes for tensor in tensors.values()) / 2**20
print(peak_mib() - before, held)
"""


def test_a_cast_holds_no_second_copy(tmp_path: Path) -> None:
    """60 MiB of bfloat16 become 120 MiB; the file's own pages would be seen too, were it read by its mapping."""
    entries, start = [], 0
    for name, count in (("small", 8), *((f"w{place}", 3 << 20) for place in range(10))):
        shape = f'"shape":[{count}],"data_offsets":[{start},{start + 2 * count}]'
        entries.append(f'"{name}":{{"dtype":"BF16",{shape}}}')
        start += 2 * count
    header = ("{" + ",".join(entries) + "}").encode()
    with (tmp_path / "zeros.safetensors").open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        file.truncate(file.tell() + start)
    command = [sys.executable, "-c", MEASURED, str(tmp_path / "zeros.safetensors")]
    peak, held = map(float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    assert held > 120
    assert peak < held + 40
