"""Finds the rhythm of an agreement: how often the person means to pay."""

from __future__ import annotations

import re
from typing import Literal

from bot.understanding.clauses import is_story, judge
from bot.understanding.exchange import dropped
from bot.understanding.money_words import money_words
from bot.understanding.owners import owner_before
from bot.understanding.payment_words import OF_THE_PAST, PAID_SO, REFUSED
from bot.understanding.rhythm_words import (
    IDIOM,
    NOT_THEIRS,
    OF_A_PAY,
    OFFERED_AFTER,
    ON_DAYS,
    SPENT,
    THEN_OTHERS,
)
from bot.understanding.sheet import Sheet, either
from bot.understanding.standing import EARNS

Every = Literal["weekly", "biweekly", "monthly"]

UNITS = (
    "cuotas?|cuoti\\w+|cotas?|pagos?|pagitos?|pagamentos?|parcelas?|parcelinhas?|prestacoes|prestacion"
    "|contados|armadas|cuotones|checks|cheques|entregas|pymts?|pmts?"
    "|prestaciones|prestacao|mensualidad|mensualidades|mensalidades?|plazos?|letras|abonos"
    "|goes(?! (?:out|to|through|up|down|on|by))|exhibiciones|partes|tandas"
    "|parcialidad(?:es)?|pagares|cuotillas|parcelitas|parcelonas|installments?|instalments?|payments?|msi"
)
"""What people call one of several payments."""

_EACH = (
    r"(?:(?:toda|todo|todos los|todas las|todos os|todas as)(?! (?:el|la|o|a) )"
    r"|(?:por|c/|cada|a cada|per|every|each|x|/)\s*(?:el |la |a |1 )?)\s*"
)
_COMING = (
    r"(?! (?:que|proxim[oa]|entrante|siguiente|pasad[oa]|santa|del? (?:\d|est[ea]|[a-z]+r(?:l[oa]s?|me|se"
    r"|te)?\b|haber"
    r"|enero|febrero|marzo|abril|mayo|junio|julio|agosto|sep\w*|octubre|nov\w*|dic\w*)))"
)
"""After which it is a day and no rhythm: "la semana que viene", "al mes de comprarla"."""

_BIWEEKLY = (
    r"\b(?:quincenal(?:es?|mente|it[oa]s?)?(?![a-z])|quinzena(?:l|is|lmente)|catorcenal(?:es)?|bi[- ]?weekly"
    r"|fortnightly|(?<!in )(?<!for )(?<!within )a fortnight\b(?! (?:ago|from|today|tomorrow|or))|twice monthly"
    r"|semi-?monthly|bisemanal(?:es?|mente)?|every (?:other|second) week|(?:una )?semana por medio"
    rf"|(?:{_EACH}|a la |al |(?<=\d )la )\s*(?:(?:pago|dia) de )?(?:quincena|quinzena|fortnight"
    rf"|catorcena)s?\b{_COMING}"
    r"|(?:cada |every |each |c/ ?)(?:1[45] (?:dias?|days)|2 (?:semanas?|weeks?)|quinze dias)"
    r"|una semana si (?:y )?(?:una|otra) no|semana sim semana nao|(?:de |a cada )?15 e[nm] 15(?: dias)?"
    r"|cada 15(?=\s*(?:$|[.,;]|te\b|les?\b|yo\b|puedo\b|pago\b|doy\b))"
    r"|(?:2 (?:veces|vezes|times)|twice) (?:al?|por|ao|per|every|each) (?:mes|month))"
)
_WEEKLY = (
    rf"\b(?:semanal(?:es?|mente|it[oa]s?)?(?![a-z])|semanais|weekly|(?<=\d )pw\b|p/w\b|(?:cada"
    rf"|every) [78] (?:dias|days)"
    rf"|(?:de )?[78] e[nm] [78](?: dias)?"
    rf"|(?<!esta )(?<!a )(?<!por )(?<!en )(?<!de )(?<!entre )la semana\b(?! pasada){_COMING}"
    rf"|(?:{_EACH})(?:semana|week)s?\b|a la semana\b{_COMING}|semana (?:a|x|con) semana|week by week"
    r"|(?<!in )(?<!for )(?<!me )(?<!need )(?<!back )(?<!wait )"
    r"a week\b(?! (?:ago|later|or|today|tomorrow|on \w+day|\w+day|from (?:now|today|tomorrow|then|\w+day))))"
    r"|/\s?(?:semana|sem|week|wk)\b"
)
_MONTHLY = (
    r"\b(?:mensual(?:es?|mente|it[oa]s?)?(?![a-z])|mensal(?:mente)?(?![a-z])|mensais|monthly"
    r"|(?:a|per) mo\b|pcm\b|p/m\b|mes (?:a|con|x) mes|month (?:by|to) month|cada 30 dias"
    r"|(?:de )?30 e[nm] 30(?: dias)?"
    r"|\d+ (?P<kept>mensualidad(?:es)?|mensalidades?)"
    r"|(?:once|1 time|one time|una vez|uma vez|1 vez) (?:a|al?|por|ao|per|every|each|cada) (?:month|mes)"
    r"|todo (?=[a-z\d]+[oa]?\W? dia (?:util )?d[oe] (?:cada )?mes)"
    rf"|(?:{_EACH})(?:mes|meses|months?)\b(?! (?:y|e) medi[oa])|(?:al|ao) mes\b{_COMING}"
    r"|(?<!in )(?<!for )(?<!half )a month\b(?! (?:ago|later|or|from (?:now|today|tomorrow|then))))"
    r"|/\s?(?:mes|month|mo)\b"
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


_AT_THE_QUINCENA = re.compile(r"(?:a )?la quin|la semana")
_A_SUM = re.compile(r"\d\W*(?:[a-z$€]+\W*)?$")
_AFTER_A_TIME = re.compile(r"(?:al|ao) mes|a la semana|a semana")
_SUM_BEFORE = re.compile(r"\d\W*(?:[a-z$€]+\W+){0,3}$")
_COUNTED = re.compile(
    rf"(?<![\d.,$€£])\d{{1,4}} (?!(?:{UNITS}|{either(money_words())}|more|mas|mais|every|each"
    rf"|paid)\b)[a-z]{{4,}}s $"
)
"""What is done or sold so often: "15 cartas al mes", "900 portions a week"."""

_PIECES = re.compile(r"(?<![\d.,$€£])[1-9] $")
_EARNED = re.compile(
    rf"\b{EARNS}\b(?!.*\b(?:pag(?:o|ar|are|aria|arei)|pay|doy|dou|puedo|posso|abono"
    rf"|so|asi que|entonces|entao|por eso|pero|but)\b)[^.,;!?]{{0,30}}$"
)


def _blot_what_is_not_theirs(sheet: Sheet) -> None:
    """Take idioms as read, and the days on which somebody works, calls or plays."""
    for match in sheet.find(IDIOM):
        sheet.blot(*match.span())
    for match in sheet.find(ON_DAYS):
        before = sheet.before(match.start())
        if NOT_THEIRS.search(before) or THEN_OTHERS.match(sheet.text, match.end()):
            sheet.blot(*match.span())


def _is_no_rhythm(sheet: Sheet, match: re.Match[str]) -> bool:
    """Whether what reads like a rhythm counts things, or is when something befell somebody."""
    before = sheet.before(match.start())
    if _AFTER_A_TIME.match(match.group()) and not _SUM_BEFORE.search(before):
        return judge(sheet.said, *match.span()) == "tells"  # "me la robaron a la semana"
    return bool(
        _COUNTED.search(before)
        or (match.group() == "a week" and _PIECES.search(before))
        or (is_story(sheet.said) and OF_A_PAY.search(before))
        or SPENT.search(before)
        or THEN_OTHERS.match(sheet.text, match.end())
    )


def read_every(sheet: Sheet) -> tuple[Every | None, bool]:
    """How often the person means to pay, and whether to ask: two rhythms, or that of their salary.

    How often they are called is no rhythm of theirs, nor are payments they owe ("debo 3
    mensualidades").
    """
    _blot_what_is_not_theirs(sheet)
    found: list[tuple[Every, bool, bool, bool, bool]] = []
    places: list[tuple[int, int]] = []
    for every, pattern in _RHYTHMS:
        for match in sheet.find(pattern):
            before, kept = sheet.before(match.start()), match.groupdict().get("kept")
            if _AT_THE_QUINCENA.match(match.group()) and not _A_SUM.search(before):
                continue
            if _is_no_rhythm(sheet, match):
                sheet.blot(*match.span())
                continue
            theirs = OFFERED_AFTER.match(sheet.text, match.end()) or not NOT_THEIRS.search(before)
            if theirs and not (kept and OF_THE_PAST.search(before)):
                story = is_story(sheet.said)
                owner = owner_before(sheet.said, match.start()) if story else ""
                told = story and (PAID_SO.search(before) or owner == "beside")
                earned = bool(_EARNED.search(before) or told)
                refused = REFUSED.search(before)
                offers = judge(sheet.said, *match.span()) == "offers"
                found.append((every, earned, bool(refused), offers, owner == "offered"))
                places.append(match.span())
            if not kept and not _OF.search(before):
                sheet.blot(*match.span())
    ordered = sorted(zip(places, found, strict=True), key=lambda both: both[0])
    out = dropped(sheet.said, [place for place, _ in ordered])
    found = [one for _, one in ordered]
    stands = [one for one, refused in zip(found, out, strict=True) if not refused]
    meant = [one for one in stands if not one[1] and not one[2]] or stands or found
    if is_story(sheet.said):
        meant = [one for one in meant if one[4]] or [one for one in meant if one[3]] or meant
    asked = len({one[0] for one in meant}) > 1 or any(one[1] for one in meant)
    return (meant[0][0] if meant else None), asked
