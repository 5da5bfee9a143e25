"""Chooses among the sums found in a message the one that is meant."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from bot.kit.money import Money
from bot.understanding.clauses import is_story
from bot.understanding.costs import is_a_cost
from bot.understanding.money_words import money_data
from bot.understanding.owners import Owner, is_of_a_debt, owner_of, taken_up
from bot.understanding.standing import Standing

_THOUSAND = Decimal(1_000)
_SPOKEN_OF = (Standing.OFFERED, Standing.PAID)
"""What a sum without a verb stands beside as its equal, in a short message: "200 hoy, abono 300"."""

_NEAR = 40
_TELLING: tuple[Owner, ...] = ("offered", "has", "paid")
_BUT_AFTER = re.compile(r"[^\d.;!?]{0,20}\b(?:pero|but|mas)\b")
_ASKED_BACK = re.compile(r"[^\d.;!?,]{0,20}\?")
_THEIRS = re.compile(
    r"\b(?:son|sao|is|its|it's|como (?:que|asi)|por ?que|why|de donde)\b[^.;!?\d]{0,12}$"
)
_AND_THEN = re.compile(r"\b(?:y|e|and) $")
"""Before a second sum of the same size, which is another: "25 lucas el viernes y 25 el otro"."""

_OF_AN_OWNER = (Standing.OFFERED, Standing.PAID, Standing.NAMED, Standing.BESIDE)
_STANDING_OF = {
    "offered": Standing.OFFERED,
    "paid": Standing.PAID,
    "put": Standing.OFFERED,
    "has": Standing.NAMED,
    "beside": Standing.BESIDE,
}
_SHORT_STANDING_OF = {
    "offered": Standing.OFFERED,
    "paid": Standing.PAID,
    "has": Standing.BESIDE,
    "beside": Standing.BESIDE,
}
"""In a short message a sum without a verb is as good as one that is offered."""


@dataclass(frozen=True, slots=True)
class Sum:
    """An amount found in a message, and whether it has to be asked."""

    money: Money
    unsure: bool


@dataclass(frozen=True, slots=True)
class Found:
    """One of the sums of a message, as it is written and where."""

    money: Money
    standing: Standing
    unsure: bool
    marked: bool
    factor: Decimal
    offered: bool
    sentence: int
    start: int
    end: int
    doubtful: bool = False
    """Nothing in a story with several sums tells whose it is."""


def meant_sum(found: list[Found], said: str, currency: str) -> Sum | None:
    """The sum that is offered, else the one named; unsure where there are several."""
    found = [one for one in found if not _is_spent(one, said)]
    if not found:
        return None
    story = is_story(said)
    found = [
        one
        if not story and _AND_THEN.search(said, max(0, one.start - _NEAR), one.start)
        else _scaled_alike(one, found, currency)
        for one in found
    ]
    found = _without_asked_back(found, said)
    found = _by_owner(found, said) if story else _by_owner_in_short(found, said)
    best = min(one.standing for one in found)
    meant = [one for one in found if one.standing is best]
    if best in _SPOKEN_OF and not story:
        meant = [one for one in found if one.standing in (best, Standing.NAMED)]
    if story and best is not Standing.INSISTED:
        offers = {one.sentence for one in meant if one.offered}
        meant = [one for one in meant if one.sentence in offers] or meant
    chosen = meant[-1] if best is Standing.INSISTED else meant[0]
    several = best is not Standing.INSISTED and len({one.money for one in meant}) > 1
    chosen = _scaled_alike(chosen, found, currency)
    doubtful = chosen.unsure or chosen.doubtful or best >= Standing.BESIDE
    return Sum(chosen.money, unsure=several or doubtful)


def _scaled_alike(one: Found, found: list[Found], currency: str) -> Found:
    """A sum too small to be money, in the scale of the others: "300 lucas no, 160 si"."""
    floor = money_data()["spoken_in_thousands"].get(currency, 0)
    scales = {one.factor for one in found if one.factor >= _THOUSAND}
    if len(scales) != 1 or one.marked or not 0 < one.money.major < floor:
        return one
    return replace(one, money=Money.of(one.money.major * scales.pop(), currency), unsure=False)


def _by_owner(found: list[Found], said: str) -> list[Found]:
    """The sums of a story, each by whose it is; what nobody owns yields to what is offered."""
    if len({one.money for one in found}) == 1:
        return [_alone(one, said) for one in found]
    owners = [_owner(one, said) for one in found]
    rivals = len({one.money for one in found if one.standing <= Standing.BESIDE})
    first_offer = owners.index("offered") if "offered" in owners else 0
    judged = []
    for place, (one, owner) in enumerate(zip(found, owners, strict=True)):
        how = _STANDING_OF.get(owner or "", one.standing)
        loses = owner == "put" and "offered" in owners
        if owner == "" and how is Standing.OFFERED:
            loses = not one.offered and place < first_offer
        doubtful = one.standing is Standing.NAMED and owner in ("", "has") and rivals > 1
        judged.append(replace(one, standing=Standing.NAMED if loses else how, doubtful=doubtful))
    return judged


def _by_owner_in_short(found: list[Found], said: str) -> list[Found]:
    """The sums of a short message: what is owed or at hand yields where another is offered."""
    if len({one.money for one in found}) == 1:
        return [
            replace(one, standing=Standing.OFFERED)
            if one.standing is Standing.BESIDE and taken_up(said, one.end)
            else one
            for one in found
        ]
    owners = [
        owner_of(said, one.start, one.end) if one.standing in _OF_AN_OWNER else None
        for one in found
    ]
    told = next((owner for owner in _TELLING if owner in owners), None)
    if told is None or (told != "offered" and "beside" not in owners):
        return found
    judged = []
    for one, owner in zip(found, owners, strict=True):
        how = _SHORT_STANDING_OF.get(owner or "", one.standing)
        if owner == told:
            how = Standing.PAID if told == "paid" else Standing.OFFERED
        elif owner == "" and told == "offered" and _BUT_AFTER.match(said, one.end):
            how = Standing.BESIDE  # "son 450 pero mi tope es 120"
        judged.append(replace(one, standing=how))
    return judged


def _is_spent(one: Found, said: str) -> bool:
    """Whether a sum is another's price; a part of it that is offered stays."""
    return is_a_cost(said, one.start, one.end) and not taken_up(said, one.end)


def _without_asked_back(found: list[Found], said: str) -> list[Found]:
    """The sums, of which one that is asked back yields to a later one: "1500? yo le doy 700"."""
    last = max(one.start for one in found)
    return [
        replace(one, standing=Standing.BESIDE)
        if one.start < last
        and one.standing in _OF_AN_OWNER
        and _ASKED_BACK.match(said, one.end)
        and (
            one.standing is Standing.NAMED
            or _THEIRS.search(said, max(0, one.start - _NEAR), one.start)
        )
        else one
        for one in found
    ]


def _alone(one: Found, said: str) -> Found:
    if one.standing not in _OF_AN_OWNER or not is_of_a_debt(said, one.start, one.end):
        return one
    return replace(one, standing=Standing.BESIDE)


def _owner(one: Found, said: str) -> Owner | None:
    """Whose the sum is; None where its own words settled that already ("no, 200")."""
    if one.standing not in _OF_AN_OWNER:
        return None
    if one.standing is Standing.BESIDE and not taken_up(said, one.end):
        return None
    return owner_of(said, one.start, one.end)
