"""Reads a budget told in one message: "gano 9000, renta 3000, comida 2500, deudas 1000, somos 4"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from bot.kit.money import Money, total
from bot.kit.yaml_file import parse_yaml
from bot.understanding.numerals import spell_digits
from bot.understanding.text import plain
from bot.understanding.values import read_values

_CLAUSES = re.compile(r"[;\n]|,(?!\d)|\.(?!\d)|\s+(?:y|e|and)\s+(?=\D*\d)")
_PEOPLE = re.compile(r"\d{1,2}")
_NUMBERS = re.compile(r"(\d+(?:[.,]\d+)*)( ?[a-z]+)?")


@dataclass(frozen=True, slots=True)
class Household:
    """The lines of a budget that a message names; the others are missing."""

    income: Money | None = None
    housing: Money | None = None
    essentials: Money | None = None
    debts: Money | None = None
    dependants: int | None = None

    def __bool__(self) -> bool:
        return any(
            value is not None
            for value in (self.income, self.housing, self.essentials, self.debts, self.dependants)
        )


@cache
def _words() -> list[tuple[str, re.Pattern[str]]]:
    data = files("bot.understanding").joinpath("data", "budget.yml").read_text(encoding="utf-8")
    words = [(word, line) for line, words in parse_yaml(data).items() for word in words]
    words.sort(key=lambda pair: -len(pair[0]))
    return [(line, re.compile(rf"\b{re.escape(word)}\b")) for word, line in words]


def _line_of(clause: str) -> str | None:
    return next((line for line, pattern in _words() if pattern.search(clause)), None)


def _amount(clause: str, folded: str, *, country: str, currency: str, today: date) -> Money | None:
    """The sum in a clause; its one number where nothing is offered ("mercado 300 mil", "card 150")."""
    tries = [clause]
    numbers = _NUMBERS.findall(spell_digits(folded))
    if len(numbers) == 1:
        number, scale = numbers[0]
        tries += [f"{number}{scale}", f"{number} {currency}"]
    read = (read_values(text, country=country, currency=currency, today=today) for text in tries)
    return next((values.amount for values in read if values.amount), None)


def read_budget(text: str, *, country: str, currency: str, today: date) -> Household:
    """What a message says of somebody's month. Amounts of the same line are added up.

    "Somos 4" counts the speaker: four people live on it, so three depend on them.
    """
    found: dict[str, list[Money]] = {}
    dependants: int | None = None
    for clause in _CLAUSES.split(text):
        folded = plain(clause)
        line = _line_of(folded)
        if line is None:
            continue
        if line == "dependants":
            number = _PEOPLE.search(spell_digits(folded))
            if number:
                counts_speaker = re.search(r"\b(?:somos|of us|we are|bocas)\b", folded)
                dependants = max(0, int(number[0]) - bool(counts_speaker))
            continue
        amount = _amount(clause, folded, country=country, currency=currency, today=today)
        if amount is not None and amount.currency == currency:
            found.setdefault(line, []).append(amount)
    sums = {line: total(amounts, currency) for line, amounts in found.items()}
    return Household(
        sums.get("income"),
        sums.get("housing"),
        sums.get("essentials"),
        sums.get("debts"),
        dependants,
    )
