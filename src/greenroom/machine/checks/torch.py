"""torch: whether this build runs with this driver on this GPU, and what stands beside it goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.machine.facts.architectures import sm, support
from greenroom.machine.facts.drivers import oldest_driver, toolkit_driver
from greenroom.machine.facts.packages import goes_with, numpy_notes, partner, triton_of
from greenroom.machine.facts.torch import releases
from greenroom.machine.torch_build import OLDEST_TORCH, capability_of, torch_build_for
from greenroom.machine.versions import cuda_tag, release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.machine.host import Host

# Built against NumPy 1, says a fact that nobody verified.
_NEWEST_TORCH_OF_NUMPY_1 = (2, 2)


def is_intact(host: Host) -> Iterator[Finding]:
    """The package is there, and not only its entry in the list of packages."""
    if host.torch is not None and not host.torch.intact:
        yield Finding(
            "torch-broken",
            "error",
            f"torch {host.torch.version} is listed as installed, and its files are not there",
            f"{torch_build_for(host).command} --force-reinstall",
        )


def would_run(host: Host) -> Iterator[Finding]:
    """Where it is not installed yet, a plain installation would bring a build that runs here."""
    driver, newest = host.driver, releases()[0]
    if host.torch is not None or "torch" in host.unanswered:
        return
    if driver is None or not release(driver.version) or not host.usable_gpus():
        return
    floor = oldest_driver(newest.default_cuda.value)
    if floor is not None and release(driver.version) < release(floor.value):
        yield Finding(
            "torch-default",
            "warning",
            f"a plain pip install brings torch {newest.version} for CUDA {newest.default_cuda.value}, which needs "
            f"driver {floor.value}; this is {driver.version}",
            _other_build(host, f"choose a machine whose driver is {floor.value} or newer"),
        )


def runs_on_the_driver(host: Host) -> Iterator[Finding]:
    """The driver is new enough for the CUDA of this build."""
    torch, driver = host.torch, host.driver
    if torch is None or torch.cuda is None or driver is None or not host.usable_gpus() or not release(driver.version):
        return
    floor = oldest_driver(torch.cuda)
    if floor is None:
        return
    if release(driver.version) >= release(floor.value):
        yield from _by_minor_version(torch.cuda, driver.version)
        return
    major = release(torch.cuda)[:1]
    if driver.cuda is not None and release(driver.cuda)[:1] >= major:
        return  # its libcuda is a newer one: cuda-compat is in use
    data_centre = not any("GeForce" in gpu.name for gpu in host.usable_gpus())
    compatible = data_centre and any(release(cuda)[:1] >= major for cuda in host.access.compat)
    yield Finding(
        "driver-old",
        "warning" if compatible or not floor.sure else "error",
        f"torch {torch.version} is built for CUDA {torch.cuda}, which needs driver {floor.value}; "
        f"this is {driver.version}{'; cuda-compat is installed and may help (unverified)' if compatible else ''}",
        _other_build(host, f"choose a machine whose driver is {floor.value} or newer"),
    )


def has_kernels(host: Host) -> Iterator[Finding]:
    """The build has kernels that run on each GPU."""
    torch = host.torch
    if torch is None or torch.cuda is None:
        return
    usable = host.usable_gpus()
    asked = [
        (gpu, known, support(torch.version, torch.cuda, known[0])) for gpu in usable if (known := capability_of(gpu))
    ]
    refused = [(gpu, known, answer) for gpu, known, answer in asked if answer.runs is False]
    # NVIDIA's images, conda and one's own builds hold other kernels; only its makers' wheels end in the CUDA's tag.
    ordinary = torch.version.endswith(f"+{cuda_tag(torch.cuda)}")
    for gpu, (capability, measured), answer in refused:
        others = len(refused) < len(usable)
        yield Finding(
            "torch-no-kernels",
            "error" if answer.sure and measured and ordinary and not others else "warning",
            f"torch {torch.version} does not run on GPU {gpu.index} ({gpu.name}, {sm(capability)}): {answer.reason}"
            f"{'' if ordinary else ' where its makers built it (unverified)'}",
            _other_build(host, "choose another GPU"),
        )


def uses_the_gpu(host: Host) -> Iterator[Finding]:
    """Where there is a GPU, torch is built for it."""
    torch = host.torch
    if torch is not None and torch.intact and torch.cuda is None and host.usable_gpus():
        kind = "for AMD's GPUs" if torch.rocm else "for the CPU alone"
        yield Finding(
            "torch-without-cuda",
            "warning",
            f"torch {torch.version} is built {kind}: it does not see {host.usable_gpus()[0].name}",
            _other_build(host, "install a build for CUDA"),
        )


def is_new_enough(host: Host) -> Iterator[Finding]:
    """It is one that the models take."""
    if host.torch is not None and release(host.torch.version) < release(OLDEST_TORCH):
        yield Finding(
            "torch-old",
            "warning",
            f"torch is {host.torch.version}, and greenroom's models are made for {OLDEST_TORCH} and later",
            torch_build_for(host).command,
        )


def has_its_family(host: Host) -> Iterator[Finding]:
    """torchvision, torchaudio and xformers are built for this torch."""
    torch = host.torch
    if torch is None:
        return
    for name in ("torchvision", "torchaudio", "xformers"):
        version = host.packages.get(name)
        fits = None if version is None else goes_with(name, version, torch.version)
        if version is None or fits is None or fits.value:
            continue
        right = partner(name, torch.version)
        yield Finding(
            "torch-family",
            "warning",
            f"{name} {version} is not built for torch {torch.version}{fits.doubt}: whatever imports it may fail",
            f"pip install {name}=={right.value}" if right else f"pip uninstall {name}, which greenroom does not use",
        )


def has_triton(host: Host) -> Iterator[Finding]:
    """Triton, which compiles kernels on the GPU, is there and the one of this torch."""
    torch, installed = host.torch, host.packages.get("triton")
    if torch is None or torch.cuda is None or not host.usable_gpus() or "packages" in host.unanswered:
        return
    wanted = triton_of(torch.version)
    exact = f"triton=={wanted.value}" if wanted else "triton"
    if installed is None:
        message = "triton is not installed, and models compile kernels with it on a GPU"
        yield Finding("triton-missing", "warning", message, f"pip install {exact}")
    elif wanted is not None and release(wanted.value) != release(installed):
        message = f"triton is {installed}, and torch {torch.version} comes with {wanted.value}{wanted.doubt}"
        yield Finding("triton-other", "warning", message, f"pip install {exact}")


def has_its_numpy(host: Host) -> Iterator[Finding]:
    """NumPy 2 beside a torch that was built against NumPy 1."""
    numpy = host.packages.get("numpy")
    if host.torch is None or numpy is None or release(numpy) < (2,):
        return
    if release(host.torch.version)[:2] <= _NEWEST_TORCH_OF_NUMPY_1:
        doubt = numpy_notes()[0].doubt
        yield Finding(
            "numpy-new",
            "warning",
            f"numpy {numpy} beside torch {host.torch.version}, which is built against NumPy 1{doubt}",
            'pip install "numpy<2", or a newer torch',
        )


def _by_minor_version(cuda: str, driver: str) -> Iterator[Finding]:
    shipped = toolkit_driver(cuda)
    if shipped is not None and release(driver) < release(shipped.value):
        yield Finding(
            "driver-minor",
            "note",
            f"driver {driver} is older than {shipped.value}, which came with CUDA {cuda}; torch runs all the same",
            "nothing to do; what leaves code to the driver to compile (PTX) may need the newer one",
        )


def _other_build(host: Host, otherwise: str) -> str:
    """The command for a build that runs here, or what else to do where there is none."""
    build = torch_build_for(host)
    if build.cuda == "cpu":
        return otherwise
    # The ordinary index names no CUDA, so pip would say that the release is here already.
    stays = host.torch is not None and build.index is None and release(host.torch.version) == release(build.version)
    return f"{'pip uninstall -y torch && ' if stays else ''}{build.command}; or {otherwise}"
