"""What a request said in figures, kept while the debtor proves who they are.

The message itself is stored without its digits then (`Turns`), so they are read before.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, time
from fractions import Fraction
from typing import Any

from bot.kit.money import Money
from bot.understanding.contact_wishes import ContactWish
from bot.understanding.values import Values


def keep(values: Values) -> dict[str, Any]:
    """Values as JSON; nothing where nothing was said."""
    said = {name: value for name, value in asdict(values).items() if value}
    if values.amount:
        said["amount"] = [str(values.amount.major), values.amount.currency]
    if values.share:
        said["share"] = str(values.share)
    if values.on:
        said["on"] = values.on.isoformat()
    if values.ambiguous:
        said["ambiguous"] = sorted(values.ambiguous)
    return said


def restore(said: dict[str, Any], *, meant: str, currency: str) -> Values:
    """The values again. An amount in `meant`, the currency of the creditor's country, is in the
    `currency` of the debt: nobody names the currency of their own bills."""
    found = dict(said)
    if amount := found.get("amount"):
        major, named = amount
        found["amount"] = Money.of(major, currency if named == meant else named)
    if share := found.get("share"):
        found["share"] = Fraction(share)
    if on := found.get("on"):
        found["on"] = date.fromisoformat(on)
    found["ambiguous"] = frozenset(found.get("ambiguous", ()))
    return Values(**found)


def keep_wish(wish: ContactWish) -> dict[str, Any]:
    """How somebody asked to be written to, as JSON; nothing where nothing was said."""
    said = {name: value for name, value in asdict(wish).items() if value not in (None, False)}
    if wish.hours:
        said["hours"] = [at.isoformat("minutes") for at in wish.hours]
    if wish.silent_until:
        said["silent_until"] = wish.silent_until.isoformat()
    return said


def restore_wish(said: dict[str, Any]) -> ContactWish:
    """The wish again."""
    found = dict(said)
    if hours := found.get("hours"):
        found["hours"] = (time.fromisoformat(hours[0]), time.fromisoformat(hours[1]))
    if (days := found.get("weekdays")) is not None:
        found["weekdays"] = tuple(days)
    if on := found.get("silent_until"):
        found["silent_until"] = date.fromisoformat(on)
    return ContactWish(**found)
