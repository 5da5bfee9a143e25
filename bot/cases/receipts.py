"""Reads the text of a receipt: how much, which day, which number. No database, no guessing."""

from __future__ import annotations

import re
from datetime import date
from typing import TypeVar

from bot.cases.rules import Told
from bot.kit.money import Money
from bot.understanding.text import plain
from bot.understanding.values import read_values

_T = TypeVar("_T")

_AMOUNT = re.compile(
    r"\b(?:monto|importe|valor|cantidad|total pagado|valor pago|pago total|total|amount)\b"
    r"(?!\s+(?:de saldo|adeudado|devido|due))"
)
_NOT_THE_AMOUNT = re.compile(
    r"\b(?:saldo|comision|iva|impuesto|tarifa|taxa|fee|tax|balance|disponible|limite|iof)\b"
)
_DAY = re.compile(r"\b(?:fecha|data|date|dia|pagado el|realizad[oa] (?:el|em)|paid on)\b")
_NOT_THE_DAY = re.compile(r"\b(?:vencimiento|vencimento|vence|due|emision|emissao|nacimiento)\b")
_NUMBER = re.compile(
    r"\b(?:referencia|folio|clave de rastreo|comprobante|no\.? de operacion|numero de operacion|"
    r"operacion|autorizacion|autenticacao|id da transacao|protocolo|reference|transaction id|"
    r"confirmation)\b\W*(?:(?:numero|number|nro|num|no|n|id)\b\W*)?(?P<code>[a-z0-9][\w.-]{4,39})"
)
_METHODS = {
    "transfer": re.compile(r"\b(?:transferencia|transferi\w*|spei|pix|transfer|wire|ted|sepa)\b"),
    "cash": re.compile(r"\b(?:efectivo|oxxo|dinheiro|especie|cash|ventanilla)\b"),
    "deposit": re.compile(r"\b(?:deposit\w+|consignacion|consigne|abono|abone)\b"),
    "card": re.compile(r"\b(?:tarjeta|cartao|card|debito|credito)\b"),
}


def read_method(text: str) -> str:
    """By what means somebody says that they paid; nothing where they do not say."""
    said = plain(text)
    return next((name for name, words in _METHODS.items() if words.search(said)), "")


def read_receipt(text: str, *, country: str, currency: str, today: date) -> Told:
    """What the text layer of a receipt says of the payment.

    Only what stands after its name is taken ("Importe: $1.500,00"), on the same line or the next.
    Two amounts or two days that both could be meant are left out, to be asked.
    """
    lines = [" ".join(plain(line).split()) for line in text.splitlines() if line.strip()]
    amounts: list[Money] = []
    days: list[date] = []
    numbers: list[str] = []
    for place, line in enumerate(lines):
        after = lines[place + 1] if place + 1 < len(lines) else ""
        if (found := _AMOUNT.search(line)) and not _NOT_THE_AMOUNT.search(line):
            tail = _value(line[found.end() :], after)
            value = read_values(tail, country=country, currency=currency, today=today).amount
            if value and value.currency == currency:
                amounts.append(value)
        if (found := _DAY.search(line)) and not _NOT_THE_DAY.search(line):
            tail = _value(line[found.end() :], after)
            values = read_values(tail, country=country, currency=currency, today=today, past=True)
            if values.on and "on" not in values.ambiguous:
                days.append(values.on)
        code = _NUMBER.search(line) or _NUMBER.search(f"{line} {after}")
        if code and any(letter.isdigit() for letter in code["code"]):
            numbers.append(code["code"].upper())
    return Told(
        amount=_only(amounts),
        paid_on=_only([day for day in days if day <= today]),
        reference=_only(numbers) or "",
        method=read_method(text),
    )


def _value(here: str, below: str) -> str:
    """What stands after a name: on its line, else on the next one, which must be no name itself."""
    if any(letter.isdigit() for letter in here):
        return here
    return "" if _AMOUNT.search(below) or _DAY.search(below) else below


def _only(found: list[_T]) -> _T | None:
    """The one value there is, however often it is repeated."""
    return found[0] if found and all(each == found[0] for each in found) else None
