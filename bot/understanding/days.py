"""Finds the day a person names, in their calendar: "el viernes", "dia 5", "12/15", "fin de mes"."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from bot.understanding.amounts import money_words
from bot.understanding.calendar_words import (
    doubtful_weekdays,
    long_months,
    months,
    weekdays,
)
from bot.understanding.sheet import BLOT, Sheet, either
from bot.understanding.terms import Every

_MONTH_FIRST = frozenset({"US"})


@dataclass(frozen=True, slots=True)
class Day:
    """The day named; `asked` where it has two readings, or none ("el dia de pago")."""

    on: date | None = None
    asked: bool = False
    every: Every | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """One mention of a day; `kind` tells what combines with it (a weekday with "next week")."""

    on: date | None
    kind: str = "day"
    vague: bool = False
    number: int = 0
    every: Every | None = None
    past: bool = False
    start: int = 0
    end: int = 0


# --- arithmetic ------------------------------------------------------------------------------------


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _add(today: date, **span: int) -> date | None:
    try:
        return today + timedelta(**span)
    except OverflowError:
        return None


def _month(today: date, offset: int) -> tuple[int, int]:
    index = today.year * 12 + today.month - 1 + offset
    return index // 12, index % 12 + 1


def _in_months(today: date, offset: int, day: int | None = None) -> date | None:
    """The same day (or `day`) `offset` months away, or that month's last."""
    year, month = _month(today, offset)
    if not 1 <= year <= 9_998:
        return None
    return date(year, month, min(day or today.day, monthrange(year, month)[1]))


def _month_end(today: date, offset: int = 0) -> date | None:
    return _in_months(today, offset, 31)


def _next_weekday(today: date, weekday: int, *, after: bool = False) -> date | None:
    ahead = (weekday - today.weekday()) % 7
    return _add(today, days=ahead or (7 if after else 0))


def _last_weekday(today: date, weekday: int) -> date | None:
    return _add(today, days=-((today.weekday() - weekday) % 7 or 7))


def _in_next_week(today: date, weekday: int, weeks: int = 1) -> date | None:
    return _add(today, days=7 * weeks + weekday - today.weekday())


def _next_day(today: date, number: int, *, past: bool = False) -> date | None:
    """The nearest day `number` of a month at or after `today`; before it, if `past`."""
    for offset in range(4):
        year, month = _month(today, -offset if past else offset)
        day = _day(year, month, number)
        if day and (day <= today if past else day >= today):
            return day
    return None


def _in_year(today: date, month: int, day: int, *, past: bool = False) -> date | None:
    """The nearest such day of the year at or after `today`; before it, if `past`."""
    for offset in range(9):
        named = _day(today.year + (-offset if past else offset), month, day)
        if named and (named <= today if past else named >= today):
            return named
    return None


def _payday(today: date) -> date | None:
    """The next of the 15th and the month's last day, when half of Latin America is paid."""
    return today.replace(day=15) if today.day <= 15 else _month_end(today)


# --- what the person says around it ----------------------------------------------------------------

_DONE = re.compile(
    r"(?<!que )(?<!me )(?<!le )(?<!si )(?<!cuando )(?<!favor )(?<!get )(?<!gets )(?<!getting )(?<!be )\b(?:pague|pagamos|paguei|pagou|paid|deposite|depositei"
    r"|deposited|transferi|transferred|abone|hice|fiz|fizemos|made|sent|envie|enviei|mandei|cancele|cancelei|consigne"
    r"|realice|realizei|pagad[oa]|foi|was|were|fui|vencio|venceu|cobraron|descontaron|debitaron|debitaram|charged"
    r"|despidieron|perdi|lost|did|compre|comprei|recibi|recebi|llego|chegou|llamaron|estaba|estava|estuve|estive)\b"
)
_PAID = re.compile(
    r"\b(?:pague|pagamos|paguei|paid|deposite|depositei|deposited|transferi|transferred|abone|hice|fiz|made|sent"
    r"|envie|enviei|mandei|cancele|consigne|realice|realizei)\b"
)
_TO_DO = re.compile(
    r"\b(?:pago|pagar|pagare|pagarei|pagaria|pay|voy|vamos|vou|ire|puedo|podre|podria|posso|consigo|will|can|could|going"
    r"|gonna|quiero|quero|want|prometo|promise|deposito|depositare|depositar|transfiero|transferir|abono|abonare|hago"
    r"|hare|farei|cobro|cobrare|recebo|esperen|esperenme|hasta|ate|until|by|before|antes|confirmo|aviso|i'll)\b"
)
_CANNOT = (
    r"(?:no (?:puedo|podria|podre|llego|alcanzo|tengo|cobro)|nao (?:posso|consigo|tenho|da|vou|recebo)"
    r"|can'?t|cannot|can not|won'?t|don'?t have)"
)
_CANNOT_BEFORE = re.compile(
    rf"\b{_CANNOT}\b(?!.*\b(?:hasta|antes|until|till|ate|before|sino|pero|but|mas|so|solo|si|after|despues)\b)[^.;!?\n,]{{0,40}}$"
)
_CANNOT_AFTER = re.compile(rf"\s*,?\s*(?:ya |si |yo |eu |i |me )?(?:{_CANNOT}\b|(?:no|nao)\s*(?:$|[,.;]))")
_DUE_BEFORE = re.compile(
    r"\b(?:venc\w+|due|corte|caduc\w+|llamaron|despidieron|perdi|compre|desde|since)\s+(?:\w+\s+){0,2}$"
)
_AFTER_BEFORE = re.compile(r"\b(?:despues|depois|after|luego|pasando|passando)\s*(?:de |do |da |del |d[eo] dia |el )?$")


def _is_done(text: str, start: int, end: int) -> bool:
    """Whether the nearest verb around `start` to `end` speaks of something past."""
    before = re.split(r"[.;!?\n]", text[:start])[-1]
    after = re.split(r"[.;!?\n]", text[end:])[0]
    done = max((match.start() for match in _DONE.finditer(before)), default=-1)
    to_do = max((match.start() for match in _TO_DO.finditer(before)), default=-1)
    if done != to_do:
        return done > to_do
    done = min((match.start() for match in _DONE.finditer(after)), default=10_000)
    to_do = min((match.start() for match in _TO_DO.finditer(after)), default=10_000)
    return done < to_do


# --- how days are written --------------------------------------------------------------------------


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    month, full = either(months()), either(long_months())
    sure, doubtful = either(weekdays()), either(doubtful_weekdays())
    money = either(money_words())
    not_day = (
        r"(?![\da-z%°])(?![.,/:-]\d)(?!\s*(?:[%$€£]|(?:" + money + r"|por ciento|por cento|percent|dias?|days?|semanas?"
        r"|weeks?|mes(?:es)?|months?|cuotas|pagos|parcelas|veces|vezes|x|anos?|years?|horas?|hs|hrs|h|am|pm|hours?)\b))"
    )
    nth = r"(?:st|nd|rd|th|o|ro|er|do|to)?"
    year = r"(?:(?:,\s*|\s+)(?:del? |do |of )?(?P<year>(?:19|20)\d\d)(?!\d)|\s+(?:del?|do) (?P<yy>\d\d)(?![\d.,%]))?"
    one = r"(?P<count>\d{1,3}|un|una|um|uma|one|an?)"
    unit = (
        r"(?P<unit>dias?|days?|semanas?|weeks?|mes|meses|months?|quincenas?|quinzenas?|catorcenas?|fortnights?"
        r"|horas?|hours?|hs|hrs|minutos?|minutes?|min|ratos?|ratico)\b"
    )
    soon = (
        r"(?:dentro de|de aqui a|en los proximos|nos proximos|in the next|within(?: the next)?|daqui a|daqui|en unos"
        r"|en como|em uns|in about|antes de|em ate|en|em|in|a)"
    )
    on = r"(?:na|no|nesta|nessa|neste|esta|este|essa|ate a|ate|pra|para|on|this|next|by|until|till|el|proxim[oa]|toda|todas as|last|ultim[oa])"
    not_a_thing = r"(?!\s+(?:via|vez|parcela|opcao|opcion|chance|cota|cuota|parte|quincena|quinzena|semana|divida|fatura|conta|mensagem|proposta|oferta|is|was|de))"
    return {
        name: re.compile(pattern)
        for name, pattern in {
            "iso": r"(?<!\d)(?P<year>(?:19|20)\d\d)[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)",
            "numeric": r"(?<![\d/.,-])(?P<a>\d{1,2})(?P<sep>[/.-])(?P<b>\d{1,2})(?P=sep)(?P<year>\d{4}|\d\d)(?![\d/])",
            "slash": r"(?<![\d/.,$-])(?!24/7)(?P<a>\d{1,2})/(?P<b>\d{1,2})(?![\d/%])",
            "dash": r"(?<=el |ia |on |no )(?P<a>\d{1,2})-(?P<b>\d{1,2})(?![\d/%-])",
            "pair": rf"\b(?:los|dias|cada|el|al?|del|entre el|dia|the|on the|todos los)\s+(?:dias? )?(?P<a>\d{{1,2}}){nth}\s*"
            rf"(?P<join>y|e|and|&|o|ou|or|al?|u|ao|-)\s*(?:el |los |the |dia |o |no dia |cada )?(?P<b>\d{{1,2}}){nth}{not_day}",
            "day_month": rf"(?<![\d/.,$-])(?P<day>\d{{1,2}}|primer[oa]?|primeiro){nth}\s*(?:de |of |d )?(?P<month>{month})\b(?! of)\.?{year}",
            "month_day": rf"\b(?P<month>{month})\.?\s+(?:the )?(?P<day>\d{{1,2}}|first){nth}{not_day}{year}",
            "quincena_of": rf"\b(?P<which>primera|segunda|1a|2a)\s+quin[cz]ena(?:\s+(?:de |do )?(?:(?P<month>{full})|(?P<next>mes que viene|mes que vem|proximo mes)))?\b",
            "edge": rf"\b(?P<edge>fin(?:es|al(?:es)?)?|fim|end|ultimo dia|ultimos dias|last day|mediados|mitad|meados|metade|mid(?:dle)?|principios?"
            rf"|comienzos?|inicios?|comeco|beginning|start)\s*(?:del?|do|da|of)?\s*(?:the |este |esse |cada |each |every |this |el |ese |o |l )?"
            rf"(?:(?P<month>{full})|(?P<next>(?:proximo mes|next month|mes que viene|mes que vem|mes proximo))|(?P<unit>mes|month|ano|year|semana|week|finde))\b",
            "next_month": r"\b(?:el |del? |no |do |the |of )?(?P<next>mes (?:que viene|que vem|q viene|q vem|entrante|proximo|siguiente)|proximo mes|next month|outro mes|otro mes)\b",
            "this_month": r"\b(?:este|esse|neste|nesse|this|del corriente|el corriente|de este|deste|of this|del presente) (?P<this>mes|month)\b",
            "last_month": r"\b(?:el )?(?:mes pasado|mes passado|last month)\b",
            "weekend": r"\b(?:el |este |this |the |no |proximo )?(?:fin de semana|finde|fim de semana|weekend)\b",
            "next_week": r"\b(?:la |de la |da |na |en la |of )?(?:proxima semana|semana (?:que viene|que vem|q viene|q vem|proxima|entrante|siguiente)"
            r"|(?P<other>(?:otra|outra) semana)|next week|week after next)\b",
            "this_week": r"\b(?:esta|essa|nesta|nessa|this|en la) (?:misma )?(?:semana|week)\b",
            "last_week": r"\b(?:la )?(?:semana pasada|semana passada|last week|ultima semana)\b",
            "before_yesterday": r"\b(?:antes de ayer|anteayer|antier|anteontem|(?:the )?day before yesterday)\b",
            "yesterday": r"\b(?:ayer|ontem|yesterday|anoche|last night)\b",
            "after_tomorrow": r"\b(?:pasado manana|pasadomanana|depois de amanha|(?:the )?day after tomorrow)\b",
            "tomorrow": r"\b(?:manana|amanha|tomorrow|tomorow|tommorow|tmrw?|mannana)\b",
            "today": r"\b(?:hoy|hoje|today|tonight|esta (?:tarde|noche)|hj)\b",
            "ago": rf"\b(?:(?:desde )?hace(?: como| unos| mas de)?|faz|ha) {one} {unit}|\b{one.replace('count', 'n')} {unit.replace('unit', 'u')} (?:ago|atras)\b",
            "in": rf"\b{soon} {one} {unit}(?! (?:que viene|sin|sem|de (?:atras|mora|plazo)|atras|ago|y|e) )|^\W*{one.replace('count', 'n')} {unit.replace('unit', 'u')}\W*$"
            rf"|\b{one.replace('count', 'm')} {unit.replace('unit', 'v')} (?:from (?:now|today)|a partir de (?:hoy|hoje|ahora|agora))\b",
            "weekday": rf"(?:\b(?P<every>cada|todos los|todas as|todos os|toda|todo|los|as|aos|nas|nos|every|each)\s+)?"
            rf"(?:\b(?P<last>pasado|passad[oa]|last|ultim[oa])\s+)?(?:\b(?:este|esta|this|essa|nesta|nessa|on|el|la|a|na|no|del?)\s+)?"
            rf"(?:\b(?P<next>proxim[oa]|next|siguiente)\s+)?"
            rf"(?:\b(?P<sure>{sure})|(?:(?<![a-z])(?P<on>{on})\s+)?\b(?P<doubtful>{doubtful})\b\.?{not_a_thing})(?![a-z])(?:-feira| feira)?"
            rf"(?:\s+(?P<then>que viene|que vem|q viene|q vem|proxim[oa]|siguiente|entrante)|\s+(?P<gone>pasad[oa]|passad[oa]|anterior))?"
            rf"(?:,?\s+(?:the |dia |el )?(?P<day>\d{{1,2}}){nth}{not_day})?",
            "day": rf"\b(?:(?P<all>los|todos los|cada|todo|every|each)|el|al|del|the|dia|dias|no dia|proximo|a dia|ao dia)\s+(?:dias? )?"
            rf"(?:(?P<later>proximo|next) )?(?P<day>\d{{1,2}}|primero|primeiro){nth}{not_day}",
            "nth": rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)\b{not_day}",
            "first": r"\b(?P<day>on the first|by the first|until the first|dia primeiro|dia primero|dia uno|dia um)\b",
            "quincena": r"\b(?:la |esta |na |nesta |a |de )?(?P<next>proxima |otra |siguiente )?(?:quincena|quinzena)(?P<then> que viene| que vem)?\b",
            "payday": r"\b(?:dia de (?:pago|cobro|paga|pagamento)|pay ?day|(?:cuando|apenas|en cuanto|quando|assim que|when|once|as soon as|luego que)"
            r"\s+(?:\w+\s+){0,4}?(?:cobre|pague|paguen|paguem|pagarem|pagam|pagan|depositen|caiga|cair|caia|receber|reciba|recibo|paid|paycheck|salary|sueldo|salario)"
            r"|(?:proximo|next) (?:sueldo|salario|cobro|pagamento|paycheck|check|nomina)|aguinaldo|decimo terceiro|13o\b|tax refund|gratificacion"
            r"|(?:quinto|5o) dia util|primer dia habil|first business day|cuando pueda|quando puder|when i can)\b",
            "feast": r"\b(?P<feast>nochebuena|christmas eve|vespera de natal|navidad|christmas|natal|ano nuevo|ano novo|new year'?s?)\b",
            "month": rf"\b(?P<said>en|em|in|para|pra|hasta|ate|by|until|desde|since)\s+(?P<month>{full})\b{year}",
        }.items()
    }


_NOISE = re.compile(
    r"\b(?:por|en|de|a|a la|pela|da|de la|in the|toda)\s+(?:la |las )?(?:mananas?\b|manha\b|manhas\b|morning\b)|\bdel dia\b"
    r"|\bbuen(?:os)? dias?\b|\bbom dia\b|\bhoy en dia\b|\bhoje em dia\b|\bdia a dia\b|\balgun dia\b|\bun dia de estos\b"
    r"|\b(?:a las?|as|at|desde las|hasta las)\s+\d{1,2}(?::\d\d)?(?![\d/.,])\s*(?:[ap]\.?m\b\.?|h\w{0,4}\b)?(?!\s*(?:de |of )?[a-z]*(?:bre|ero|o de)\b)"
    r"|\b\d{1,2}:\d\d(?::\d\d)?(?:\s*[ap]\.?m\b\.?)?|\b\d{1,2}\s?(?:[ap]\.?m\b\.?|hs\b|hrs\b|h\b)"
)


class _Reader:
    """Reads the days of one sheet, seen from `today`."""

    def __init__(self, sheet: Sheet, country: str, today: date, past: bool) -> None:
        self.sheet = sheet
        self.whole = sheet.text
        self.country = country
        self.today = today
        self.past = past
        self.rules: tuple[tuple[str, Callable[[re.Match[str]], _Found | None]], ...] = (
            ("iso", self._iso),
            ("numeric", self._numeric),
            ("slash", self._numeric),
            ("dash", self._numeric),
            ("day_month", self._of_month),
            ("month_day", self._of_month),
            ("quincena_of", self._half_month),
            ("edge", self._edge),
            ("weekend", self._weekend),
            ("pair", self._pair),
            ("ago", self._ago),
            ("in", self._in),
            ("next_month", lambda _: _Found(_in_months(today, 1), "span", vague=True, number=1)),
            ("this_month", lambda _: _Found(_month_end(today), "span", vague=True)),
            ("last_month", lambda _: _Found(_in_months(today, -1), "span", True, -1, past=True)),
            ("next_week", self._next_week),
            ("this_week", lambda _: _Found(_in_next_week(today, 6, 0), "week", vague=True)),
            ("last_week", lambda _: _Found(_add(today, days=-7), "week", True, -1, past=True)),
            ("before_yesterday", lambda _: _Found(_add(today, days=-2), past=True)),
            ("yesterday", lambda _: _Found(_add(today, days=-1), past=True)),
            ("after_tomorrow", lambda _: _Found(_add(today, days=2))),
            ("tomorrow", lambda _: _Found(_add(today, days=1))),
            ("today", lambda _: _Found(today)),
            ("weekday", self._weekday),
            ("day", self._day),
            ("nth", self._day),
            ("first", self._first),
            ("payday", lambda _: _Found(None, "payday", vague=True)),
            ("quincena", self._quincena),
            ("feast", self._feast),
            ("month", self._month),
        )

    def found(self) -> Iterator[_Found]:
        for match in self.sheet.find(_NOISE):
            self.sheet.blot(*match.span())
        for name, read in self.rules:
            for match in self.sheet.find(_patterns()[name]):
                one = read(match)
                if one is None:
                    continue
                self.sheet.blot(*match.span())
                gone = one.past or (one.on is not None and one.on < self.today)
                yield replace(one, start=match.start(), end=match.end(), past=gone)

    def _done(self, match: re.Match[str]) -> bool:
        return self.past or _is_done(self.whole, *match.span())

    def _iso(self, match: re.Match[str]) -> _Found | None:
        on = _day(int(match["year"]), int(match["month"]), int(match["day"]))
        return _Found(on) if on else None

    def _numeric(self, match: re.Match[str]) -> _Found | None:
        first, second = int(match["a"]), int(match["b"])
        orders = [(second, first), (first, second)]
        if self.country in _MONTH_FIRST:
            orders.reverse()
        year = match.groupdict().get("year")
        read = [self._dated(year, month, day, match) for month, day in orders]
        named = [on for on in read if on]
        if not named:
            nearly = min(first, second) <= 12 and max(first, second) <= 31
            return _Found(None, vague=True) if nearly else None
        return _Found(named[0], vague=len(set(named)) > 1 and self._is_foreign_order())

    def _is_foreign_order(self) -> bool:
        """Whether a Spanish or Portuguese speaker writes in the US: 3/4 may be either."""
        words = r"\b(?:el|la|los|para|pago|pagar|dia|ate|hasta|em|puedo|posso|quiero|quero)\b"
        return self.country in _MONTH_FIRST and bool(re.search(words, self.whole))

    def _dated(
        self, year: str | None, month: int, day: int, match: re.Match[str]
    ) -> date | None:
        if year:
            return _day(int(year) + (2_000 if len(year) == 2 else 0), month, day)
        return _in_year(self.today, month, day, past=self._done(match))

    def _of_month(self, match: re.Match[str]) -> _Found | None:
        day = int(match["day"]) if match["day"].isdigit() else 1
        on = self._dated(match["year"] or match["yy"], months()[match["month"]], day, match)
        return _Found(on, vague=on is None)  # "30 de febrero": asked

    def _half_month(self, match: re.Match[str]) -> _Found:
        first = match["which"] in {"primera", "1a"}
        if match["month"]:
            month = months()[match["month"]]
            on = _in_year(self.today, month, 15 if first else monthrange(2_001, month)[1])
        else:
            offset = 1 if match["next"] else 0
            on = _in_months(self.today, offset, 15) if first else _month_end(self.today, offset)
            if on and on < self.today:
                on = _in_months(self.today, 1, 15)
        return _Found(on)

    def _edge(self, match: re.Match[str]) -> _Found | None:
        edge, unit = match["edge"], match["unit"]
        last = edge.startswith(("fin", "fim", "end", "ultimo", "last"))
        day = 31 if last else 15 if edge.startswith(("mediad", "mitad", "mead", "metade", "mid")) else 1
        if unit in {"semana", "week", "finde"}:
            weekend = edge == "fin" or edge == "fim"
            on = _next_weekday(self.today, 5) if weekend else _in_next_week(self.today, 4, 0)
            return _Found(on, vague=True)
        if unit in {"ano", "year"}:
            return _Found(_in_year(self.today, 12, 31), vague=not last) if last else None
        if match["month"]:
            month = months()[match["month"]]
            year = next(
                year
                for year in range(self.today.year, self.today.year + 2)
                if date(year, month, monthrange(year, month)[1]) >= self.today
            )
            return _Found(_day(year, month, min(day, monthrange(year, month)[1])), vague=not last)
        on = _in_months(self.today, 1 if match["next"] else 0, day)
        if on and on < self.today:
            on = _in_months(self.today, 1, day)
        return _Found(on, vague=not last)

    def _weekend(self, match: re.Match[str]) -> _Found:
        saturday = self.today if self.today.weekday() == 6 else _next_weekday(self.today, 5)
        return _Found(saturday, vague=True)

    def _pair(self, match: re.Match[str]) -> _Found | None:
        days = sorted({int(match["a"]), int(match["b"])})
        past = self._done(match)
        named = [on for day in days if (on := _next_day(self.today, day, past=past))]
        if len(named) < 2 or not all(1 <= day <= 31 for day in days):
            return None
        both = match["join"] in {"y", "e", "and", "&"}
        again = re.search(r"\b(?:los|cada|dias|todos|every|each)\b", match.group()) or re.match(
            rf"[\s{BLOT}]*(?:de |of )?(?:cada|todo|every|each|{BLOT})", self.sheet.text[match.end() :]
        )
        if both and again:
            return _Found(min(named), every="biweekly")
        first = _next_day(self.today, int(match["a"]), past=past)
        return _Found(first, vague=True)

    def _ago(self, match: re.Match[str]) -> _Found:
        count, unit = match["count"] or match["n"], match["unit"] or match["u"]
        return _Found(self._shifted(count, unit, -1), "ago", past=True)

    def _in(self, match: re.Match[str]) -> _Found | None:
        count = match["count"] or match["n"] or match["m"]
        unit = match["unit"] or match["u"] or match["v"]
        months_ahead = unit.startswith(("mes", "month")) and count.isdigit() and int(count) > 1
        if months_ahead and re.match(r"a \d", match.group()):
            return None
        vague = bool(months_ahead and re.match(r"(?:en|em) \d", match.group()))
        return _Found(self._shifted(count, unit, 1), vague=vague)

    def _shifted(self, count: str, unit: str, sign: int) -> date | None:
        number = (int(count) if count.isdigit() else 1) * sign
        if unit.startswith(("mes", "month")):
            return _in_months(self.today, number)
        if unit.startswith(("h", "min", "rat")):
            return self.today
        days = 7 if unit.startswith(("sem", "week")) else 15 if unit.startswith("quin") else 14
        return _add(self.today, days=number * (1 if unit.startswith(("dia", "day")) else days))

    def _next_week(self, match: re.Match[str]) -> _Found:
        weeks = 2 if match.group().endswith("week after next") else 1
        return _Found(_add(self.today, days=7 * weeks), "week", vague=True, number=weeks)

    def _weekday(self, match: re.Match[str]) -> _Found | None:
        name = match["sure"] or match["doubtful"]
        if match["doubtful"] and not self._is_a_day(match):
            return None
        weekday = (weekdays() | doubtful_weekdays())[name]
        every: Every | None = "weekly" if match["every"] or (name.endswith("days")) else None
        if match["last"] or match["gone"] or (match["on"] or "").startswith(("last", "ultim")):
            return _Found(_last_weekday(self.today, weekday), "weekday", past=True)
        later = bool(match["next"] or match["then"] or (match["on"] or "").startswith(("prox", "next")))
        done = not every and not later and self._done(match)
        on = (
            _last_weekday(self.today, weekday)
            if done
            else _next_weekday(self.today, weekday, after=later)
        )
        vague = False
        if (match["next"] or match["on"]) == "next" and on:
            vague = on.isocalendar()[:2] == self.today.isocalendar()[:2]
        if match["day"]:
            dated = _next_day(self.today, int(match["day"]), past=done)
            if dated and dated.weekday() == weekday:
                return _Found(dated)
            return _Found(on, "weekday", True, weekday, every)
        return _Found(on, "weekday", vague, weekday, every)

    def _is_a_day(self, match: re.Match[str]) -> bool:
        alone = re.fullmatch(r"\W*[a-z. ]*\W*", self.whole) and len(self.whole.split()) == 1
        brazil = self.country == "BR" and match["doubtful"] in {"segunda", "quinta", "sexta"}
        feira = "feira" in match.group()
        return bool(match["on"] or match["then"] or match["gone"] or brazil or feira) or bool(
            alone and match["doubtful"] not in {"segunda", "quinta", "sexta"}
        )

    def _day(self, match: re.Match[str]) -> _Found | None:
        number = int(match["day"]) if match["day"].isdigit() else 1
        if not 1 <= number <= 31:
            return None
        if not match["day"].isdigit() and not re.match(r"dia|cada|todo|al\b|del\b", match.group()):
            if not re.search(r"\b(?:para|pago|pagare|hasta|ate|desde|pra)\b[^.;!?]*$", self.whole[: match.start()]):
                return None
        every: Every | None = "monthly" if match.groupdict().get("all") else None
        past = not every and self._done(match)
        on = _next_day(self.today, number, past=past)
        return _Found(on, "day", number=number, every=every) if on else None

    def _first(self, match: re.Match[str]) -> _Found | None:
        return _Found(_next_day(self.today, 1, past=self._done(match)), "day", number=1)

    def _quincena(self, match: re.Match[str]) -> _Found:
        on = _payday(self.today)
        if (match["next"] or match["then"]) and on == self.today:
            on = _payday(self.today + timedelta(days=1))
        if (match["next"] or "").strip() == "otra" and on:
            return _Found(_payday(on + timedelta(days=1)), vague=True)
        return _Found(on)

    def _feast(self, match: re.Match[str]) -> _Found:
        name = match["feast"]
        if name.startswith(("ano", "new")):
            return _Found(_in_year(self.today, 1, 1))
        return _Found(_in_year(self.today, 12, 24 if name not in {"navidad", "christmas", "natal"} else 25))

    def _month(self, match: re.Match[str]) -> _Found | None:
        month = months()[match["month"]]
        if match["year"]:
            return _Found(_day(int(match["year"]), month, 1), "month", vague=True, number=month)
        done = match["said"] in {"desde", "since"} or self._done(match)
        if month == self.today.month and not done:
            return _Found(self.today, "month", vague=True, number=month)
        on = _in_year(self.today, month, 1, past=done)
        return _Found(on, "ago" if done else "month", vague=True, number=month)


# --- putting the mentions together -----------------------------------------------------------------


def _combined(found: list[_Found], today: date) -> list[_Found]:
    """ "Next week, on Tuesday" is one day; so is "el 5 del mes que viene" and "viernes 15/12"."""
    weeks = [one for one in found if one.kind == "week"]
    plain_weekdays = [one for one in found if one.kind == "weekday" and not one.every]
    if len(weeks) == 1 and plain_weekdays:
        moved = [
            replace(one, on=_in_next_week(today, one.number, weeks[0].number), vague=False)
            for one in plain_weekdays
        ]
        found = [one for one in found if one not in weeks and one not in plain_weekdays] + moved
    spans = [one for one in found if one.kind == "span"]
    days = [one for one in found if one.kind == "day" and one.number and not one.every]
    if len(spans) == 1 and days:
        moved = [replace(one, on=_in_months(today, spans[0].number, one.number)) for one in days]
        found = [one for one in found if one not in spans and one not in days] + moved
    return sorted(found, key=lambda one: one.start)


def _without_names_of(found: list[_Found], text: str) -> list[_Found]:
    """A weekday next to a date only names it ("viernes 15/12"); where they clash, the date is asked."""
    kept = list(found)
    for one in found:
        if one.kind != "weekday" or one.past or one.every:
            continue
        for other in found:
            between = text[one.end : other.start] if one.end <= other.start else text[other.end : one.start]
            if other is one or other.kind in {"weekday", "week", "payday"} or len(between) > 8:
                continue
            if re.fullmatch(r"[\s,(]*(?:dia|the|el|este)?[\s,(]*", between) and one in kept and other.on:
                kept.remove(one)
                if other.on.weekday() != one.number and other in kept:
                    kept[kept.index(other)] = replace(other, vague=True)
    return kept


def read_day(sheet: Sheet, *, country: str, today: date, past: bool) -> Day:
    """The day the person names: at or after `today`, unless they speak of the past.

    Several days, a vague one ("la semana que viene"), one they say they cannot keep, or one that
    only the employer knows ("when I get paid") are to be asked.
    """
    text = sheet.text
    found = sorted(_Reader(sheet, country, today, past).found(), key=lambda one: one.start)
    found = _combined(_without_names_of(found, text), today)
    if not past and any(not one.past and one.on for one in found):
        found = [one for one in found if not one.past]
    elif not past:
        found = [one for one in found if one.kind != "ago" or _PAID.search(text)]
    elif any(one.past for one in found):
        found = [one for one in found if one.past]
    found = [one for one in found if not _is_mere_time(text, one)]
    for keep in (
        lambda one: one.on is not None,
        lambda one: not _is_refused(text, one),
        lambda one: not _DUE_BEFORE.search(text[: one.start]),
        lambda one: one.kind not in {"week", "span"} or one.number != 0,
    ):
        found = [one for one in found if keep(one)] or found
    if not found:
        return Day()
    chosen = found[0]
    asked = (
        chosen.vague
        or len({one.on for one in found}) > 1
        or _is_refused(text, chosen)
        or bool(_AFTER_BEFORE.search(text[: chosen.start]))
    )
    every = next((one.every for one in found if one.every), None)
    return Day(chosen.on, asked, every)


def _is_mere_time(text: str, one: _Found) -> bool:
    """Whether "este mes" only says when something is so ("este mes estoy corto")."""
    if one.kind not in {"week", "span"} or one.number != 0:
        return False
    before = re.split(r"[.;!?\n]", text[: one.start])[-1]
    after = re.split(r"[.;!?\n]", text[one.end :])[0]
    return _is_refused(text, one) or not _TO_DO.search(f"{before} {after}")


def _is_refused(text: str, one: _Found) -> bool:
    before, after = text[: one.start], text[one.end :]
    return bool(_CANNOT_BEFORE.search(before[-80:]) or _CANNOT_AFTER.match(after))
