"""What a debtor is told at the end of a case: one place for the chat and for the console."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session

from bot.cases import repository
from bot.cases.models import Case, CaseState, ClaimState, PaymentClaim
from bot.debts.models import LedgerEntry
from bot.kit.money import Money

WAITING = "utter_case_answer_waiting"
"""Said where nobody is verified: there is an answer, and nothing of what it says."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A text of the catalogue, its values, and the buttons below it."""

    key: str
    values: dict[str, Any] = field(default_factory=dict)
    buttons: tuple[str, ...] = ()


def answer_of(session: Session, case: Case, *, balance: Money | None) -> Answer | None:
    """What is to be told about a case now; nothing where nobody has answered it.

    `balance`: what is owed after the answer, on the account that the case is about.
    """
    assert case.id is not None
    claim = repository.claim_of(session, case.id)
    note = str(case.details.get("note") or "")
    if claim and claim.status in (ClaimState.CONFIRMED, ClaimState.MATCHED):
        return _found(session, claim, balance)
    if claim and claim.status is ClaimState.REFUSED:
        until = case.hold_until or case.answer_by
        told = {"number": case.number, "note": note, "until": until}
        return Answer("utter_claim_unfound", told, ("send_details", "ask_human"))
    if claim and case.status is CaseState.OPEN and case.details.get("more"):
        values = {"number": case.number, "note": str(case.details["more"])}
        return Answer("utter_claim_more", values, ("send_details", "ask_human"))
    if case.status is CaseState.RESOLVED and note:
        values = {"number": case.number, "note": note}
        return Answer("utter_case_answered", values, ("ask_human",))
    return None


def _found(session: Session, claim: PaymentClaim, balance: Money | None) -> Answer | None:
    entry = session.get(LedgerEntry, claim.entry_id) if claim.entry_id else None
    if entry is None:
        return None
    amount = claim.amount_minor if claim.status is ClaimState.CONFIRMED else None
    values: dict[str, Any] = {
        "amount": Money(-entry.minor if amount is None else amount, claim.currency),
        "date": entry.effective_on,
    }
    if balance:
        return Answer("utter_claim_booked", {**values, "balance": balance}, ("ask_balance",))
    return Answer("utter_claim_booked_settled", values)
