"""Secrets that stay readable in the image: in its environment, its history, its files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.diagnose.ignoring import rules
from greenroom.diagnose.saying import error, warning
from greenroom.diagnose.source import Place
from greenroom.diagnose.variables import arguments, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.document import Value
    from greenroom.diagnose.image import Stage
    from greenroom.diagnose.recipe import Built, Recipe
    from greenroom.findings import Finding

_NAME = re.compile(
    r"(?i)(^|_)(token|secret|passw(or)?d|passwd|api_?key|access_?key|private_?key|secret_?key|credentials?|auth_?key)($|_(?!id$|file$|path$|dir$|limit$|count$|type$|url$|len|max))"
)
_NO_SECRET = re.compile(
    r"(?i)(tokenizers?_|max_?tokens?|num_?tokens?|pad_token|eos_token|token_limit|token_len|_file$|_path$|keyring|_id$)"
)
# What tokens look like, whatever they are called: the model hub's, GitHub's, RunPod's, AWS's, OpenAI's.
_VALUE = re.compile(
    r"\b(hf_[A-Za-z0-9]{30,}|ghp_[A-Za-z0-9]{36}|github_pat_\w{40,}|rpa_[A-Z0-9]{30,}|AKIA[0-9A-Z]{16}|sk-[A-Za-z0-9_-]{32,}|xox[bap]-[\w-]{20,})"
)
# One of these begins whatever that finds.
_BEGINNINGS = ("hf_", "ghp_", "github_pat_", "rpa_", "AKIA", "sk-", "xox")
_PLACEHOLDER = re.compile(
    r"(?i)^(|\"\"|''|change-?me|(.*[\s_-])?your[\s_-].*|(fill|insert|enter|paste|put)[\s_-].*|\.{3,}|#.*|<.*>|xxx+|none|null|false|true|0|1|todo|example|dummy|placeholder|\*+"
    r"|pass(word)?|secret|admin|test|user|[\w-]*(1234|abcdef|xxxx)[\w-]*)$"
)


def is_secret(name: str) -> bool:
    """Whether a variable's name says that it holds a secret."""
    return bool(_NAME.search(name)) and not _NO_SECRET.search(name)


def in_layers(recipe: Recipe) -> Iterator[Finding]:
    """ENV and ARG."""
    for built in recipe.images:
        for stage in built.image.used():
            yield from _environment(built, stage)
            yield from _arguments(built, stage)
            yield from _literal(built, stage)


def _environment(built: Built, stage: Stage) -> Iterator[Finding]:
    final = stage in built.image.final.lineage
    for step in stage.steps:
        if step.keyword != "ENV":
            continue
        for name, value in pairs(step.instruction.value):
            if not is_secret(name) or _PLACEHOLDER.match(value.strip()):
                continue
            place = Place(built.image.path, step.instruction.line_of(name))
            told = error if final else warning
            yield told(
                "secret-in-layer",
                place,
                f"{name} stays readable in the image's environment and history",
                f"RUN --mount=type=secret,id={name.lower()} ..., and no ENV; at run time the platform sets it",
            )


def _arguments(built: Built, stage: Stage) -> Iterator[Finding]:
    """An ARG that a RUN uses stands in the history; one with a value stands in the file."""
    in_environment = {
        name for step in stage.steps if step.keyword == "ENV" for name, _ in pairs(step.instruction.value)
    }
    passed = {
        name
        for step in stage.steps
        if step.keyword == "ENV"
        for name in re.findall(r"\$\{?(\w+)", step.instruction.value)
    }
    for step in stage.steps:
        if step.keyword != "ARG":
            continue
        for name, value in arguments(step.instruction.value):
            if not is_secret(name) or name in in_environment | passed:
                continue
            used = any(
                re.search(rf"\$\{{?{re.escape(name)}\b", one.instruction.value)
                for one in stage.steps
                if one.keyword == "RUN"
            )
            literal = bool(value) and not _PLACEHOLDER.match(value)
            place = Place(built.image.path, step.instruction.line)
            if literal or (used and stage in built.image.final.lineage):
                yield error(
                    "secret-in-layer",
                    place,
                    f"build arguments stay in the image's history, and so does {name}",
                    f"RUN --mount=type=secret,id={name.lower()} ...",
                )
            elif used:
                yield warning(
                    "secret-in-layer",
                    place,
                    f"{name} stays in the build's cache and its provenance",
                    f"--mount=type=secret,id={name.lower()}",
                )


def _literal(built: Built, stage: Stage) -> Iterator[Finding]:
    for step in stage.steps:
        found = _VALUE.search(step.instruction.value)
        if found is not None and step.keyword not in ("ENV", "ARG"):
            place = Place(built.image.path, step.instruction.line_of(found[0]))
            yield error(
                "secret-in-layer",
                place,
                f"a token ({found[0][:5]}...) stands in the Dockerfile",
                "take it out, revoke it, and mount it as a secret",
            )


def in_files(recipe: Recipe) -> Iterator[Finding]:
    """COPY of files that hold secrets."""
    for built in recipe.images:
        used = built.image.final.lineage
        for copied in built.files.copies:
            if copied.stage not in used:
                continue
            for name in copied.found:
                last = name.rsplit("/", 1)[-1]
                private = last in (
                    ".env",
                    "id_rsa",
                    "id_ed25519",
                    ".netrc",
                    ".pypirc",
                    "credentials.json",
                    "service-account.json",
                ) or (last.startswith(".env.") and not last.endswith((".example", ".sample", ".template", ".dist")))
                if not private:
                    continue
                source = recipe.folder.read(name)
                holds = (last != ".env" and not last.startswith(".env.")) or (
                    source is not None and _holds_secret(source.text)
                )
                place = Place(built.image.path, copied.step.instruction.line)
                explicit = copied.source.rsplit("/", 1)[-1] == last
                told = error if holds else warning
                if holds or explicit:
                    yield told(
                        "secret-in-layer",
                        place,
                        f"{name} is copied into the image, and whoever has the image has its secrets",
                        f"add {last} to .dockerignore",
                    )


def _holds_secret(text: str) -> bool:
    for line in text.split("\n"):
        name, given, value = line.strip().removeprefix("export ").partition("=")
        if (
            given
            and not name.startswith("#")
            and is_secret(name.strip())
            and not _PLACEHOLDER.match(value.strip().strip("\"'"))
        ):
            return True
    return False


def elsewhere(recipe: Recipe) -> Iterator[Finding]:
    """Build arguments of compose, its environment and the endpoint's, and tokens in scripts."""
    for service in recipe.services:
        path = service.compose.path
        for key, _ in _table(service.get("build", "args")):
            if is_secret(key.scalar):
                message = f"build arguments stay in the history, and so does {key.scalar}"
                yield warning("secret-in-layer", Place(path, key.line), message, "secrets: of build")
        for key, value in _table(service.get("environment")):
            if is_secret(key.scalar) and _is_literal(value.scalar):
                yield warning(
                    "secret-in-file", Place(path, value.line), _readable(key.scalar, path), "${NAME} from .env"
                )
    for key, value in _table(recipe.endpoint.get("env")) if recipe.endpoint is not None else ():
        if recipe.endpoint is not None and is_secret(key.scalar) and _is_literal(value.scalar):
            path = recipe.endpoint.document.path
            mend = "a secret of the platform: {{ RUNPOD_SECRET_name }}"
            yield error("secret-in-file", Place(path, value.line), _readable(key.scalar, path), mend)
    for text in recipe.naming(*_BEGINNINGS):
        for command in text.commands if text.kind in ("start", "script") else ():
            found = _VALUE.search(" ".join((*command.words, *(value for _, value in command.assigned))))
            if found:
                message = f"a token ({found[0][:5]}...) stands in {text.path}"
                yield error("secret-in-layer", text.place(command.line), message, "take it out, and revoke it")


def _table(value: Value | None) -> tuple[tuple[Value, Value], ...]:
    return value.entries if value is not None else ()


def _readable(name: str, path: str) -> str:
    return f"{name} stands in {path} for everybody to read"


def _is_literal(value: str) -> bool:
    return len(value) > 7 and "$" not in value and "{{" not in value and not _PLACEHOLDER.match(value)


def kept_out(recipe: Recipe) -> Iterator[Finding]:
    """Large or private things that the whole context takes along."""
    for built in recipe.images:
        whole = [copied for copied in built.files.copies if copied.source == "."]
        patterns = rules(recipe.folder.read(f"{built.image.context}.dockerignore"))
        if whole and not patterns and (recipe.folder.root / built.image.context / ".git").exists():
            place = Place(built.image.path, whole[0].step.instruction.line)
            yield warning(
                "context-unfiltered",
                place,
                "COPY . takes .git along, with all that was ever in it",
                "a .dockerignore with .git in it",
            )
