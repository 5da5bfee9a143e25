"""Finds the number of the bill, contract or case that a person quotes."""

from __future__ import annotations

import re
from functools import cache

from bot.understanding.money_words import money_words
from bot.understanding.sheet import Sheet, either
from bot.understanding.terms import UNITS

_PAPER = (
    "facturas?|faturas?|folio|contratos?|contract|boletas?|invoice|ticket|expediente|referencia"
    "|reference|ref|protocolo|poliza|apolice|convenio|obligacion"
    "|confirmation|conf|tracking|confirmacion|expte|exp|fact|nf|nfe|nota fiscal|pagare"
    r"|voucher|statement|extracto|extrato|carne(?= \d{3})|soporte|trace|justificante|aprobacion|autorizacion"
    r"|autorizacao|transaccion|transacao|radicado|tramite|rastreo"
)
_LOOSE = (
    "boletos?|recibo|receipt|caso|case|pedido|orden|order|prestamo|emprestimo|loan|credito|cuenta"
    "|conta|account|acct|cta|bill|nota|operacion|operacao|matricula|cliente|customer|comprobante|comprovante|acuerdo|acordo|agreement|solicitud|tramite|proceso|processo|producto"
    "|proposta|guia|reclamo|denuncia|letra"
)
_ABOUT = (
    "(?:folio|protocolo|expediente|referencia|reference|ref|confirmacion|poliza|apolice|convenio)"
)
_KIND = "(?:electronic[oa]|eletronic[oa]|fiscal|de venta|de credito|de luz|de cobro|final)"
_SIGN = (
    r"(?:(?:tiene|tem|has|lleva)(?: (?:el|o|the))?(?= (?:num|nro|no\b))\s*|(?:(?:que )?(?:dice|diz|says"
    r"|termina en)(?: que es)?|(?:de )?numero|nro|num|no|n|number|id|es(?: la| el)?|is"
    r"|e(?: [ao])?(?= [a-z]*\d{3}))\b[.°:]?\s*"
    r"|[#:°]\s*)"
)
_CODE = r"(?=[a-z0-9]*[-/._]?[a-z0-9]*\d)[a-z0-9]+(?:[-/._][a-z0-9]+)*"
_QUOTED = re.compile(
    rf"\b(?:(?P<paper>{_PAPER})|{_LOOSE})\b[.]?\s*(?:{_KIND}\s+)?(?P<sign>{_SIGN}{{0,3}})"
    rf"(?P<code>{_CODE}(?: \d{{4}}(?!\d))?)"
)
_OF_SOMETHING = re.compile(
    rf"\b(?P<paper>{_ABOUT}) (?:de|del|da|do|of) (?:la |the )?[a-z]+ (?P<sign>{_SIGN}?)(?P<code>(?=\D*\d{{4}}){_CODE})"
)
_CODE_OF_A_PAPER = re.compile(
    rf"\b(?:{_PAPER}|{_LOOSE})\b[^.;!?\d\n]{{0,25}}?(?<![\w$€£/.,-])"
    r"(?P<code>(?=[a-z\d]*-[a-z\d-]*)(?=(?:[a-z-]*\d){4})[a-z\d]+(?:-[a-z\d]+)+)(?![\w/])"
)
"""A code in two parts, which nothing but a paper bears, some words on: "comprovante do pix E7781-40"."""

_COPULA = re.compile(r"(?:es|is|e)(?: (?:la|el|o|a))?\s*")
_CALLING = re.compile(r"\b(?:llam\w+|marc\w+|call|text|lig\w+|tel\w*|cel\w*|whats\w*|phone)\b")
_HASHED = re.compile(r"(?<!\S)#\s?(?P<code>\d{2}[a-z0-9]*(?:[-/._][a-z0-9]+)*)")
_DAY_LIKE = re.compile(r"\d{1,2}[/.]\d{1,2}(?:[/.-]\d{2,4})?|\d{1,2}x?|\d+(?:st|nd|rd|th)")

_SUM_LIKE = re.compile(r"\d{1,3}(?:\.\d{3})+")
_NUMBERED = re.compile(r"n|#|id|[°]")


@cache
def _counting() -> re.Pattern[str]:
    """What shows that the digits before it count something: money, payments, time."""
    time = "dias?|days?|semanas?|weeks?|mes|meses|months?"
    return re.compile(rf"\s*(?:[%€£$]|(?:{either(money_words())}|{UNITS}|{time})\b)")


def read_reference(sheet: Sheet) -> tuple[str | None, bool]:
    """The first number of a paper in the message, in capitals, and whether there are several.

    A loose word ("cuenta", "caso") needs four digits or a sign such as "numero" or "#".
    """
    found: list[tuple[int, str]] = []
    for pattern in (_QUOTED, _OF_SOMETHING, _CODE_OF_A_PAPER, _HASHED):
        for match in sheet.find(pattern):
            code, said = match["code"], match.groupdict()
            sure = "sign" not in said or said["paper"] or said["sign"]
            if pattern is _CODE_OF_A_PAPER and _CALLING.search(match.group()):
                continue
            if pattern is _QUOTED and _DAY_LIKE.fullmatch(code) and not said["sign"]:
                continue
            if sure and not said.get("paper") and _COPULA.fullmatch(said.get("sign") or ""):
                sure = False  # "the light bill is 140"
            if _SUM_LIKE.fullmatch(code) and not _NUMBERED.search(said.get("sign") or ""):
                continue  # "la factura dice 1.250.000"
            if not sure and len(re.sub(r"\D", "", code)) < 4:
                continue
            if len(code) > 1 and not _counting().match(sheet.text, match.end()):
                found.append((match.start(), code.upper()))
                sheet.blot(*match.span())
    found.sort()
    return (found[0][1] if found else None), len({code for _, code in found}) > 1
