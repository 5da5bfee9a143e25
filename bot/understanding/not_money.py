"""Takes off the sheet the numbers that are no value: telephones, cards, addresses, ages."""

from __future__ import annotations

import re

from bot.understanding.calendar_words import months
from bot.understanding.false_sums import blot_false_sums
from bot.understanding.sheet import Sheet, either

_FREE = r"(?<![\d.,$€£#-])"
_NO_UNIT = r"(?![.,]?\d|\s?(?:[$€£]|pesos|colones|guaranies|mil\b|millon))"

_PHONE = re.compile(
    r"\+\d[\d\s().-]{6,}\d"  # in international form
    rf"|\(\d{{2,4}}\)\s?\d{{3,5}}[\s-]?\d{{3,4}}(?!\d)"
    rf"|{_FREE}\d{{4}}[ -]\d{{4}}[ -]\d{{4}}[ -]\d{{1,7}}(?!\d)"  # a card
    rf"|{_FREE}\d{{2,4}}[ -]\d{{3,5}}[ -]\d{{3,5}}{_NO_UNIT}"
    rf"|{_FREE}\d{{1,4}}[ -]\d{{4}}[ -]\d{{4}}{_NO_UNIT}"
    rf"|{_FREE}(?!\d{{1,3}}(?: \d{{3}})+(?!\d))\d{{2,4}}(?:[ -]\d{{2,4}}){{3,}}{_NO_UNIT}"
    rf"|{_FREE}0\d{{2,5}}[ -]?\d{{3,7}}(?:[ -]\d{{3,4}})?{_NO_UNIT}"
)
_CALLED_AT = re.compile(
    r"\b(?:call|text|reach|phone|number|llam\w*|marc\w*|cel(?:ular)?|tel\w*|whats\w*|wpp|zap|lig[au]\w*|fono"
    r"|numero)\b[^\d.;!?$]{0,25}"
    r"(?P<number>\d{3,5}[ -]?\d{4})(?![\d.,])"
)
_HOURS = re.compile(
    r"\b(?:de|das|from|entre las|desde las) \d{1,2}(?::\d\d)?(?: ?[ap]m)? (?:a|as|to|y|until|hasta)"
    r"(?: las)? \d{1,2}(?::\d\d)?(?=\s*(?:$|[.,;!?)]|am|pm|hs|hrs|h\b|de la|no\b|y\b|e\b|pero|por))"
)
_OWN_NUMBER = re.compile(
    r"\b(?:my|mi|meu|minha|su)(?: [a-z]+)? (?P<noun>[a-z]+)(?: (?:es|is|e|no|n))?(?: (?:el|la|o|a))?\s*:?\s+"
    r"(?P<number>(?!\d{1,4}[.,]\d\d(?!\d))[a-z]{0,3}\d[\da-z]*(?:[ .-]\d+)+[a-z]?)(?![.,]?\d)"
)
_MONEY_BEFORE = re.compile(r"[$€£₡₲]\s?$|\b[a-z]{3}$")

_VERB = (
    r"(?:dia|dias|y|e|and|pero|mas|but|pag\w+|pued\w+|pod\w+|poss\w+|consig\w+|teng\w+|tenh\w+|deb\w+|devo|doy"
    r"|dou|solo|so|me|te|le|les|can|have|owe|de a|gan\w+|cobr\w+|receb\w+)"
)
_NAME = rf"(?:\s+(?!{_VERB}\b)[a-z]+\.?)"
_DOOR = (
    r"\s*,?\s*(?:#|(?:no|n|nro|num|numero)\b[.°]?)?\s*\d{1,5}(?:\s?[-#]\s?\d{1,4}){0,3}\b"
    r"(?:,?\s+(?:#|(?:no|n|nro|num|numero|int|interior|piso|casa|depto|dpto|apto?|torre|block)\b\.?)\s*"
    r"\d{1,4}\b){0,3}"
)
_STREET = (
    r"(?:\b(?:calle|cll|callejon|cerrada|andador|plaza|pza|plazuela|camino|praca|ladeira|viela|beco|tv|r(?=\.)|avenida|avda|ave?|jr|jiron|pasaje|psje|pje|carrera|cra|kra|rua|travessa"
    r"|alameda|boulevard|blvd|colonia|urb|urbanizacion|barrio|diagonal|transversal|calzada|privada"
    r"|paseo|estrada|rodovia|carretera)\b\.?|\bc/(?=\s?[a-z]{3})[a-z]*"
    r"|\b(?:casa|villa|manzana|lote)(?: es)? la|\b(?:flat|unit|suite|apt))"
)
_LIVES = (
    r"\b(?:viv[oe] (?:sol[oa] )?en|vivimos en|mor[oa] (?:na|no|em)|live (?:at|on|in)|address is|direccion(?: es)?"
    r"|domicilio(?: es| en)?|endereco(?: e)?)"
)
_NAMED_AFTER_A_DAY = re.compile(
    rf"{_STREET}(?: [a-z]+){{0,2}} \d{{1,2}}[o°º]? (?:de |of )?"
    rf"(?:{either(months())})\b(?: del? \d{{4}})?(?:{_DOOR}{_NO_UNIT})?"
)
_ADDRESS = re.compile(
    rf"{_STREET}{_NAME}{{0,4}}{_DOOR}{_NO_UNIT}"
    rf"|{_LIVES}{_NAME}{{0,4}}{_DOOR}{_NO_UNIT}"
    r"|\bviv[eo] en (?:el|la) \d{1,4}[a-z]?\b(?! ?(?:mil|lucas))"
    r"|\bla \d{2,3} (?:con|y|esq\w*) (?:la )?\d{1,3}\b|\bla \d{2,3} (?=esta (?:cerr|tranc|bloq|inund|tapad))"
    r"|\b\d{1,5}(?: [a-z']+){0,2} (?:street|st|avenue|road|rd|lane|ln|blvd|boulevard)\b"
)
_KIN = (
    r"(?:hij[oa]s?|chic[oa]s?|nin[oa]s?|pelad[oa]s?|cabr[oa]s?|chamac[oa]s?|chamos?|menin[oa]s?|kids?|boys?"
    r"|girls?|mayor|menor|mama|papa|madre|padre|espos[oa]|niet[oa]|abuel[oa]|herman[oa]|filh[oa]|mae|pai"
    r"|av[oa]|irma|irmao|son|daughter|wife|husband|mom|mother|dad|father|kid|nen[ea]|bebe)"
)
_COUNTED = r"(?:mil|pesos|lucas|reais|soles|k|euros|dol|usd)"
_AGE = re.compile(
    r"\b\d{1,3}(?:,? (?:y|e|and) \d{1,3})+ (?:anos|anitos|years)\b|"
    r"\b\d{1,3} (?:anos|anitos|years old|yrs old|years|yo(?! \w+o\b| te\b| le\b))\b"
    r"(?:\s*(?:,|y|e|and)\s+(?!\w*(?:puedo|pago|posso|can)\b)[a-z]+ \d{1,2}(?![\d.,%]| ?[$€£a-z]))?"
    r"|\b(?:i'?m|i am|(?:i|he|she) was|she'?s|he'?s|just turned|cumpli|fiz) \d{2}\b"
    r"(?!\s*(?:[%.,]\d|%|[$€£]|short|dollars|bucks|behind|over|pounds|quid|k\b|days|dias|percent))"
    rf"|\b{_KIN}(?: [a-z]+)? (?:tiene|tienen|tem|has|is|de|cumplio|fez) \d{{1,2}}\b(?![.,]\d| ?(?:[$€£]"
    rf"|{_COUNTED}))(?:(?:,? (?:y|e|and)?(?: el| la| o| a)? ?)(?:otr[oa] "
    rf"|outr[oa] )?(?:de )?\d{{1,2}}\b(?![.,]\d| ?(?:[$€£]|{_COUNTED})))*"
    rf"|\ba los \d\d\b(?! ?(?:dias|meses|[%$€£]|{_COUNTED}|que\b))"
    r"|\b(?:soy|naci\w*|nasci\w*|born)\b(?: (?:del?|el|en|em|in|do|la|los))* (?:19)?\d\d\b(?![.,]?\d)"
)


_DIGITS = re.compile(r"\d+")
_OWN_AGE = re.compile(r"\b(?:tengo|tenho|i have) [1-9]\d(?=\s*(?:$|[.,;!]))")
_YEARS = re.compile(r"\b(?:anos|years|pension\w*|jubilad\w*|aposentad\w*|retired)\b")


def blot_addresses_and_ages(sheet: Sheet) -> None:
    """Take house numbers, ages, years of birth, sayings and papers as read."""
    blot_false_sums(sheet)
    own = [_OWN_AGE] if _YEARS.search(sheet.text) else []  # "2 anos sin empleo y tengo 58"
    for pattern in (_NAMED_AFTER_A_DAY, _ADDRESS, *own, _AGE):
        for match in sheet.find(pattern):
            for digits in _DIGITS.finditer(match.group()):
                sheet.blot(match.start() + digits.start(), match.start() + digits.end())


def blot_telephones_and_hours(sheet: Sheet, money_nouns: frozenset[str]) -> None:
    """Take telephones, cards, papers and hours as read; sums with a sign before them stay.

    "Mi nss es 4589 12 3345" is no sum, unless what is owned is one of `money_nouns`.
    """
    for match in sheet.find(_HOURS):
        sheet.blot(*match.span())
    for match in sheet.find(_OWN_NUMBER):
        if match["noun"] not in money_nouns:
            sheet.blot(*match.span("number"))
    for match in sheet.find(_CALLED_AT):
        sheet.blot(*match.span("number"))
    for match in sheet.find(_PHONE):
        if not _MONEY_BEFORE.search(sheet.text[: match.start()]):
            sheet.blot(*match.span())
