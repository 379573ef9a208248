"""Workflows of GitHub Actions: jobs, steps and inputs that are not there, and images that are pushed unbuilt."""

from __future__ import annotations

import difflib
import posixpath
import re
from typing import TYPE_CHECKING

from greenroom.diagnose.saying import error, replaced, warning
from greenroom.diagnose.source import Place
from greenroom.diagnose.workflow import jobs_of, steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greenroom.diagnose.document import Document, Value
    from greenroom.diagnose.recipe import Recipe
    from greenroom.findings import Finding

_UNTRUSTED = re.compile(
    r"\$\{\{\s*github\.event\.(issue|pull_request|comment|review|head_commit|discussion)[\w.]*\.(title|body|message|ref|label|name|email)\b|\$\{\{\s*github\.head_ref"
)


def names(recipe: Recipe) -> Iterator[Finding]:
    """``needs`` of no job, outputs of no step, a job without a machine."""
    for workflow in recipe.workflows:
        jobs = jobs_of(workflow)
        if workflow.root is not None and not jobs and not workflow.path.endswith("action.yml"):
            yield error("workflow-invalid", Place(workflow.path, 1), "the workflow has no jobs", "jobs:")
        for name, job in jobs.items():
            needs = job.get("needs")
            for value in (needs.items or (needs,)) if needs is not None else ():
                if value.scalar and value.scalar not in jobs:
                    near = next(iter(difflib.get_close_matches(value.scalar, list(jobs), n=1, cutoff=0.4)), None)
                    place = Place(workflow.path, value.line)
                    yield error(
                        "workflow-name-unknown",
                        place,
                        f"{name} needs {value.scalar}, and there is no such job: the workflow does not run",
                        f"needs: {near}" if near else f"there is {', '.join(jobs)}",
                        replaced(recipe.folder, place, value.scalar, near) if near else None,
                    )
            if job.get("runs-on") is None and job.get("uses") is None:
                at = workflow.get("jobs")
                key = at.key(name) if at is not None else None
                yield error(
                    "workflow-invalid",
                    Place(workflow.path, key.line if key else job.line),
                    f"the job {name} has no runs-on: the workflow does not run",
                    "runs-on: ubuntu-latest",
                )
            yield from _outputs(workflow, job)


def _outputs(workflow: Document, job: Value) -> Iterator[Finding]:
    ids = {value.scalar for step in steps_of(job) if (value := step.get("id")) is not None}
    for value in job.walk():
        for found in re.finditer(r"steps\.([\w-]+)\.(outputs|outcome|conclusion)", value.scalar):
            if found[1] not in ids:
                near = next(iter(difflib.get_close_matches(found[1], list(ids), n=1, cutoff=0.4)), None)
                line = value.line + (value.scalar[: found.start()].count("\n") + 1 if "\n" in value.scalar else 0)
                yield error(
                    "workflow-name-unknown",
                    Place(workflow.path, line),
                    f"there is no step with the id {found[1]}: its outputs are empty",
                    f"steps.{near}" if near else f"id: {found[1]} at the step that is meant",
                )


def files(recipe: Recipe) -> Iterator[Finding]:
    """A Dockerfile or context that is not there."""
    for workflow in recipe.workflows:
        for job in jobs_of(workflow).values():
            fetched = any("checkout" in (step.get("uses") or step).scalar for step in steps_of(job))
            for step in steps_of(job):
                if not (step.get("uses") or step).scalar.startswith("docker/build-push-action"):
                    continue
                context = step.get("with", "context")
                named = step.get("with", "file")
                folder = context.scalar if context is not None else "."
                if "${{" in folder or "://" in folder or (step.get("with", "context") is None and named is None):
                    continue
                path = posixpath.normpath(named.scalar if named is not None else posixpath.join(folder, "Dockerfile"))
                value = named or context
                if "${{" not in path and path not in recipe.folder.known and value is not None:
                    near = next(
                        iter(
                            difflib.get_close_matches(
                                path,
                                [one.path for one in (built.image.dockerfile.source for built in recipe.images)],
                                n=1,
                                cutoff=0.3,
                            )
                        ),
                        None,
                    )
                    place = Place(workflow.path, value.line)
                    yield error(
                        "workflow-file-missing",
                        place,
                        f"there is no {path} to build from",
                        near or "name the Dockerfile that is there",
                        replaced(recipe.folder, place, value.scalar, near) if near and named else None,
                    )
                elif not fetched and context is not None:
                    yield error(
                        "workflow-invalid",
                        Place(workflow.path, step.line),
                        "the context is the working folder, and no step checks the repository out: it is empty",
                        "- uses: actions/checkout@v4 before it",
                    )


def pushes(recipe: Recipe) -> Iterator[Finding]:
    """Images pushed under a name that nobody built, or without a login."""
    for workflow in recipe.workflows:
        for job in jobs_of(workflow).values():
            built, tagged = set(), set()
            logged_in = False
            for step in steps_of(job):
                run, uses = step.get("run"), step.get("uses")
                logged_in = (
                    logged_in
                    or (uses is not None and ("login" in uses.scalar or uses.scalar.startswith("./")))
                    or (run is not None and "login" in run.scalar)
                )
                if uses is not None and uses.scalar.startswith("docker/build-push-action"):
                    push = step.get("with", "push")
                    if push is not None and push.scalar == "true" and not logged_in and job.get("permissions") is None:
                        yield error(
                            "workflow-push-refused",
                            Place(workflow.path, push.line),
                            "the image is pushed, and no step logs in before: access denied",
                            "docker/login-action",
                        )
                    built.add("*")
                if run is None:
                    continue
                block = workflow.source.line(run.line).rstrip()[-1:] in "|>-+"
                for number, line in enumerate(run.scalar.split("\n"), run.line + (1 if block else 0)):
                    for found in re.finditer(r"docker\s+(?:buildx\s+)?build\b(.*)", line):
                        built |= set(re.findall(r"(?:-t|--tag)[ =](\S+)", found[1]))
                    for found in re.finditer(r"docker\s+tag\s+(\S+)\s+(\S+)", line):
                        tagged.add(found[2])
                    for found in re.finditer(r"docker\s+push\s+(?:-\S+\s+)*(\S+)", line):
                        known = built | tagged
                        if known and "*" not in known and not _was_built(found[1], known):
                            place = Place(workflow.path, number)
                            right = min(known)
                            yield error(
                                "workflow-push-refused",
                                place,
                                f"{found[1]} is pushed, and {right} was built: an image does not exist locally with "
                                "that tag",
                                f"docker push {right}",
                                replaced(recipe.folder, place, found[1], right),
                            )


def _was_built(name: str, known: set[str]) -> bool:
    plain = name.strip("\"'")
    return any(plain == one.strip("\"'") for one in known) or plain.removesuffix(":latest") in {
        one.strip("\"'") for one in known
    }


def injection(recipe: Recipe) -> Iterator[Finding]:
    """Text of strangers that a shell runs."""
    for workflow in recipe.workflows:
        for job in jobs_of(workflow).values():
            for step in steps_of(job):
                run = step.get("run")
                found = _UNTRUSTED.search(run.scalar) if run is not None else None
                if run is not None and found is not None:
                    line = run.line + run.scalar[: found.start()].count("\n") + (1 if "\n" in run.scalar else 0)
                    yield warning(
                        "workflow-injection",
                        Place(workflow.path, line),
                        "whoever opens an issue or a branch writes this part of the command",
                        "pass it through env:",
                    )
