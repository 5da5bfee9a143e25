"""Tells the day of a payment made from one to come, by the words people have for paying."""

from __future__ import annotations

import re
from functools import lru_cache

_MADE = (
    r"(?:pagado|mandado|ingresado|depositado|metido|puesto|dado|enviado|pasado|transferido|abonado|entregado|girado"
    r"|consignado|dejado|liquidado|adelantado|cancelado|llevado|yapeado|hecho (?:el|un|la|una|los?|ya|otro))"
)
_US = r"(?:os|te|les?|vos|lhes?|l[oa]s?|se l[oa]s?|me l[oa]s?)"
_PAST = (
    rf"(?:{_US} (?:di|dimos|meti|puse|hice|transferi|dei)"
    rf"|(?<!que )(?<!cuando )(?<!si )(?<!quiere )(?<!puede )\b{_US} (?:pase|mande|gire|envie|deposite|ingrese|abone"
    r"|consigne|entregue|deje|lleve|pague|liquide|yapee|adelante)"
    rf"|(?:he|hemos|habia|habiamos|ha|han) (?:ya )?{_MADE}"
    r"|(?:acabo|acabamos|acabei|acaba) de (?:pagar|mandar|hacer|depositar|transferir|enviar|ingresar|fazer|meter"
    r"|pasar|passar|girar|abonar|dar)\w*"
    r"|mandei|transferi|passei|dei|fiz|botei|coloquei|joguei|deixei|acertei|adiantei|enviei|entreguei|quitei"
    r"|paguei|depositei|abati|amortizei|repassei|(?:tinha|ja|foi) (?:pago|mandado|feito|depositado|dado)"
    r"|(?<!get )(?<!gets )(?<!getting )(?<!got )(?<!be )(?<!i'm )(?<!im )(?<!am )(?<!being )(?<!is )paid"
    r"|payed|sent|mailed|wired|zell?e?'?d|venmo'?e?d|cash ?app'?e?d|paypal'?l?e?d|apple ?payed|deposited"
    r"|transferred|dropped off|dropped \d+|handed|gave|posted|submitted|turned in|brought|made (?:a|the|my) payment"
    r"|put\b(?=[^.;!?]{0,30}\balready\b)|dimos\b(?= [$]?\d)|\bdi\b(?= [$]?\d)|swiped|tapped|bizume?e|yapee|plinee)"
)
_DONE = re.compile(rf"\b{_PAST}(?!\w)")
_CLAIMED = re.compile(
    rf"\b(?:{_PAST}|(?<!no )(?<!nao )(?:ya |si |ja |claro que |sim )(?:pague|paguei|quedo"
    rf"|esta pag[ao]d?[oa]?|deposite|mande"
    r"|transferi|abone|hice|di|fiz)|pague|pagamos|deposite)(?!\w)"
)
_NOT = re.compile(
    r"\b(?:no|nao|not|n't|haven'?t|didn'?t|never|nunca|sin|sem|ni)\W+(?:\w+\W+){0,2}$"
)
_TO_COME = re.compile(
    r"\b(?:doy|dou|dare|darei|daria|puedo|podria|podre|posso|poderia|consigo|pagare|pagarei|pagaria|voy|vou|vamos"
    r"|will|can|could|gonna|going|i'?ll|ill|we'?ll"
    rf"|{_US} (?:pago|mando|deposito|hago|paso|giro|transfiero|envio|ingreso|abono|llevo|faco|passo)"
    r"|(?:eu|yo) (?:pago|mando|deposito|faco|passo|transfiro|acerto))\b"
)
_BORDER = re.compile(
    r"[.;:!?,\n]+(?=\s|$)|\s(?=(?:pero|but|mas|asi que|entonces|entao|so|y|e|and)\b)"
)
_STOP = re.compile(r"[.;!?\n]+(?=\s|$)")
_IT_WAS = re.compile(
    r"\b(?:fue|foi|it was|that was)(?: (?:el|la|o|no|na|dia|on|en|este|the|ya|como|pasado))*\s*$"
)
_THE_REST = re.compile(
    r"\b(?:otr[oa]s?|outr[oa]s?|other|another|rest\w*|mais|more|mas|falta\w*|queda\w*|ahora|agora|pago)\b"
)
_REACH = 90
_FRAGMENT = 6
"""Words of a sentence that only goes on with the one before: "si pague. el jueves, 350"."""


@lru_cache(maxsize=8)
def speaks_of_paid(said: str) -> bool:
    """Whether the person says somewhere that they paid."""
    return any(not _denied(said, match.start()) for match in _CLAIMED.finditer(said))


@lru_cache(maxsize=64)
def was_paid(said: str, start: int, end: int) -> bool | None:
    """Whether the clause of a day tells of a payment made; None where it does not say."""
    if _IT_WAS.search(said[max(0, start - 30) : start]):
        return True
    before, after = said[max(0, start - _REACH) : start], said[end : end + _REACH]
    there = f"{_BORDER.split(before)[-1]}| {_BORDER.split(after)[0]}"
    done, to_come = _claims(_DONE, there), bool(_TO_COME.search(there))
    if done != to_come:
        return done
    clauses = re.split(r"[.;!?,\n]+(?=\s|$)", before)
    if done or len(clauses) < 2:
        return None
    sentence = f"{clauses[-1]}| {_STOP.split(after)[0]}"
    if (
        _TO_COME.search(sentence)
        or _THE_REST.search(sentence)
        or len(sentence.split()) > _FRAGMENT + 1
    ):
        return None
    return True if _claims(_CLAIMED, clauses[-2]) else None


def _claims(pattern: re.Pattern[str], text: str) -> bool:
    return any(not _denied(text, match.start()) for match in pattern.finditer(text))


def _denied(text: str, start: int) -> bool:
    return bool(_NOT.search(text[max(0, start - 30) : start]))
