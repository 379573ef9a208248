"""Settings as the verbs use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from greenroom.settings import Settings, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from greenroom.captions.align.link import Aligner
    from greenroom.cli.output import Output


def configured(out: Output, flags: Mapping[str, Any] | None = None) -> Settings:
    """The settings; names that nothing reads are warned of, since a verb goes on without them."""
    resolved = resolve(flags)
    for finding in resolved.findings:
        out.say(f"warning: {finding.message} ({finding.place or 'environment'}); {finding.mend}")
    return resolved.settings


def usual_aligners(out: Output, settings: Settings | None = None) -> tuple[Aligner, ...]:
    """The chain behind a synthesiser's own times, as the settings have it."""
    from greenroom.captions.align.chain import default_aligners

    chosen = settings or configured(out)
    return default_aligners(whisperx_python=chosen.whisperx_python, google_credentials=chosen.google_credentials)
