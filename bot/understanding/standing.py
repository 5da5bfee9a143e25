"""Judges which of several sums is meant, by the words around it: offered, owed, refused, corrected."""

from __future__ import annotations

import re
from enum import IntEnum

from bot.understanding.money_words import Lexicon
from bot.understanding.sheet import BLOT

WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")

EARNS = (
    r"(?:gano|ganaba|gana|ganan|ganha|ganamos|cobro|cobraba|sueldo|salario|nomina"
    r"|me (?:pagan|depositan|caen?|llegan?|entran?|dan|van a (?:pagar|dar)|deben)"
    r"|voy a cobrar|vou receber|recibo"
    r"|ganho|ganhava|recebo|i (?:only |just |still )?(?:make|earn|get paid)|i'?m paid|we make"
    r"|my (?:salary|paycheck|pay|wages?)|earn|get paid)"
)
"""How people say what they are paid, which is no offer: neither its sum nor its day nor its rhythm."""

_ELSEWHERE = (
    r"(?:alquiler|renta|arriendo|aluguel|rent|luz|agua|comida|comision|multa|interes(?:es)?|juros"
    r"|interest|mora|recargos?|fees?|late fees?|sueldo|salario|salary|pension|deuda|divida|debt"
    r"|colegiatura|escola|escuela|medicinas?|remedios?|groceries)"
)
_OF_WHAT_IS_OWED = re.compile(r"\b(?:de los|de las|of the|from the|del total de|dos)\s*$")
_WHICH_IS_OWED = re.compile(
    r"\s*(?:\w+ )?(?:que|q|that|which|i|we)\s+(?:\w+\s+)?"
    r"(?:debo|deb[ei]a|devo|devia|owed?|adeudo|piden|cobran|pedem|cobram)\b"
    rf"|\s*(?:[a-z]+ ){{0,2}}(?:de|of|for|in|em|en) (?:la |el |los |o |a |my |mi |the )?{_ELSEWHERE}\b"
)
_REFUSED = re.compile(
    r"\b(?:no (?:(?:te|le|les|os|lo|la|los|las|me|se) )*(?:puedo|podria|podre|llego|alcanzo|alcanza|tengo"
    r"|cuento con|completo|complete|junto|junte)|nao (?:posso|consigo|consegui|tenho|completo|da pra)"
    r"|can'?t|cannot|can not|couldn'?t|won'?t|don'?t have"
    r"|unable to|no can)\b(?P<said>[^.,;!?\n]{0,40})$"
)
_REFUSED_AFTER = re.compile(
    r"\s*(?:,?\s*(?:no|nao)\s*(?=$|[,.;!])|,?\s*ni (?:loco|en pedo|a palos|de chiste|de broma)\b"
    r"|,?\s*(?:es |e |eso es |is |that'?s )(?:imposible|impossivel|impossible|no way|demasiado"
    r"|(?:way )?too (?:much|steep|high)|mucho|muito|muy alt[oa]|muito alt[oa])\b"
    r"|no (?:me |nos )?alcanza\b"
    r"|(?:yo |ya |eu )?(?:no (?:puedo|tengo|llego|alcanzo|me alcanza)|nao (?:posso|tenho|consigo|da)"
    r"|i can'?t)\s*(?=$|[,.;!]))"
)
_AFTER_ALL = re.compile(
    r"\b(?:(?:mas|mais|more|menos|less) (?:de|que|do que|than)|over|above|sino|pero|but|mas|porem"
    r"|solo|so|only|si|apenas)\b"
)
_AT_MOST = re.compile(r"\b(?:(?:mas|mais|more) (?:de|do que|que|than)|arriba de|over|above)\s+$")
_NOT_EVEN = re.compile(r"\b(?:ni|nem|not even|ni siquiera)(?: an?| un| los| os)?\s+$")
_STATED = re.compile(
    r"\b(?:(?:recibo|boleta|boleto|factura|fatura|bill|balance|saldo|monto|valor|deuda|divida|total|app"
    r"|mensaje|carta|letter)\s+(?:\w+\s+)?(?:es|e|is|esta|says|diz|dice|son|era|viene|llego|sale|veio)"
    r"(?: de| en| por| em| que debo)?|dicen?(?: que debo)?|diz|says(?: i owe)?|(?:me )?aparecen?|me piden"
    r"|pedem|sale que debo)\s+$"
)
_CORRECTED = re.compile(
    r"\b(?:no|not|nao|n|en (?:vez|lugar) de|em vez de?|ao inves de|instead of|rather than)\s+$"
)
_LOWERED = re.compile(
    r"\b(?:drop|lower|reduce|bring|bajar?|bajen|bajame|bajenme|baixar?|reduzir|reduzam)\b.*"
    rf"[\d{BLOT}].*\b(?:to|a|para|pra)\s+$"
)
_INSISTED = re.compile(
    r"\b(?:mejor|digo|perdon|corrijo|mean|meant|sorry|melhor|qui[sz] dizer|quer dizer|quero dizer"
    r"|alias|actually|quise decir|quiero decir|perdao|desculpa)[\s,:]*"
    r"(?:que |son |sean |ponle |to |make it )?$"
)
_EARNED = re.compile(rf"\b{EARNS}(?: (?:como|unos|uns|about|around|like|solo|only|so|apenas))?\s+$")


class Standing(IntEnum):
    """How likely a sum is the one meant: the first kind present decides."""

    INSISTED = 0
    NAMED = 1
    BESIDE = 2
    REFUSED = 3
    CORRECTED = 4


def refused_after(text: str, end: int) -> bool:
    """Whether what ends at `end` is turned down at once: "18 vezes e muito", "500 ni loco"."""
    return bool(_REFUSED_AFTER.match(text, end))


def cue(window: str, words: Lexicon) -> str:
    """ "offered", "beside" or "" by the nearest telling word of `window`, which ends at a sum."""
    if _EARNED.search(window) or _STATED.search(window):
        return "beside"
    for word in reversed(WORD.findall(window)[-7:]):
        if word in words.offered:
            return "offered"
        if word in words.not_offered:
            return "beside"
    return ""


def standing(window: str, after: str, words: Lexicon) -> Standing:
    """What the words before a sum (`window`) and after it make of it."""
    if _INSISTED.search(window) or _LOWERED.search(window):
        return Standing.INSISTED
    if _CORRECTED.search(window):
        return Standing.CORRECTED
    refused = _REFUSED.search(window)
    if _NOT_EVEN.search(window):
        return Standing.REFUSED
    limit = _AT_MOST.search(window)
    if limit:
        return Standing.NAMED  # "mas de 40 no puedo"
    if (refused and not _AFTER_ALL.search(refused["said"])) or _REFUSED_AFTER.match(after):
        return Standing.REFUSED
    owed = _OF_WHAT_IS_OWED.search(window) or _WHICH_IS_OWED.match(after)
    return Standing.BESIDE if owed or cue(window, words) == "beside" else Standing.NAMED
