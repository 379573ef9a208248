"""Every setting, in one place: flags over environment over a file over defaults.

The file is ``$XDG_CONFIG_HOME/greenroom/config.toml`` (or ``GREENROOM_CONFIG``), one ``name = value`` a line.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, SecretStr

from greenroom.errors import FileUnreadable, InputInvalid, closest, quoted
from greenroom.findings import Finding
from greenroom.inputs import Inputs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Source = Literal["flag", "environment", "file", "default"]
_PREFIX = "GREENROOM_"
_CONFIG = "GREENROOM_CONFIG"
_MASK = "********"
# Set to nothing, this one says that there is no GPU; any other empty variable is as good as absent.
_EMPTY_MEANS_NONE = {"CUDA_VISIBLE_DEVICES"}
_URL_USER = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def _below_home(path: Path) -> Path:
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError("this machine does not know the home folder of this user: set HOME") from None


HomePath = Annotated[Path, AfterValidator(_below_home)]


def Setting(  # noqa: N802 - as Input in greenroom.inputs
    help: str,  # noqa: A002 - the field's standard term
    *,
    env: str | None = None,
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
) -> Any:
    """Describe one setting. env: the variable that users already set for it, if it is not ``GREENROOM_<NAME>``."""
    bounds: dict[str, Any] = {"ge": ge, "gt": gt, "le": le}
    # Defaults are checked too, or ~ would stay as it is written in them.
    checked: dict[str, Any] = {"validate_default": True, **bounds}
    return Field(description=help, json_schema_extra={"env": env} if env else None, **checked)


class Settings(Inputs):
    """What can be set: a line here is a flag, a variable, a key of the file and a row of ``greenroom config``."""

    voice: Annotated[str, Setting("Voice for speak: a name of the catalogue, or the path of a Piper MODEL.onnx.")] = (
        "voice-joe"
    )
    whisperx_python: Annotated[
        HomePath | None, Setting("Python of an environment that holds WhisperX, to align sound from elsewhere.")
    ] = None
    google_credentials: Annotated[
        HomePath | None, Setting("Key file for Google Speech, an aligner: sound that no other can time is sent there.")
    ] = None
    host: Annotated[str, Setting("Address that serve listens on; any but this machine's own needs a key.")] = (
        "127.0.0.1"
    )
    port: Annotated[int, Setting("Port that serve listens on.", ge=0, le=65_535)] = 7860
    server: Annotated[str, Setting("Address of the server that jobs asks.")] = "http://127.0.0.1:7860"
    devices: Annotated[
        str,
        Setting(
            "Devices that serve models: cuda:0,cuda:1 each for itself, cuda:0+cuda:1 as one; auto takes every GPU,"
            " else the CPU."
        ),
    ] = "auto"
    data: Annotated[HomePath, Setting("Folder for jobs, uploads and results.")] = Path("~/.local/share/greenroom")
    database: Annotated[
        str | None,
        Setting("URL of the database of jobs, such as postgresql://...; a SQLite file in data if not given."),
    ] = None
    history_days: Annotated[float, Setting("Days after which ended jobs and uploads are deleted.", gt=0)] = 30.0
    api_key: Annotated[SecretStr | None, Setting("A key that every request to serve must carry.")] = None
    keys: Annotated[HomePath | None, Setting("TOML file of keys, each with a history and limits of its own.")] = None
    allow_anonymous: Annotated[
        bool, Setting("Serve without a key on any address: everybody who reaches it may use it.")
    ] = False
    allow_private_urls: Annotated[bool, Setting("Let inputs and webhooks name addresses of private networks.")] = False
    public_url: Annotated[
        str | None, Setting("Address under which clients reach serve, for links in webhooks; its own if not given.")
    ] = None
    webhook_secret: Annotated[
        SecretStr | None, Setting("Signs webhooks, whsec_...; made by the server if not given.")
    ] = None
    max_upload_mb: Annotated[float, Setting("Largest upload or file named by a URL, in MB.", gt=0)] = 1000.0
    max_media_s: Annotated[float, Setting("Longest sound or video that is taken, in seconds.", gt=0)] = 3600.0
    max_megapixels: Annotated[
        float, Setting("Largest picture or frame that is taken, in millions of pixels.", gt=0)
    ] = 36.0
    idle_unload_s: Annotated[
        float | None, Setting("Seconds after which an idle model leaves its device; never if not given.", gt=0)
    ] = None
    stop_grace_s: Annotated[
        float, Setting("Seconds that running work may take when the server is told to stop.", ge=0)
    ] = 30.0
    weights: Annotated[
        HomePath | None, Setting("Folder of weights, each as REPOSITORY/PATH, asked before the model hub's cache.")
    ] = None
    loras: Annotated[
        str | None,
        Setting("LoRA files that SteadyDancer is served with, FILE or FILE:STRENGTH, with commas between."),
    ] = None
    hf_token: Annotated[SecretStr | None, Setting("Token for gated weights on the model hub.", env="HF_TOKEN")] = None
    hf_home: Annotated[HomePath | None, Setting("Folder of the model hub's cache.", env="HF_HOME")] = None
    hf_hub_cache: Annotated[
        HomePath | None, Setting("The cache itself; HF_HOME/hub if not given.", env="HF_HUB_CACHE")
    ] = None
    hf_endpoint: Annotated[str | None, Setting("Mirror of the model hub.", env="HF_ENDPOINT")] = None
    offline: Annotated[bool, Setting("Fetch nothing: use the weights that are here.", env="HF_HUB_OFFLINE")] = False
    accept_licence: Annotated[bool, Setting("Accept the restrictions of whatever is pulled, without being asked.")] = (
        False
    )
    cuda_visible_devices: Annotated[
        str | None, Setting("GPUs that may be used, by number or id.", env="CUDA_VISIBLE_DEVICES")
    ] = None
    runpod_api_key: Annotated[SecretStr | None, Setting("Key for RunPod's API.", env="RUNPOD_API_KEY")] = None
    runpod_url: Annotated[str, Setting("Address of RunPod's interface, version 2.")] = "https://api.runpod.io/v2"
    runpod_pod_url: Annotated[
        str, Setting("Address under which RunPod's proxy serves a port of a pod, with {pod} and {port} in it.")
    ] = "https://{pod}-{port}.proxy.runpod.net"
    runpod_endpoint_id: Annotated[
        str | None, Setting("The RunPod endpoint this worker serves.", env="RUNPOD_ENDPOINT_ID")
    ] = None
    runpod_pod_id: Annotated[str | None, Setting("The RunPod pod this process runs in.", env="RUNPOD_POD_ID")] = None
    runpod_concurrency: Annotated[
        int | None,
        Setting("Jobs that a RunPod worker takes at once; chosen by how long they take if not given.", ge=1, le=64),
    ] = None
    runpod_stream: Annotated[
        bool, Setting("Let jobs of a RunPod worker ask for their result in parts; every answer is then a list.")
    ] = False
    runpod_unfinished: Annotated[
        HomePath | None,
        Setting("Folder where unfinished jobs outlive a RunPod worker; on the network volume if one is mounted."),
    ] = None
    artifacts: Annotated[
        str | None, Setting("Where results go: a folder, or the URL of an object store, such as s3://BUCKET/PREFIX.")
    ] = None
    bucket_endpoint_url: Annotated[
        str | None, Setting("S3 endpoint for large results of a RunPod worker.", env="BUCKET_ENDPOINT_URL")
    ] = None
    bucket_name: Annotated[
        str | None, Setting("Bucket there; the month, such as 11-26, if not given.", env="BUCKET_NAME")
    ] = None
    bucket_access_key_id: Annotated[str | None, Setting("Access key of the bucket.", env="BUCKET_ACCESS_KEY_ID")] = None
    bucket_secret_access_key: Annotated[
        SecretStr | None, Setting("Secret key of the bucket.", env="BUCKET_SECRET_ACCESS_KEY")
    ] = None
    ledger: Annotated[
        HomePath | None,
        Setting(
            "Folder of the ledger in which operations leave entries, none for no entries; if not given, the one at or"
            " above the working folder, if there is one."
        ),
    ] = None
    traceback: Annotated[bool, Setting("Show where in the code an unexpected failure happened.")] = False


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a value came from. place: the flag, the variable, or ``file:line``; empty for a default."""

    source: Source
    place: str = ""

    def __str__(self) -> str:
        return f"{self.source} {self.place}".strip()


@dataclass(frozen=True, slots=True)
class Row:
    """One setting as ``greenroom config`` shows it; value is masked when it is a secret."""

    name: str
    value: str | bool | None
    source: Source
    place: str
    env: str
    help: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """All settings with their origins, and what was wrong on the way (unknown names)."""

    settings: Settings
    origins: Mapping[str, Origin]
    findings: tuple[Finding, ...]

    def rows(self) -> tuple[Row, ...]:
        """One row a setting, in the order of the declaration."""
        return tuple(
            Row(
                name,
                _shown(getattr(self.settings, name)),
                self.origins[name].source,
                self.origins[name].place,
                variable(name),
                field.description or "",
            )
            for name, field in Settings.model_fields.items()
        )


def variable(name: str) -> str:
    """The environment variable of a setting."""
    extra = Settings.model_fields[name].json_schema_extra
    env = extra.get("env") if isinstance(extra, dict) else None
    return str(env) if env else _PREFIX + name.upper()


def resolve(
    flags: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
    file: Path | None = None,
) -> Resolved:
    """Settle every setting.

    flags: values given on the command line, by setting; None is not given.  file: instead of the usual place, and then
    it must exist. Raises InputInvalid for a value of the wrong kind, naming where it stands; FileUnreadable for a file
    that is not TOML. Unknown names become findings.
    """
    path = file or (Path(environ[_CONFIG]) if environ.get(_CONFIG) else _usual_place(environ))
    text = _read(path, must_exist=file is not None or bool(environ.get(_CONFIG)))
    in_file = _parse(path, text)
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for name in Settings.model_fields:
        env = variable(name)
        if flags and flags.get(name) is not None:
            values[name], origins[name] = flags[name], Origin("flag", f"--{name.replace('_', '-')}")
        elif environ.get(env) or (env in environ and env in _EMPTY_MEANS_NONE):
            values[name], origins[name] = environ[env], Origin("environment", env)
        elif name in in_file:
            values[name], origins[name] = in_file[name], Origin("file", f"{path}:{_line_of(text, name)}")
        else:
            origins[name] = Origin("default")
    findings = (*_unknown_in_file(path, text, in_file), *_unknown_in_environment(environ))
    return Resolved(_checked(values, origins), origins, findings)


def _checked(values: dict[str, Any], origins: Mapping[str, Origin]) -> Settings:
    for name, value in values.items():
        try:
            Settings.check({name: value})
        except InputInvalid as error:
            # The value stays out of the message: it may be a secret.
            raise InputInvalid(
                f"the setting {name} ({origins[name]}) has a value of the wrong kind", mend=error.mend
            ) from None
    return Settings.check(values)


def _usual_place(environ: Mapping[str, str]) -> Path:
    """Raises InputInvalid for a user whose home folder nobody knows: most folders are named from it."""
    try:
        home = Path(environ.get("HOME", "~")).expanduser()
    except RuntimeError as error:
        message = "HOME is not set, and this machine does not know the home folder of this user"
        raise InputInvalid(message, mend="set HOME to a folder that takes files") from error
    return Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "greenroom" / "config.toml"


def _read(path: Path, *, must_exist: bool) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        if must_exist:
            raise FileUnreadable(f"there is no settings file {quoted(path)}", mend="check the path") from None
        return ""
    except (OSError, UnicodeDecodeError) as error:
        if not must_exist and not os.access(path.parent, os.X_OK):
            return ""  # in the home folder of another user, as in containers with --user: nobody meant it
        message = f"the settings file {quoted(path)} cannot be read"
        raise FileUnreadable(message, mend="check its rights, and that it is UTF-8") from error


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FileUnreadable(
            f"the settings file {quoted(path)} is not TOML: {error}",
            mend='write lines such as voice = "voice-joe"',
        ) from error


def _unknown_in_file(path: Path, text: str, given: Mapping[str, Any]) -> Iterator[Finding]:
    for name in given.keys() - Settings.model_fields.keys():
        yield Finding(
            "setting-unknown",
            "error",
            f"there is no setting {quoted(name)}",
            _meant(name, list(Settings.model_fields)),
            str(path),
            _line_of(text, name),
        )


def _unknown_in_environment(environ: Mapping[str, str]) -> Iterator[Finding]:
    known = [variable(name) for name in Settings.model_fields]
    for name in sorted(environ):
        if name.startswith(_PREFIX) and name not in (*known, _CONFIG):
            yield Finding("setting-unknown", "error", f"nothing reads the variable {name}", _meant(name, known))


def _meant(name: str, known: list[str]) -> str:
    meant = closest(name, known)
    return f"did you mean {meant}?" if meant else "remove it; greenroom config lists all settings"


def _line_of(text: str, name: str) -> int:
    found = re.search(rf"^[ \t]*(?:[\"']?{re.escape(name)}[\"']?[ \t]*[=.]|\[{re.escape(name)})", text, re.MULTILINE)
    return text.count("\n", 0, found.start()) + 1 if found else 1


def _shown(value: object) -> str | bool | None:
    if value is None or isinstance(value, bool):
        return value
    return _MASK if isinstance(value, SecretStr) else _URL_USER.sub(_MASK, str(value))
