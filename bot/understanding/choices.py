"""Finds which of the offers on the table a person takes: "la primera", "opcion 2", "a ultima"."""

from __future__ import annotations

import re

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
    r"(?:quiero|quero|prefiero|prefiro|elijo|escojo|escolho|me quedo con|fico com|i want|i'll take"
    r"|take)"
)
_GOES_ON = (
    r"(?=\s*(?:$|[.,;:!?)]|\b(?:por favor|please|pls|me|te|esta bien|parece|mejor|melhor|si|y|e"
    r"|o|ou|or|pero|but|gracias|porque|because|de las|de los|das|dos|of|that you|then|sounds"
    r"|que (?:me )?(?:di|ofre|man|propu|you)\w*|works|is|seria|funciona|va|sirve|serve|conviene"
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
        rf"^\W*(?:numero|number|nro|n)\s*{_NUMBER}\W*$",
    )
)
_UNLESS_A_DAY = tuple(
    re.compile(pattern)
    for pattern in (
        rf"\b(?:la|el|lo|a|o|the) (?:{_ARTICLED})\b{_GOES_ON}",
        rf"\b(?:la|the) (?:numero |number |nro |#)?(?P<number>\d|{either(_ONES)}){_GOES_ON}",
    )
)
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


def read_choice(sheet: Sheet, *, country: str) -> tuple[int | None, bool]:
    """Which offer the person takes (1 the first, -1 the last), and whether they named several."""
    found: list[tuple[int, int]] = []
    for pattern in (*_SURE, *_UNLESS_A_DAY, _ALONE):
        for match in sheet.find(pattern):
            is_day = pattern in _UNLESS_A_DAY and _ON_A_DAY.search(sheet.before(match.start()))
            if pattern is _ALONE and country == "BR":
                is_day = _A_DAY_IN_BRAZIL.search(match.group())
            if is_day or not (place := _picked(match)):
                continue
            found.append((match.start(), place))
            sheet.blot(*match.span())
    found.sort()
    return (found[0][1] if found else None), len({place for _, place in found}) > 1
