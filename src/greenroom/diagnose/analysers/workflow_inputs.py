"""Inputs that an action of a workflow does not take."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.source import Place
from greenroom.diagnose.workflow import jobs_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.recipe import Recipe
    from greenroom.findings import Finding


# The inputs that these actions take, after their action.yml of several years. An unknown one is ignored, with a
# warning in the log: only what is nearly a known one is called an error here.
_INPUTS: dict[str, frozenset[str]] = {
    "docker/build-push-action": frozenset(
        [
            "add-hosts",
            "allow",
            "annotations",
            "attests",
            "build-args",
            "build-contexts",
            "builder",
            "cache-from",
            "cache-to",
            "call",
            "cgroup-parent",
            "context",
            "file",
            "labels",
            "load",
            "network",
            "no-cache",
            "no-cache-filters",
            "outputs",
            "platforms",
            "provenance",
            "pull",
            "push",
            "sbom",
            "secrets",
            "secret-envs",
            "secret-files",
            "shm-size",
            "ssh",
            "tags",
            "target",
            "ulimit",
            "github-token",
        ]
    ),
    "docker/login-action": frozenset(
        ["registry", "username", "password", "scope", "ecr", "logout", "registry-auth", "attempts"]
    ),
    "docker/setup-buildx-action": frozenset(
        [
            "version",
            "driver",
            "driver-opts",
            "buildkitd-flags",
            "buildkitd-config",
            "buildkitd-config-inline",
            "use",
            "endpoint",
            "platforms",
            "append",
            "cleanup",
            "install",
            "keep-state",
            "cache-binary",
            "name",
            "config",
            "config-inline",
        ]
    ),
    "docker/metadata-action": frozenset(
        [
            "context",
            "images",
            "tags",
            "flavor",
            "labels",
            "annotations",
            "sep-tags",
            "tag-sha",
            "tag-edge",
            "sep-labels",
            "sep-annotations",
            "bake-target",
            "github-token",
        ]
    ),
    "actions/checkout": frozenset(
        [
            "repository",
            "ref",
            "token",
            "ssh-key",
            "ssh-known-hosts",
            "ssh-strict",
            "ssh-user",
            "persist-credentials",
            "path",
            "clean",
            "filter",
            "sparse-checkout",
            "sparse-checkout-cone-mode",
            "fetch-depth",
            "fetch-tags",
            "show-progress",
            "lfs",
            "submodules",
            "set-safe-directory",
            "github-server-url",
        ]
    ),
    "actions/setup-python": frozenset(
        [
            "python-version",
            "python-version-file",
            "cache",
            "architecture",
            "check-latest",
            "token",
            "cache-dependency-path",
            "update-environment",
            "allow-prereleases",
            "ignore-platform-version",
            "freethreaded",
            "pip-version",
            "pip-install",
        ]
    ),
    "actions/upload-artifact": frozenset(
        [
            "name",
            "path",
            "if-no-files-found",
            "retention-days",
            "compression-level",
            "overwrite",
            "include-hidden-files",
            "archive",
        ]
    ),
}


def inputs(recipe: Recipe) -> Iterator[Finding]:
    """Inputs that an action does not take."""
    for workflow in recipe.workflows:
        for job in jobs_of(workflow).values():
            for step in steps_of(job):
                uses, given = step.get("uses"), step.get("with")
                if uses is None:
                    continue
                known = _INPUTS.get(uses.scalar.partition("@")[0])
                for key, _ in given.entries if given is not None and known is not None else ():
                    if known is not None and key.scalar not in known:
                        near = next(iter(difflib.get_close_matches(key.scalar, sorted(known), n=1, cutoff=0.75)), None)
                        place = Place(workflow.path, key.line)
                        patch = (
                            replaced(recipe.folder, place, f"{key.scalar}:", f"{near}:", safe=True) if near else None
                        )
                        told = error if near else warning
                        yield told(
                            "workflow-input-unknown",
                            place,
                            f"{uses.scalar.partition('@')[0]} takes no input {key.scalar}, and ignores it",
                            f"{near}:" if near else "see the action's README",
                            patch,
                        )
