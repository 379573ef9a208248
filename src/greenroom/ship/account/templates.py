"""A template's values in a declaration: what is made from one does not follow its changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenroom.errors import InputInvalid, quoted
from greenroom.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.ship.account.values import Values
    from greenroom.ship.runpod.client import RunPod

_KEPT = ("image", "args", "disk", "ports", "registry")


def with_template(declared: Mapping[str, Any], runpod: RunPod) -> tuple[Values, tuple[Finding, ...]]:
    """What is declared, with its template's values as they are now where it says nothing itself.

    Raises InputInvalid for a template that is not there, or of another kind, or where nobody names an image;
    RunPodError.
    """
    values = dict(declared)
    identity = values.pop("templateId", None)
    if identity is None:
        return values, ()
    template = runpod.templates.find(str(identity))
    if template is None:
        names = ", ".join(f"{known.id} ({known.name})" for known in runpod.templates.list())
        mend = f"choose one of: {names}" if names else "it has none: make one in the console, and give its id"
        raise InputInvalid(f"there is no template {quoted(str(identity))} in this account", mend=mend)
    said = template.model_dump(mode="json", by_alias=True, exclude_unset=True)
    kept = {name: said[name] for name in _KEPT if said.get(name)}
    said_here = {name: value for name, value in values.items() if name != "image" or value}
    values = {**kept, **said_here, "env": {**template.env, **values["env"]}}
    gpu = values.get("gpu")
    if gpu and template.allowed_cuda_versions and not {"allowedCudaVersions", "minCudaVersion"} & gpu.keys():
        values["gpu"] = {**gpu, "allowedCudaVersions": list(template.allowed_cuda_versions)}
    if not values.get("image"):
        raise InputInvalid(f"the template {template.name} ({identity}) names no image", mend="--image NAME@DIGEST")
    if values["type"] == "POD":
        if template.serverless:
            mend = "name a template of pods"
            raise InputInvalid(f"the template {template.name} ({identity}) is one of serverless workers", mend=mend)
        if gpu and template.mounts.persistent and not values.get("mounts"):  # pods with CPUs have none
            values["mounts"] = {"persistent": template.mounts.persistent.model_dump(by_alias=True)}
    message = f"the values of the template {template.name} ({identity}) are taken as they are now"
    return values, (Finding("template-resolved", "note", message, "deploy again when it has changed"),)
