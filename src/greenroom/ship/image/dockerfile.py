"""The Dockerfile: only what BuildKit and buildah 1.28 both build, so no heredoc and no COPY --link."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.ship.image.blueprint import PACKAGES, PORT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from greenroom.ship.image.blueprint import Blueprint

UID = 10001
ENVIRONMENTS = "/opt/greenroom"
BOOTSTRAP = "/opt/bootstrap"
WEIGHTS = "/opt/weights"
FILES = "/opt/image"
DATA = "/data"
VOLUME = "/volume"
# Mounts of one RUN, none of which is left in a layer. The secrets may be absent.
_CACHE = "--mount=type=cache,id=greenroom,target=/root/.cache,sharing=locked"
_INDEX = "--mount=type=secret,id=pip,target=/etc/pip.conf"
_AUTHORITIES = "--mount=type=secret,id=ca,target=/etc/ssl/certs/ca-certificates.crt"
_TOKEN = "--mount=type=secret,id=hf_token"  # noqa: S105 - the name of a secret, not one
_NO_SHELL = "--shell /usr/sbin/nologin"
# Unlike the module's own command it does not fail where a package carries a file for another Python.
_COMPILE = f"import compileall; compileall.compile_dir('{ENVIRONMENTS}/current/lib', quiet=2, workers=0)"
# What Triton compiles its launchers with, when a kernel is first used.
_COMPILER = ("gcc", "libc6-dev", "python3-dev")


def dockerfile(blueprint: Blueprint, wheel: str, version: str) -> str:
    """The whole file. wheel: the name of greenroom's own."""
    return "\n\n".join(_blocks(blueprint, wheel, version)) + "\n"


def install_words(blueprint: Blueprint) -> str:
    """What ``greenroom install`` is told; the image and the start script say the same."""
    wanted = "".join(f" --with {part}" for part in blueprint.parts.gains if part != "serve")
    if blueprint.lock is not None:
        return f"{blueprint.model}{wanted} --lock {FILES}/pylock.toml"
    named = [name for name in sources(blueprint) if name.endswith(".txt")]
    return f"{blueprint.model}{wanted}" + "".join(f" --constraint {FILES}/{name}" for name in named)


def _blocks(blueprint: Blueprint, wheel: str, version: str) -> Iterator[str]:
    yield (
        f"# {blueprint.model}. greenroom build writes this file: change what it is told, and not the file.\n"
        f"FROM {blueprint.base}"
    )
    yield _apt("ca-certificates", "curl", "python3", "python3-venv", "tini", *(_COMPILER if blueprint.cuda else ()))
    yield _run(
        (),
        f"groupadd --gid {UID} greenroom",
        f"useradd --uid {UID} --gid {UID} --no-log-init --no-create-home --home-dir {DATA} {_NO_SHELL} greenroom",
        f"install --directory --owner {UID} --group {UID} {DATA} {VOLUME}",
    )
    if index := _torch_index(blueprint):
        yield _pairs("ENV", index)
    yield f"COPY {' '.join([wheel, *sources(blueprint)])} {FILES}/"
    yield _packages(blueprint, wheel)
    if blueprint.pulls:
        yield from _weights(blueprint)
    yield f"COPY --chmod=0755 start.sh {FILES}/start.sh"
    yield _pairs("ENV", _variables(blueprint))
    yield _pairs(
        "LABEL",
        {
            "org.opencontainers.image.title": blueprint.model,
            "org.opencontainers.image.version": version,
            "org.opencontainers.image.base.name": blueprint.base,
            # deploy compares it with the hosts that an endpoint admits.
            **({"greenroom.cuda": blueprint.cuda} if blueprint.cuda else {}),
        },
    )
    yield f"USER {UID}:{UID}\nWORKDIR {DATA}\nEXPOSE {PORT}\nSTOPSIGNAL SIGTERM"
    yield (
        "# The first start may have much to fetch.\n"
        "HEALTHCHECK --interval=15s --timeout=5s --start-period=30m --retries=3 \\\n"
        f'    CMD ["sh", "-c", "curl --fail --silent --output /dev/null http://127.0.0.1:${{PORT:-{PORT}}}/readyz"]'
    )
    yield (
        "# tini hands signals on to all that the script has started.\n"
        f'ENTRYPOINT ["/usr/bin/tini", "-g", "--", "{FILES}/start.sh"]'
    )


def _packages(blueprint: Blueprint, wheel: str) -> str:
    """The environment of the model; or, where the volume has that, what unpacks it."""
    bootstrap = (f"python3 -m venv {BOOTSTRAP}", *_bootstrap(blueprint, f"{FILES}/{wheel}"))
    if blueprint.environment == "volume":
        return _run((_CACHE, _INDEX, _AUTHORITIES), *bootstrap)
    return "# Locked, every file hashed and imported once, compiled; what made it does not stay.\n" + _run(
        (_CACHE, _INDEX, _AUTHORITIES),
        *bootstrap,
        f"{BOOTSTRAP}/bin/greenroom install {install_words(blueprint)} --into {ENVIRONMENTS}",
        f'{ENVIRONMENTS}/current/bin/python -c "{_COMPILE}"',
        f"rm -rf {BOOTSTRAP}",
    )


def _bootstrap(blueprint: Blueprint, wheel: str) -> Iterator[str]:
    pip = f"{BOOTSTRAP}/bin/python -m pip install"
    if blueprint.bootstrap is None:
        yield f'{pip} --constraint {FILES}/constraints.txt "{wheel}[{",".join(blueprint.bootstrap_extras)}]"'
        return
    yield f"{pip} --require-hashes --requirement {FILES}/bootstrap.txt"
    yield f"{pip} --no-deps {wheel}"


def _weights(blueprint: Blueprint) -> Iterator[str]:
    accepted = "true" if blueprint.accepts else "false"
    yield f"# Without a yes to the terms of the weights the build stops here.\nARG ACCEPT_LICENCE={accepted}"
    home = BOOTSTRAP if blueprint.environment == "volume" else f"{ENVIRONMENTS}/current"
    pull = f"{home}/bin/greenroom pull {blueprint.model}"
    yield _run(
        (_TOKEN, _AUTHORITIES),
        "if [ -f /run/secrets/hf_token ]; then HF_TOKEN=$(cat /run/secrets/hf_token) && export HF_TOKEN; fi",
        f'HF_HOME={WEIGHTS} GREENROOM_ACCEPT_LICENCE="$ACCEPT_LICENCE" {pull}',
    )


def sources(blueprint: Blueprint) -> tuple[str, ...]:
    """Files that say which releases are installed."""
    installers = "constraints.txt" if blueprint.bootstrap is None else "bootstrap.txt"
    if blueprint.lock is not None:
        return (installers, "pylock.toml")
    return ("constraints.txt", *(["torch.txt"] if blueprint.torch is not None else []))


def _torch_index(blueprint: Blueprint) -> dict[str, str]:
    """Where torch's builds are that the ordinary index has not: greenroom install asks there, too.

    A lock says itself where each package is.
    """
    index = blueprint.torch.index if blueprint.torch is not None and blueprint.lock is None else None
    return {"PIP_EXTRA_INDEX_URL": index} if index else {}


def _variables(blueprint: Blueprint) -> dict[str, str]:
    # HOME: caches, such as Triton's, lie with the data; the root may be read-only.
    said = {"GREENROOM_DATA": DATA, "HOME": DATA}
    if blueprint.environment == "baked":
        said["PATH"] = f"{ENVIRONMENTS}/current/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    if blueprint.pulls:
        said |= {"HF_HOME": WEIGHTS, "HF_HUB_OFFLINE": "1"}
    if blueprint.driver is not None:
        # NVIDIA's container toolkit refuses older drivers by itself; the start script says it elsewhere.
        said |= {
            "NVIDIA_DRIVER_CAPABILITIES": "compute,utility",
            "NVIDIA_REQUIRE_CUDA": f"driver>={blueprint.driver}",
            "NVIDIA_VISIBLE_DEVICES": "all",
        }
    return said


def _apt(*names: str) -> str:
    pinned = " ".join(f"{name}={PACKAGES[name]}" for name in sorted(names))
    return _run(
        (), "apt-get update", f"apt-get install -y --no-install-recommends {pinned}", "rm -rf /var/lib/apt/lists/*"
    )


def _run(mounts: Iterable[str], *commands: str) -> str:
    first, *others = (*mounts, commands[0])
    lines = [f"RUN {first}", *others]
    return " \\\n    ".join([*lines, *(f"&& {command}" for command in commands[1:])])


def _pairs(instruction: str, pairs: dict[str, str]) -> str:
    return f"{instruction} " + " \\\n    ".join(f'{name}="{value}"' for name, value in pairs.items())
