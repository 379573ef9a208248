"""E-mail addresses, web addresses, file names, paths, command-line options, handles and hashtags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.text.english.fragments import SIGN_NAMES, read_fragments, scanner
from greenroom.text.english.initialisms import LETTER_A, letters, spelled
from greenroom.text.english.numerals import pairs, whole
from greenroom.text.english.quantities import amount
from greenroom.text.english.words import FRACTION_SIGNS, FROM_SUPERSCRIPTS, Said, word_set

if TYPE_CHECKING:
    from greenroom.text.english.words import Reading, Words

_SCHEMES = ("https://", "http://")

# Endings of host names; a written word with one of them, in small letters, is an address.
_DOMAINS = word_set("ai app biz ca ch cloud co com de dev edu eu fr gov gg info int io jp mil net nl org sh tv uk")

# Endings of file names.
_FILES = word_set("""
    aac ass avi bak bat bin bmp bz2 c cc cfg ckpt conf cpp css csv cu db deb doc docx env exe flac gif git go gz h hpp
    htm html ini ipynb iso jar java jpeg jpg js json jsonl lock log m4a md mkv mov mp3 mp4 mpeg npy npz ogg onnx opus
    pdf pem php pkl png ppt pptx proto pt pth py pyi rar rb rpm rs rst safetensors sh so sql sqlite srt sty svg tar tex
    tgz tif tiff toml ts tsv tsx txt vtt wasm wav webm webp whl xls xlsx xml xz yaml yml zip zst
    """)

_HOST = re.compile(
    r"(?P<host>[A-Za-z0-9][A-Za-z0-9-]*(?:\.[A-Za-z0-9-]+)*\.(?P<top>[A-Za-z]{2,6}))(?::\d{1,5})?(?P<path>[/?#]\S*)?"
)
_MAIL = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")
_FILE = re.compile(r"\.?[\w*-][\w.*-]*\.(?P<ending>[A-Za-z0-9]{1,11})")
_OPTION = re.compile(r"--?(?P<name>[A-Za-z][\w-]*)(?:=(?P<value>\S+))?")
_HANDLE = re.compile(r"(?P<sign>[@#])(?P<name>[^\W\d]\w*)")

# Names that have a dot and are no addresses.
_DOTTED_NAMES = {
    "node.js": ("node", "J.S"),
    "vue.js": ("view", "J.S"),
    "next.js": ("next", "J.S"),
    ".net": ("dot", "net"),
}

_SIGNS = SIGN_NAMES | {".": "dot", "-": "dash", "–": "dash", ":": "colon", "?": "question mark", "*": "star"}

_SAYABLE_ENDINGS = word_set("am an as at be by co do go he hi if in is it me my no of on or so to up us we")


def mail(words: Words, at: int) -> Reading | None:
    """``ann.lee@example.com → ann dot lee at example dot com``."""
    core = words.core(at).removeprefix("mailto:")
    return (Said(read_address(core)),) if "@" in core and len(core) <= 254 and _MAIL.fullmatch(core) else None


def web(words: Words, at: int) -> Reading | None:
    """``https://example.com/a → example dot com slash eh``; nobody says the scheme or a last slash."""
    core = words.core(at)
    text = core
    for scheme in _SCHEMES:
        text = text.removeprefix(scheme)
    if text == core:
        if "://" in core:
            return (Said(read_address(core)),)
        match = _HOST.fullmatch(core) if "." in core and len(core) <= 2048 else None
        if not match or (not core.startswith("www.") and (match["top"] not in _DOMAINS or match["host"].count(".."))):
            return None
    return (Said(read_address(text.rstrip("/")) or read_address(core)),)


def path(words: Words, at: int) -> Reading | None:
    """``/usr/bin``, ``./run.sh``, ``~/notes``, ``C:\\new``, ``src/text/clean.py``, ``config.json``."""
    core = words.core(at)
    if core.lower() in _DOTTED_NAMES:
        return (Said(_DOTTED_NAMES[core.lower()]),)
    rooted = core.startswith(("/", "./", "../", "~/")) and len(core) > 2
    if rooted or "\\" in core or core.count("/") > 1 or _is_file(core):
        return (Said(read_address(core.rstrip("/"))),)
    return None


def option(words: Words, at: int) -> Reading | None:
    """``--dry-run → dash dash dry run``, ``-v → dash v``, ``-j8``."""
    core = words.core(at)
    match = _OPTION.fullmatch(core)
    if not match or (not core.startswith("--") and not re.fullmatch(r"[A-Za-z]\d*", match["name"])):
        return None
    dashes = ("dash", "dash") if core.startswith("--") else ("dash",)
    name = tuple(word for part in match["name"].split("-") for word in read_address(part))
    return (Said((*dashes, *name, *(("equals", *read_address(match["value"])) if match["value"] else ()))),)


def handle(words: Words, at: int) -> Reading | None:
    """``@ann → at ann``, ``#greenroom → hashtag greenroom``."""
    match = _HANDLE.fullmatch(words.core(at))
    if not match:
        return None
    name = tuple(word for part in match["name"].split("_") if part for word in read_fragments(part))
    return (Said(("at" if match["sign"] == "@" else "hashtag", *name)),)


def read_address(text: str) -> tuple[str, ...]:
    """An address, a path or a file name: every sign by its name, short endings spelled.

    >>> read_address("my-file_2.py")
    ('my', 'dash', 'file', 'underscore', 'two', 'dot', 'P.Y')
    """
    spoken: list[str] = []
    for match in scanner().finditer(text):
        if number := match["number"]:
            spoken += amount(number) if number[-1] in FRACTION_SIGNS else _address_number(number)
        elif match["raised"]:
            spoken += whole(match["raised"].translate(FROM_SUPERSCRIPTS))
        elif run := match["letters"] or match["plural"]:
            spoken += (spelled(run),) if _is_ending(run) else ((LETTER_A,) if run in {"a", "A"} else letters(run))
        else:
            spoken += _SIGNS.get(match["sign"], "").split()
    return tuple(spoken)


def _address_number(text: str) -> tuple[str, ...]:
    spoken: list[str] = []
    for part in re.split(r"([.,])", text):
        spoken += pairs(part) if part.isdecimal() else (("dot",) if part == "." else ())
    return tuple(spoken)


def _is_ending(run: str) -> bool:
    """Whether a small word of an address is spelled: two letters that are no word, or no vowel at all."""
    if not run.isascii() or not run.islower() or "'" in run or not 1 < len(run) <= 5:
        return False
    return (len(run) == 2 and run not in _SAYABLE_ENDINGS) or not set(run) & set("aeiouy")


def _is_file(core: str) -> bool:
    match = _FILE.fullmatch(core) if len(core) <= 255 else None
    if not match:
        return False
    ending = match["ending"]
    return ending in _FILES or (ending.isupper() and ending.lower() in _FILES)  # not "he came.So did I"
