"""Golden cases of the transformer and the sampler: what the original's parts answered, beside what ours do."""

from __future__ import annotations

from contextlib import contextmanager
from math import prod
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from greenroom.errors import InputInvalid, UnknownName, quoted
from greenroom.models.golden import Tolerance, close, near, same
from greenroom.models.seedvr2.architecture import NORM_EPS, PATCH, Architecture, Design
from greenroom.models.seedvr2.nadit.block import TEXT, VIDEO, Block
from greenroom.models.seedvr2.nadit.condition import condition, model_input, shifted
from greenroom.models.seedvr2.nadit.layout import lay_out
from greenroom.models.seedvr2.nadit.modulation import by_layer
from greenroom.models.seedvr2.nadit.rotary import frequencies, text_angles, window_angles
from greenroom.models.seedvr2.nadit.schedule import diffused, guided, restore, times
from greenroom.models.seedvr2.nadit.stream import Resident
from greenroom.models.seedvr2.nadit.time_embedding import TimeEmbedding, sinusoids
from greenroom.models.seedvr2.nadit.transformer import NaDiT
from greenroom.models.seedvr2.nadit.windows import PER_AXIS, windows
from greenroom.models.seedvr2.nadit.work import WHOLE, Work
from greenroom.nn.rotary import RotaryTables, rotate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from torch import nn

    from greenroom.models.golden import Case, Comparison, Golden

_DESIGNS: dict[str, Design] = {"3b": "dit_v2", "7b": "dit"}
# The published names of the two kinds of windows, and whether these are shifted.
_SHIFTED = {"720pwin_by_size_bysize": False, "720pswin_by_size_bysize": True}
# All at once, and a few windows at a time with the stream on the host.
_WAYS = WHOLE, Work(60, on_host=True)
# Options that every checkpoint has alike, so that there is no other code for them.
_FIXED: dict[str, Any] = {
    "vid_out_norm": "fusedrms", "norm": "fusedrms", "norm_eps": NORM_EPS, "ada": "single", "qk_bias": False,
    "qk_norm": "fusedrms", "qk_rope": True, "patch_size": [1, PATCH, PATCH], "window": list(PER_AXIS),
    "shared_mlp": False, "shared_qkv": False, "msa_type": "None", "rope_type": "mmrope3d",
}  # fmt: skip
# Read below, or without effect on what is computed.
_READ = frozenset({
    "arch", "vid_in_channels", "vid_out_channels", "vid_dim", "txt_in_dim", "txt_in_norm", "txt_dim", "emb_dim",
    "heads", "head_dim", "expand_ratio", "num_layers", "mm_layers", "mlp_type", "rope_dim", "window_methods",
})  # fmt: skip


def architecture_of(name: str, config: Mapping[str, Any], arch: str) -> Architecture:
    """The architecture of a published configuration. Raises UnknownName, InputInvalid for what there is no code for."""
    for option, value in config.items():
        if option not in _READ and option not in _FIXED:
            raise UnknownName("option", option, (*_READ, *_FIXED))
        if option in _FIXED and value != _FIXED[option]:
            raise InputInvalid(f"{option} is {quoted(value)}", mend=f"every checkpoint has {_FIXED[option]!r}")
    architecture = Architecture(
        name=name,
        design=_DESIGNS[arch],
        heads=config["heads"],
        head_dim=config["head_dim"],
        layers=config["num_layers"],
        own_text=config.get("mm_layers", config["num_layers"]),
        text_in=config["txt_in_dim"],
        latent=config["vid_out_channels"],
        mlp_ratio=config["expand_ratio"],
    )
    ours = architecture.width, architecture.width, 6 * architecture.width, architecture.channels_in
    theirs = tuple(config[option] for option in ("vid_dim", "txt_dim", "emb_dim", "vid_in_channels"))
    if ours != theirs:
        raise InputInvalid(f"widths of {theirs}", mend=f"{ours} follow from heads, head_dim and channels")
    return architecture


def transformer_of(name: str, config: Mapping[str, Any], arch: str, weights: Mapping[str, Tensor]) -> NaDiT:
    """A network with a case's weights, loaded strictly. Raises InputInvalid where its windows do not alternate."""
    network = NaDiT(architecture_of(name, config, arch))
    network.load_state_dict(dict(weights))
    return network.eval()


def check_alternating(methods: Sequence[str]) -> None:
    """Raises InputInvalid unless windows are shifted in every second block, as in every checkpoint."""
    if [_SHIFTED[method] for method in methods] != [bool(layer % 2) for layer in range(len(methods))]:
        raise InputInvalid(f"windows of {quoted(methods)}", mend="they are shifted in every second block")


def window_tables(golden: Golden) -> Iterator[Comparison]:
    """Windows of grids."""
    for entry in golden["entries"]:
        for kind in ("regular", "shifted"):
            ours = windows(tuple(entry["size"]), shifted=kind == "shifted", per_axis=tuple(entry["num_windows"]))
            flat = [[*window.time, *window.height, *window.width] for window in ours]
            yield same(f"{entry['size']} {kind}", flat, entry[kind])


def rope_tables(golden: Golden) -> Iterator[Comparison]:
    """Frequencies, angles and rotated queries."""
    for case in golden["cases"]:
        number, text = case["id"], case.get("txt_len", 0)
        design: Design = "dit_v2" if text else "dit"
        architecture = Architecture(
            golden.name, design, heads=case["heads"], head_dim=case["head_dim"], layers=1, own_text=int(design == "dit")
        )
        shapes = [tuple(shape) for shape in case["window_shapes"]]
        angles = {"vid": torch.cat([window_angles(architecture, shape, text) for shape in shapes])}
        if text:
            angles["txt"] = text_angles(architecture, text).repeat(len(shapes), 1)
        yield golden.compare(f"{number}.freqs", frequencies(architecture), f"outputs.{number}.freqs")
        for branch, ours in angles.items():
            both = ours.repeat_interleave(2, dim=-1)  # both numbers of a pair
            yield golden.compare(
                f"{number}.{branch} angles", both[:, : case["angle_width"]], f"outputs.{number}.{branch}_angles"
            )
            yield same(f"{number}.{branch} others", bool(both[:, case["angle_width"] :].any()), False)
            turned = rotate(golden.tensor(f"inputs.{number}.{branch}_q"), _tables(ours))
            yield golden.compare(f"{number}.{branch} rotated", turned, f"outputs.{number}.{branch}_q_rot")


def _tables(angles: Tensor) -> RotaryTables:
    return RotaryTables(angles.cos()[:, None], angles.sin()[:, None])


def time_embedding(golden: Golden) -> Iterator[Comparison]:
    """The time as a vector."""
    config, given = golden.config, golden.tensor("inputs.timestep")
    network = TimeEmbedding(config["hidden"], config["out"])
    network.load_state_dict(golden.weights())
    yield golden.compare("sinusoid", sinusoids(given, config["sinusoidal"]), "outputs.sinusoid")
    yield golden.compare("emb", network(given), "outputs.emb")


def block(golden: Golden) -> Iterator[Comparison]:
    """One block, and what its attention answers before the gate."""
    config = golden.config
    shared, last, shifted_windows = config["shared_weights"], config["last_layer"], _SHIFTED[config["window_method"]]
    design = _DESIGNS[config["arch"]]
    architecture = Architecture(
        golden.name, design, heads=config["heads"], head_dim=config["head_dim"], layers=2, own_text=int(not shared),
        mlp_ratio=config["expand_ratio"],
    )  # fmt: skip
    network = Block(architecture, own_text=not shared, modulates_text=design == "dit" or not last)
    network.load_state_dict(golden.weights())
    video, text = golden.tensor("inputs.vid"), golden.tensor("inputs.txt")
    layouts = lay_out(architecture, tuple(config["token_grid"]), len(text))
    layout = layouts.by_kind[shifted_windows]
    stream = Resident(video[layout.order])
    terms = network.terms(by_layer(golden.tensor("inputs.emb")[0]))
    with _projected(network.attn.proj_out) as answers:
        told = network(stream, text, terms, layout, layouts.text)
    (rows,) = stream.each(layout)
    heard = {"vid": rows.values, "attn_vid": answers["vid"]}
    for name, ours in heard.items():
        placed = torch.empty_like(ours)
        placed[layout.order] = ours
        yield golden.compare(name, placed, f"outputs.{name}")
    yield golden.compare("attn_txt", answers["txt"], "outputs.attn_txt")
    if not last:
        yield golden.compare("txt", told, "outputs.txt")


@contextmanager
def _projected(layers: nn.ModuleDict) -> Iterator[dict[str, Tensor]]:
    """What the output projections of a block's attention answer: for video, then for text."""
    answers: dict[str, Tensor] = {}
    calls: list[Tensor] = []

    def note(_module: nn.Module, _args: object, out: Tensor) -> None:
        calls.append(out.clone())

    hooks = [layer.register_forward_hook(note) for layer in layers.values()]
    try:
        yield answers
    finally:
        for hook in hooks:
            hook.remove()
        answers.update(zip((VIDEO, TEXT), calls, strict=True))


def dit(golden: Golden) -> Iterator[Comparison]:
    """The whole transformer, each packed sample as a clip of its own, at once and in parts; loosely in half precision.

    The original's attention in half precision is one more answer to the same call.
    """
    config = golden.config
    network = transformer_of(golden.name, config, config["arch"], golden.weights())
    check_alternating(config["window_methods"])
    loosely = Tolerance(golden["atol_bf16attn"])
    for run in golden["runs"]:
        name = run["id"]
        for work in _WAYS:
            velocity = _packed(network, golden, run, work)
            yield golden.compare(f"{name}.vid_sample {work}", velocity, f"outputs.{name}.vid_sample")
        rounded = f"outputs.{name}.vid_sample_bf16attn"
        if rounded in golden.tensors:
            yield close(rounded, velocity, golden.tensor(rounded), loosely)


def _packed(network: NaDiT, golden: Golden, run: Mapping[str, Any], work: Work) -> Tensor:
    """The velocities of samples that lie one behind the other: (rows, channels)."""
    shapes = [tuple(shape) for shape in run["vid_shape"]]
    rows = torch.split(golden.tensor(f"inputs.{run['id']}.vid"), [prod(shape) for shape in shapes])
    texts = torch.split(golden.tensor(f"inputs.{run['id']}.txt"), [length for (length,) in run["txt_shape"]])
    samples = zip(rows, shapes, texts, golden.tensor(f"inputs.{run['id']}.timestep").tolist(), strict=True)
    return torch.cat(
        [
            network(video.view(*shape, -1), text, network.modulations(time), work).flatten(0, 2)
            for video, shape, text, time in samples
        ]
    )


def timestep_transform(golden: Golden) -> Iterator[Comparison]:
    """Times shifted by the size of the latent."""
    for row in golden["rows"]:
        allowed = golden.tolerance.atol + golden.tolerance.rtol * row["shifted"]
        ours = shifted(tuple(row["latent_shape_thw"]), row["t"])
        yield near(f"{row['latent_shape_thw']} at {row['t']:g}", ours, row["shifted"], allowed)


def conditions(golden: Golden) -> Iterator[Comparison]:
    """The condition, and the transformer's input with it."""
    for run in golden["runs"]:
        name, scale = run["id"], run["cond_noise_scale"]
        noise, latent = golden.tensor(f"inputs.{name}.noise"), golden.tensor(f"inputs.{name}.latent")
        _, height, width, channels = latent.shape
        time = shifted((height, width, channels), 1000 * scale)
        yield near(f"{name}.shifted_t", time, run["shifted_t"], 1e-4)
        ours = condition(latent, golden.tensor(f"inputs.{name}.aug_noise") if scale else None, time)
        yield golden.compare(f"{name}.condition", ours, f"outputs.{name}.condition")
        rows = model_input(noise, ours).flatten(0, 2)
        yield golden.compare(f"{name}.dit_input", rows, f"outputs.{name}.dit_input")


def sampler(golden: Golden) -> Iterator[Comparison]:
    """Times, the line between data and noise, and the way back along it, with guidance."""
    weights = golden.weights()

    def predicted(state: Tensor, time: float) -> tuple[Tensor, Tensor]:
        """The case's toy of a model: for the wanted prompt, for the unwanted one."""
        moved = time / 1000 * weights["time"]
        return state @ weights["pos"] + moved, state @ weights["neg"] - moved

    for run in golden["runs"]:
        name = run["id"]

        def velocity(state: Tensor, time: float, run: Mapping[str, Any] = run) -> Tensor:
            positive, negative = predicted(state, time)
            if run["cfg_scale"] == 1:
                return positive
            return guided(positive, negative, run["cfg_scale"], run["cfg_rescale"])

        yield golden.compare(f"{name}.timesteps", times(run["steps"]), f"outputs.{name}.timesteps")
        data = restore(velocity, golden.tensor(f"inputs.{name}.x_T"), run["steps"])
        yield golden.compare(f"{name}.x_0", data, f"outputs.{name}.x_0")
    for time in golden["forward_t"]:
        ours = diffused(golden.tensor("inputs.fwd_x0"), golden.tensor("inputs.fwd_noise"), time)
        yield golden.compare(f"forward {time:g}", ours, f"outputs.forward_{time:g}")


TRANSFORMER: dict[str, Case] = {
    "window_tables": window_tables,
    "rope_tables": rope_tables,
    "time_embedding": time_embedding,
    "block_3b_separate": block,
    "block_3b_shared_shifted": block,
    "block_3b_last": block,
    "block_7b_regular": block,
    "block_7b_shifted": block,
    "dit_3b": dit,
    "dit_7b": dit,
    "timestep_transform": timestep_transform,
    "condition": conditions,
    "sampler": sampler,
}
