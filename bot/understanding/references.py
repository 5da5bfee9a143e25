"""Finds the number of the bill, contract or case that a person quotes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from bot.understanding.money_words import money_words
from bot.understanding.sheet import Sheet, either
from bot.understanding.terms import UNITS

_PAPER = (
    "facturas?|faturas?|folio|contratos?|contract|boletas?|invoice|ticket|expediente|referencia"
    "|reference|ref|protocolo|poliza|apolice|convenio|obligacion"
    "|confirmation|conf|tracking|confirmacion|expte|exp|fact|nf|nfe|nota fiscal|pagare"
    r"|voucher|statement|extracto|extrato|carne(?= \d{3})|soporte|trace|justificante|aprobacion|autorizacion"
    r"|inv|invoices|suministros?|medidor|hidrometro|nics?|nis|cups|npe|instalacion|instalacao"
    r"|unidade consumidora|nro de cliente|uc(?= \d{5})|autorizacao|transaccion|transacao|radicado|tramite"
    r"|rastreo"
)
_LOOSE = (
    "boletos?|recibo|receipt|caso|case|pedido|orden|order|prestamo|emprestimo|loan|credito|cuenta"
    "|conta|account|acct|cta|bill|nota|operacion|operacao|matricula|cliente|customer|comprobante|comprovante|acuerdo|acordo|agreement|solicitud|tramite|proceso|processo|producto"
    "|proposta|guia|reclamo|denuncia|letra"
)
_ABOUT = (
    "(?:folio|protocolo|expediente|referencia|reference|ref|confirmacion|poliza|apolice|convenio)"
)
_KIND = (
    "(?:electronic[oa]|eletronic[oa]|fiscal|de venta|de credito|d[aeo] (?:la )?(?:luz|cobro|agua|gas|energia|internet"
    "|telefono|servicio|service|suministro|compra|credito)|final)"
)
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
    rf"\b(?P<paper>{_ABOUT}) (?:de|del|da|do|of) (?:la "
    rf"|the )?[a-z]+ (?P<sign>{_SIGN}?)(?P<code>(?=\D*\d{{4}}){_CODE})"
)
_CODE_OF_A_PAPER = re.compile(
    rf"\b(?:{_PAPER}|{_LOOSE})\b[^.;!?\d\n]{{0,25}}?(?<![\w$€£/.,-])"
    r"(?P<code>(?=[a-z\d]*-[a-z\d-]*)(?=(?:[a-z-]*\d){4})[a-z\d]+(?:-[a-z\d]+)+)(?![\w/])"
)
"""A code in two parts, which nothing but a paper bears, some words on: "comprovante do pix E7781-40"."""

_SERIAL = re.compile(
    r"(?<![\w./$-])(?!(?:usd|eur|mxn|cop|clp|ars|brl|pen|rs|us|covid|km|tel|cel|art|ley|lei|iso|usb|cl"
    r"|cll|cra|kr|av|apt|apto"
    r"|dpto|depto)\b)(?P<code>[a-z]{1,4}\d{0,4}[-/]\d{3,9}(?:[-/]\d{1,6})*[a-z]?)(?![\w/]|-\w)"
)
"""Letters, a dash and digits, as bills are numbered: "es el F003-1182"."""

_NUMBER_OF = re.compile(
    r"\b(?:num|numero|nro|no|number|n)[.°]?\s(?:de|del|of|do|da) (?:la |el |my |mi |meu )?(?:servicios?"
    r"|service|servico|cliente|customer"
    r"|usuario|socio|abonado|titular|contrato|serie de la factura)(?: (?:es|is|e))?\s*:?\s*"
    rf"(?P<code>(?=(?:[a-z-]*\d){{4}}){_CODE})"
)
_BY_THE_WAY = re.compile(
    r"\b(?:account|acct|cuenta|conta|contrato|contract|credito|prestamo|loan|invoice|factura|fatura|bill"
    r"|pedido|order)"
    r" (?:with|for|con|com|de|del|da|do|of) (?:(?:the|la|el|los|las|o|a|my"
    r"|mi) )?[a-z]+,\s?(?P<code>\d{5,10}(?<!00))(?![\d.,]?\d)"
)
"""The number of what is described first: "the account with the couch, 5518820"."""

_ANOTHER = re.compile(
    rf"\s*(?:,|o|u|ou|or|y|e|and|/)\s*(?:la |el |the |a |o "
    rf"|#\s?)?(?P<code>(?=(?:[a-z]*[-/]?\d){{4}}){_CODE})(?![\w%])"
)
_HAS_A_MARK = re.compile(r"[a-z].*\d|\d.*[a-z]|[-/]")
_OF_A_PERSON = re.compile(
    r"\b(?:placas?|patente|plate|plates|matricula|dominio|licencia|license|licence|dni|rg|cpf|rut|curp"
    r"|rfc|nss|ine|cedula|cc|nie|nif"
    r"|pasaporte|passport|serie|modelo|model|calle|casa|depto|apto|apt|piso|direccion|address|vuelo"
    r"|flight|voo|clave|codigo postal"
    r"|carro|auto|moto|coche|truck|car|interior|tel\w*|cel\w*|whats\w*)\b[^.,;!?\d]{0,15}$"
)
_IBAN = re.compile(
    r"\b[a-z]{2}\d{2}(?:[ -]?\d{4}){3,6}(?:[ -]?\d{1,3})?\b|\b(?:iban|clabe|cbu|cvu|cci"
    r"|agencia)\b[^.,;!?\d]{0,15}[\d -]{8,}"
)
_PLATE = re.compile(
    r"\b(?:placas?|patente|plates?|matricula|dominio)\b[^.,;!?\d]{0,15}?(?:\d{4} ?[b-z]{3}"
    r"|[a-z]{3}[ -]?\d[a-z\d]\d{1,2}|[a-z]{2} ?\d{3} ?[a-z]{2})\b"
)
"""Accounts of a bank and plates of a car, which are no paper of ours."""

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
    for pattern in (_IBAN, _PLATE):
        for match in sheet.find(pattern):
            sheet.blot(*match.span())
    for pattern in (
        _QUOTED,
        _OF_SOMETHING,
        _CODE_OF_A_PAPER,
        _HASHED,
        _NUMBER_OF,
        _SERIAL,
        _BY_THE_WAY,
    ):
        for match in sheet.find(pattern):
            if _is_quoted(sheet, pattern, match):
                found.append((match.start(), match["code"].upper()))
                sheet.blot(*match.span())
                found += _others(sheet, match.end(), match["code"])
    found.sort()
    return (found[0][1] if found else None), len({code for _, code in found}) > 1


def _is_quoted(sheet: Sheet, pattern: re.Pattern[str], match: re.Match[str]) -> bool:
    """Whether what looks like the number of a paper is one: no day, sum, plate or telephone."""
    code, said = match["code"], match.groupdict()
    sure = "sign" not in said or said["paper"] or said["sign"]
    if pattern is _CODE_OF_A_PAPER and _CALLING.search(match.group()):
        return False
    if pattern is _SERIAL and _OF_A_PERSON.search(sheet.before(match.start())):
        return False
    if pattern is _QUOTED and _DAY_LIKE.fullmatch(code) and not said["sign"]:
        return False
    if sure and not said.get("paper") and _COPULA.fullmatch(said.get("sign") or ""):
        sure = False  # "the light bill is 140"
    if _SUM_LIKE.fullmatch(code) and not _NUMBERED.search(said.get("sign") or ""):
        return False  # "la factura dice 1.250.000"
    if not sure and len(re.sub(r"\D", "", code)) < 4:
        return False
    return len(code) > 1 and not _counting().match(sheet.text, match.end())


def _others(sheet: Sheet, at: int, first: str) -> Iterator[tuple[int, str]]:
    """Numbers of the same kind that follow the first: "inv 2291-A or 2307-A"."""
    while other := _ANOTHER.match(sheet.text, at):
        code = other["code"]
        alike = bool(_HAS_A_MARK.search(first)) == bool(_HAS_A_MARK.search(code))
        if not alike or len(code) < 4 or _counting().match(sheet.text, other.end()):
            return
        if not _HAS_A_MARK.search(code) and len(code) != len(first):
            return
        yield other.start("code"), code.upper()
        at = other.end()
        sheet.blot(*other.span("code"))
