"""What a file must be, when its recipe and the model hub both have a say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from greenroom.findings import Finding
from greenroom.weights.pulling.errors import HubAnswerInvalid, PublishedDiffers
from greenroom.weights.store.expecting import Known, of_etag, of_recipe

if TYPE_CHECKING:
    from greenroom.recipes.recipe import ModelFile
    from greenroom.weights.pulling.hub import HubFile
    from greenroom.weights.store.places import Found


def agreed(file: ModelFile, entry: HubFile) -> tuple[Known, tuple[Finding, ...]]:
    """The hash that a file of the hub must have, and what is doubtful about it.

    A recipe that is sure of its own is believed; else the hub is. Raises PublishedDiffers where the hub has other bytes
    than a sure recipe says, HubAnswerInvalid where nobody says a hash.
    """
    if file.size and file.size.is_sure and entry.size not in (None, file.size.bytes):
        raise _differs(file, f"{entry.size:,} bytes", f"{file.size.bytes:,}")
    stated = of_recipe(file)
    hub = of_etag(entry.etag) if entry.etag else None
    if hub is None:
        if stated is None:
            raise HubAnswerInvalid(
                f"nobody says the hash of {file}", mend="check HF_ENDPOINT: a mirror may leave it out"
            )
        return stated, ()
    if stated is None:
        return hub, ()
    if hub.digest.algorithm != stated.digest.algorithm:  # of small files the hub knows git's hash alone
        return (stated if stated.sure else hub), ()
    if hub.digest == stated.digest:
        return (stated if stated.sure else hub), ()
    if stated.sure:
        raise _differs(file, f"the SHA-256 {hub.digest.value}", stated.digest.value)
    return hub, (_doubtful(file, hub, stated),)


def mismatch(file: ModelFile, found: Found) -> str | None:
    """Why a file that is here cannot be the published one, as far as can be told without reading it."""
    length, record = found.path.stat().st_size, found.record
    published = file.size.bytes if file.size and file.size.is_sure else record.size if record else length
    if length != published:
        return f"it has {length:,} bytes where the published one has {published:,}"
    stated = of_recipe(file)
    if stated and stated.sure and record and record.fits(found.path) and record.sha256 != stated.digest.value:
        return f"it is another version, whose SHA-256 is {record.sha256}"
    return None


def _differs(file: ModelFile, hub: str, stated: str) -> PublishedDiffers:
    return PublishedDiffers(
        f"the hub has {file} with {hub}, and the recipe says {stated}: it was changed after the recipe was written",
        mend="update greenroom; if its newest release says the same, report it, and do not trust the file",
    )


def _doubtful(file: ModelFile, hub: Known, stated: Known) -> Finding:
    return Finding(
        "weights-recipe-doubtful",
        "warning",
        f"the hub has {file} with the SHA-256 {hub.digest.value}, and the recipe, which is not sure of it, says "
        f"{stated.digest.value}",
        "nothing needs to be done: the hub's hash is taken",
    )
