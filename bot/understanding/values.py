"""Reads what a debtor puts into an agreement: how much, when, in how many payments, how often."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from bot.kit.money import Money
from bot.understanding.amounts import read_sum
from bot.understanding.choices import read_choice
from bot.understanding.clauses import is_story
from bot.understanding.days import read_day
from bot.understanding.instalments import read_instalments
from bot.understanding.not_money import blot_addresses_and_ages
from bot.understanding.numerals import spell_digits
from bot.understanding.references import read_reference
from bot.understanding.respelling import respell
from bot.understanding.shares import read_share
from bot.understanding.sheet import Sheet
from bot.understanding.terms import Every, read_every
from bot.understanding.text import plain

_BARE = re.compile(
    r"\W*(?:(?:son|seria|serian|solo|unos|unas|uns|en|em|in|like|about|como|the|el|o)\s+){0,2}"
    r"(?P<number>\d{1,6})(?:\W+(?:por favor|please|pls|nomas|so|gracias))?\W*"
)
_SMALL = re.compile(r"[\s#(¿¡]*([1-9])[\s.)!?°]*")
_GLUED = re.compile(  # "el15", "3cuotas"
    r"(?<=\bel)(?=\d{1,2}\b)|(?<=\bdia)(?=\d{1,2}\b)|(?<=\bx)(?=\d{2})"
    r"|(?<=\d)(?=(?:cuotas?|pagos?|parcelas?|vezes|veces|mes|meses|semanas?|dias?|quincenas?|weeks?"
    r"|months?|payments?|ene|feb|mar|abr|jun|jul|ago|sep|oct|nov|dic|dez)\b)"
)
_ALL_ON = re.compile(  # "todo el viernes" is all of it, on one Friday
    r"\b(?:todo|tudo)(?= (?:el|este|no|na|o) (?:lunes|martes|miercoles|jueves|viernes|sabado|domingo)\b)"
)
_REAIS = re.compile(r"(?<=\d)ao\b")  # "50ao"
_TIMES = re.compile(r"(?<=\d)\s?[*\u00d7]\s?(?=\d)")
_CHOOSES = re.compile(
    r"\b(?:op[ct]\w+|elijo|elegi|escojo|escogi|escolh\w+|prefier\w+|prefir\w+|quiero|quero|acepto|aceito|tomo|agarro"
    r"|me quedo|qued\w+ con|me voy|opto|fico com|vou n|fech\w+ n|vamos n"
    r"|me sirve|choose|pick|go with|going with|take|want|accept|prefer|mejor|melhor|plan"
    r"|plano|propuesta|proposta|offer|oferta|(?:ultima|primera|segunda|tercera) (?:que|q|de esas))"
)
"""In a story, "la segunda" is a choice only where somebody chooses."""

_ADDRESS = re.compile(r"(?<!\S)[^\s@]*@\S+|(?:https?://|www\.)\S+")


@dataclass(frozen=True, slots=True)
class Values:
    """What a message says in figures. Fields in `ambiguous` have two readings and must be asked."""

    amount: Money | None = None
    share: Fraction | None = None
    on: date | None = None
    instalments: int | None = None
    every: Every | None = None
    reference: str | None = None
    choice: int | None = None
    ambiguous: frozenset[str] = frozenset()


def _prepared(text: str) -> str:
    """`text` folded, with single spaces and digits for number words."""
    tidy = re.sub(r"[^\S\n]+", " ", plain(text)).strip()
    tidy = _REAIS.sub(" reais", _TIMES.sub("x ", tidy))
    return _ALL_ON.sub("todo,", spell_digits(respell(_GLUED.sub(" ", tidy))))


def bare_number(text: str) -> int | None:
    """The number a message consists of ("3", "tres", "en 3, por favor"), where one was asked."""
    match = _BARE.fullmatch(_prepared(text))
    return int(match["number"]) if match else None


def read_values(
    text: str, *, country: str, currency: str, today: date, past: bool = False
) -> Values:
    """Every value in `text`, whatever mixture of Spanish, Portuguese and English it is in.

    Days are the next such day at or after `today`; with `past` (the question was about something
    done) or where the text speaks of the past ("pague el martes"), the last one before. Nothing is
    guessed: a value with two readings is given in its likelier one and named in `ambiguous`.
    """
    sheet = Sheet(_ADDRESS.sub(" ", _prepared(text)))
    small = _SMALL.fullmatch(sheet.text)
    blot_addresses_and_ages(sheet)
    reference, references = read_reference(sheet)
    choice, choices = read_choice(sheet, country=country)
    if is_story(sheet.said) and not _CHOOSES.search(sheet.said):
        choice, choices = None, False
    every, rhythms = read_every(sheet)
    count = read_instalments(sheet, every=every)
    share, shares = read_share(sheet)
    day = read_day(sheet, country=country, today=today, past=past)
    if rhythms and day.every and not day.every_asked and is_story(sheet.said):
        every, rhythms = day.every, False  # "gano por semana, puedo 30 cada viernes"
    found = read_sum(sheet, country=country, currency=currency)
    ambiguous = set(count.ambiguous)
    if small and choice is None:
        choice = int(small[1])
        ambiguous |= {"choice", "amount"}
    ambiguous |= {
        name
        for name, unsure in (
            ("reference", references),
            ("choice", choices),
            ("every", rhythms or (day.every_asked and every is None)),
            ("share", shares),
            ("on", day.asked),
            ("amount", found is not None and found.unsure),
        )
        if unsure
    }
    return Values(
        amount=found.money if found else None,
        share=share,
        on=day.on,
        instalments=count.number,
        every="biweekly" if day.every == "biweekly" else count.every or every or day.every,
        reference=reference,
        choice=choice,
        ambiguous=frozenset(ambiguous),
    )
