"""Finds which of the offers on the table a person takes: "la primera", "opcion 2", "a ultima"."""

from __future__ import annotations

import re

from bot.understanding.clauses import is_story, judge
from bot.understanding.sheet import Sheet, either
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
    r"(?:pode ser|puede ser|va|fecho com|me voy (?:por|con)|dame|deme|agarro|acepto|aceito|topo|me sirve|me late"
    r"|(?:i'd|i'll|i would|lets|let's) (?:go with|go for|do)|quiero|quero|prefiero|prefiro|elijo|escojo"
    r"|escolho|me quedo con|fico com|i want|i'll take"
    r"|take)"
)
_GOES_ON = (
    r"(?=\s*(?:$|[.,;:!?)]|\b(?:por favor|please|pls|me|te|esta bien|parece|mejor|melhor|si|y|e"
    r"|o|ou|or|pero|but|gracias|porque|because|de las|de los|das|dos|of|that you|then|sounds"
    r"|que (?:me )?(?:di|ofre|man|propu|you|hab|pus|mostr|envi|sali|apare)\w*|works|is|seria|funciona|va"
    r"|sirve|serve|conviene"
    r"|ok|okay|mesmo|fica|entonces|nomas|thanks|obrigad[oa]|la que|a que|el|on|na|no|en"
    r"|a partir)\b))"
)
_NUMBER = rf"(?P<number>\d{{1,2}}|{either(_ONES)})"
_NOT_A_COUNT = (
    rf"\b(?![.,/-]\d|\s*[%$€]|\s*(?:{UNITS}|dias?|days?|mes(?:es)?|months?|semanas?|weeks?|mil|k"
    r"|lucas|pesos|reais|soles)\b)"
)
_ARTICLED = _ordinals(_WORDS, _SHORT)

_SURE = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b{_OFFER}\s*(?:numero|nro|number|no|n|#)?[.°]?\s*{_NUMBER}{_NOT_A_COUNT}",
        r"\b(?:opcion|opcao|option|alternativa|letra|propuesta|proposta)\s+"
        rf"(?P<letter>[a-d])\b{_GOES_ON}",
        rf"\b(?:{_ordinals(_WORDS, _SHORT, _SHORT_OF_A_NOUN)}) (?:{_OFFER}|one)\b",
        rf"\b{_TAKING} (?:la|el|a|o|the) (?:numero |number )?{_NUMBER}{_NOT_A_COUNT}{_GOES_ON}",
        r"^\W*(?:\w+ )?(?:la|the|option|letra) (?P<letter>[a-d])(?: (?:please|pls|porfa|por favor|gracias))?\W*$",
        r"^\W*(?P<letter>[a-d]) (?:please|pls|porfa|por favor|thanks)\W*$",
        rf"^\W*(?:numero|number|nro|n)\s*{_NUMBER}\W*$",
    )
)
_UNLESS_A_DAY = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:la|el|lo(?! cuart)|a(?! (?:third|fourth|fifth)s?\b)|o|the) (?:{_ARTICLED})\b{_GOES_ON}",
        rf"\b(?:la|the) (?:numero |number |nro |#)?(?P<number>\d|{either(_ONES)}){_GOES_ON}",
    )
)
_OF_PAYMENTS = re.compile(
    rf"\b(?:{UNITS})\b[^.;!?\n]{{0,40}}\b(?:with|con|com) (?:the |el |la |a )?$|\b(?:en|in|em) $"
)
"""Before the first of several payments, or a place: "10 payments, with the first one in July"."""

_AMONG_PAYMENTS = re.compile(rf"\b(?:{UNITS}|divid\w+|parcel\w+|split)\b[^;!?\n]{{0,40}}$")
_FALLS = re.compile(
    r"\s*(?:el|on|the|dia|no dia|na|hoy|hoje|today|manana|amanha|para|by|(?:en|em|in) [a-z]+)\b"
)
"""Where a payment falls: "3 cuotas de 40, la primera el 5"."""

_ALONE = re.compile(rf"^\W*(?:{_TAKING}\s+)?(?:{_ARTICLED})\W*$")
_ON_A_DAY = re.compile(
    r"\b(?:on|by|until|ate|para|pra|hasta|na|no|del?|pago|pagare|dia|next|antes|from|a)\s+$"
)
_A_DAY_IN_BRAZIL = re.compile(r"segunda|quarta|quinta")


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


def read_choice(sheet: Sheet, *, country: str) -> tuple[int | None, bool]:
    """Which offer the person takes (1 the first, -1 the last), and whether they named several."""
    found: list[tuple[int, int]] = []
    for pattern in (*_SURE, *_UNLESS_A_DAY, _ALONE):
        for match in sheet.find(pattern):
            is_day = pattern in _UNLESS_A_DAY and _ON_A_DAY.search(sheet.before(match.start()))
            if pattern is _ALONE and country == "BR":
                is_day = _A_DAY_IN_BRAZIL.search(match.group())
            if _OF_PAYMENTS.search(sheet.before(match.start())) or (
                _AMONG_PAYMENTS.search(sheet.before(match.start()))
                and _FALLS.match(sheet.text, match.end())
            ):
                continue
            told = is_story(sheet.said) and judge(sheet.said, *match.span()) == "tells"
            if told or is_day or _is_far(match) or not (place := _picked(match)):
                continue
            found.append((match.start(), place))
            sheet.blot(*match.span())
    found.sort()
    return (found[0][1] if found else None), len({place for _, place in found}) > 1
