"""Tells what is turned down for another: "en vez de 6 cuotas que sean 10", "weekly is too much"."""

from __future__ import annotations

import re
from collections.abc import Sequence

_FILLERS = (
    r"(?:(?:en|em|in|a|de|por|x|la|el|lo|las|los|o|as|os|the|que|es|e|son|sao|is|are|seria|sea|sean|seja"
    r"|sejam|pagar|paying|hacer|fazer"
    r"|pagarlo|all|todo|tudo|everything|con|com|with|cada|every|on|option|opcion|opcao|numero|number|make"
    r"|it|do|doing|uma?|una?|one)\s+){0,3}"
)
_INSTEAD_OF = re.compile(
    r"(?:\b(?:en|em) (?:vez|lugar|ves) de|\b(?:ao|en) (?:inves|contrario) d[aeo]s?|\binstead of|\brather than"
    r"|\b(?:paso|passo) d[aeo]l?s?|\bdescart\w+|\brechaz\w+|\brecus\w+|\bolvid\w+(?: de)?"
    r"|\besquec\w+(?: d[aeo])?"
    r"|\bforget(?: about)?|\b(?:cualquiera|qualquer(?: uma)?|tod[ao]s?) menos|\bexcept\w*|\bsalvo"
    r"|\bexceto|\bcambi\w+ (?:de|el|la|los|las)"
    r"|\btroc\w+ (?:de|o|a|os|as)"
    r"|(?<!por )(?<!por que )(?<!porque )(?<!por q )(?<!why )(?<!pq )(?<!si )(?<!\bse )(?<!como )"
    r"(?<!ya )\b(?:no|not|nao|ni|nem|nor|num|never|nunca))"
    rf"\s+{_FILLERS}$"
)
_WISH = (
    r"(?:no (?:me |te |nos |lo |la |los |las )*(?:quier[oe]|puedo|podria|podre|acepto|elijo|voy|gusta\w*"
    r"|sirven?"
    r"|conviene\w*)|nao (?:quero|posso|consigo|aceito|da pra|gostei|gosto|vou)|(?:don'?t|do not|can'?t"
    r"|cannot|won'?t)"
    r" (?:want|do|like|take|need|accept|pay|manage|afford)?)"
)
_UNWANTED = re.compile(rf"\b{_WISH}\s*{_FILLERS}$")
_TOO_MUCH = (
    r"(?:too|muy|muito|mto|mt|demasiad\w+|mucho|mucha|muchas|muchos|poc[oa]s?|pouc[oa]s?|imposible"
    r"|impossivel|impossible"
    r"|car[oa]s?|alt[oa]s?|pesad[oa]s?|a lot|not|no way|never|way too|out of)"
)
_TURNED_DOWN = re.compile(
    r"\s*(?:(?:one|option|cuotas|pagos|bro|man|eu|yo|i|it|me|a mi|pra mim|para mi)\s+){0,2}"
    r"(?:,?\s*(?:no|nao|nah|nope|tampoco|nunca|jamas|never|ni loc[oa]|nem pensar|no way)(?:\s*(?=$|[.,;!:])"
    r"|\s+(?:(?:me|te|nos|lo|la|los|las|les|se)\s+)*(?=(?:puedo|podria|podre|pued[ae]s?|sirven?|alcanz\w+"
    r"|conviene\w*"
    r"|gusta\w*|va|vale|quiero|llego|cuadra\w*|da|tengo|acomoda\w*|rinde|ayuda|posso|consigo|quero|rola"
    r"|serve|cabe"
    r"|consegui|aguanto|gostei|acepto|aceito)\b))"
    rf"|(?:is|are|it'?s|es|e|son|sao|esta|ta|seria|would be|se me hace|me parece"
    rf"|acho)\s+(?:\w+\s+)?{_TOO_MUCH}\b"
    rf"|too (?:much|often|many|few|long|steep|high|expensive)\b|(?:muy|muito) (?:car|alt|pesad|pouc|poc"
    rf"|much|muit)\w*"
    r"|,?\s*(?:imposible|impossivel|impossible)\b|demasiad\w+|(?:don'?t|doesn'?t|won'?t|can'?t|ain'?t"
    r"|isn'?t|didn'?t|wouldn'?t)\s+(?:work|do|suit|help|it\b|fit"
    r"|good|gonna|going|for me|happen|possible)|(?:is not|no es|nao e|isnt) pos+i\w+"
    r"|(?:me )?(?:queda|sale|fica) (?:muy |muito )?(?:grande|car[oa]|alt[oa]|pesad[oa]))"
)
_AS_WELL = re.compile(r"\s*,?\s*(?:tambem|tambien|tampoco|neither|either|too|as well)\b")
_ONLY_JOINED = re.compile(
    r"\s*,?\s*(?:y|e|and|ni|nem|nor|o|ou|or)\s+(?:(?:la|el|a|o|the|en|em|in)\s+)*"
)
_WINDOW = 60


def is_dropped(text: str, start: int, end: int) -> bool:
    """Whether what stands from `start` to `end` is named to be refused or exchanged."""
    before = text[max(0, start - _WINDOW) : start]
    return bool(
        _INSTEAD_OF.search(before) or _UNWANTED.search(before) or _TURNED_DOWN.match(text, end)
    )


def dropped(text: str, spans: Sequence[tuple[int, int]]) -> list[bool]:
    """Which of the places in a message, in their order, are turned down.

    A refusal holds for all that are joined before it ("la 1 y la 2 no"), and for what follows with
    "tambien".
    """
    out = [is_dropped(text, *span) for span in spans]
    for at in range(len(spans) - 2, -1, -1):
        between = text[spans[at][1] : spans[at + 1][0]]
        if out[at + 1] and not out[at] and _ONLY_JOINED.fullmatch(between):
            out[at] = bool(_TURNED_DOWN.match(text, spans[at + 1][1]))
    for at in range(1, len(spans)):
        if out[at - 1] and _AS_WELL.match(text, spans[at][1]):
            out[at] = True
    return out
