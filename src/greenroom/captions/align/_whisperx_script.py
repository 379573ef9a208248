"""Runs inside WhisperX's own environment, never in greenroom's: WhisperX and the standard library are all it has.

Reads a request as JSON on stdin, writes a reply as JSON on stdout:
``{"sound": PATH, "seconds": S, "language": "en", "text": "words with spaces" or null, "device": .., "model": ..}`` to
``{"words": [{"word": .., "start": .., "end": ..}, ..]}`` or ``{"stage": "import", "error": ".."}``.
With text it aligns; without, it recognises first, and the words are those it heard.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Answer one request."""
    # Python puts this script's folder first, where a whisperx.py of ours would be taken for theirs.
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry or ".").resolve() != here]
    # WhisperX prints what it does; the reply must stay alone on stdout.
    out, sys.stdout = sys.stdout, sys.stderr
    reply = _answer(json.load(sys.stdin))
    out.write(json.dumps(reply))
    out.flush()


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    stage = "import"
    try:
        import whisperx

        stage = "sound"
        sound = whisperx.load_audio(request["sound"])
        stage = "model"
        device, language = request["device"], request["language"]
        aligner, about = whisperx.load_align_model(language_code=language, device=device)
        if request["text"] is None:
            recogniser = whisperx.load_model(request["model"], device, compute_type="default", language=language)
            stage = "recognise"
            segments = recogniser.transcribe(sound, batch_size=8)["segments"]
        else:
            segments = [{"start": 0.0, "end": request["seconds"], "text": request["text"]}]
        stage = "align"
        # Its own guesses for words without times would look like measurements.
        result = whisperx.align(segments, aligner, about, sound, device, interpolate_method="ignore")
        return {"words": [_word(word) for word in result["word_segments"]]}
    except Exception as error:
        return {"stage": stage, "error": f"{type(error).__name__}: {error}"}


def _word(word: dict[str, Any]) -> dict[str, Any]:
    # Times are numpy's floats, and absent for what the model has no letters for.
    times = {name: float(word[name]) for name in ("start", "end") if word.get(name) is not None}
    return {"word": str(word["word"]), **times}


if __name__ == "__main__":
    main()
