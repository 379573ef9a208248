"""Words of capitals: spelled (GPU), said as a word (NASA), or a word that is shouted (STOP).

Spelled letters are joined by dots without one at the end: espeak-ng then says letter names with the stress of one
word, and takes no A for an article ("the A.P.I is", where "the A P I is" has "uh"). A dot before a small letter or a
pause mark does not end a sentence there. It spells every word of three capitals and fewer in mixed text: such a word
that is said is therefore in small letters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from greenroom.text.english.words import Dot, Said, word_set

if TYPE_CHECKING:
    from greenroom.text.english.words import Reading, Words

# Said as words although they look like initials, or are ordinary words of at most three letters that people shout.
_AS_WORDS = word_set("""
    AIDS ARM ASCII BIOS CAD CAM CUDA DOS DRAM FAT GAN GIF JPEG JSON LAN LASER MAC MIDI NASA NATO NUMA ONNX PIN PNY RADAR
    RAID RAM ROM SAR SCUBA SIM SONAR SORA SRAM TIFF TOML WAN YAML ZIP LORA SWAT OPEC FIFA OK
    AM AN AS AT BE BY DO GO HE IF IN IS ME MY NO OF OH ON OR RE SO TO UP WE
    ACT ADD AGE AGO AIR ALL AND ANY ARE ART ASK BAD BAG BAR BED BIG BIT BOX BOY BUS BUT BUY CAN CAR CAT CUT DAY DID DIE
    DOG DRY EAT EGG END EYE FAR FEW FIX FLY FOR FUN GAS GET GOD GOT GUN HAD HAS HER HIM HIS HIT HOT HOW ICE ITS JOB KEY
    KID LAW LAY LEG LET LIE LOT LOW MAN MAP MAY MEN MIX NET NEW NOR NOT NOW ODD OFF OIL OLD ONE OUR OUT OWN PAY PER PUT
    RED RUN SAD SAW SAY SEA SEE SET SHE SIT SIX SKY SON SUN TAX TEA TEN THE TOO TOP TRY TWO USE WAR WAS WAY WHY WIN WON
    YES YET YOU
    """)

# Spelled although they could be said, or although the words around them are shouted.
_SPELLED = word_set("""
    AC AI API APU AWS CEO CIA CPU DIY DNA EU EULA FAA FAQ FBI GPU HIV IBM ID IEEE IO IP IRS ISO ISP IT LA NSA ODE OS PA
    PC PR QA RNA SAT SDE SIP TB TV UAV UCLA UEFI UI UK UN URI URL US USA USAF USB USDA UUID UX VAE VAT VIP YMCA ACLU
    ADHD ASAP AARP IOPS IOU OCR OECD AIAA UAE UFO UPI EOF EOL ETA ESA EPA IDE ASR AMD ARPU AUC ROI ROC
    """)

# Initials that are also words; which of the two is meant shows in what stands beside them.
_WORDS_WHEN_SHOUTED = word_set("IT LA PA SAT US VAT")

_OWN_READING = {
    "FFMPEG": ("F.F", "em", "peg"),
    "FFmpeg": ("F.F", "em", "peg"),
    "ffmpeg": ("F.F", "em", "peg"),
    "PCIe": ("P.C.I", "E"),
    "IEEE": ("I", "triple", "E"),
    "NAACP": ("N", "double", "A.C.P"),
    "NVMe": ("N.V.M.E",),
    "NVME": ("N.V.M.E",),
    "PhD": ("P.H.D",),
    "PhDs": ("P.H.D's",),
    "mRNA": ("M.R.N.A",),
    "eGPU": ("E.G.P.U",),
    "IPv": ("I.P", "V"),
    "LoRA": ("Lora",),
    "LoRAs": ("Loras",),
    "MPEG": ("em", "peg"),
    "NVIDIA": ("Nvidia",),
    "OLED": ("O", "led"),
    "VRAM": ("V", "ram"),
}

TRIGGERS = frozenset(word for word in _OWN_READING if word.islower())

LETTER_A = "eh"
"""The name of the letter A alone between words, where espeak-ng would say the article."""

_VOWELS = frozenset("AEIOUY")
_CONSONANT_RUNS = re.compile(r"[^AEIOUY]+")

# Beginnings and ends that an English syllable may have; a word with another one cannot be said and is spelled.
_ONSETS = word_set("""
    B BL BR C CH CHR CL CR D DR DW F FL FR G GH GL GN GR H J K KL KN KR L M N P PH PL PR PS Q QU R RH S SC SCH SCR SH
    SHR SK SL SM SN SP SPL SPR SQ ST STR SW T TH THR TR TW V W WH WR X Z
    """)
_CODAS = word_set("""
    B BS C CH CK CKS CS CT CTS D DGE DS DTH F FF FFS FS FT FTS G GH GHT GHTS GN GNS GS H K KS L LB LD LDS LF LK LKS LL
    LLS LM LMS LP LPS LS LT LTS LVE M MB MBS MN MP MPS MPT MS N NC NCH ND NDS NG NGS NGTH NK NKS NN NS NT NTH NTHS NTS
    P PH PHS PS PT PTS R RB RBS RC RCH RD RDS RF RG RGH RK RKS RL RLD RLDS RLS RM RMS RN RNS RP RPS RR RRS RS RST RT
    RTH RTHS RTS S SH SK SKS SM SMS SP SPS SS ST STS T TCH TH THS TS TT TTS V W WD WK WL WLS WN WNS WS WTH X XT XTS Z ZZ
    """)

_TWO_CAPITALS = re.compile(r"[A-Z]'?[A-Z]")
_PLURAL = re.compile(r"(?P<base>[A-Z]{2,})(?P<ending>s|'s|'S|'d|'ing)")
_DOTTED = re.compile(r"(?P<initials>[A-Za-z](?:\.[A-Za-z])+)\.?(?P<ending>'s)?")
_CAMEL = re.compile(r"[A-Z]{2,}s?(?![a-z])|(?:[A-Z]?[^\WA-Z]|[A-Z])(?:[^\WA-Z]|')*")
_NAME_PREFIX = re.compile(r"(?:Mc|Mac|De|Di|La|Le|Van|O')[A-Z]")


def initialism(words: Words, at: int) -> Reading | None:
    """A word of capitals, alone or in a mixed word (OpenAI, GPUs)."""
    core = words.core(at)
    if not core.isascii() or not core.replace("'", "").isalpha() or not _TWO_CAPITALS.search(core):
        return None
    shouted = _shouts(words.core(at - 1)) or _shouts(words.core(at + 1))
    return (Said(letters(core, shouted=shouted)),)


def dotted(words: Words, at: int) -> Reading | None:
    """Initials with dots between them, as ``U.S.``, and one initial before a name, as ``J. Smith``."""
    piece = words[at]
    if match := _DOTTED.fullmatch(piece.core):
        return (Said((match["initials"].upper() + (match["ending"] or ""),), Dot.BEFORE_OPENER),)
    if len(piece.core) == 1 and piece.core.isupper() and piece.tail.startswith("."):
        return (Said((piece.core,), Dot.BEFORE_OPENER),)
    return None


def letters(run: str, *, shouted: bool = False) -> tuple[str, ...]:
    """A run of letters: a word as it is, capitals spelled where nobody would say them.

    >>> letters("GPUs"), letters("NASA"), letters("OpenAI")
    (("G.P.U's",), ('NASA',), ('Open', 'A.I'))
    """
    if run in _OWN_READING:
        return _OWN_READING[run]
    if not _TWO_CAPITALS.search(run) or not run.isascii():
        return (run,)
    if match := _PLURAL.fullmatch(run):
        return (_with_ending(match["base"], match["ending"], shouted=shouted),)
    if run.isupper():
        return (_capitals(run, shouted=shouted),)
    if _NAME_PREFIX.match(run):
        return (run,)
    parts = _CAMEL.findall(run)
    return tuple(word for part in parts for word in letters(part, shouted=True)) if len(parts) > 1 else (run,)


def spelled(run: str) -> str:
    """``gpu → G.P.U``. A single letter is a word for itself."""
    return ".".join(run.upper())


def sayable(run: str) -> bool:
    """Whether a run of capitals has vowels, and consonants only as English words have them."""
    if not _VOWELS & set(run):
        return False
    for match in _CONSONANT_RUNS.finditer(run):
        starts, ends = match.start() == 0, match.end() == len(run)
        if (starts and match[0] not in _ONSETS) or (ends and match[0] not in _CODAS) or len(match[0]) > 5:
            return False
    return True


def _with_ending(base: str, ending: str, *, shouted: bool) -> str:
    """``GPU + s → G.P.U's``, ``PIN + s → pins``, ``IT + 'S → it's``."""
    if _is_said(base, shouted=shouted or ending == "'S"):
        return (base + ending).lower()  # in capitals espeak-ng leaves the ending out
    return spelled(base) + ("'s" if ending == "s" else ending.lower())


def _capitals(run: str, *, shouted: bool) -> str:
    if len(run) == 1:
        return run
    if "'" in run:  # "DON'T", "I'M"
        return f"I{run[1:].lower()}" if run.startswith("I'") else run.lower()
    if not _is_said(run, shouted=shouted):
        return spelled(run)
    return run if len(run) > 3 else run.lower()  # three capitals and fewer are spelled by espeak-ng


def _is_said(run: str, *, shouted: bool) -> bool:
    """Whether capitals are said as a word; up to three letters that no table knows are, where they are shouted."""
    if run in _AS_WORDS or (shouted and run in _WORDS_WHEN_SHOUTED):
        return True
    return run not in _SPELLED and sayable(run) and (shouted or len(run) > 3)


def _shouts(core: str) -> bool:
    """Whether a neighbouring word is in capitals without being an initialism: "PRESS the KEY NOW"."""
    return 1 < len(core) <= 30 and core.isascii() and core.isupper() and ("'" in core or _is_said(core, shouted=True))
