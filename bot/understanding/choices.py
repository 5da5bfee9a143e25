"""Finds which of the offers on the table a person takes: "la primera", "opcion 2", "a ultima"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.understanding.clauses import is_story, judge
from bot.understanding.exchange import dropped
from bot.understanding.sheet import BLOT, Sheet, either
from bot.understanding.terms import UNITS

_WORDS = {
    1: "primer|primer[oa]|primeir[oa]|first",
    2: "segund[oa]|second",
    3: "tercer|tercer[oa]|terceir[oa]|third",
    4: "cuart[oa]|quart[oa]|fourth",
    5: "quint[oa]|fifth",
    -1: "ultim[oa]|last",
    -2: "penultim[oa]|second to last",
}
_SHORT = {  # feminine, as an option is; "el 1ro" and "the 5th" are days
    1: "1r?a|1era",
    2: "2d?a",
    3: "3r?a|3era",
    4: "4t?a",
    5: "5t?a",
}
_SHORT_OF_A_NOUN = {1: "1st|1e?ro?", 2: "2nd|2d?o", 3: "3rd|3e?ro?", 4: "4th|4t?o", 5: "5th|5t?o"}
_ONES = frozenset({"un", "uno", "una", "one", "um", "uma"})
_MOST = 6
"""Offers that are ever on the table, with room to spare."""

_LETTERS = {"a": 1, "b": 2, "c": 3, "d": 4}


def _ordinals(*tables: dict[int, str]) -> str:
    """An expression with one named group for each place: `o1`, `o2`, ... `l1` for the last."""
    places = {place for table in tables for place in table}
    return "|".join(
        f"(?P<{'o' if place > 0 else 'l'}{abs(place)}>"
        + "|".join(table[place] for table in tables if place in table)
        + ")"
        for place in sorted(places)
    )


_OFFER = (
    r"(?:opcion|opcao|option|alternativa|alternative|oferta|offer|propuesta|proposta|proposal"
    r"|plan|plano|choice)"
)
_TAKING = (
    r"(?:pode ser|puede ser|va|(?:fecho|fechamos|fechado|fechar|vou|vamos|bora|voto|topo) (?:com|na|no"
    r"|pela|pelo|de)|(?:me )?(?:voy|vamos|ire"
    r"|quedo|inclino|tiro) (?:por|con|a)|opto por|optamos por|opto pel[ao]|dame|deme|denme|me da|anotame"
    r"|ponme|poneme|meteme"
    r"|agarro|agarramos|tomo|tomamos|cojo|pillo|pego|acepto|aceito|aceptamos|topo|me sirve|me late"
    r"|me tinca|me acomoda"
    r"|me conviene|me cuadra|me convence|(?:i'?d|i'?ll|ill|i would|lets|let'?s|we'?ll|gonna|im|i'?m"
    r"|going to) (?:rather )?(?:go(?:ing)? with|go(?:ing)? for"
    r"|do|take|pick|choose|have)|quiero|queremos|quisiera|quero|queremos|vou querer|prefiero|preferimos"
    r"|preferiria|prefiro|preferia"
    r"|elijo|elegi|eligo|escojo|escogi|escolho|escolhi|me quedo con|nos quedamos con|fico com|ficamos com"
    r"|i want|we want|i choose|i pick"
    r"|pick|choose|take|go with|mejor|melhor|(?<!no )(?<!nao )(?:solo|so|apenas|only)|seria|sera)"
)
_POLITE = (
    r"(?:por favor|porfa\w*|porfi\w*|porfis|xfa\w*|xfis|xfavor|pfv|pfvr|pf|please|pls|plz|gracias|grax"
    r"|obrigad[oa]|obg|thanks|thx|ty"
    r"|nomas|entonces|entao|then|pues|claro|dale|vale|mesmo|mesma|msm|mismo|misma|tio|tia|bro|man|dude"
    r"|amig[oa]|mano|moca|moco|cara|jefe"
    r"|mij[oa]|veci|vecin[oa]|causita|sumerce|reina|linda|corazon|flac[oa]|loco|viej[oa]|pana|panita"
    r"|herman[oa]|man[oa]|inge|lic|licenciad[oa]|doctor[a]?|doc|patron|joven|carnal|prim[oa]|papi|mami"
    r"|socio|colega|compadre|querid[oa]|buddy|hun|love|mate|sir|ma'?am|miss|sis|fam|parce|parcero|che|wey"
    r"|guey|compa|causa|senor\w*|senhor\w*|viu|ta|ne|ok|okay|i think|i guess|creo|acho|eh|pe|po)"
)
_OFFERED_ONE = (
    r"(?:(?:que|q|ke|k|that|which) )?(?:(?:me|nos|te|os|usted|ustedes|uds?|voces?|vcs?|vc|you|u|yall"
    r"|y'all|they|he|she|ha|has|han|habeis|have|ya"
    r"|ja|la moca|a moca|o rapaz|acab\w+ de|el chico|la senorita|vos|tu) ){0,3}(?:di[jcgz]\w*|dich[oa]s?"
    r"|dio|dieron|dist\w+|dado|deu|deram"
    r"|ofre\w+|man[d]\w+|propu\w+|propus\w*|proposto|pus\w*|puest[oa]|most\w+|envi\w+|sali\w+|apare\w+"
    r"|mencion\w+|nombr\w+"
    r"|coment\w+|explic\w+|pas[oa](?:ste|ron|ram|do|u)?|passou|passaram|list\w+|fal(?:ou|aram|aste)"
    r"|disse\w*|coloc\w+|said|gave|sent"
    r"|mentioned|offered|listed|told|showed|hab\w+|say)"
)
_GOES_ON = (
    rf"(?=\s*(?:$|[.,;:!?)]|\b(?:{_POLITE}|me|te|esta bien|parece|mejor|melhor|si|sim|y|e"
    r"|o|ou|or|pero|but|porque|because|pq|cuz|de las|de los|de la lista|da lista|das?|dos|de (?:es[ao]s"
    r"|est[ao]s|ell[ao]s|tod[ao]s)"
    rf"|of|that you|sounds|que (?:es|sea)|{_OFFERED_ONE}|works|is|seria|funciona|va"
    r"|sirve|serve|conviene|no|nao|tampoco|tambien|tambem|not|ain'?t|isn'?t|don'?t|is'?nt"
    r"|fica|la que|a que|el|on|na|en|esta|looks|if|aunque"
    r"|a partir)\b))"
)
_NUMBER = rf"(?P<number>\d{{1,2}}|{either(_ONES)})"
_NOT_A_COUNT = (
    rf"\b(?![.,/-]\d|\s*[%$€]|\s*(?:{UNITS}|dias?|days?|mes(?:es)?|months?|semanas?|weeks?|mil|k"
    r"|lucas|pesos|reais|soles)\b)"
)
_ARTICLED = _ordinals(_WORDS, _SHORT)

_ANY = "|".join("|".join(table.values()) for table in (_WORDS, _SHORT, _SHORT_OF_A_NOUN))
_REST = rf"[^\w{BLOT}]*$"
_PLEASE = rf"(?: {_POLITE})*"
_SURE = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:{_ordinals(_WORDS, _SHORT, _SHORT_OF_A_NOUN)}) (?:o|u|ou|or) (?:the |la |a |el "
        rf"|o )?(?=(?:{_ANY}) (?:{_OFFER}|one)\b)",
        rf"\b(?:the|la|el|a|o) (?:{_ordinals(_WORDS, _SHORT, _SHORT_OF_A_NOUN)}) (?:of (?:the|those|these"
        rf"|em)|de (?:las|los|es[ao]s|est[ao]s)"
        rf"|d[ao]s) [2-6]\b(?! (?:{UNITS}|dias?|days?|mes(?:es)?|months?))",
        rf"\b{_OFFER}\s*(?:numero|nro|number|no|n|#)?[.°]?\s*{_NUMBER}{_NOT_A_COUNT}",
        r"\b(?:opcion|opcao|option|alternativa|letra|propuesta|proposta|oferta|offer|opc|opt)\s+(?:la |a "
        r"|el |o )?"
        rf"(?P<letter>[a-d])\b(?:(?= de [a-z]+\b)|{_GOES_ON})",
        rf"(?<!un )(?<!\ba )(?<!mi )(?<!my )(?<!otro )(?<!hay )(?<!tengo )(?<!um )(?<!meu )\b(?:plan"
        rf"|plano)\s+(?P<letter>[a-d])\b{_GOES_ON}",
        r"\b(?P<letter>[b-d]) (?:de|for|as in) (?P=letter)(?!iciembre|ezembro)[a-z]+\b",
        rf"\b(?:{_ordinals(_WORDS, _SHORT, _SHORT_OF_A_NOUN)}) (?:{_OFFER}|one)\b",
        rf"^\W*(?:\w+ )?(?:la|the|option|letra|a|na) (?P<letter>[a-d]){_PLEASE}{_REST}",
        rf"^\W*(?P<letter>[a-d]) (?:please|pls|porfa|por favor|thanks){_REST}",
        rf"^\W*(?:la |the |a |o )?(?:numero|number|nro|n|#)\s*{_NUMBER}{_PLEASE}{_REST}",
        rf"^\W*(?:the )?number {_NUMBER} (?:sounds|works|is (?:good|fine|ok|okay|best|better|perfect"
        rf"|the (?:one|best)))\b",
        rf"^\W*(?:a|na) {_NUMBER}{_PLEASE}{_REST}",
        rf"\bthe (?:(?P<o1>former)|(?P<l1>latter))(?: (?:one|{_OFFER}))?{_GOES_ON}",
    )
)
_BY_NAME = re.compile(
    rf"(?:\b(?:la|el|a|o|the|na|pela|opcion|opcao|letra|numero|number) |#\s?|n[.°] ?)(?:{_NUMBER}|[a-d])\b"
)
"""What every way of taking an offer by its number or letter has, so that the rest need not be sought."""

_INTO_IT = r"(?:fecho|fechamos|fechado|fechar|vou|vamos|bora|voto) (?:na|pela)"
_TAKEN_BY_NAME = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_TAKING} (?:(?:la|el|a|o|the) )?(?:numero |number |#\s?|n[.°] ?){_NUMBER}{_NOT_A_COUNT}",
        rf"\b(?:{_TAKING} (?:la|el|a|o|the)|{_INTO_IT}) {_NUMBER}{_NOT_A_COUNT}{_GOES_ON}",
        (
            rf"\b(?:{_TAKING} (?:la|a|the|na|pela|el|o|opcion|opcao|letra)|{_INTO_IT})"
            rf"(?: (?:opcion|opcao|letra))? (?P<letter>[a-d])\b{_GOES_ON}"
        ),
    )
)
_INSTEAD = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:^|[.,;!?]|\b(?:pero|but|sino|mejor|melhor|rather|so|solo|mas|y|e|and)\b) ?\s*(?:(?:la|a|el"
        rf"|o|the|na) )?(?:{_ARTICLED}){_GOES_ON}",
        rf"(?:[.,;!?]|\b(?:pero|but|sino|mejor|melhor|so|solo|mas|y|e|and)\b) ?(?:la|a|o|the|na"
        rf"|en la) {_NUMBER}{_NOT_A_COUNT}{_GOES_ON}",
        rf"(?:[.,;!?]|\b(?:pero|but|sino|mejor|melhor|so|solo|mas|y|e|and)\b) ?(?:la|a|o|the"
        rf"|na) (?P<letter>[a-d])\b{_GOES_ON}",
        rf"(?:na|en la|with the|for the|por la|pela) {_NUMBER}{_NOT_A_COUNT}",
    )
)
"""Read only where every offer named with its noun is turned down: "first option aint it. second."."""

_UNLESS_A_DAY = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:la|el|lo(?! cuart)|a(?! (?:third|fourth|fifth)s?\b)|o|the) (?:{_ARTICLED})\b{_GOES_ON}",
        rf"\b(?:la|the) (?:numero |number |nro |#)?(?P<number>\d|{either(_ONES)})\b(?! (?:y (?:media"
        rf"|cuarto|pico|\d)|en punto)){_GOES_ON}",
        rf"\b(?:la|the) (?P<letter>[b-d]){_GOES_ON}",
    )
)
_OF_PAYMENTS = re.compile(
    rf"\b(?:{UNITS})\b[^.;!?\n]{{0,40}}\b(?:with|con|com) (?:the |el |la |a )?$|\b(?:en|in|em) $"
)
"""Before the first of several payments, or a place: "10 payments, with the first one in July"."""

_AMONG_PAYMENTS = re.compile(rf"\b(?:{UNITS}|divid\w+|parcel\w+|split)\b[^;!?\n]{{0,40}}$")
_FALLS = re.compile(
    r"\s*(?:a partir|desde|from|starting|empez\w+|comec\w+|vence|venc\w+|el|on|the|dia|no dia|na|hoy|hoje"
    r"|today|manana|amanha|para|by|(?:en|em|in) [a-z]+)\b"
)
"""Where a payment falls: "3 cuotas de 40, la primera el 5"."""

_ALONE = re.compile(rf"^\W*(?:{_TAKING}\s+)?(?:{_ARTICLED}){_REST}")
_ON_A_DAY = re.compile(
    r"\b(?:on|by|until|ate|para|pra|hasta|na|no|del?|of|pago|pagare|dia|next|antes|from|a|sobre|desde"
    r"|tipo|como|hacia|es|son|eran"
    r"|casi|pasada)\s+$"
)
_A_DAY_IN_BRAZIL = re.compile(r"segunda|quarta|quinta")


_TAKEN = re.compile(rf"\b{_TAKING}(?: (?:la|el|a|o|the|con|com|by|with))?\s+$")
_RELATIVE = re.compile(rf"\s*{_OFFERED_ONE}")
_TAKEN_IN = re.compile(rf"{_TAKING}\b")


def _picked(match: re.Match[str]) -> int:
    """The place among the offers that a match names; 0 for none."""
    for name, said in match.groupdict().items():
        if not said:
            continue
        if name == "number":
            return 1 if said in _ONES else int(said)
        if name == "letter":
            return _LETTERS[said]
        return int(name[1:]) * (1 if name[0] == "o" else -1)
    return 0


def _is_far(match: re.Match[str]) -> bool:
    """Whether a number is too high for a list of offers: "la tanda que es la numero 7"."""
    return _picked(match) > _MOST


def _is_beside(sheet: Sheet, match: re.Match[str]) -> bool:
    """Whether the first or the last is one of several payments, or only of a tale."""
    before = sheet.before(match.start())
    if _OF_PAYMENTS.search(before) or _is_far(match) or not _picked(match):
        return True
    if _AMONG_PAYMENTS.search(before) and _FALLS.match(sheet.text, match.end()):
        return True
    taken = (
        _TAKEN.search(sheet.said[max(0, match.start() - 40) : match.start()])
        or _TAKEN_IN.match(match.group())
        or _RELATIVE.match(sheet.text, match.end())
    )
    return bool(not taken and is_story(sheet.said) and judge(sheet.said, *match.span()) == "tells")


def _found(sheet: Sheet, pattern: re.Pattern[str], country: str) -> Iterator[tuple[int, int, int]]:
    """Start, end and place of every offer that `pattern` finds, and that no day bears the name of."""
    for match in sheet.find(pattern):
        is_day = pattern in _UNLESS_A_DAY and _ON_A_DAY.search(sheet.before(match.start()))
        if country == "BR" and (pattern is _ALONE or pattern in _INSTEAD):
            is_day = _A_DAY_IN_BRAZIL.search(match.group())
        if is_day or _is_beside(sheet, match):
            continue
        yield match.start(), match.end(), _picked(match)
        sheet.blot(*match.span())


def read_choice(sheet: Sheet, *, country: str) -> tuple[int | None, bool]:
    """Which offer the person takes (1 the first, -1 the last), and whether they named several.

    Those turned down give way to any other: "la opcion 2 no, la 3 si".
    """
    found: list[tuple[int, int, int]] = []
    by_name = _TAKEN_BY_NAME if _BY_NAME.search(sheet.text) else ()
    for pattern in (*by_name, *_SURE, *_UNLESS_A_DAY, _ALONE):
        found += _found(sheet, pattern, country)
    found.sort()
    meant = _standing(sheet, found)
    if found and not meant:
        for pattern in _INSTEAD:
            found += _found(sheet, pattern, country)
        found.sort()
        meant = _standing(sheet, found)
    places = [place for *_, place in meant]
    return (places[0] if places else None), len(set(places)) > 1


def _standing(sheet: Sheet, found: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """Those of the offers named that are not turned down."""
    out = dropped(sheet.said, [(start, end) for start, end, _ in found])
    return [one for one, refused in zip(found, out, strict=True) if not refused]
