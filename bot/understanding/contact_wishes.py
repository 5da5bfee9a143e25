"""Reads how somebody asks to be written to: where, at what hours, on which days, how often, since when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time

from bot.understanding import contact_words as words
from bot.understanding.calendar_days import in_days, in_months
from bot.understanding.contact_hours import LAST, Hours, as_time, bound
from bot.understanding.contact_mentions import Mention, Mentions
from bot.understanding.numerals import spell_digits
from bot.understanding.respelling import respell
from bot.understanding.sheet import BLOT
from bot.understanding.text import plain

HERE = "here"
"""The channel of the conversation itself: "solo por aquí"."""

_LONGEST_SILENCE = 366
"""Days; a later day is more likely a slip, or another matter."""


@dataclass(frozen=True, slots=True)
class ContactWish:
    """What is asked for in figures and names; None where nothing was said of it."""

    channel: str | None = None
    """telegram, whatsapp, email, or `HERE`."""
    hours: tuple[time, time] | None = None
    """On the debtor's clock. They may end before they begin, if that was said."""
    weekdays: tuple[int, ...] | None = None
    """As ISO counts them, 1 is Monday; empty: any again."""
    a_week: int | None = None
    silent_until: date | None = None
    """The first day on which something may be sent again."""
    more: bool = False
    """Something else was asked that only a person can see to: calls, other people, an address."""

    def __bool__(self) -> bool:
        """Whether anything was read that can be kept."""
        said = (self.channel, self.hours, self.weekdays, self.a_week, self.silent_until)
        return any(one is not None for one in said)


_LONGEST = 600
"""Characters; who writes more writes a letter, for a person to read."""
_ADDRESS = re.compile(r"(?<!\S)[^\s@]*@\S+\.\w+|(?:https?://|www\.)\S+|\+?\d[\d -]{7,}\d")
_OF_WEIGHT = 4
"""Letters of a word that may tell something else: "los findes doblo turno"."""
_LIGHT = frozenset({"more", "than", "most", "mais", "gracias", "obrigado", "obrigada", "thanks"})
_FAR = 6
"""Words between a "no" and what it refuses; farther away it belongs to something else."""
_WEEK = frozenset(range(1, 8))
_PT = re.compile(r"\b(?:nao|voces?|chama|fal[ae]m?|pelo|mim|comigo|zap|obrigad\w)\b")
_SPANISH_NO = re.compile(
    rf" (?:me|nos|les?|lo|quiero|puedo|mas|antes|despues|hasta|solo)\b|(?= {words.CONTACT.pattern})"
)
"""After a "no" that refuses; in Portuguese "no" is "in the"."""
_VERBS = re.compile(
    rf"(?!mensaj|mensag|message|msg|text|recordat|lembr|aviso){words.CONTACT.pattern}"
)
_CANNOT = re.compile(
    r"\b(?:no|nao|not) (?:l[eo]s? )?(?:puedo |posso |pude )?(?:atend|contest|respond|hablar|answer|talk|reply|falar"
    r"|mirar|ver|olhar|usar|look|use)\w*"
)


class _Reading(Mentions):
    """What the mentions of one message mean together."""

    def _refused_at(self, one: Mention) -> int | None:
        """Where the "no" stands that refuses a mention, if one does."""
        first, last = self.clause_at(one.start, one.end)
        before, after = self.text[first : one.start], self.left[one.end : last]
        refused: int | None = None
        since = 0
        is_portuguese = self.country == "BR" or bool(_PT.search(self.text))
        for match in words.OPERATOR.finditer(before):
            if match["no"] == "no" and is_portuguese and not _SPANISH_NO.match(before, match.end()):
                continue
            if match["but"]:
                refused = None if refused is not None else first + match.start()
            elif match["no"]:
                refused = first + match.start()
            since = match.end()
        between = before[since:]
        if refused is not None and (
            len(_VERBS.findall(between)) > 1 or len(between.split()) > _FAR
        ):
            # "no llamen manden correo", "no llamen o escriban los lunes": which is refused?
            self.unsure.add(id(one))
        if refused is None and words.NO_AFTER.fullmatch(after):
            refused = one.end
            while self.left[refused : refused + 1] in {" ", BLOT}:
                refused += 1
        return refused

    def _settle(self, taken: list[Mention]) -> list[Mention]:
        """The mentions without those that one "no" refuses together, which no value can say:
        "no me escriban los domingos por la mañana"."""
        refused: dict[int, set[str]] = {}
        for one in taken:
            one.refused_at = self._refused_at(one)
            if one.refused_at is not None:
                refused.setdefault(one.refused_at, set()).add(one.matter)
        keeps = [
            one
            for one in taken
            if id(one) not in self.unsure
            and (one.refused_at is None or len(refused[one.refused_at]) == 1)
        ]
        # "lunes por la mañana y jueves por la tarde"
        wanted = [one.matter for one in keeps if not one.negated]
        named = list(words.day_names()[2].finditer(self.text))
        if wanted.count("hours") > 1 and len(named) > 1 and wanted.count("days") != 1:
            keeps = [one for one in keeps if one.matter not in {"days", "hours"}]
            self.doubt = True
        self.doubt = self.doubt or len(keeps) < len(taken)
        return keeps

    def is_wish(self, one: Mention) -> bool:
        """Whether a mention asks for something, or only tells how somebody lives or pays."""
        first, last = self.clause_at(one.start, one.end)
        clause, rest = self.text[first:last], self.left[first:last]
        if words.TOLD.search(clause):
            return False
        contact = words.CONTACT.search(rest)
        if words.PAY.search(rest) and (one.is_bare or not contact):
            return False
        if words.BUSY.search(rest) and not (contact or words.FREE.search(rest)):
            return False
        if contact or words.WISH.search(rest):
            return True
        others = re.findall(r"[a-z]+", rest)
        days = words.day_names()[0]
        only_small = all(len(w) < _OF_WEIGHT or w in days or w in _LIGHT for w in others)
        return only_small or self._refused_at(one) is not None

    def read(self) -> ContactWish:
        self.mention()
        taken = self._settle([one for one in self.found if self.is_wish(one)])
        hours = self._hours([one for one in taken if one.matter == "hours"])
        days = self._days([one for one in taken if one.matter == "days"])
        a_week = self._count([one for one in taken if one.matter == "count"])
        channel = self._channel([one for one in taken if one.matter == "channel"])
        silent = self._silence(
            [one for one in self.found if one.matter == "until"],
            [one for one in taken if one.matter in {"for", "this"}],
        )
        more = self.doubt or self._asks_more(taken)
        return ContactWish(channel, hours, days, a_week, silent, more)

    def _hours(self, said: list[Mention]) -> tuple[time, time] | None:
        opens, closes, stretches = 0, LAST, []
        known = False
        for one in said:
            hours: Hours = one.value
            if hours.kind == "stretch":
                if hours.stretch is None:
                    self.doubt = True
                elif not one.negated:
                    stretches.append(hours.stretch)
                elif hours.stretch[0] <= 9 * 60 and hours.stretch[1] < 19 * 60:
                    opens, known = max(opens, hours.stretch[1]), True
                elif hours.stretch[1] >= 18 * 60:
                    closes, known = min(closes, hours.stretch[0]), True
                else:
                    self.doubt = True
                continue
            assert hours.hour is not None
            begins = (hours.kind == "after") != one.negated
            minute = bound(hours.hour, opens=begins, negated=one.negated)
            if minute is None:
                self.doubt = True
            elif begins:
                opens, known = max(opens, minute), True
            else:
                closes, known = min(closes, minute), True
        if stretches:
            stretches.sort()
            first, last = stretches[0]
            for start, end in stretches[1:]:
                if start > last:
                    self.doubt = True
                    return None
                last = max(last, end)
            if len(said) == 1 and first > last:
                return as_time(first), as_time(last)
            opens, closes, known = max(opens, first), min(closes, last), True
        return (as_time(opens), as_time(closes)) if known else None

    def _days(self, said: list[Mention]) -> tuple[int, ...] | None:
        if not said:
            return None
        wanted = set[int]().union(*(one.value for one in said if not one.negated)) or set(_WEEK)
        wanted -= set[int]().union(*(one.value for one in said if one.negated))
        if not wanted:
            self.doubt = True
            return None
        return () if wanted == _WEEK else tuple(sorted(wanted))

    def _count(self, said: list[Mention]) -> int | None:
        if not said:
            return None
        match = said[-1].value
        if match["adverb"]:
            number = {"twice": 2, "thrice": 3}.get(match["adverb"], 1)
        else:
            number = int(match["n"]) if (match["n"] or "").isdigit() else 1
        before = self.text[slice(*self.clause_at(match.start(), match.end()))]
        capped = re.search(r"\b(?:mas de|mais d[eo]|mais que|more than|mas que)\b", before)
        if not 1 <= number <= 7 or (said[-1].negated and not capped) or len(said) > 1:
            self.doubt = True
            return None
        return number

    def _channel(self, said: list[Mention]) -> str | None:
        wanted = {one.value for one in said if not one.negated}
        if len(wanted) == 1:
            return str(wanted.pop())
        self.doubt = self.doubt or bool(said)
        return None

    def _silence(self, until: list[Mention], others: list[Mention]) -> date | None:
        days: set[date | None] = set()
        for one in until:
            match, on = one.value
            first, last = self.clause_at(one.start, one.end)
            clause = self.text[first:last]
            if words.PAY.search(clause) and not words.CONTACT.search(clause):
                continue
            if on == self.today:
                continue
            negated = self._refused_at(one) is not None
            asked = bool(words.CONTACT.search(clause) or words.FREE.search(clause))
            if match["until"] and not negated:
                negated = self._leaves_open(first, last)
            if match["until"] or match["before"]:
                if negated:
                    days.add(on)
                elif asked:
                    self.doubt = True
            elif asked:
                days.add(None if negated else on)
        for one in others:
            match = one.value
            if not one.negated:
                continue
            days.add(self._after(match) if one.matter == "for" else self._next(match))
        if not days:
            return None
        on = days.pop()
        if days or on is None or not 0 < (on - self.today).days <= _LONGEST_SILENCE:
            self.doubt = True
            return None
        return on

    def _leaves_open(self, first: int, last: int) -> bool:
        """Whether "no me escriban" stands elsewhere, with nothing that says when or where."""
        for start, end in self.clauses():
            if (start, end) == (first, last) or any(start <= m.start < end for m in self.found):
                continue
            if re.search(r"\b(?:no|nao|not)\b", self.text[start:end]) and words.CONTACT.search(
                self.text[start:end]
            ):
                return True
        return False

    def _after(self, match: re.Match[str]) -> date | None:
        number = int(match["n"]) if match["n"].isdigit() else 1
        unit = match["unit"]
        if unit.startswith(("mes", "month")):
            return in_months(self.today, number)
        return in_days(self.today, number * (1 if unit.startswith(("dia", "day")) else 7))

    def _next(self, match: re.Match[str]) -> date | None:
        if match["day"]:
            return in_days(self.today, 1)
        return self.monday() if match["week"] else in_months(self.today, 1, 1)

    def _asks_more(self, taken: list[Mention]) -> bool:
        for start, end in self.clauses():
            clause = self.text[start:end]
            told = [one for one in taken if start <= one.start < end]
            if words.ELSE.search(clause) or words.NOT_THERE.search(clause):
                return True
            somebody = words.SOMEBODY.search(_CANNOT.sub(" ", clause))
            if somebody and (
                words.CONTACT.search(_CANNOT.sub(" ", clause))
                or words.NO_AFTER.fullmatch(clause[somebody.end() :])
            ):
                return True
            if words.CALLS.search(clause) and not any(one.negated for one in told):
                return True
        return False


def read_contact_wish(text: str, *, country: str, today: date) -> ContactWish:
    """What `text` asks about being written to, in Spanish, Portuguese or English.

    What has two readings is not guessed but left to a person (`more`), and so is what cannot be
    kept as a value: not at work, not to my mother, no calls. Hours from 1 to 7 without a mark are
    those of the afternoon, as in "después de las 6". Days are seen from `today`, the debtor's own.
    """
    if len(text) > _LONGEST:
        return ContactWish(more=True)
    tidy = re.sub(r"[^\S\n]+", " ", plain(text).replace("’", "'")).strip()
    for pattern, meant in words.SHORT:
        tidy = re.sub(pattern, meant, tidy)
    bare = spell_digits(respell(_ADDRESS.sub(" ", tidy))).replace(BLOT, " ")
    reading = _Reading(bare, country, today, left=bare)
    reading.doubt = bool(_ADDRESS.search(tidy))
    return reading.read()
