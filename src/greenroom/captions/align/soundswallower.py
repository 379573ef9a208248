"""The offline aligner: SoundSwallower's acoustic models, 10 MB with English and French inside.

Measured against a Piper voice's own durations on 20 sentences: word starts and ends 15 ms apart (median), 50 ms (p95).
Long sound is followed in windows, so that time stays linear in its length and memory does not grow with it; where the
sound leaves the text (an unscripted introduction, a paragraph not read), the text is searched for and taken up again.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greenroom.captions.align.levels import levels, quietest
from greenroom.captions.align.link import CannotAlign, NotWhatIsSaid, Span, tag
from greenroom.captions.align.pcm import RATE, speech_pcm
from greenroom.captions.align.pronounce import PHONOLOGIES, Phonology, is_spelled, plain, pronunciations
from greenroom.errors import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from greenroom.media.audio import Audio
    from greenroom.progress import Step

# The decoder's frames are 10 ms apart and 25.625 ms wide. A boundary that it puts at frame i lies half-way between the
# middles of frames i-1 and i: 7.8 ms behind i/100 s.
_FRAMES_A_SECOND = 100
_FRAME_LEAD_S = (0.025625 - 1 / _FRAMES_A_SECOND) / 2

# The decoder looks at every word of its text in every frame: one pass takes time by the square of the length (measured
# 0.012 of the sound's length at 13 s, 0.025 at 264 s). A window begins where the last word of the one before ended.
_WINDOW = 20 * _FRAMES_A_SECOND
# Words that end this close to a window's end may have been cut by it; the next window hears them again.
_MARGIN = 2 * _FRAMES_A_SECOND
_WORDS_A_SECOND = 6  # 360 words a minute: nobody reads faster
_MOST_WORDS = 250  # a search through these takes 0.2 of the window's length, and 300 MB
# Search windows overlap by six seconds: a run of words long enough to know the text by is whole in one of them.
_STRIDE = 14 * _FRAMES_A_SECOND
# After five minutes in which nothing of the text was heard, the rest is not looked at.
_PATIENCE = 300 * _FRAMES_A_SECOND
_SHORTEST = _FRAMES_A_SECOND // 10
# A way through the text must end with a word, and at a window's end there is mostly half a word: in 4 of 30 windows no
# way was left. So the decoder gets more of the window's own silence, in which any word can end.
_TAIL_S = 0.6


@dataclass(frozen=True, slots=True)
class _Prices:
    """What ways off the text cost, as probabilities, and how wide the decoder looks.

    any_phone: each phone of speech before or behind the text that is not in it.  enough: fewer words in a row may be
    chance.
    """

    any_phone: float
    early_end: float
    beams: dict[str, float]
    enough: int


# An extra word in the text is found in 80 of 80 sentences at this price, and no word that is said is left out. Two
# words in a row may be missing; where more are, the text is searched for anew. All prices of leaps differ, so that a
# price tells which leap was taken.
_SKIPS = (1e-12, 1e-24)
_EARLY_END = 1e-10
_LATE_START = 1e-12
_FURTHER = 0.9  # each word further ahead is less likely to be where the sound takes the text up again

# The high price leaves right words alone in noise: all are heard at 10 dB, 0.8 of them at 5 dB. Of another sentence's
# words 0.17 are heard. Beams: the decoder's own.
_FOLLOWING = _Prices(1e-18, 1e-10, {"beam": 1e-48, "pbeam": 1e-48, "wbeam": 7e-29}, enough=3)
# Finds 19 of 20 sentences between two others; with the decoder's beams, where the right way dies while those are
# spoken, 17. Beyond these beams only time grows.
_SEARCHING = _Prices(1e-3, 1e-30, {"beam": 1e-70, "pbeam": 1e-70, "wbeam": 1e-48}, enough=5)

# Of seven neighbouring words of the text so many must be heard, else the sound is not following it there. Of another
# sentence's words 0.17 are heard at all, of right ones 0.8 in noise of 5 dB.
_NEIGHBOURS = 7
_DENSE = 4 / 7

# A jump ahead in the text needs more words in a row that prove it, the further it leads: texts repeat their phrases.
_WORDS_JUMPED_A_PROOF = 10
_MOST_PROOFS = 15


@dataclass(frozen=True, slots=True)
class SoundSwallower:
    """Aligns English and French offline.

    It is validated by what it hears, every time, and not by one bundled phrase: words that are not in the sound are not
    heard, so a broken model, a wrong language and a wrong text all show, where a sample would prove a sample.
    """

    name: str = "soundswallower"

    def align(self, audio: Audio, words: Sequence[str], language: str, step: Step) -> list[Span | None]:
        """See ``Aligner``. Raises NotWhatIsSaid when less than half of the words were heard."""
        model = _model(language)
        pcm = speech_pcm(audio)
        with model.lock:
            heard = _follow(model, pcm, words, step)
        if len(heard) * 2 < len(words):
            missing = next(index for index in range(len(words)) if index not in heard)
            raise NotWhatIsSaid(
                f"the text is not what is said: {len(heard)} of {len(words)} words were heard, "
                f"{quoted(words[missing])} was not",
                mend="give the words as they are spoken, and the language they are spoken in",
            )
        return [_span(heard.get(index), audio.seconds) for index in range(len(words))]


@dataclass(frozen=True, slots=True)
class _Heard:
    """One word in the sound. index: in the text.  start and end: frames."""

    index: int
    start: int
    end: int


def _follow(model: _Model, pcm: NDArray[np.int16], words: Sequence[str], step: Step) -> dict[int, _Heard]:
    """Go through the sound in windows; what was heard, by index of the word."""
    heard: dict[int, _Heard] = {}
    frames = len(pcm) * _FRAMES_A_SECOND // RATE
    at = first = lost_since = 0
    while first < len(words) and frames - at > _SHORTEST and at - lost_since < _PATIENCE:
        step("align", at / _FRAMES_A_SECOND, frames / _FRAMES_A_SECOND)
        samples = pcm[_sample(at) : _sample(at + _WINDOW)]
        last = at + _WINDOW >= frames
        cut = _WINDOW if last else _WINDOW - _MARGIN
        found: list[_Heard] = []
        if at == lost_since:
            ahead = words[first : first + _WINDOW * _WORDS_A_SECOND // _FRAMES_A_SECOND]
            found = _trusted(model.decode(samples, ahead, _FOLLOWING, whole=last), cut)
            found = found if len(found) >= min(_FOLLOWING.enough, len(ahead)) else []
        if not found:
            ahead = words[first : first + _MOST_WORDS]
            found = _trusted(model.decode(samples, ahead, _SEARCHING, anywhere=True, whole=last), cut)
            found = found if _proven(found, words[first:]) else []
        heard.update((first + word.index, _Heard(first + word.index, at + word.start, at + word.end)) for word in found)
        if found:
            at, first = at + found[-1].end, first + found[-1].index + 1
            lost_since = at
        else:
            at += _STRIDE
    return heard


def _sample(frame: int) -> int:
    return frame * RATE // _FRAMES_A_SECOND


def _trusted(found: Iterable[_Heard], cut: int) -> list[_Heard]:
    """The words up to where the sound stops following the text.

    cut: the frame up to which words count.
    """
    words = [word for word in found if word.end <= cut]
    indices = {word.index for word in words}
    kept: list[_Heard] = []
    for word in words:
        first = max(words[0].index, word.index - _NEIGHBOURS // 2)
        near = range(first, min(first + _NEIGHBOURS, words[-1].index + 1))
        dense = sum(index in indices for index in near) >= _DENSE * len(near)
        # The last words before a gap are in thin company, and right.
        if not dense and not (kept and word.index == kept[-1].index + 1):
            break
        kept.append(word)
    return kept


def _proven(found: Sequence[_Heard], ahead: Sequence[str]) -> bool:
    """Whether so many words cannot be chance, found anywhere in the text ahead."""
    if not found:
        return False
    jumped, enough = found[0].index, _SEARCHING.enough
    proofs = min(enough + jumped // _WORDS_JUMPED_A_PROOF, _MOST_PROOFS)
    # Near the text's end there are only so many left.
    return len(found) >= min(proofs, max(len(ahead) - jumped, enough), len(ahead))


def _span(word: _Heard | None, seconds: float) -> Span | None:
    if word is None:
        return None
    start, end = (min(frame / _FRAMES_A_SECOND + _FRAME_LEAD_S, seconds) for frame in (word.start, word.end))
    # Nothing was before the sound's first frame that could have been heard later.
    return Span(start if word.start else 0.0, end)


def _leaps(last: int, early_end: float, *, anywhere: bool) -> dict[int, dict[int, float]]:
    """Where the sound may leave the text: from a place to a later one, at a price; place i stands before word i.

    A word or two may be left out, and the text may stop early. anywhere: it may also begin at any word.
    """
    leaps = {place: {last: early_end} for place in range(last)}
    for place, ways in leaps.items():
        ways.update((place + skip, price) for skip, price in enumerate(_SKIPS, 1) if place + skip < last)
    if anywhere and last:
        leaps[0] = {last: early_end} | {place: _LATE_START * _FURTHER**place for place in range(1, last)}
    return leaps


class _Model:
    """One language's decoder, shared by all threads of the process: hold ``lock`` while using it."""

    def __init__(self, phonology: Phonology) -> None:
        from soundswallower import Decoder, get_model_path

        folder = Path(get_model_path(phonology.model))
        self.lock = threading.Lock()
        self._phonology = phonology
        # Any: its stub says that lookup_word gives a number; it gives phones, or None.
        self._decoder: Any = Decoder(hmm=str(folder), loglevel="FATAL")
        self._names: dict[str, str] = {}
        phones = json.loads((folder / "phoneset.json").read_text(encoding="utf-8"))
        self._any_phone = [self._add(f"+{phone}", [phone]) for phone in phones if phone.isalpha() and phone != "SIL"]

    def decode(
        self, pcm: NDArray[np.int16], words: Sequence[str], prices: _Prices, *, anywhere: bool = False, whole: bool
    ) -> list[_Heard]:
        """The words that are in the sound, in order, with other speech before or behind them.

        pcm: at 16 kHz.  anywhere: the sound may take the text up at any word.  whole: the samples end with the sound.
        """
        names = [self._name(word) for word in words]
        leaps = _leaps(len(names), prices.early_end, anywhere=anywhere)
        # The graph: (from, to, probability, word), without a word for a way that takes no time.
        arcs: list[Any] = [(place, place + 1, 1.0, name) for place, name in enumerate(names)]
        arcs += [(place, to, price) for place, ways in leaps.items() for to, price in ways.items()]
        arcs += [(place, place, prices.any_phone, phone) for place in (0, len(names)) for phone in self._any_phone]
        for beam, width in prices.beams.items():
            self._decoder.config[beam] = width  # is read when a graph is set
        self._decoder.set_fsg(self._decoder.create_fsg("text", 0, len(names), arcs))
        self._decoder.start_utt()
        try:
            # The end of the sound needs no tail, and of a short sound it would change what counts as loud.
            self._decoder.process_raw((pcm if whole else _with_tail(pcm)).tobytes(), full_utt=True)
        finally:
            self._decoder.end_utt()
        frames = len(pcm) * _FRAMES_A_SECOND // RATE
        heard = _read(self._decoder.seg, names, leaps)
        return [_Heard(word.index, word.start, min(word.end, frames)) for word in heard if word.start < frames]

    def _name(self, word: str) -> str:
        """The dictionary's name of a word, which is added if it is unknown or may be an abbreviation ("US", "us")."""
        if word not in self._names:
            key, spelled = plain(word, self._phonology), is_spelled(word, self._phonology)
            known = self._lookup(key) is not None and not spelled
            self._names[word] = key if known else self._add(f"{key}+{'+' * spelled}", self._guesses(word))
        return self._names[word]

    def _guesses(self, word: str) -> list[str]:
        return pronunciations(word, self._phonology, self._lookup)

    def _lookup(self, key: str) -> str | None:
        phones: str | None = self._decoder.lookup_word(key) if key else None
        return phones

    def _add(self, name: str, guesses: Sequence[str]) -> str:
        for number, phones in enumerate(guesses, 1):
            with contextlib.suppress(KeyError):  # added for another spelling of it
                self._decoder.add_word(name if number == 1 else f"{name}({number})", phones, update=False)
        return name


def _with_tail(pcm: NDArray[np.int16]) -> NDArray[np.int16]:
    """The sound, and its quietest fifth of a second a few times behind it."""
    import numpy as np

    found = levels(pcm.astype(np.float32), RATE)
    middle = round(quietest(found, 0.0, found.seconds) * RATE)
    silence = pcm[max(0, middle - RATE // 10) : middle + RATE // 10]
    return np.concatenate([pcm, np.resize(silence, int(_TAIL_S * RATE))])


_LEAP = "(NULL)"


def _read(segments: Iterable[Any], names: Sequence[str], leaps: dict[int, dict[int, float]]) -> Iterator[_Heard]:
    """Follow the decoder's way through the text.

    segments: all steps of the way. A leap does not say where it leads, but its price does.
    """
    place = 0
    for segment in segments:
        if segment.text == _LEAP:
            paid = round(math.log(segment.lscore) / math.log(_LOG_BASE))
            place = min((abs(_as_paid(price) - paid), to) for to, price in leaps[place].items())[1]
        elif place < len(names) and _without_number(segment.text) == names[place]:
            start, end = (round(at * _FRAMES_A_SECOND) for at in (segment.start, segment.start + segment.duration))
            yield _Heard(place, start, end)
            place += 1


_LOG_BASE = 1.0001


def _as_paid(price: float) -> int:
    """A probability as the decoder keeps it: a whole logarithm to its base, without the last ten bits."""
    return int(math.log(price) / math.log(_LOG_BASE)) >> 10


def _without_number(text: str) -> str:
    """A word's name without the number of its pronunciation."""
    return re.sub(r"\(\d+\)$", "", text)


_MODELS: dict[str, _Model] = {}
_LOADING = threading.Lock()


def _model(language: str) -> _Model:
    """The model of a language, loaded once (0.15 s). Raises CannotAlign."""
    phonology = PHONOLOGIES.get(tag(language)[0])
    if phonology is None:
        raise CannotAlign(
            f"SoundSwallower has no model for {quoted(language)}", mend=f"it knows {', '.join(PHONOLOGIES)}"
        )
    with _LOADING:
        if phonology.model not in _MODELS:
            try:
                _MODELS[phonology.model] = _Model(phonology)
            except ImportError:
                raise CannotAlign("SoundSwallower is not installed", mend='pip install "greenroom[captions]"') from None
            except (RuntimeError, OSError, ValueError) as error:
                raise CannotAlign(
                    f"SoundSwallower's {phonology.model} model does not load ({error})",
                    mend="pip install --force-reinstall soundswallower",
                ) from error
        return _MODELS[phonology.model]
