"""Finds the wish to pay all of it in one payment: "al contado", "de golpe", "numa tacada so", "in one go"."""

from __future__ import annotations

import re

from bot.understanding.clauses import judge
from bot.understanding.exchange import dropped
from bot.understanding.payment_words import OF_THE_PAST, REFUSED
from bot.understanding.sheet import BLOT, Sheet
from bot.understanding.standing import refused_after

_BLOWS = (
    r"(?:golpe|golpazo|jalon|tiron|tajo|tacada|sentada|tirada|atacada|madrazo|putazo|chingadazo|trancazo"
    r"|plumazo"
    r"|saque|envion|zarpazo|hachazo|paulada|pancada|porrada|cacetada|bolada|pegada|batacazo)"
)
"""What one deals a debt that is paid all at once, in Spanish and Portuguese."""

_WEAK_BLOWS = r"(?:viaje|toque|tiro|tapa|pasada|patada|lapada|leva|golpe|ida|empujon|pancadinha)"
"""The same, only where it is said to be a single one: "vengo de un viaje" is none."""

_PAID_AS = (
    r"(?:pago|exhibicion|parcela|pagamento|payment|cuota|cota|abono|ingreso|deposito|transferencia"
    r"|transfer|bizum|pix|zelle"
    r"|venmo|yape|plin|boleto|entrega|prestacao|plazo|giro|deposit|installment|instalment|letra|check"
    r"|cheque|vez|sum"
    r"|mensualidad)"
)
_ONE = r"(?:una?|uma?|1|one)"
_ONLY = r"(?:sol[oa]|unic[oa]|single|so|lump)"
_ENOUGH = (
    r"(?:ya(?: (?:esta|quedo|ta))?|listo|lista|chau|chao|fin|punto|se acabo|acabo|acabou|fim|pronto"
    r"|nada mas|me olvido"
    r"|that'?s (?:it|all|that)|i'?m (?:done|out|good|finished)|we'?re (?:done|good|square|even)|done"
    r"|finished|over"
    r"|adios|tchau|quedamos|cerramos)"
)
_SINGLE = re.compile(
    rf"\b(?:(?:en|em|in|with|con|com) (?:{_ONE}|a|just (?:one|1)) (?:{_ONLY}\s)?{_PAID_AS}(?: (?:so"
    rf"|unic[oa]|only))?"
    rf"|num(?:a)? (?:{_ONLY} )?{_PAID_AS}(?: (?:so|unic[oa]))?|numa so(?=\W*$)"
    rf"|(?:al|de|ao|pag\w+) contado|a vista|avista|(?:a|de) (?:toca ?teja)"
    rf"|(?:de|en|em|con) {_ONE} (?:{_ONLY} )?{_BLOWS}(?: (?:so|unic[oa]))?|de (?:golpe|jalon|tiron"
    rf"|sentada|tacada)|del tiron"
    rf"|(?:de|en|em|con|num|numa) (?:{_ONE} )?(?:{_ONLY} {_WEAK_BLOWS}|{_WEAK_BLOWS} (?:so|unic[oa]))"
    rf"|numa? (?!golpe){_BLOWS}(?: so)?"
    rf"|lump sum|{_PAID_AS} unic[oa]|single (?:payment|installment|instalment|go|shot|sum)|(?:one"
    rf"|1) payment (?=of )"
    rf"|one[- ](?:time|off) payment|(?:just|only|make it|solo|apenas|somente|so) {_ONE} (?:{_ONLY} )?{_PAID_AS}"
    rf"|{_ONE} (?:{_ONLY} )?{_PAID_AS} (?=(?:y|e|and) {_ENOUGH}\b)|(?:{_ONE} )?(?:unic[oa]"
    rf"|sol[oa]) (?!vez|sum){_PAID_AS}"
    r"|(?:in|with|do(?:ing)?|at) (?:one|1|a single|a) (?:(?:big|fell|single|clean) )?(?:go|shot|hit|swoop"
    r"|lump|chunk|whack"
    r"|sitting|pop|swing)|one shot|one lump"
    r"|(?<=all )at once|(?<=everything )at once|(?<=whole thing )at once|(?<=it )at once)\b"
    r"(?! (?:por todas|mas\b|mais\b|more\b|al (?:mes|ano)|a (?:month|week|year)|per\b|every|each|cada"
    r"|por (?:mes|semana|mez)"
    rf"|ao mes|{BLOT}))"
    r"|^\W*(?:contado\b|one (?:go|payment)\b(?! (?:•|a|per|every|each|of|was|is)))"
)
_AT_LAST = re.compile(
    r"\b(?:de una (?:sola )?vez|de uma (?:so )?vez(?: so)?)\b(?! por (?:favor|todas))"
)
"""It may also mean "at last": "dejadme en paz de una vez"."""

_COUNTS = re.compile(rf"{_PAID_AS}|vista|contado|\d")
_IN_ONE = re.compile(rf"{_PAID_AS}\b")
_SURELY = re.compile(r"\b(?:sola|so)\b")
_PAYS_BEFORE = re.compile(
    r"(?:\b(?:pag\w+|liquid\w+|sald\w+|cancel\w+|dar\w*|doy|dou|abon\w+|deposit\w+|transf\w+|cubr\w+"
    r"|quit\w+|pay|tod[oa]s?"
    r"|tudo|td|entreg\w+|mand(?:o|ar)|envi(?:o|ar)|acert\w+|consign\w+|puedo|posso|precio|descuento"
    r"|desconto)\b|\d)"
    r"(?P<since>[^.;!?\n]{0,60})$"
)
_SUDDEN = re.compile(rf"{_BLOWS}|{_WEAK_BLOWS}|at once|go\b|shot|hit|whack|pop|swing")
"""What may also be said of a blow: "me subieron la cuota de golpe"."""

_ENDS = re.compile(
    r"\b(?:olvid|esquec|dej(?!o)|deix|acab|termin|cerr|par(?:a|e|en|ar|ad|em|ame|enme)\b|encerr|zanj"
    r"|resolv|resuelv|solucion"
    r"|arregl|entiend|entend|basta|respond|contest|decid|digan|diga|borr|apag|callen|libr|livr|descans"
    r"|sal(?:ir|go)\b|sair)"
)
_OF_THEM = re.compile(r" (?:me|nos) (?:[a-z]+)")
_HAPPENED = re.compile(
    r"\b(?:cobra\w*|cobrais|sub\w+|quit\w+ron|me quede|se me|se nos|murio|morreu|fiquei|perdi|hit me|came"
    r"|coming|llego"
    r"|llegan|vinieron|vienen|fue un|foi|sofri|cai em|despid\w+)\b[^.;!?]{0,40}$"
)
_ALL = re.compile(
    r"\b(?:instead of|rather than|en (?:vez|lugar) de|em (?:vez|lugar) de|ao inves de)"
    r" (?:(?:pagar|paying|pay|hacer|fazer)(?:l[oa])? )?(?:it )?"
    r"(?:all|everything|the (?:whole|full|entire) \w+|todo|tudo|el total|o total|la totalidad)\b"
)


def _means_one(sheet: Sheet, start: int, end: int, *, at_last: bool) -> bool:
    before = sheet.said[max(0, start - 80) : start]
    if not at_last:
        sudden = _SUDDEN.search(sheet.said[start:end])
        told = judge(sheet.said, start, end) == "tells" or _HAPPENED.search(before)
        made = _IN_ONE.search(sheet.said[start:end]) and OF_THE_PAST.search(before)
        return not (sudden and told) and not made
    if _OF_THEM.match(sheet.said, end) or judge(sheet.said, start, end) == "tells":
        return False
    paid = _PAYS_BEFORE.search(before)
    return bool(paid and not _ENDS.search(paid["since"])) or not re.search(r"[a-z]", before)


def read_single(sheet: Sheet) -> list[tuple[int, bool]]:
    """Where one payment is named, and whether it is turned down; blots what it has read."""
    for match in sheet.find(_ALL):
        sheet.blot(*match.span())
    spans = []
    for pattern in (_SINGLE, _AT_LAST):
        for match in sheet.find(pattern):
            at_last = pattern is _AT_LAST and not _SURELY.search(match.group())
            if _means_one(sheet, *match.span(), at_last=at_last):
                spans.append(match.span())
                if _COUNTS.search(match.group()):
                    sheet.blot(*match.span())
    spans.sort()
    return [
        (
            start,
            refused or bool(REFUSED.search(sheet.before(start))) or refused_after(sheet.said, end),
        )
        for (start, end), refused in zip(spans, dropped(sheet.said, spans), strict=True)
    ]
