"""What a request tells and shows before its result is there: checked and bounded, since models are anyone's code."""

from __future__ import annotations

import itertools
import logging
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from greenroom.jobs.job import EVENT_KINDS
from greenroom.models.model import MadeFile
from greenroom.serve.workers.errors import ModelFailed
from greenroom.serve.workers.protocol import Shown, Told

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.serve.workers.protocol import Message, Run

MEDIA_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9.+-]+(; ?[a-z]+=[A-Za-z0-9.+-]+)*")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}")
# Each is a row of the database, and the history of a job is read whole.
_MOST_TOLD = 500
_MOST_BYTES = 32_768
# A picture to look at, or a few seconds of a clip; the result itself comes as files.
_MOST_SHOWN = 500
_LARGEST = 50_000_000
_log = logging.getLogger(__name__)


class Telling:
    """What one request tells and shows, from its model's thread.

    check: raises Cancelled when the request should stop.
    """

    def __init__(self, run: Run, send: Callable[[Message], None], check: Callable[[], None]) -> None:
        self._run, self._send, self._check = run, send, check
        self._told = itertools.count(1)
        self._shown = itertools.count(1)

    def tell(self, kind: Any, data: Any) -> None:
        """Tell a fact. Raises ModelFailed for one that cannot be an event, Cancelled."""
        self._check()
        if not isinstance(kind, str) or not _KIND.fullmatch(kind) or kind in EVENT_KINDS:
            raise self._wrong(f"told {str(kind)[:40]!r}, which is no kind that a model may name")
        try:
            coded = msgspec.json.encode(data)
            plain = msgspec.json.decode(coded)
        except (TypeError, ValueError, OverflowError) as error:
            raise self._wrong(f"told a {kind} that is no JSON") from error
        if not isinstance(plain, dict) or len(coded) > _MOST_BYTES:
            raise self._wrong(f"told a {kind} that is no object of at most {_MOST_BYTES:,} bytes")
        if next(self._told) > _MOST_TOLD:
            raise self._wrong(f"told more than {_MOST_TOLD} facts")
        self._send(Told(self._run.id, kind, plain))

    def show(self, file: Any) -> None:
        """Show a file as it is now. Raises ModelFailed for one that cannot be shown, Cancelled."""
        self._check()
        if not (isinstance(file, MadeFile) and MEDIA_TYPE.fullmatch(file.media_type) and isinstance(file.path, Path)):
            raise self._wrong("what it shows must be MadeFile(Path, media type)")
        if not file.path.is_file() or not file.path.resolve().is_relative_to(Path(self._run.folder).resolve()):
            raise self._wrong(f"shows {file.path.name}, which is not in the folder of the request")
        if (size := file.path.stat().st_size) > _LARGEST:
            raise self._wrong(f"shows {size:,} bytes, and at most {_LARGEST:,} can be shown")
        if (number := next(self._shown)) > _MOST_SHOWN:
            raise self._wrong(f"shows more than {_MOST_SHOWN} files")
        if self._run.shown is None:
            return
        copy = Path(self._run.shown) / str(number) / file.path.name
        try:
            copy.parent.mkdir(parents=True)
            shutil.copyfile(file.path, copy)
        except OSError:  # nobody loses hours of work for a picture
            _log.warning("%s cannot be shown", file.path.name, exc_info=True)
            return
        self._send(Shown(self._run.id, str(copy), file.media_type))

    def _wrong(self, what: str) -> ModelFailed:
        return ModelFailed(self._run.model, what)
