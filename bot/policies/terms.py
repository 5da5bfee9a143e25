"""What a country's pack asks beyond hours and caps, and how each of it is kept.

`disclosure_for` says what must be told in a first message; `standing_of` lists every key of a
pack's terms on disclosure, forbidden words and retention with who or what keeps it, so that no
term is passed over in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.kit.yaml_file import parse_yaml
from bot.policies.contact import STRICTEST, pack_file, pack_for
from bot.policies.contact_schema import Term
from bot.policies.forbidden import forbidden_words, source_of
from bot.policies.schema import NoPolicyInForce

RULED = ("disclosure", "forbidden", "retention")
"""The topics of which every key must be kept by something or somebody."""
Role = Literal["first_party", "third_party"]
Need = Literal["legal_name", "tax_id", "address", "phone", "complaints"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Line(_Strict):
    """One thing that is disclosed."""

    keys: tuple[str, ...] = Field(min_length=1)
    """Which keys of packs ask for it."""
    needs: tuple[Need, ...] = ()
    """What the creditor's record must have for it."""
    role: Role | None = None
    """For whom it holds: businesses that collect for themselves, or for others. None: both."""
    later: bool = False
    """Whether it is said in every message after the first, and not in that one."""


class Disclosures(_Strict):
    """What is disclosed, from a date on."""

    substance: tuple[str, ...]
    """Beginnings of the names of replies that are about somebody's account."""
    lines: dict[str, Line]


class Kept(_Strict):
    """How a key is kept that is neither a word, nor a line, nor a term of retention."""

    by: str = ""
    people: str = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> Kept:
        if bool(self.by) == bool(self.people):
            raise ValueError("say by what it is kept, or why people keep it")
        return self


class Retained(_Strict):
    """How long something is kept."""

    days: int | None = Field(default=None, gt=0)
    reference: str = ""
    kept_by: str = ""
    """Another policy that rules it."""
    keys: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_where_from(self) -> Retained:
        if (self.days is None) != bool(self.kept_by) or (self.days and not self.reference):
            raise ValueError("give days with their reference, or the policy that rules it")
        return self


@dataclass(frozen=True, slots=True)
class Standing:
    """One key of a pack's term, and what keeps it."""

    term: str
    topic: str
    key: str
    """Empty where the term names nothing that could be kept."""
    kept: tuple[str, ...]
    """`words:<rule>`, `line:<line>`, `retention:<entry>`, `product: …`, `people: …`."""
    source: str


# ---- reading


@cache
def _read(path: str) -> dict[str, Any]:
    text = files("bot.policies").joinpath("data", *path.split("/")).read_text(encoding="utf-8")
    return parse_yaml(text)  # type: ignore[no-any-return]


@cache
def _start(path: str, day: date) -> date:
    begun: list[date] = [start for start in _read(path)["values"] if start <= day]
    if not begun:
        raise NoPolicyInForce(path, day)
    return max(begun)


@cache
def _disclosures(start: date) -> Disclosures:
    return Disclosures.model_validate(_read("terms/disclosures.yml")["values"][start])


def disclosures(day: date) -> Disclosures:
    """What is disclosed on `day`."""
    return _disclosures(_start("terms/disclosures.yml", day))


@cache
def _retention(start: date) -> dict[str, Retained]:
    read = _read("retention.yml")["values"][start]
    return {name: Retained.model_validate(entry) for name, entry in read.items()}


def retention(day: date) -> dict[str, Retained]:
    """What is kept for how long on `day`, by name."""
    return _retention(_start("retention.yml", day))


def complaints_of(creditor_slug: str, day: date) -> str:
    """Where people complain about a creditor; nothing where nobody wrote it down."""
    path = "creditors.yml"
    known = _read(path)["values"][_start(path, day)].get(creditor_slug) or {}
    return str(known.get("complaints", ""))


@cache
def _kept() -> dict[str, Kept]:
    read = _read("terms/kept.yml")["keys"]
    return {key: Kept.model_validate(how) for key, how in read.items()}


# ---- asking


@cache
def disclosure_for(country: str, day: date, role: str, *, later: bool = False) -> tuple[str, ...]:
    """The lines that a message to a debtor in `country` must carry, in order.

    Of a country whose pack names nothing, those of the strictest pack.
    """
    pack = pack_for(country, day)
    asked = _disclosed(pack.values.terms) or _disclosed(_strictest(day))
    return tuple(
        name
        for name, line in disclosures(day).lines.items()
        if asked & set(line.keys) and line.role in (None, role) and line.later is later
    )


def _disclosed(terms: Sequence[Term]) -> set[str]:
    return {key for term in terms if term.topic == "disclosure" for key in term.keys}


def _strictest(day: date) -> Sequence[Term]:
    values = pack_file(STRICTEST).values
    return values[max(start for start in values if start <= day)].terms


def needs_of(country: str, day: date, role: str) -> tuple[Need, ...]:
    """What a creditor's record must have to disclose what its debtors in `country` are owed."""
    lines = disclosures(day).lines
    named = disclosure_for(country, day, role)
    return tuple(dict.fromkeys(need for name in named for need in lines[name].needs))


def standing_of(country: str, day: date) -> list[Standing]:
    """Every key of a pack's terms on disclosure, forbidden words and retention, with its keeper.

    `STRICTEST` asks for the pack that stands in where there is none.
    """
    file = pack_file(country)
    begun = max(start for start in file.values if start <= day)
    found = []
    for term in file.values[begun].terms:
        if term.topic in RULED:
            source = source_of(file, term)
            found += [
                Standing(term.id, term.topic, key, _keepers(key, day), source)
                for key in term.keys or ("",)
            ]
    return found


def _keepers(key: str, day: date) -> tuple[str, ...]:
    """What keeps a key; a term without keys found nothing in the law, and says so in its note."""
    if not key:
        return ("people: nothing was found in the law that could be kept",)
    rules = forbidden_words(day).rules
    words = [f"words:{name}" for name, rule in rules.items() if key in (*rule.keys, *rule.also)]
    lines = [f"line:{name}" for name, one in disclosures(day).lines.items() if key in one.keys]
    terms = [f"retention:{name}" for name, one in retention(day).items() if key in one.keys]
    how = _kept().get(key)
    others = [] if how is None else [f"product: {how.by}" if how.by else f"people: {how.people}"]
    return (*words, *lines, *terms, *others)
