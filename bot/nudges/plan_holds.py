"""What holds a debtor or an account, from what the range's queries found. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.conversations.silence import OPTED_OUT
from bot.debts.facts import is_stale
from bot.nudges.gate import Contact, Hold
from bot.nudges.plan_facts import parse_points
from bot.nudges.repository import CreditorView, Surroundings, Talk
from bot.policies.charges import charges

_CLAIM = "Product rule: a payment that somebody tells of is looked for first"


@dataclass(slots=True)
class OneDebtor:
    """What is shared by a debtor's accounts while they are looked at."""

    id: int
    points: dict[str, tuple[bool, str]]
    talks: list[Talk]
    contacts: tuple[Contact, ...]
    holds: tuple[Hold, ...]
    nudged: bool = False


def debtor_of(row: Any, around: Surroundings) -> OneDebtor:
    """A debtor with everything that holds them, whichever account is looked at."""
    debtor_id, opted_out = row[7], row[11]
    talks = around.talks.get(debtor_id, [])
    holds = []
    if any(t.red for t in talks):
        holds.append(Hold("crisis"))
    if opted_out or any(t.opted_out for t in talks):
        holds.append(Hold("opted_out"))
    if any(t.with_person for t in talks):
        holds.append(Hold("human_conversation"))
    holds += [Hold(reason) for reason in dict.fromkeys(around.cases.get(debtor_id, ()))]
    if debtor_id in around.promises:
        holds.append(Hold("promise"))
    if debtor_id in around.plans:
        holds.append(Hold("plan"))
    points = parse_points(around.points.get(debtor_id, ""))
    if Hold("opted_out") not in holds and any(why == OPTED_OUT for _, why in points.values()):
        holds.append(Hold("opted_out"))
    return OneDebtor(
        id=debtor_id,
        points=points,
        talks=talks,
        contacts=tuple(around.contacts.get(debtor_id, ())),
        holds=tuple(holds),
    )


def own_holds(
    account_id: int,
    net: int,
    creditor: CreditorView,
    as_of: datetime | None,
    around: Surroundings,
    *,
    at: datetime,
) -> tuple[Hold, ...]:
    """What holds this account: nothing owed, a claim or payment to wait for, a stale balance."""
    found = []
    if net <= 0:
        found.append(Hold("nothing_owed"))
    if account_id in around.claims:
        found.append(Hold("claim_to_verify", _CLAIM))
    if account_id in around.pending:
        found.append(Hold("payment_pending"))
    if creditor.has_feed:
        fresh_for = charges(creditor.policy, at.date()).feed.fresh_for
        if is_stale(as_of, fresh_for, at):
            found.append(Hold("stale_balance"))
    return tuple(found)
