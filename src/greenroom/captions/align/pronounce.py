"""How a word is said, in the phones of an acoustic model, for words that its dictionary lacks.

Several guesses a word: an aligner hears which one was said. In order of trust: the phonemizer of the voice (espeak-ng,
if piper-tts is installed), the dictionary's words inside the word ("greenroom", "PyTorch"), rules from letters to
phones, and letter by letter for what looks like an abbreviation.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

# An aligner's time grows with every pronunciation, and the fourth guess has not been the best one yet.
_MOST_GUESSES = 3
# Below this, "dictionary words inside the word" are mostly accidents: "at" and "an" are in everything.
_SHORTEST_HALF = 3

# Letter runs with their apostrophes, capitals opening a new run ("HunyuanVideo"), and single digits.
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\dA-Z_]+(?:'[^\W\d_]+)*|[^\W\d_]|\d")
# Stress, length, palatalisation and syllable marks tell nothing that these phone sets could say.
_IPA_MARKS = re.compile("[ˈˌːʲ̩̯̪͡ʰˑ]")


@dataclass(frozen=True, slots=True)
class Phonology:
    """What is particular to one language's acoustic model.

    model: its name in the aligner.  espeak: the phonemizer's voice.  ipa: from IPA to phones.  rules: from letters to
    phones, the first that matches wins.  folds: accents mean nothing to its dictionary.
    """

    model: str
    espeak: str
    ipa: Mapping[str, str]
    rules: str
    digits: Sequence[str]
    vowels: str
    folds: bool


def pronunciations(word: str, phonology: Phonology, lookup: Callable[[str], str | None]) -> list[str]:
    """Ways to say ``word``, most trusted first, each as phones with spaces between; at least one.

    word: with at least one letter or digit, in its own capitals.  lookup: the dictionary: phones of a lower-case word.
    """
    guesses = [
        lookup(plain(word, phonology)) or _by_espeak(word, phonology),
        _by_parts(word, phonology, lookup),
        _spelled(word, phonology, lookup),
    ]
    known = list(dict.fromkeys(guess for guess in guesses if guess))
    # A word in a foreign alphabet: some vowel of middling length, so that its neighbours still find their places.
    return known[:_MOST_GUESSES] or [phonology.ipa["ə"]]


def plain(word: str, phonology: Phonology) -> str:
    """The word as a dictionary has it: lower case, straight apostrophes, no punctuation around it."""
    text = unicodedata.normalize("NFC", word).replace("’", "'").lower()
    if phonology.folds:
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    # The dictionary knows "'cause" and "l'", so apostrophes stay; "(2)" would name another pronunciation.
    return re.sub(r"[^\w'.&-]", "", text).strip(".-_&")


def phones_of_ipa(ipa: str, phonology: Phonology) -> str:
    """IPA as phones of the model; sounds it has no phone for are left out."""
    left = _IPA_MARKS.sub("", unicodedata.normalize("NFD", ipa))
    phones: list[str] = []
    while left:
        size = next((size for size in (3, 2, 1) if left[:size] in phonology.ipa), 0)
        if size:
            phones.append(phonology.ipa[left[:size]])
        left = left[size or 1 :]
    return " ".join(filter(None, phones))


def phones_of_letters(word: str, phonology: Phonology) -> str:
    """Letters as phones by rule; the wrong vowel is close enough to align by."""
    phones: list[str] = []
    at = 0
    while at < len(word):
        for pattern, said in _compiled(phonology.rules):
            found = pattern.match(word, at)
            if found:
                phones.append(said)
                at = found.end()
                break
        else:
            at += 1
    return " ".join(filter(None, phones))


def _by_espeak(word: str, phonology: Phonology) -> str:
    try:
        from piper.phonemize_espeak import EspeakPhonemizer
    except ImportError:
        return ""
    with _espeak_lock():
        sentences = EspeakPhonemizer().phonemize(phonology.espeak, word)
    return phones_of_ipa("".join("".join(sentence) for sentence in sentences), phonology)


def _espeak_lock() -> threading.Lock:
    """espeak-ng is one machine with one state for the process; piper guards it with a lock of its own."""
    import piper.voice

    return cast("threading.Lock", getattr(piper.voice, "_ESPEAK_PHONEMIZER_LOCK", _LOCK))


_LOCK = threading.Lock()


def _by_parts(word: str, phonology: Phonology, lookup: Callable[[str], str | None]) -> str:
    said = [_part(part, phonology, lookup) for part in _parts(word)]
    return " ".join(filter(None, said))


def _parts(word: str) -> Iterator[str]:
    text = unicodedata.normalize("NFC", word).replace("’", "'")
    return (found[0] for found in _PARTS.finditer(text))


def _part(part: str, phonology: Phonology, lookup: Callable[[str], str | None]) -> str:
    if part.isdigit():
        return lookup(phonology.digits[int(part)]) or ""
    key = plain(part, phonology)
    return (
        lookup(key)
        or _in_two(key, lookup)
        or _with_apostrophe(key, phonology, lookup)
        or phones_of_letters(key, phonology)
    )


def _in_two(word: str, lookup: Callable[[str], str | None]) -> str:
    """The word as two words of the dictionary, as even as possible."""
    cuts = range(_SHORTEST_HALF, len(word) - _SHORTEST_HALF + 1)
    for cut in sorted(cuts, key=lambda cut: abs(len(word) - 2 * cut)):
        left, right = lookup(word[:cut]), lookup(word[cut:])
        if left and right:
            return f"{left} {right}"
    return ""


def _with_apostrophe(word: str, phonology: Phonology, lookup: Callable[[str], str | None]) -> str:
    """ "greenroom's" is its owner and a Z; "l'arbre" is the dictionary's "l'" and "arbre"."""
    head, apostrophe, tail = word.partition("'")
    if apostrophe and head and tail == "s":
        return f"{_part(head, phonology, lookup)} {phonology.ipa['z']}"
    left, right = lookup(head + apostrophe), lookup(tail)
    return f"{left} {right}" if apostrophe and left and right else ""


def is_spelled(word: str, phonology: Phonology) -> bool:
    """Whether people may say it letter by letter: it stands in capitals, or could not be said otherwise."""
    letters = [letter for letter in word if letter.isalpha()]
    return len(letters) > 1 and (
        "".join(letters).isupper() or not any(letter in phonology.vowels for letter in word.lower())
    )


def _spelled(word: str, phonology: Phonology, lookup: Callable[[str], str | None]) -> str:
    if not is_spelled(word, phonology):
        return ""
    return " ".join(filter(None, (lookup(letter.lower()) for letter in word if letter.isalpha())))


@lru_cache
def _compiled(table: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Rules, one a line: a pattern, then its phones (none for silent letters). Compiling all takes 10 ms."""
    rows = (line.split(maxsplit=1) for line in table.strip().splitlines())
    return tuple((re.compile(row[0]), row[1] if len(row) > 1 else "") for row in rows)


def _table(pairs: str) -> dict[str, str]:
    """``ipa:PHONES`` pairs; ``+`` joins phones."""
    split = (pair.split(":") for pair in pairs.split())
    return {unicodedata.normalize("NFD", ipa): phones.replace("+", " ") for ipa, phones in split}


# fmt: off
_ENGLISH_IPA = _table(
    "oʊ:OW əʊ:OW aɪ:AY aʊ:AW eɪ:EY ɔɪ:OY tʃ:CH dʒ:JH ɜɹ:ER "
    "ɑ:AA ɒ:AA æ:AE a:AA ʌ:AH ɐ:AH ə:AH ɔ:AO ɛ:EH e:EH ɜ:ER ɚ:ER ɝ:ER ɪ:IH ᵻ:IH i:IY o:OW ʊ:UH u:UW y:UW ø:ER œ:ER "
    "b:B d:D ð:DH f:F ɡ:G g:G h:HH k:K l:L ɫ:L ɬ:L m:M n:N ŋ:NG ɲ:N+Y p:P ɹ:R r:R ʁ:R ɾ:T s:S ʃ:SH t:T ʔ:T θ:TH "
    "v:V w:W ʍ:W j:Y z:Z ʒ:ZH x:K ç:HH β:V"
)
_FRENCH_IPA = _table(
    "ɑ̃:an ɔ̃:on ɛ̃:in œ̃:un dʒ:dd+jj tʃ:tt+ch "
    "a:aa ɑ:aa æ:aa ɐ:aa ɛ:ai e:ei ɪ:ii i:ii ɔ:oo ɒ:oo ʌ:oe o:au u:ou ʊ:ou y:uu ə:ee ø:eu œ:oe ɜ:oe ɚ:oe "
    "b:bb d:dd ð:zz f:ff ɡ:gg g:gg h: k:kk l:ll m:mm n:nn ɲ:gn ŋ:nn+gg p:pp ʁ:rr ɹ:rr r:rr x:rr s:ss θ:ss ʃ:ch t:tt "
    "v:vv w:ww j:yy ɥ:uy z:zz ʒ:jj"
)
# fmt: on

_ENGLISH_RULES = r"""
tion(?=s?$) SH AH N
sion(?=s?$) ZH AH N
cious(?=$)  SH AH S
ous$        AH S
ture(?=s?$) CH ER
eigh        EY
igh         AY
ough        AO
augh        AO
(?<=[aeiouy][^aeiouy])es$ Z
(?<=[td])ed$ AH D
(?<=.)ed$   D
'
tch         CH
sch         SH
ch          CH
sh          SH
ph          F
th          TH
gh          G
ck          K
wh          W
^wr         R
^kn         N
^ps         S
ng$         NG
ng(?=[^aeiouy]) NG
qu          K W
ee          IY
ea          IY
ie          IY
ei          EY
ai          EY
ay          EY
ey$         IY
oa          OW
oo          UW
oi          OY
oy          OY
ou          AW
ow          OW
au          AO
aw          AO
eu          Y UW
ew          UW
ue$         UW
ar          AA R
or          AO R
er          ER
ir          ER
ur          ER
cc(?=[eiy]) K S
([bcdfgklmnprstvz])(?=\1)
c(?=[eiy])  S
g(?=[eiy])  JH
^x          Z
x           K S
a(?=[^aeiouwxy]e) EY
e(?=[^aeiouwxy]e) IY
i(?=[^aeiouwxy]e) AY
o(?=[^aeiouwxy]e) OW
u(?=[^aeiouwxy]e) UW
(?<=[^aeiouy])e$
(?<=[aeiou][^aeiouy])e(?=s$)
(?<=[^aeiouy])y$ IY
^y          Y
y(?=[aeiou]) Y
(?<=[^aeiouy])s$ S
a$          AH
i$          IY
o$          OW
u$          UW
a           AE
b           B
c           K
d           D
e           EH
f           F
g           G
h           HH
i           IH
j           JH
k           K
l           L
m           M
n           N
o           AA
p           P
q           K
r           R
s           S
t           T
u           AH
v           V
w           W
y           IH
z           Z
"""

_FRENCH_RULES = r"""
tion         ss yy on
eaux?$       au
eau          au
ill(?=[eao]) ii yy
(?<=[aeou])il$ yy
oin(?![aeiouymn]) ww in
ien(?![aeiouymn]) yy in
oi           ww aa
oy           ww aa yy
(ain|aim|ein|eim|in|im|yn|ym)(?![aeiouymnhéè]) in
(an|am|en|em)(?![aeiouymnhéè]) an
(on|om)(?![aeiouymnhéè]) on
(un|um)(?![aeiouymnhéè]) un
ou           ou
au           au
(ai|ei|ê|è|ë) ai
(er|ez)$     ei
(œu|oeu|eu)  eu
é            ei
([bcdfgklmnprstvz])(?=\1)
ch           ch
ph           ff
gn           gn
th           tt
qu           kk
gu(?=[eiyéè]) gg
ge(?=[aou])  jj
g(?=[eiyéè]) jj
c(?=[eiyéè]) ss
ç            ss
h
(?<=[aeiouyéè])s(?=[aeiouyéè]) zz
(?<=.)es?$
(?<=.)[dtsxpz]+$
e(?=[^aeiouy]{2}) ai
e            ee
x            kk ss
[aàâ]        aa
b            bb
c            kk
d            dd
f            ff
g            gg
[iîïy]       ii
j            jj
k            kk
l            ll
m            mm
n            nn
ô            au
[oœ]         oo
p            pp
q            kk
r            rr
s            ss
t            tt
[uûùü]       uu
v            vv
w            ww
z            zz
"""

PHONOLOGIES = {
    "en": Phonology(
        model="en-us",
        espeak="en-us",
        ipa=_ENGLISH_IPA,
        rules=_ENGLISH_RULES,
        digits=["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"],
        vowels="aeiouy",
        folds=True,
    ),
    "fr": Phonology(
        model="fr-fr",
        espeak="fr",
        ipa=_FRENCH_IPA,
        rules=_FRENCH_RULES,
        digits=["zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf"],
        vowels="aeiouyàâéèêëîïôûùüœ",
        folds=False,
    ),
}
