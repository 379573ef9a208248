"""Google Speech-to-Text, over the network: a hundred languages, word times in steps of 100 ms.

Only asked with a key file, and only when all links before it were passed over. It recognises speech and does not align,
so what it heard is matched with the text; words it heard otherwise have no times.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from greenroom.captions.align.levels import levels, quietest
from greenroom.captions.align.link import CannotAlign, Span, tag
from greenroom.captions.align.match import times_of
from greenroom.captions.align.pcm import RATE, speech_pcm
from greenroom.errors import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from greenroom.media.audio import Audio
    from greenroom.progress import Step

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
# The service takes one minute or 10 MB at a time (cloud.google.com/speech-to-text/quotas); a minute here is 1.9 MB.
_LONGEST_S = 55.0
# A piece ends at the quietest place of its last part.
_CUT_WITHIN_S = 15.0
# A request takes about half of its sound's length; the client would repeat failing ones for more than an hour.
_TIMEOUT_S = 60.0
_REPEAT_FOR_S = 120.0
# The service wants a region, and has no guess of its own.
_REGIONS = {"ar": "EG", "cs": "CZ", "da": "DK", "el": "GR", "en": "US", "fa": "IR", "he": "IL", "hi": "IN", "ja": "JP"}
_REGIONS |= {"ko": "KR", "nb": "NO", "pt": "BR", "sv": "SE", "uk": "UA", "vi": "VN", "zh": "CN"}
# Languages and countries of the same code.
_REGIONS |= {"de": "DE", "es": "ES", "fi": "FI", "fr": "FR", "hr": "HR", "hu": "HU", "id": "ID", "it": "IT", "nl": "NL"}
_REGIONS |= {"pl": "PL", "ro": "RO", "ru": "RU", "sk": "SK", "th": "TH", "tr": "TR"}


@dataclass(frozen=True, slots=True)
class GoogleSpeech:
    """Recognises speech by Google's service.

    credentials: the key file; without it nothing is sent anywhere. It is a setting of greenroom's own, since many
    have ``GOOGLE_APPLICATION_CREDENTIALS`` set for their storage and would not expect their sound to be sent.
    endpoint: another address of the service, as ``https://HOST``.
    """

    credentials: Path | None
    endpoint: str | None = None
    name: str = "google"

    def align(self, audio: Audio, words: Sequence[str], language: str, step: Step) -> list[Span | None]:
        """See ``Aligner``."""
        if self.credentials is None:
            raise CannotAlign(
                "no credentials for Google Speech are set",
                mend="set GREENROOM_GOOGLE_CREDENTIALS=KEY.json; the sound is then sent to Google",
            )
        client = _client(self.credentials, self.endpoint)
        pcm = speech_pcm(audio)
        heard: list[tuple[str, Span]] = []
        for first, end in _pieces(pcm):
            step("align", first / RATE, len(pcm) / RATE)
            heard += _recognise(client, pcm[first:end], first / RATE, _code(language))
        return times_of(words, heard)


def _client(credentials: Path, endpoint: str | None) -> Any:
    """A client with the key file's rights. Raises CannotAlign; looks for no other credentials anywhere."""
    try:
        from google.api_core.client_options import ClientOptions
        from google.auth.exceptions import GoogleAuthError
        from google.cloud import speech
        from google.oauth2.service_account import Credentials
    except ImportError:
        raise CannotAlign("Google's speech client is not installed", mend='pip install "greenroom[google]"') from None
    try:
        load: Any = Credentials.from_service_account_file  # has no types
        rights = load(str(credentials), scopes=[_SCOPE])
    except (GoogleAuthError, OSError, ValueError) as error:
        raise CannotAlign(
            f"{quoted(str(credentials))} is no key file for Google ({_line(error)})",
            mend="point GREENROOM_GOOGLE_CREDENTIALS to the JSON key of a service account",
        ) from error
    # REST: one thing less that opens threads and sockets of its own, and what the tests speak.
    options = ClientOptions(api_endpoint=endpoint) if endpoint else None
    return speech.SpeechClient(credentials=rights, transport="rest", client_options=options)


def _pieces(pcm: NDArray[np.int16]) -> Iterator[tuple[int, int]]:
    """Where to cut the sound, as (first, end) in samples."""
    import numpy as np

    first, longest = 0, int(_LONGEST_S * RATE)
    while len(pcm) - first > longest:
        tail = pcm[first + longest - int(_CUT_WITHIN_S * RATE) : first + longest].astype(np.float32)
        cut = first + longest - len(tail) + round(quietest(levels(tail, RATE), 0.0, _CUT_WITHIN_S) * RATE)
        yield first, cut
        first = cut
    if len(pcm) > first:
        yield first, len(pcm)


def _recognise(client: Any, pcm: NDArray[np.int16], begins: float, code: str) -> list[tuple[str, Span]]:
    """The words of one piece. begins: seconds before it."""
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.api_core.retry import Retry
    from google.auth.exceptions import GoogleAuthError
    from google.cloud import speech
    from requests.exceptions import RequestException

    config = speech.RecognitionConfig(
        encoding=speech.RecognitionConfig.AudioEncoding.LINEAR16,
        sample_rate_hertz=RATE,
        language_code=code,
        enable_word_time_offsets=True,
    )
    sound = speech.RecognitionAudio(content=pcm.astype("<i2").tobytes())
    try:
        answer = client.recognize(config=config, audio=sound, retry=Retry(timeout=_REPEAT_FOR_S), timeout=_TIMEOUT_S)
    except (GoogleAPICallError, RetryError, GoogleAuthError, RequestException) as error:
        raise CannotAlign(
            f"Google Speech did not answer ({_line(error)})",
            mend="check the network, that the key is valid and that the project has the Speech-to-Text API",
        ) from error
    return [
        (word.word, Span(begins + word.start_time.total_seconds(), begins + word.end_time.total_seconds()))
        for result in answer.results
        for best in islice(result.alternatives, 1)  # a slice would hold messages without the client's types
        for word in best.words
    ]


def _code(language: str) -> str:
    """A tag as the service writes it: ``en-US``."""
    name, region = tag(language)
    region = region or _REGIONS.get(name, "")
    if not region:
        raise CannotAlign(f"Google Speech wants a region with {quoted(language)}", mend=f"such as {name}-XX")
    return f"{name}-{region}"


def _line(error: Exception) -> str:
    """What an error says, on one line."""
    said = str(getattr(error, "message", "") or error)
    return quoted(" ".join(said.split()), limit=160)
