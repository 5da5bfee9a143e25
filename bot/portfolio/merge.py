"""Holding a good row against what is stored, and booking the difference."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from bot.debtors.facts import COUNTRIES
from bot.debtors.identity import identity_keys
from bot.debts.models import EntryKind
from bot.debts.rules import SIGNS
from bot.kit.clock import local_date
from bot.policies.regions import clocks_of
from bot.portfolio.errors import CellRefused
from bot.portfolio.facts import Consent, Debt, Person, Row
from bot.portfolio.regions import home_zone
from bot.portfolio.shelf import Record
from bot.portfolio.stock import SOURCE, Key, Stock

WHATSAPP = "whatsapp"
EMAIL = "email"
REPLACED = "replaced"
"""Why an address is no longer written to: the creditor's file has another one now."""

KINDS = {
    "principal": EntryKind.CHARGE,
    "interest": EntryKind.INTEREST,
    "fees": EntryKind.FEE,
    "paid": EntryKind.PAYMENT,
    "credit": EntryKind.CREDIT,
}
_RECEIVED = frozenset(("paid", "credit"))
"""When one of these grows, money came in: a new movement, not the mending of an old one."""


class Outcome(StrEnum):
    """What a good row did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class AccountClash(CellRefused):
    """The row says of a stored account what an account can never become."""

    def __init__(self, column: str, code: str, **details: object) -> None:
        super().__init__(code, **details)
        self.column = column


class Merger:
    """Merges rows into the stock of one batch."""

    def __init__(self, stock: Stock, *, identity_key: str, now: datetime) -> None:
        self._stock = stock
        self._identity_key = identity_key
        self._now = now

    def merge(self, row: Row) -> Outcome:
        """Make the stock say what the row says, and tell whether that was news."""
        person, debt = row.person, row.debt
        who, which = (person.creditor_id, person.ref), (person.creditor_id, debt.ref)
        known = self._stock.debtors.get(who)
        account = self._stock.accounts.get(which)
        if account is not None:
            if known is None or account["debtor_id"] != known.get("id"):
                raise AccountClash("account_ref", "row.account_debtor")
            if account["currency"] != debt.currency:
                raise AccountClash("currency", "row.account_currency", currency=account["currency"])
        debtor, renewed = self._debtor(who, person, known)
        changes = [
            renewed,
            self._identity(who, debtor, person),
            self._contact(who, debtor, WHATSAPP, person.phone, person.consent),
            self._contact(who, debtor, EMAIL, person.email, person.consent),
            self._account(which, debtor, debt, account),
        ]
        if account is None:
            return Outcome.CREATED
        return Outcome.UPDATED if any(changes) else Outcome.UNCHANGED

    def _debtor(self, who: Key, person: Person, known: Record | None) -> tuple[Record, bool]:
        """The person's own data. Whether they may be written to at all is never touched here."""
        said: dict[str, Any] = {"name": person.name, "country": person.country}
        if person.language:
            said["language"] = person.language
        said |= self._place(person, known)
        if known is not None:
            return known, self._stock.debtors.change(known, said)
        assumed = {"language": COUNTRIES[person.country].language}
        key = {"creditor_id": person.creditor_id, "ref": person.ref}
        return self._stock.debtors.add(who, assumed | key | said), True

    def _place(self, person: Person, known: Record | None) -> dict[str, Any]:
        """Region and time zone. A zone that was given stays; one that was assumed follows the region.

        Who moves to another country, without a word of where, is in a region nobody knows.
        """
        moved = known is None or known["country"] != person.country
        said: dict[str, Any] = {}
        if person.region or moved:
            said["region"] = person.region or ""
        if person.timezone:
            return said | {"timezone": person.timezone, "timezone_assumed": False}
        if moved or (person.region and self._is_assumed(known, person.region)):
            zone = home_zone(person.country, person.region)
            return said | {"timezone": zone, "timezone_assumed": True}
        return said

    def _is_assumed(self, known: Record | None, region: str) -> bool:
        """Whether nobody gave the stored zone.

        Portfolios from before regions have no mark: the capital's zone, where the region has
        another, is taken for an assumed one.
        """
        if known is None or known["timezone_assumed"]:
            return True
        zone = known["timezone"]
        contradicts = clocks_of(region, zone, self._now.year) != (zone,)
        return contradicts and zone == COUNTRIES[known["country"]].timezone

    def _identity(self, who: Key, debtor: Record, person: Person) -> bool:
        """The hashes that prove who somebody is.

        A correction takes away the pairs that it does not repeat: one of them may hold the fact
        that was wrong.
        """
        given = identity_keys(
            key=self._identity_key,
            creditor_id=person.creditor_id,
            birth=person.birth,
            last4=person.last4,
            postcode=person.postcode,
        )
        mine = self._stock.keys_of[who]
        stored = {record["kind"]: record for record in mine}
        corrected = any(kind in stored and stored[kind]["value"] != given[kind] for kind in given)
        changed = False
        for kind, value in given.items():
            if kind in stored:
                changed |= self._stock.keys.change(stored[kind], {"value": value})
            else:
                values = {"debtor_id": debtor, "creditor_id": person.creditor_id}
                values |= {"kind": kind, "value": value}
                mine.append(self._stock.keys.add((*who, kind), values))
                changed = True
        if corrected:
            for kind in stored.keys() - given.keys():
                self._stock.keys.drop((*who, kind))
                mine.remove(stored[kind])
        return changed

    def _contact(
        self, who: Key, debtor: Record, channel: str, address: str | None, consent: Consent | None
    ) -> bool:
        """An address and the consent for it.

        A new address silences the old one, which may be a stranger's by now. What the person
        silenced stays silent, whatever the file says.
        """
        if address is None:
            return False
        stock = self._stock
        others = [p for p in stock.points_of[who] if p["channel"] == channel]
        point = next((p for p in others if p["address"] == address), None)
        changed = point is None
        if point is None:
            values = {"debtor_id": debtor, "channel": channel, "address": address}
            point = stock.points.add((*who, channel, address), values)
            stock.points_of[who].append(point)
            silenced = {"suppressed_at": self._now, "suppressed_reason": REPLACED}
            for other in others:
                if other["suppressed_at"] is None:
                    stock.points.change(other, silenced)
        elif point["suppressed_reason"] == REPLACED:
            changed |= stock.points.change(point, {"suppressed_at": None, "suppressed_reason": ""})
        return stock.points.change(point, _consent(point, debtor, consent)) or changed

    def _account(self, which: Key, debtor: Record, debt: Debt, account: Record | None) -> bool:
        said: dict[str, Any] = {
            "product": debt.product,
            "due_on": debt.due_on,
            "opened_on": debt.opened_on,
        }
        if debt.original_creditor is not None:
            said["original_creditor"] = debt.original_creditor
        changed = False
        if account is None:
            key = {"creditor_id": which[0], "debtor_id": debtor, "ref": debt.ref}
            key |= {"currency": debt.currency, "imported_at": self._now}
            account = self._stock.accounts.add(which, key | said)
        else:
            changed = self._stock.accounts.change(account, said)
        today = local_date(self._now, debtor["timezone"])
        for part, minor in debt.parts:
            changed |= self._book(which, account, debt, part, minor, today)
        return changed

    def _book(
        self, which: Key, account: Record, debt: Debt, part: str, minor: int, today: date
    ) -> bool:
        """Bring one part of the debt to `minor`. The ledger is never rewritten, only added to."""
        kind = KINDS[part]
        booked = self._stock.booked[which, part]
        difference = SIGNS[kind.value] * minor - sum(booked)
        if not difference:
            return False
        source_id = f"{debt.ref}:{part}"
        effective = _effective(part, debt, today, first=not booked)
        if booked:
            # The number keeps 100 → 200 → 100 → 200 apart; the amount shows what the file said.
            source_id = f"{source_id}:{len(booked) + 1}={minor}"
            if part not in _RECEIVED or difference > 0:
                kind = EntryKind.ADJUSTMENT
        self._stock.entries.add(
            (which, source_id),
            {
                "account_id": account,
                "kind": kind,
                "minor": difference,
                "currency": debt.currency,
                "effective_on": effective,
                "source": SOURCE,
                "source_id": source_id,
                "recorded_at": self._now,
            },
        )
        booked.append(difference)
        return True


def _effective(part: str, debt: Debt, today: date, *, first: bool) -> date:
    """The day a movement counts from, as far as a file of totals can tell.

    A payment of unknown date is never made to look recent the first time it is seen: "I have paid"
    would be answered with it.
    """
    if part in _RECEIVED:
        return debt.paid_on or (debt.opened_on if first else today)
    if not first:
        return today
    return debt.opened_on if part == "principal" else max(debt.opened_on, min(debt.due_on, today))


def _consent(point: Record, debtor: Record, consent: Consent | None) -> dict[str, Any]:
    """What to write of a consent: a later one stands, a `no` withdraws any."""
    if consent is None:
        return {}
    if not consent.given or consent.on is None:
        return {"consented_at": None, "consent_source": ""}
    zone = ZoneInfo(debtor["timezone"])
    at = datetime.combine(consent.on, time(), zone).astimezone(UTC)
    if point["consented_at"] is not None and point["consented_at"] > at:
        return {}
    return {"consented_at": at, "consent_source": consent.source}
