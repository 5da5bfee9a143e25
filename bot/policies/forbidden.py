"""What is never written to a debtor: finds it in a text, says which rule it is and whose.

A deterministic reader of reviewed phrases (`data/terms/forbidden.yml`): whole words, no accents, no
case, no model. A phrase that is harmless in its wording ("nobody goes to jail for this") is listed
as such; the debtor's own words in quotation marks are always harmless.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.kit.yaml_file import parse_yaml
from bot.policies.contact import STRICTEST, pack_file, pack_for
from bot.policies.contact_schema import PackFile, Term
from bot.policies.schema import NoPolicyInForce

Severity = Literal["hard", "soft"]
Language = Literal["es", "pt", "en"]
Line = Annotated[str, StringConstraints(min_length=1)]
FORBIDDEN = ("forbidden", "third_parties", "workplace")
"""The topics of a pack whose keys the words answer to."""

_FILE = files("bot.policies").joinpath("data", "terms", "forbidden.yml")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Strict):
    """One thing that is not written, in the words in which people write it."""

    about: dict[Language, Line]
    """Why it is stopped, for whoever wrote it."""
    instead: dict[Language, Line]
    """What to write in its place, for the debtor."""
    keys: tuple[str, ...] = Field(min_length=1)
    """The keys of packs that it answers to."""
    also: tuple[str, ...] = ()
    """Keys that it answers to as well, no graver for them."""
    asked: Severity
    """How grave it is where the pack names one of the keys."""
    elsewhere: Literal["hard", "soft", "no"]
    """How grave it is everywhere else, by this product's own rule."""
    in_crisis: bool = True
    """Whether it holds while somebody is in danger: "call the police" may then save a life."""
    only_unverified: bool = False
    """Whether it only holds while nobody has confirmed who they are."""
    words: dict[Language, tuple[Line, ...]]
    unless: dict[Language, tuple[Line, ...]] = {}


class ForbiddenWords(_Strict):
    """Every rule in force from a date."""

    reference: str
    rules: dict[str, Rule]


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase that stops a message: where it stands and by which rule."""

    rule: str
    severity: Severity
    start: int
    end: int
    words: str
    about: dict[Language, str]
    instead: dict[Language, str]
    source: str
    """The law as the pack cites it, or that it is a rule of this product."""
    is_law: bool


@dataclass(frozen=True, slots=True)
class Folded:
    """A text as it is compared, with the place in the original of each of its letters."""

    text: str
    places: tuple[int, ...]

    def original(self, span: tuple[int, int]) -> tuple[int, int]:
        """Where a stretch of the folded text stands in the original."""
        return self.places[span[0]], self.places[span[1] - 1] + 1


def find(
    text: str,
    *,
    country: str,
    day: date,
    is_verified: bool = True,
    is_crisis: bool = False,
    their_words: Sequence[str] = (),
) -> list[Hit]:
    """What in `text` may not be written to a debtor in `country` on `day`, in order.

    `their_words` is what the debtor wrote: quoted back to them it stops nothing.
    """
    folded, rules = fold(text), forbidden_words(day)
    asked = terms_asking(country, day)
    quoted = _quotes(folded.text, [fold(said).text for said in their_words])
    hits: list[Hit] = []
    for name, spans in _spans(day, folded.text).items():
        rule = rules.rules[name]
        if (rule.only_unverified and is_verified) or (is_crisis and not rule.in_crisis):
            continue
        term = next((asked[key] for key in rule.keys if key in asked), None)
        severity = rule.asked if term else rule.elsewhere
        if severity == "no":
            continue
        for span in spans:
            if any(start <= span[0] and span[1] <= end for start, end in quoted):
                continue
            start, end = folded.original(span)
            source, is_law = term or (rules.reference, False)
            hits.append(
                Hit(
                    *(name, severity, start, end, text[start:end]),
                    about=rule.about,
                    instead=rule.instead,
                    source=source,
                    is_law=is_law,
                )
            )
    return sorted(hits, key=lambda hit: (hit.start, -hit.end, hit.rule))


def is_hard(hits: Collection[Hit]) -> bool:
    """Whether nobody may send it, whatever the reason."""
    return any(hit.severity == "hard" for hit in hits)


def forbidden_words(day: date) -> ForbiddenWords:
    """The rules in force on `day`.

    Raises:
        NoPolicyInForce: there are none yet.
    """
    begun = [start for start in _all() if start <= day]
    if not begun:
        raise NoPolicyInForce("terms/forbidden.yml", day)
    return _all()[max(begun)]


@cache
def _all() -> dict[date, ForbiddenWords]:
    read = parse_yaml(_FILE.read_text(encoding="utf-8"))
    return {
        start: ForbiddenWords(reference=read["reference"], rules=rules)
        for start, rules in read["values"].items()
    }


# ---- what the packs ask


@cache
def terms_asking(country: str, day: date) -> dict[str, tuple[str, bool]]:
    """The keys of a country's terms on what may not be said or asked: each source, whether it is law.

    Where a country has no term of the kind at all, the strictest pack stands in.
    """
    pack = pack_for(country, day)
    own, strict = pack_file(pack.file), pack_file(STRICTEST)
    found = _keys(own, pack.values.terms)
    if not any(term.topic == "forbidden" and term.keys for term in pack.values.terms):
        newest = max(start for start in strict.values if start <= day)
        found = _keys(strict, strict.values[newest].terms) | found
    return found


def _keys(file: PackFile, terms: Sequence[Term]) -> dict[str, tuple[str, bool]]:
    return {
        key: (source_of(file, term), term.legal)
        for term in reversed(terms)
        if term.topic in FORBIDDEN
        for key in term.keys
    }


def source_of(file: PackFile, term: Term) -> str:
    """Where a term comes from, in words."""
    cited = "; ".join(str(file.citations[name]) for name in term.cite)
    if term.legal and cited:
        return f"{file.name}: {cited}"
    return f"{file.name}: recommendation of this product, no law. {term.note}".strip()


# ---- reading


def fold(text: str) -> Folded:
    """Lower case, no accents, nothing that is not seen; one letter for each letter."""
    letters, places = [], []
    for place, letter in enumerate(text):
        kind = unicodedata.category(letter)
        if kind in ("Cf", "Mn"):  # unseen marks, and accents written apart
            continue
        bare = unicodedata.normalize("NFKD", letter).lower()
        letters.append(bare[0] if bare else letter)
        places.append(place)
    return Folded("".join(letters), tuple(places))


_APART = r"[^\w.!?;\n]+"
"""Between two words of a phrase: no sentence ends there."""
_CLOSE = r"[^\w.!?;:,\n]+"
"""Between two words of a harmless wording: nor does a clause."""
_IF_NOT = re.compile(r"(?<!\w)(si|se|if|unless|cuando|quando|when)( \w+){0,4}[ ']?$")
_DARES = re.compile(r"(?<!\w)(querr\w*|quer\w*|quier\w*|quis\w*|want\w*|like)(?!\w)")
"""What makes a threat of a negation: "if you do not", "you would not want to"."""


@cache
def _pattern(phrase: str, apart: str) -> re.Pattern[str]:
    """A phrase of the file as a regular expression over folded text."""
    parts: list[str] = []
    for token in phrase.split():
        if token[0] == "~":
            between = _APART if token[-1] == "," else apart
            parts.append(rf"(?:{between}\w+){{0,{int(token[1:].rstrip(','))}}}")
        else:
            several = "|".join(_words(one, apart) for one in token.split("|"))
            parts.append(f"{apart if parts else ''}(?:{several})")
    return re.compile(rf"(?<!\w){''.join(parts)}(?!\w)")


def _words(one: str, apart: str) -> str:
    return apart.join(re.escape(fold(word).text).replace(r"\*", r"\w*") for word in one.split("_"))


@dataclass(frozen=True, slots=True)
class _Index:
    """Phrases by the word that they begin with, so that a text meets only those that it could hold."""

    words: dict[str, list[tuple[str, str]]]
    """By a whole first word, or by a stem with `*`: the rule and its phrase."""

    def met(self, text: str) -> set[tuple[str, str]]:
        """The phrases of which a text has the first word."""
        found: set[tuple[str, str]] = set()
        for word in set(_WORD.findall(text)):
            found.update(self.words.get(word, ()))
            for length in range(2, len(word) + 1):
                found.update(self.words.get(f"{word[:length]}*", ()))
        return found


_WORD = re.compile(r"\w+")


@cache
def _index(start: date) -> _Index:
    words: dict[str, list[tuple[str, str]]] = {}
    for name, rule in _all()[start].rules.items():
        for phrase in (p for several in rule.words.values() for p in several):
            for first in {fold(one.split("_")[0]).text for one in phrase.split()[0].split("|")}:
                words.setdefault(first, []).append((name, phrase))
    return _Index(words)


def _spans(day: date, text: str) -> dict[str, list[tuple[int, int]]]:
    """Where each rule's phrases stand in folded text, the longest of those that overlap."""
    start = max(begun for begun in _all() if begun <= day)
    found: dict[str, set[tuple[int, int]]] = {}
    for name, phrase in _index(start).met(text):
        for match in _pattern(phrase, _APART).finditer(text):
            found.setdefault(name, set()).add(match.span())
    rules = _all()[start].rules
    return {name: _kept(text, spans, rules[name]) for name, spans in found.items()}


def _kept(text: str, spans: Collection[tuple[int, int]], rule: Rule) -> list[tuple[int, int]]:
    harmless = [
        match.span()
        for several in rule.unless.values()
        for phrase in several
        for match in _pattern(phrase, _CLOSE).finditer(text)
        if _excuses(text, match)
    ]
    kept: list[tuple[int, int]] = []
    for span in sorted(spans, key=_longest):
        is_harmless = any(s <= span[0] < e for s, e in harmless)
        if not is_harmless and not any(s < span[1] and span[0] < e for s, e in kept):
            kept.append(span)
    return kept


def _excuses(text: str, wording: re.Match[str]) -> bool:
    return not _IF_NOT.search(text[: wording.start()]) and not _DARES.search(wording[0])


def _longest(span: tuple[int, int]) -> tuple[int, int]:
    return (span[0] - span[1], span[0])


_QUOTED = re.compile(r"[\"“«‹„]([^\"”»›“«\n]{1,300})[\"”»›“]")
_SPACE = re.compile(r"\W+")


def _quotes(text: str, theirs: Sequence[str]) -> list[tuple[int, int]]:
    """Where the debtor's own words are quoted."""
    said = [f" {_SPACE.sub(' ', one).strip()} " for one in theirs]
    return [
        match.span(1)
        for match in _QUOTED.finditer(text)
        if any(f" {_SPACE.sub(' ', match[1]).strip()} " in one for one in said)
    ]
