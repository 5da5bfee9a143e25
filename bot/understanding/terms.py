"""Finds the rhythm of an agreement: in how many payments, and how often."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from bot.understanding.sheet import BLOT, Sheet

Every = Literal["weekly", "biweekly", "monthly"]

_END = r"(?=\s*(?:$|[.,;:!?)]))"

# --- how often ----------------------------------------------------------------------------------

_EACH = (
    r"(?:por|cada|a cada|toda|todo|todos los|todas las|todos os|todas as|per|every|each|x|/)\s*"
    r"(?:el |la |a |1 )?"
)
_COMING = r"(?! (?:que|proxim[oa]|entrante|siguiente))"
_BIWEEKLY = (
    r"\b(?:quincenal(?:es|mente)?|quinzena(?:l|is|lmente)|catorcenal(?:es)?|bi-?weekly|fortnightly"
    r"|semi-?monthly|every (?:other|second) week"
    rf"|(?:{_EACH}|a la |al )\s*(?:quincena|quinzena|fortnight|catorcena)s?\b{_COMING}"
    r"|(?:cada|every) (?:1[45] (?:dias?|days)|2 (?:semanas|weeks))|de 15 e[nm] 15(?: dias)?"
    r"|(?:2 (?:veces|vezes|times)|twice) (?:al?|por|ao|per|every|each) (?:mes|month))"
)
_WEEKLY = (
    rf"\b(?:semanal(?:es|mente)?|semanais|weekly|(?:cada|every) [78] (?:dias|days)"
    rf"|(?:{_EACH})(?:semana|week)s?\b|a la semana\b{_COMING}"
    r"|(?<!in )(?<!for )a week\b(?! (?:ago|from|later|or)))|/\s?(?:semana|sem|week|wk)\b"
)
_MONTHLY = (
    r"\b(?:mensual(?:es|mente)?|mensal(?:mente)?|mensais|monthly|mes (?:a|con) mes|cada 30 dias"
    r"|\d+ (?P<kept>mensualidad(?:es)?|mensalidades?)"
    rf"|(?:{_EACH})(?:mes|meses|months?)\b(?! (?:y|e) medi[oa])|(?:al|ao) mes\b{_COMING}"
    r"|(?<!in )(?<!for )(?<!half )a month\b(?! (?:ago|from|later|or)))|/\s?(?:mes|month|mo)\b"
)
_RHYTHMS: tuple[tuple[Every, re.Pattern[str]], ...] = (
    ("biweekly", re.compile(_BIWEEKLY)),
    ("weekly", re.compile(_WEEKLY)),
    ("monthly", re.compile(_MONTHLY)),
)
_OF = re.compile(
    r"\b(?:fin(?:es|al(?:es)?)?|fim|end|ultimo dia|last day|\d{1,2}(?:st|nd|rd|th)?)"
    r" (?:de|do|of)\s+$"
)


def read_every(sheet: Sheet) -> tuple[Every | None, bool]:
    """How often the person means to pay, and whether they named two rhythms."""
    found: list[Every] = []
    for every, pattern in _RHYTHMS:
        for match in sheet.find(pattern):
            found.append(every)
            kept = match.groupdict().get("kept")
            if not kept and not _OF.search(sheet.text[: match.start()]):
                sheet.blot(*match.span())
    return (found[0] if found else None), len(set(found)) > 1


# --- in how many payments -----------------------------------------------------------------------

UNITS = (
    "cuotas?|cuotitas?|cotas?|pagos?|pagitos?|pagamentos?|parcelas?|parcelinhas?|prestacoes|prestacion"
    "|prestaciones|prestacao|mensualidad|mensualidades|mensalidades?|plazos?|letras|abonos"
    "|exhibiciones|partes|tandas|installments?|instalments?|payments?|msi"
)
"""What people call one of several payments."""

_SMALL = "equal|easy|small|more|iguales|pequen[oa]s|comod[oa]s|mas|mais"
_BETWEEN = rf"[\s{BLOT}]*(?:(?:{_SMALL})\b[\s{BLOT}]*)?"
_FREE = r"(?<![\w.,$€£/:-])"
_COUNT = rf"{_FREE}(?P<count>\d{{1,3}})"
_RANGE = rf"{_FREE}(?P<count>\d{{1,2}})\s*(?:o|ou|or|u|a|y|e|and|-)\s*(?P<other>\d{{1,2}})"
_IN = r"\b(?:en|em|in|a|hasta|ate|up to)(?: hasta| ate| up to)?"
_AN_X = r"(?=\s*(?:$|[^a-z0-9\s]|\d|(?:de|sem|sin|s/|no|por|y|e)\b|mensua|mensai))"
_INSTALMENTS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_RANGE}{_BETWEEN}(?:{UNITS}|x)\b",
        rf"{_IN} {_RANGE} (?:veces|vezes|meses|quincenas|quinzenas)\b",
        rf"{_COUNT}{_BETWEEN}(?:{UNITS})\b",
        rf"{_COUNT}\s?x{_AN_X}",
        rf"{_IN} {_COUNT} (?:veces|vezes|times|tantos|quincenas|quinzenas|catorcenas)\b",
        rf"\b(?:a|hasta|plazo de|plan de|plan a|plano de|prazo de) {_COUNT} (?:meses|months)\b",
        rf"{_COUNT} (?:meses|months) (?:de plazo|sin intereses|sem juros|s/ ?juros|s/ ?intereses)",
        rf"{_COUNT}[- ]month (?:payment )?plan\b",
        r"\b(?:over|across|spread over|durante|por|nos|los)(?: the| los| os)?(?: next| proximos)? "
        rf"{_COUNT} (?:meses|months)\b",
    )
)
_WITH_RHYTHM = re.compile(rf"\b(?:por|for|durante) {_COUNT} (?:meses|months)\b")
_IN_MONTHS = re.compile(r"\b(?:en|em) (?P<count>\d{1,2}) meses\b")
_SINGLE = re.compile(
    r"\b(?:(?:en|em|in) (?:un|una|um|uma|1|one|a) (?:sol[oa]|unic[oa]|single|so|lump)?\s?"
    r"(?:pago|exhibicion|parcela|pagamento|payment|cuota|vez|sum)|de contado|a vista|lump sum"
    r"|(?:pago|parcela|cota) unic[oa]|single payment|de una sola vez|de uma (?:so )?vez)\b"
)
_PAIR = re.compile(
    r"\b(?:un|a|um) (?:par|couple) (?:de|of) (?:pagos|cuotas|parcelas|payments|installments)\b"
)
_ASKED = re.compile(
    r"\b(?:pag|hac|hag|faz|fac|divi|parcel|part|financ|split|plan|pued|pod|dif|cuotas|cancel)\w*"
    rf"[^.;!?]{{0,30}}?\b(?:en|em|in) (?P<count>\d{{1,2}}){_END}"
)
_NTH = re.compile(
    r"\b(?:cuota|parcela|installment|instalment|mensualidad)\s*"
    r"(?:(?:numero|nro|no|n)\b[.°]?\s*|#\s*)?\d{1,3}(?:\s*(?:de|/|of)\s*\d{1,3})?\b"
    rf"(?!\s*(?:[.,]\d|[%$€£]|{UNITS}))"
)
_OF_THE_PAST = re.compile(
    r"\b(?:deb\w+|adeud\w+|atras\w+|falt\w+|qued\w+|rest\w+|owe\w*|missed|skipped|devo|llev\w+|pague"
    r"|pagado|paguei|paid|venc\w+|late on|behind on|hace|desde|ultim[oa]s|hice|fiz|made"
    r"|primer[oa]s)(?: \w+){0,2}\s+$"
)
_IN_ARREARS = re.compile(
    r"\s*(?:\w+ )?(?:atrasad|vencid|pendient|restant|overdue|missed|behind|en atraso|em atraso"
    r"|impag|pagad|pagas\b|que debo|que me falt|que devo|que falt|left|remaining|adeudad|en mora"
    r"|de atraso|de mora|late)"
)
_REFUSED = re.compile(
    r"\b(?:no (?:puedo|podria|podre|llego|alcanzo|quiero)|nao (?:posso|consigo|da|quero)|can'?t"
    r"|cannot|don'?t want)\b(?!.*\b(?:mas|mais|more|sino|pero|but|solo|so|only)\b)[^.,;!?\n]{0,30}$"
)


@dataclass(frozen=True, slots=True)
class Count:
    """In how many payments, and which fields of the message that leaves with two readings."""

    number: int | None = None
    ambiguous: frozenset[str] = frozenset()


def read_instalments(sheet: Sheet, *, rhythm: bool) -> Count:
    """The number of payments asked for; those owed, paid or missed are no request.

    "En 6 meses" can be six payments or a day half a year from now, so both are asked.
    """
    found: list[tuple[int, int, bool]] = []
    for match in sheet.find(_NTH):
        sheet.blot(*match.span())
    for pattern in (*_INSTALMENTS, *([_WITH_RHYTHM] if rhythm else [])):
        for match in sheet.find(pattern):
            before = sheet.text[: match.start()]
            past = _OF_THE_PAST.search(before)
            arrears = _IN_ARREARS.match(sheet.text, match.end())
            number = int(match["count"])
            if not past and not arrears and 1 <= number <= 360:
                unsure = "other" in match.groupdict() or _REFUSED.search(before)
                found.append((match.start(), number, bool(unsure)))
            sheet.blot(*match.span())
    for pattern, number in ((_SINGLE, 1), (_PAIR, 2)):
        for match in sheet.find(pattern):
            found.append((match.start(), number, False))
            sheet.blot(*match.span())
    if found:
        found.sort()
        several = len({number for _, number, _ in found}) > 1 or any(
            unsure for _, _, unsure in found
        )
        return Count(found[0][1], frozenset({"instalments"}) if several else frozenset())
    if (asked := _ASKED.search(sheet.text)) and 2 <= int(asked["count"]) <= 60:
        sheet.blot(*asked.span("count"))
        return Count(int(asked["count"]))
    if (months := _IN_MONTHS.search(sheet.text)) and int(months["count"]) > 1:
        return Count(int(months["count"]), frozenset({"instalments", "on"}))
    return Count()
