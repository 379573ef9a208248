"""The small words of some languages: which of them one reads on from, and which begin something new.

Only words that are nearly always what their list says are in it: "in" is a preposition, "up" as often ends a verb.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Grammar:
    """Word lists of one language, lower case."""

    articles: frozenset[str] = frozenset()  # and possessives: a noun follows
    prepositions: frozenset[str] = frozenset()
    conjunctions: frozenset[str] = frozenset()  # and relative pronouns
    weak: frozenset[str] = frozenset()  # pronouns, auxiliaries, negations, degrees: the verb or adjective follows
    titles: frozenset[str] = frozenset()  # written with a full stop; a name or number follows

    def reads_on(self, word: str) -> bool:
        """Whether neither a line nor a cue should end with this word."""
        return word in self.articles or word in self.prepositions or word in self.conjunctions


def _grammar(articles: str, prepositions: str, conjunctions: str, weak: str, titles: str = "") -> Grammar:
    return Grammar(*(frozenset(words.split()) for words in (articles, prepositions, conjunctions, weak, titles)))


ENGLISH = _grammar(
    articles="a an the my your his its our their every whose",
    prepositions="""of to in on at by for from with without into onto upon about against among amongst between beyond
        during toward towards across along behind beneath beside besides despite except inside near outside per than
        throughout under unlike until till via within""",
    conjunctions="""and or but nor because although though whereas while whilst if unless since when whenever where
        wherever who whom which that as whether""",
    weak="""i you he she it we they i'm you're he's she's it's we're they're i've you've we've they've i'll you'll
        he'll she'll we'll they'll i'd you'd he'd she'd we'd they'd is are was were be been being am have has had do
        does did will would can could shall should may might must not don't doesn't didn't can't won't isn't aren't
        wasn't weren't couldn't wouldn't shouldn't never very too so more most less no this these those some any each
        another such what how why her there let's just quite rather almost""",
    titles="mr mrs ms dr prof st mt gen col capt lt sgt rev sen gov no nr vs",
)

GERMAN = _grammar(
    articles="""der die das den dem des ein eine einen einem einer eines kein keine keinen keinem keiner mein meine
        meinen meinem meiner dein deine deinen deinem deiner sein seine seinen seinem seiner ihr ihre ihren ihrem ihrer
        unser unsere unseren unserem unserer euer eure euren eurem eurer""",
    prepositions="""in im ins am ans auf aus bei beim bis durch für gegen hinter mit nach neben ohne seit trotz über
        um unter von vom vor wegen während zu zum zur zwischen""",
    conjunctions="und oder aber denn sondern weil dass ob wenn als wie damit obwohl bevor nachdem sobald falls",
    weak="""ich du er sie es wir man ist sind war waren bin bist habe hat haben hatte hatten wird werden wurde wurden
        kann können muss müssen soll sollen will wollen darf dürfen nicht nie sehr zu so mehr dieser diese dieses diesen
        diesem jeder jede jedes""",
    titles="dr prof hr fr st nr bzw ca",
)

FRENCH = _grammar(
    articles="""le la les un une des du au aux mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs ce cet
        cette ces""",
    prepositions="de à dans par pour sur sous avec sans chez entre vers dès depuis pendant contre malgré selon",
    conjunctions="et ou mais car donc ni que qui quand si comme lorsque puisque où dont",
    weak="""je tu il elle on nous vous ils elles ne pas me te se est sont suis es sommes êtes était étaient ai as a
        avons avez ont avait avaient très plus moins trop""",
    titles="m mm mme mlle dr pr st",
)

SPANISH = _grammar(
    articles="el la los las un una unos unas mi mis tu tus su sus nuestro nuestra nuestros nuestras al del",
    prepositions="a de en con por para sin sobre entre hacia hasta desde según contra durante ante bajo tras",
    conjunctions="y e o u pero sino porque que si cuando como aunque mientras donde quien quienes cuyo cuya",
    weak="""yo tú él ella nosotros ellos ellas se me te nos no es son era eran ha han he hemos había muy más menos este
        esta""",
    titles="sr sra srta dr dra",
)

ITALIAN = _grammar(
    articles="""il lo la i gli le un uno una del dello della dei degli delle al allo alla ai agli alle dal dalla nel
        nella nei nelle sul sulla mio mia tuo tua suo sua nostro nostra vostro vostra""",
    prepositions="di a da in con su per tra fra senza verso contro durante secondo",
    conjunctions="e ed o ma però perché che se quando come mentre dove anche chi cui",
    weak="""io tu lui lei noi voi loro si mi ti ci vi non è sono era erano ha hanno ho abbiamo molto più meno questo
        questa""",
    titles="sig dott prof",
)

PORTUGUESE = _grammar(
    articles="""o os as um uma uns umas meu minha teu tua seu sua nosso nossa do da dos das no na nos nas ao aos à às
        pelo pela""",
    prepositions="a de em com por para sem sobre entre até desde contra durante segundo",
    conjunctions="e ou mas porque que se quando como embora enquanto onde quem cujo cuja",
    weak="eu tu ele ela nós eles elas você vocês não é são era eram foi tem têm há muito mais menos este esta",
    titles="sr sra dr dra",
)

DUTCH = _grammar(
    articles="de het een mijn jouw zijn haar ons onze jullie hun",
    prepositions="van in op aan bij met voor naar uit over door tot om tegen tussen zonder sinds tijdens volgens te",
    conjunctions="en of maar want omdat dat als toen terwijl hoewel die waar wie",
    weak="""ik je jij hij zij ze wij we is was waren ben bent heb heeft hebben had niet nooit zeer heel meer geen deze
        dit""",
    titles="dhr mevr dr prof",
)

NO_LANGUAGE = Grammar()

LANGUAGES = {
    "en": ENGLISH,
    "de": GERMAN,
    "fr": FRENCH,
    "es": SPANISH,
    "it": ITALIAN,
    "pt": PORTUGUESE,
    "nl": DUTCH,
}

# A full stop behind these never ends a sentence, whatever the language: transcripts mix them.
TITLES = frozenset().union(*(grammar.titles for grammar in LANGUAGES.values())) - {"m", "no"}

# A full stop behind these ends a sentence where a capital follows.
ABBREVIATIONS = frozenset(
    {
        "e.g",
        "i.e",
        "cf",
        "etc",
        "approx",
        "al",
        "fig",
        "vol",
        "eds",
        "pp",
        "ch",
        "a.m",
        "p.m",
        "dept",
        "inc",
        "ltd",
        "co",
    }
    | {"corp", "jr", "jan", "feb", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"}
    | {"z.b", "d.h", "u.a", "z.t", "usw", "p.ej"}
)
