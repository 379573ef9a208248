"""The start script: POSIX sh, which ends by becoming the server."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from greenroom.machine.facts.runpod import network_volume
from greenroom.ship.image.blueprint import PORT
from greenroom.ship.image.dockerfile import BOOTSTRAP, DATA, UID, VOLUME, install_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.ship.image.blueprint import Blueprint

_ROOM_MB = 100
_WORDS = """\
say() {
    printf 'start.sh: %s\\n' "$1" >&2
}

fail() {
    printf 'start.sh: error: %s\\n mend: %s\\n' "$1" "$2" >&2
    exit 1
}

takes_files() {
    probe="$1/.start-$$"
    (: >"$probe") 2>/dev/null && rm -f "$probe"
}"""


def start_script(blueprint: Blueprint) -> str:
    """The whole file."""
    return "\n\n".join(_blocks(blueprint)) + "\n"


def _blocks(blueprint: Blueprint) -> Iterator[str]:
    pulls = blueprint.fetches_at_start
    yield f"""\
#!/bin/sh
# Starts {blueprint.model}. With arguments it is greenroom itself: docker run IMAGE doctor.
# Each step may be cut short and done again; what is done already is seen, and left as it is.
set -eu"""
    yield _WORDS
    yield f"model={shlex.quote(blueprint.model)}"
    if blueprint.driver is not None:
        yield _driver(blueprint.driver, str(blueprint.cuda))
    yield f"""\
takes_files {DATA} ||
    fail "{DATA} takes no files from user $(id -u)" "mount a disk there that user {UID} may write, with room\""""
    if pulls or blueprint.environment == "volume":
        yield _volume(pulls=pulls)
    if blueprint.environment == "volume":
        yield _environment(blueprint)
    yield """\
if [ "$#" -gt 0 ]; then
    exec greenroom "$@"
fi"""
    yield f"""\
# A database without room fails in the midst of a job.
room=$(df -Pk {DATA} | awk 'END {{ print $(NF - 2) }}')
[ "$room" -ge $(({_ROOM_MB} * 1024)) ] ||
    fail "{DATA} has $((room / 1024)) MB free, and jobs and results need {_ROOM_MB} MB at least" \\
        "free some room on it, or mount a larger disk there\""""
    if pulls:
        yield """\
# Whole files are seen by their hashes; of two machines that start at once, one fetches.
say "looking for the weights of $model on $volume"
greenroom pull "$model\""""
    if blueprint.on_runpod:
        yield """\
if [ -n "${RUNPOD_WEBHOOK_GET_JOB:-}" ]; then
    say "taking jobs of RunPod for $model"
    exec greenroom worker "$model"
fi"""
    yield f"""\
say "serving $model on port ${{PORT:-{PORT}}}"
exec greenroom serve "$model" --host 0.0.0.0 --port "${{PORT:-{PORT}}}\""""


def _driver(oldest: str, cuda: str) -> str:
    return f"""\
# torch is built for CUDA {cuda}. Where there is no GPU, the model says what it lacks.
driver=$(nvidia-smi --query-gpu=driver_version --format=csv,noheader 2>/dev/null | head -n 1) || driver=
case "${{driver%%.*}}" in
    '' | *[!0-9]*) ;;
    *)
        [ "${{driver%%.*}}" -ge {oldest} ] ||
            fail "the NVIDIA driver is $driver, and CUDA {cuda} needs {oldest} or newer" \\
                "choose hosts with a newer driver, or build the image for this one"
        ;;
esac"""


def _volume(*, pulls: bool) -> str:
    known = network_volume().value
    home = '\nexport HF_HOME="$volume/huggingface"' if pulls else ""
    return f"""\
# The volume: where RunPod mounts it for serverless and for pods, else where compose does.
for volume in {known.serverless} {known.pod} {VOLUME}; do
    [ ! -d "$volume" ] || break
done
takes_files "$volume" ||
    fail "the volume at $volume takes no files from user $(id -u)" \\
        "give it to user {UID} with chown, or free some room on it"{home}"""


def _environment(blueprint: Blueprint) -> str:
    words = install_words(blueprint).removeprefix(blueprint.model)
    return f"""\
# The first start makes the environment and packs it; the others unpack it to their own disk.
say "looking for the environment of $model on $volume"
{BOOTSTRAP}/bin/greenroom install "$model"{words} \\
    --into {DATA}/environments --volume "$volume/environments" >&2
export PATH="{DATA}/environments/current/bin:$PATH\""""
