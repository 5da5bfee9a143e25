"""Queries on the outbox.

What every message asks is written once, with parameters: putting a query together costs as much
as running it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, cast

import sqlalchemy
from sqlalchemy import ColumnElement, CursorResult, Table, and_, bindparam, exists, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, or_, select

from bot.channels import rules
from bot.conversations.deliveries import WAITING
from bot.conversations.models import (
    ChannelAddress,
    Conversation,
    Delivery,
    DeliveryPart,
    DeliveryState,
    Message,
    MessageState,
)
from bot.debtors.models import Creditor

_DELIVERY = cast(Table, sqlalchemy.inspect(Delivery).local_table)
_PART = cast(Table, sqlalchemy.inspect(DeliveryPart).local_table)
_MESSAGE = cast(Table, sqlalchemy.inspect(Message).local_table)
_NOW = bindparam("now", type_=_DELIVERY.c.due_at.type)


def _is_put_off(delivery: Any) -> ColumnElement[bool]:
    return and_(col(delivery.reason) == rules.PUT_OFF, col(delivery.due_at) > _NOW)


def _may_go(delivery: Any) -> ColumnElement[bool]:
    return or_(
        and_(col(delivery.state) == DeliveryState.QUEUED, col(delivery.due_at) <= _NOW),
        and_(
            col(delivery.state) == DeliveryState.SENDING,
            or_(col(delivery.lease_until).is_(None), col(delivery.lease_until) <= _NOW),
        ),
    )


_other = aliased(Delivery)
_PARTS = (
    sqlalchemy.select(func.count())
    .where(_PART.c.delivery_id == _DELIVERY.c.id)
    .correlate(_DELIVERY)
    .scalar_subquery()
)
_IS_MORE = exists().where(
    col(_other.conversation_id) == _DELIVERY.c.conversation_id,
    col(_other.id) != _DELIVERY.c.id,
    _may_go(_other),
)
_ANY = sqlalchemy.select(
    exists().where(
        col(Delivery.conversation_id) == bindparam("conversation"),
        _may_go(Delivery),
    )
)
_NEXT = (
    sqlalchemy.select(
        Delivery, Message, Conversation, col(Creditor.slug), col(Creditor.brand), _PARTS
    )
    .join(Message, col(Message.id) == col(Delivery.message_id))
    .join(Conversation, col(Conversation.id) == col(Delivery.conversation_id))
    .join(Creditor, col(Creditor.id) == col(Conversation.creditor_id))
    .where(
        col(Delivery.conversation_id) == bindparam("conversation"),
        col(Delivery.id) > bindparam("after"),
        col(Delivery.state).in_(WAITING),
        ~_is_put_off(Delivery),
    )
    .order_by(col(Delivery.id))
    .limit(1)
    .with_for_update(of=Delivery)
    .execution_options(populate_existing=True)
)
_NAMES = (
    sqlalchemy.select(col(ChannelAddress.kind), col(ChannelAddress.value))
    .where(col(ChannelAddress.conversation_id) == bindparam("conversation"))
    .order_by(col(ChannelAddress.id))
)
_IN_HAND = (
    sqlalchemy.select(
        _DELIVERY.c.state, _DELIVERY.c.attempts, _DELIVERY.c.message_id, _PARTS, _IS_MORE
    )
    .where(_DELIVERY.c.id == bindparam("delivery"))
    .with_for_update(of=_DELIVERY)
)
_THE_PARTS = sqlalchemy.select(_PART.c.place, _PART.c.state).where(
    _PART.c.delivery_id == bindparam("delivery")
)
_BEGIN = (
    sqlalchemy.update(_DELIVERY)
    .where(_DELIVERY.c.id == bindparam("delivery"))
    .values(
        state=DeliveryState.SENDING,
        reason="",
        attempts=bindparam("attempt"),
        lease_until=bindparam("until"),
    )
)
_RENEW = (
    sqlalchemy.update(_DELIVERY)
    .where(
        _DELIVERY.c.id == bindparam("delivery"),
        _DELIVERY.c.state == DeliveryState.SENDING,
        _DELIVERY.c.lease_until.is_not(None),
        _DELIVERY.c.attempts == bindparam("attempt"),
    )
    .values(lease_until=bindparam("until"))
)
_END = (
    sqlalchemy.update(_DELIVERY)
    .where(_DELIVERY.c.id == bindparam("delivery"))
    .values(state=bindparam("now_is"), reason="", lease_until=None, sent_at=bindparam("at"))
)
_TELL = (
    sqlalchemy.update(_MESSAGE)
    .where(_MESSAGE.c.id == bindparam("message"))
    .values(state=bindparam("now_is"))
)


class Next(NamedTuple):
    """The next message of a conversation, with everything that is needed to send it."""

    delivery: Delivery
    message: Message
    conversation: Conversation
    slug: str
    brand: str
    parts: int
    """How many of its parts the platform has."""


class InHand(NamedTuple):
    """What stands about a message that somebody sends just now."""

    state: DeliveryState
    attempts: int
    message_id: int
    parts: int
    is_more: bool
    """Whether another message of the conversation may go now, too."""


def due(session: Session, channel: str, now: datetime, limit: int) -> Sequence[int]:
    """Conversations on `channel` in which the first message that waits may go now."""
    earlier = aliased(Delivery)
    holds_up = exists().where(
        col(earlier.conversation_id) == Delivery.conversation_id,
        earlier.id < col(Delivery.id),
        col(earlier.state).in_(WAITING),
        or_(col(earlier.reason) != rules.PUT_OFF, col(earlier.due_at) <= now),
    )
    query = (
        select(Delivery.conversation_id)
        .where(
            Delivery.channel == channel,
            or_(
                and_(col(Delivery.state) == DeliveryState.QUEUED, col(Delivery.due_at) <= now),
                and_(
                    col(Delivery.state) == DeliveryState.SENDING, col(Delivery.lease_until) <= now
                ),
            ),
            ~holds_up,
        )
        .order_by(col(Delivery.due_at), col(Delivery.id))
        .limit(limit)
    )
    return session.exec(query).all()


def late_elsewhere(session: Session, served: Sequence[str], now: datetime) -> Sequence[int]:
    """Deliveries past their time on channels other than those served."""
    return session.exec(
        select(Delivery.id).where(
            col(Delivery.state).in_(WAITING),
            col(Delivery.give_up_at) <= now,
            col(Delivery.channel).not_in(served),
        )
    ).all()  # type: ignore[return-value]


def is_due(session: Session, conversation_id: int, now: datetime) -> bool:
    """Whether anything in a conversation may go now: to look, before a lock is taken."""
    return bool(session.execute(_ANY, {"conversation": conversation_id, "now": now}).scalar())


def next_waiting(session: Session, conversation_id: int, now: datetime, after: int) -> Next | None:
    """The first that waits in a conversation behind delivery number `after`, its row locked.

    The row is waited for: skipping one that another worker has in hand would let a later message
    overtake an earlier one. What the gate put off is passed over: nobody waits for it.
    """
    about = {"conversation": conversation_id, "now": now, "after": after}
    row = session.execute(_NEXT, about).first()
    return Next(*row) if row else None


def names(session: Session, conversation_id: int) -> dict[str, str]:
    """The person's names by kind, as `addresses.names_of` gives them, without the objects."""
    rows = session.execute(_NAMES, {"conversation": conversation_id})
    return {row.kind: row.value for row in rows}


def in_hand(session: Session, delivery_id: int, now: datetime) -> InHand:
    """How a message stands that is being sent; its row is locked until the transaction ends."""
    row = session.execute(_IN_HAND, {"delivery": delivery_id, "now": now}).one()
    return InHand(*row)


def parts(session: Session, delivery_id: int) -> dict[int, DeliveryState]:
    """What became of the parts that the platform has, by their places."""
    rows = session.execute(_THE_PARTS, {"delivery": delivery_id})
    return {place: DeliveryState(state) for place, state in rows}


def begin(session: Session, delivery_id: int, attempt: int, until: datetime) -> None:
    """Take a message in hand."""
    session.execute(_BEGIN, {"delivery": delivery_id, "attempt": attempt, "until": until})


def renew(session: Session, delivery_id: int, attempt: int, until: datetime) -> bool:
    """Keep a message in hand until then; False where somebody else has it by now."""
    about = {"delivery": delivery_id, "attempt": attempt, "until": until}
    done = cast("CursorResult[Any]", session.execute(_RENEW, about))
    return done.rowcount == 1


def add_part(
    session: Session, delivery_id: int, place: int, *, channel: str, account: str, external_id: str
) -> None:
    """Note by which number the platform knows a part."""
    session.execute(
        _PART.insert(),
        {
            "delivery_id": delivery_id,
            "place": place,
            "channel": channel,
            "account": account,
            "external_id": external_id,
            "state": DeliveryState.SENT,
        },
    )


def end(
    session: Session,
    delivery_id: int,
    message_id: int,
    state: DeliveryState,
    said: MessageState,
    now: datetime,
) -> None:
    """The platform has everything."""
    session.execute(_END, {"delivery": delivery_id, "now_is": state, "at": now})
    session.execute(_TELL, {"message": message_id, "now_is": said})


def is_free(delivery: Delivery, now: datetime) -> bool:
    """Whether a waiting delivery may be taken in hand now."""
    if delivery.state is DeliveryState.QUEUED:
        return delivery.due_at <= now
    return delivery.lease_until is None or delivery.lease_until <= now


def locked(session: Session, delivery_id: int) -> Delivery:
    """A delivery, its row locked until the transaction ends."""
    return session.exec(
        select(Delivery)
        .where(Delivery.id == delivery_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def places(session: Session, delivery_id: int) -> frozenset[int]:
    """Which parts of a message the platform has."""
    return frozenset(
        session.exec(
            select(DeliveryPart.place).where(DeliveryPart.delivery_id == delivery_id)
        ).all()
    )
