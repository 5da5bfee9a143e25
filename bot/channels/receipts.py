"""What platforms tell of what we sent: delivered, read, failed. News only leads forwards."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy
from sqlalchemy import bindparam
from sqlmodel import Session, col, select

from bot.channels import endings, outbox_rows, rules
from bot.channels.fallback import MayWriteFirst
from bot.channels.port import Receipt, ReceiptState
from bot.conversations.models import (
    Conversation,
    Delivery,
    DeliveryPart,
    DeliveryState,
    Message,
    MessageState,
)
from bot.debtors.events import log_event
from bot.debtors.models import Creditor
from bot.policies.loader import channels_policy

_WHERE = sqlalchemy.select(
    col(DeliveryPart.external_id), col(DeliveryPart.account), col(DeliveryPart.delivery_id)
).where(
    col(DeliveryPart.channel) == bindparam("channel"),
    col(DeliveryPart.external_id).in_(bindparam("wanted", expanding=True)),
)
_DELIVERIES = (
    select(Delivery)
    .where(col(Delivery.id).in_(bindparam("numbers", expanding=True)))
    .order_by(col(Delivery.id))
    .with_for_update()
    .execution_options(populate_existing=True)
)
_PARTS = (
    select(DeliveryPart)
    .where(col(DeliveryPart.delivery_id).in_(bindparam("numbers", expanding=True)))
    .execution_options(populate_existing=True)
)
_SHOWN = (
    sqlalchemy.update(Message)
    .where(col(Message.id) == bindparam("number"))
    .values(state=bindparam("state_now"))
)

_ARRIVED = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)


_FIRST_AGAIN = 30.0
"""Seconds until what failed late is sent again, doubling: the platform had it and could not."""
_MOST_ATTEMPTS = 10
"""Some two hours of them: what fails for longer is for another channel or for a person."""


class NotYet(Exception):
    """The receipt was quicker than our own note of having sent it: to be looked at again."""


@dataclass(slots=True)
class Taken:
    """What became of several receipts."""

    too_early: list[int] = field(default_factory=list)
    """The numbers of those that are to be looked at again."""
    news: list[int] = field(default_factory=list)
    """Conversations with something to show."""


def may_be_batched(receipt: Receipt) -> bool:
    """Whether it only moves a state on: what a failure entails is a matter of its own."""
    return receipt.state is not ReceiptState.FAILED


def take_all(
    session: Session,
    channel: str,
    told: Mapping[int, tuple[Receipt, str]],
    *,
    may_write_first: MayWriteFirst,
    now: datetime,
) -> Taken:
    """Write several receipts down, by a number each and with the slug behind its account.

    The effect is that of `take` for each in turn, at the cost of one.
    """
    taken = Taken()
    wanted = sorted({receipt.external_id for receipt, _ in told.values()})
    owners: dict[str, list[tuple[str, int]]] = {}
    for external_id, account, delivery_id in session.execute(
        _WHERE, {"channel": channel, "wanted": wanted}
    ):
        owners.setdefault(external_id, []).append((account, delivery_id))
    known: list[tuple[Receipt, str, int]] = []
    for number, (receipt, creditor) in told.items():
        homes = owners.get(receipt.external_id, [])
        home = next((d for account, d in homes if not creditor or account == creditor), None)
        if home is not None:
            known.append((receipt, creditor, home))
            continue
        try:
            _, news = take(
                session,
                channel,
                receipt,
                creditor=creditor,
                may_write_first=may_write_first,
                now=now,
            )
            taken.news += news
        except NotYet:
            taken.too_early.append(number)
    if known:
        taken.news += _move_on(session, known)
    return taken


def _move_on(session: Session, told: Sequence[tuple[Receipt, str, int]]) -> list[int]:
    """Note what is told of deliveries, each given by its number; conversations with news."""
    numbers = sorted({delivery_id for _, _, delivery_id in told})
    session.flush()
    deliveries = {
        delivery.id: delivery
        for delivery in session.execute(_DELIVERIES, {"numbers": numbers}).scalars()
    }
    parts: dict[int, list[DeliveryPart]] = {}
    for part in session.execute(_PARTS, {"numbers": numbers}).scalars():
        parts.setdefault(part.delivery_id, []).append(part)
    moved: dict[int, Delivery] = {}
    for receipt, creditor, delivery_id in told:
        part = next(
            p
            for p in parts[delivery_id]
            if p.external_id == receipt.external_id and (not creditor or p.account == creditor)
        )
        before, part.state = part.state, rules.after_receipt(part.state, receipt.state)
        delivery = deliveries[delivery_id]
        if part.state is not before and delivery.state in _ARRIVED:
            moved[delivery_id] = delivery
    for delivery_id, delivery in moved.items():
        delivery.state = rules.of_parts([part.state for part in parts[delivery_id]])
    session.flush()
    if moved:
        session.connection().execute(
            _SHOWN,
            [
                {"number": delivery.message_id, "state_now": rules.message_state(delivery.state)}
                for delivery in moved.values()
            ],
        )
    return [delivery.conversation_id for delivery in moved.values()]


def take(
    session: Session,
    channel: str,
    receipt: Receipt,
    *,
    creditor: str,
    may_write_first: MayWriteFirst,
    now: datetime,
) -> tuple[bool, list[int]]:
    """Write a receipt down; whether it is about something of ours, and where there is news.

    `creditor` is the slug behind the receipt's account, empty where the platform does not tell.

    Raises:
        NotYet: what it is about is being sent at this moment.
    """
    part = _part(session, channel, receipt.external_id, creditor)
    if part is None:
        part = _missed(session, channel, receipt, creditor, now)
    if part is None:
        return False, []
    delivery = outbox_rows.locked(session, part.delivery_id)
    before = part.state
    part.state = rules.after_receipt(part.state, receipt.state)
    session.flush()
    if part.state is before:
        return True, []
    news = [delivery.conversation_id]
    if part.state is DeliveryState.DEAD and _again(session, delivery, part, receipt, now):
        return True, news
    if delivery.state not in _ARRIVED:
        return True, []
    if part.state is DeliveryState.DEAD:
        elsewhere = endings.die(
            session,
            delivery,
            receipt.problem or "rejected",
            now=now,
            may_write_first=may_write_first,
        )
        return True, [*news, *([elsewhere] if elsewhere else [])]
    states = session.exec(
        select(DeliveryPart.state).where(DeliveryPart.delivery_id == delivery.id)
    ).all()
    delivery.state = rules.of_parts([DeliveryState(s) for s in states])
    session.get_one(Message, delivery.message_id).state = rules.message_state(delivery.state)
    return True, news


def _again(
    session: Session, delivery: Delivery, part: DeliveryPart, receipt: Receipt, now: datetime
) -> bool:
    """Have a part sent again that failed for now, while the message is worth sending.

    The platform says itself that nobody got it, so that nothing comes twice. Its number is
    forgotten: what is told of that attempt afterwards is about nothing of ours any more. The other
    parts stay as they are, and the gate is asked again as before any first attempt.

    Raises:
        NotYet: another part of it is being sent again at this moment.
    """
    if receipt.again_after is None or not delivery.id:
        return False
    if delivery.state is DeliveryState.SENDING:
        raise NotYet
    is_again = delivery.state is DeliveryState.QUEUED and delivery.reason == rules.FAILED_FOR_NOW
    if delivery.state not in _ARRIVED and not is_again:
        return False
    policy = channels_policy(now.date()).retries
    wait = rules.back_off(
        delivery.attempts,
        random.Random(delivery.id),  # noqa: S311 - spreads retries, guards nothing
        first=_FIRST_AGAIN,
        longest=policy.longest_seconds,
        asked=receipt.again_after,
    )
    due = now + timedelta(seconds=wait)
    if due >= delivery.give_up_at or delivery.attempts >= _MOST_ATTEMPTS:
        return False
    session.delete(part)
    delivery.state, delivery.reason = DeliveryState.QUEUED, rules.FAILED_FOR_NOW
    delivery.due_at, delivery.lease_until = due, None
    message = session.get_one(Message, delivery.message_id)
    message.state = MessageState.QUEUED
    session.flush()
    log_event(
        session,
        "delivery.failed_for_now",
        at=now,
        actor="system",
        conversation_id=delivery.conversation_id,
        delivery=delivery.id,
        channel=delivery.channel,
        attempt=delivery.attempts,
    )
    return True


def _part(session: Session, channel: str, external_id: str, creditor: str) -> DeliveryPart | None:
    query = select(DeliveryPart).where(
        DeliveryPart.channel == channel, DeliveryPart.external_id == external_id
    )
    if creditor:
        query = query.where(DeliveryPart.account == creditor)
    return session.exec(query).first()


def _missed(
    session: Session, channel: str, receipt: Receipt, creditor: str, now: datetime
) -> DeliveryPart | None:
    """The part of a delivery that broke off on its way and, as is told here, did arrive."""
    if not receipt.about.isdecimal() or len(receipt.about) > 15:
        return None
    delivery = session.exec(
        select(Delivery)
        .where(Delivery.id == int(receipt.about), Delivery.channel == channel)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if delivery is None or delivery.id is None:
        return None
    slug = _creditor_of(session, delivery)
    if creditor and slug != creditor:
        return None
    if delivery.state is not DeliveryState.SENDING:
        return None
    is_lapsed = delivery.lease_until is None or delivery.lease_until <= now
    if delivery.reason != rules.UNCERTAIN and not is_lapsed:
        raise NotYet
    if receipt.state is ReceiptState.FAILED:
        return None
    part = DeliveryPart(
        delivery_id=delivery.id,
        place=len(outbox_rows.places(session, delivery.id)),
        channel=channel,
        account=slug,
        external_id=receipt.external_id,
    )
    session.add(part)
    # What follows it goes on at once, and nothing is in doubt any more.
    delivery.state, delivery.reason = DeliveryState.QUEUED, ""
    delivery.due_at, delivery.lease_until = now, None
    session.flush()
    return part


def _creditor_of(session: Session, delivery: Delivery) -> str:
    conversation = session.get_one(Conversation, delivery.conversation_id)
    return session.get_one(Creditor, conversation.creditor_id).slug
