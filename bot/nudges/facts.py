"""What the gate has to know of a person and a message, gathered from the database.

A person is counted once, however often they are in a creditor's books: caps and opt-outs hold for
everybody who shares their address, or their birthday and identity number.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfoNotFoundError

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, func, or_, select

from bot.arrangements import repository as arrangements
from bot.cases import repository as cases
from bot.cases.service import holding
from bot.conversations.addresses import points_of
from bot.conversations.models import (
    Author,
    Conversation,
    Delivery,
    DeliveryPart,
    DeliveryState,
    Direction,
    Message,
    Owner,
    Purpose,
)
from bot.conversations.silence import OPTED_OUT
from bot.debtors.facts import COUNTRIES
from bot.debtors.models import ContactPoint, Creditor, Debtor, IdentityKey
from bot.debts import repository as debts
from bot.debts.facts import is_stale
from bot.debts.models import Account
from bot.nudges import on_the_way
from bot.nudges.preferences import as_preference, preference_of
from bot.nudges.rules import Contact, ContactFacts, Hold
from bot.payments import repository as payments
from bot.payments.models import Payment
from bot.policies.charges import charges
from bot.policies.contact import WEB, pack_for
from bot.policies.local_time import zone_of

COUNTS_BACK = timedelta(days=33)
"""The longest cap that a pack may have, and a clock change."""
_SURE_KEY = "birth+last4"
_PERHAPS = ("perhaps_sent", "uncertain")
"""Why a delivery is dead that may have arrived all the same: it counts."""


def same_person(session: Session, debtor: Debtor) -> list[int]:
    """The numbers under which a creditor knows this person: the debtor's own and their twins'."""
    assert debtor.id is not None
    mine = select(ContactPoint.channel, ContactPoint.address).where(
        ContactPoint.debtor_id == debtor.id
    )
    keys = select(IdentityKey.value).where(
        IdentityKey.debtor_id == debtor.id, IdentityKey.kind == _SURE_KEY
    )
    found = {debtor.id}
    for channel, address in session.exec(mine).all():
        found |= set(
            session.exec(
                select(ContactPoint.debtor_id)
                .join(Debtor, col(Debtor.id) == col(ContactPoint.debtor_id))
                .where(
                    ContactPoint.address == address,
                    ContactPoint.channel == channel,
                    Debtor.creditor_id == debtor.creditor_id,
                )
            ).all()
        )
    found |= set(
        session.exec(
            select(IdentityKey.debtor_id).where(
                IdentityKey.creditor_id == debtor.creditor_id,
                IdentityKey.kind == _SURE_KEY,
                col(IdentityKey.value).in_(keys),
            )
        ).all()
    )
    return sorted(found)


def gather(
    session: Session,
    conversation: Conversation,
    *,
    purpose: Purpose,
    now: datetime,
    debtor: Debtor | None = None,
    account_id: int | None = None,
    message_id: int | None = None,
    by_person: bool = False,
) -> tuple[ContactFacts, str]:
    """The facts of a message in a conversation, and the country whose pack applies.

    `debtor`: whom it is for, where that is known better than by the conversation. `account_id`:
    the debt that it is about; without one, what holds any of them holds it. `message_id`: the
    message itself, which does not count; of others on their way only those before it do.
    """
    known = conversation.debtor_id or conversation.claimed_debtor_id
    debtor = debtor or (session.get(Debtor, known) if known else None)
    creditor = session.get_one(Creditor, conversation.creditor_id)
    country = debtor.country if debtor else creditor.country
    people = same_person(session, debtor) if debtor else []
    points = _points(session, conversation, people)
    holds = list(
        _holds(session, conversation, debtor, people, purpose, account_id=account_id, now=now)
    )
    suppressed = next((p.suppressed_reason or "suppressed" for p in points if p.suppressed_at), "")
    if suppressed == OPTED_OUT:
        suppressed = ""
        holds.append(Hold("opted_out"))
    facts = ContactFacts(
        now=now,
        timezone=_timezone(debtor, country, now),
        channel=conversation.channel,
        purpose=purpose.value,
        region=debtor.region if debtor else "",
        holds=tuple(dict.fromkeys(holds)),
        consent=any(p.consented_at and not p.suppressed_at for p in points),
        opened_by_them=conversation.channel == WEB or conversation.last_inbound_at is not None,
        suppressed=suppressed,
        preference=as_preference(preference_of(session, debtor.id))
        if debtor and debtor.id
        else None,
        contacts=contacts_of(session, people, conversation, now=now, before=message_id),
        acted_at=_acted_at(session, conversation, people, now),
        by_person=by_person,
    )
    return facts, country


def contacts_of(
    session: Session,
    people: Collection[int],
    conversation: Conversation | None,
    *,
    now: datetime,
    before: int | None = None,
) -> tuple[Contact, ...]:
    """What was sent to a person unasked, or is on its way to them, the newest first.

    On every channel, by the bot and by people: reminders, nudges, and what an agent wrote to
    somebody who was not in conversation. What was held back, or certainly never arrived, does not
    count; what may have arrived does.
    """
    mine = [
        col(Conversation.debtor_id).in_(people),
        and_(
            col(Conversation.debtor_id).is_(None), col(Conversation.claimed_debtor_id).in_(people)
        ),
    ]
    if conversation is not None:
        mine.append(col(Conversation.id) == conversation.id)
    rows = session.exec(
        select(Message.id, Message.created_at, Conversation.channel, Delivery)
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .outerjoin(Delivery, col(Delivery.message_id) == col(Message.id))
        .where(
            or_(*mine),
            col(Message.direction) == Direction.OUT,
            _counts(),
            col(Message.created_at) > now - COUNTS_BACK,
        )
    ).all()
    found = [
        Contact(at, channel)
        for number, created_at, channel, delivery in rows
        if number != before
        and (at := _when(session, number, created_at, delivery, now=now, before=before))
    ]
    return tuple(sorted(found, key=lambda c: c.at, reverse=True))


def _counts() -> ColumnElement[bool]:
    return or_(
        col(Message.purpose).in_([Purpose.REMINDER, Purpose.NUDGE]),
        and_(col(Message.purpose) == Purpose.SERVICE, col(Message.author) == Author.PERSON),
    )


def _when(
    session: Session,
    number: int | None,
    created_at: datetime,
    delivery: Delivery | None,
    *,
    now: datetime,
    before: int | None,
) -> datetime | None:
    """When a message reached somebody or will; nothing where it did not and will not."""
    if delivery is None:
        return created_at
    match delivery.state:
        case DeliveryState.SENT | DeliveryState.DELIVERED | DeliveryState.READ:
            return delivery.sent_at or created_at
        case DeliveryState.SENDING:
            return now
        case DeliveryState.QUEUED:
            if delivery.detail == on_the_way.PAUSED:
                return None
            # Of two that wait for each other the first one goes.
            is_before = before is None or (number or 0) < before
            return max(delivery.due_at, now) if is_before else None
        case DeliveryState.DEAD if delivery.reason in _PERHAPS or _in_part(session, delivery):
            return delivery.sent_at or created_at
    return None


def _in_part(session: Session, delivery: Delivery) -> bool:
    parts = select(DeliveryPart.id).where(DeliveryPart.delivery_id == delivery.id)
    return session.exec(parts.limit(1)).first() is not None


# ---- what holds


def _holds(
    session: Session,
    conversation: Conversation,
    debtor: Debtor | None,
    people: Sequence[int],
    purpose: Purpose,
    *,
    account_id: int | None,
    now: datetime,
) -> Iterator[Hold]:
    talks = [conversation, *_talks(session, people, conversation.id)]
    if any(talk.red for talk in talks):
        yield Hold("crisis")
    if any(talk.opted_out_at for talk in talks) or _opted_out(session, people):
        yield Hold("opted_out")
    if debtor is None or debtor.id is None:
        yield Hold("unknown_person")
    elif {conversation.debtor_id, conversation.claimed_debtor_id} - {None, debtor.id}:
        yield Hold("another_person")
    if any(talk.owner is Owner.PERSON for talk in talks):
        yield Hold("human_conversation")
    if purpose is Purpose.SERVICE:
        return
    for person in people:
        found = holding(list(cases.holding_cases(session, person, now)), now)
        if found:
            yield Hold(found.reason)
    accounts = [a for person in people for a in debts.accounts_of(session, person)]
    yield from _money_holds(session, accounts, account_id, now)
    if purpose is Purpose.NUDGE:
        for account in accounts:
            assert account.id is not None
            if arrangements.active_promise(session, account.id):
                yield Hold("promise")
            if arrangements.active_plan(session, account.id):
                yield Hold("plan")


def _money_holds(
    session: Session, accounts: Sequence[Account], account_id: int | None, now: datetime
) -> Iterator[Hold]:
    about = [a for a in accounts if account_id in (None, a.id)]
    numbers = [a.id for a in about if a.id is not None]
    if any(payments.pending_request(session, number, now) for number in numbers):
        yield Hold("payment_pending")
    owing = [number for number in numbers if debts.net_of(session, number) > 0]
    if not owing:
        yield Hold("nothing_owed")
    if any(_is_stale(session, a, now) for a in about if a.id in owing):
        yield Hold("stale_balance")


def _is_stale(session: Session, account: Account, now: datetime) -> bool:
    creditor = session.get_one(Creditor, account.creditor_id)
    if not creditor.balance_feed:
        return False
    fresh_for = charges(creditor.policy, now.date()).feed.fresh_for
    return is_stale(account.balance_read_at or account.imported_at, fresh_for, now)


def _talks(session: Session, people: Sequence[int], but: int | None) -> Sequence[Conversation]:
    """Every conversation in which one of these is, or is said to be, on the other side."""
    if not people:
        return []
    return session.exec(
        select(Conversation).where(
            or_(
                col(Conversation.debtor_id).in_(people),
                and_(
                    col(Conversation.debtor_id).is_(None),
                    col(Conversation.claimed_debtor_id).in_(people),
                ),
            ),
            col(Conversation.id) != but,
        )
    ).all()


def _opted_out(session: Session, people: Sequence[int]) -> bool:
    query = select(Debtor.id).where(
        col(Debtor.id).in_(people), col(Debtor.opted_out_at).is_not(None)
    )
    return session.exec(query.limit(1)).first() is not None


def _points(
    session: Session, conversation: Conversation, people: Sequence[int]
) -> list[ContactPoint]:
    """The contact points of a conversation, and the same addresses in their twins' names."""
    if conversation.id is None:  # one that is only imagined: every address of that channel
        wanted = col(ContactPoint.debtor_id).in_(people)
        query = select(ContactPoint).where(wanted, ContactPoint.channel == conversation.channel)
        return list(session.exec(query).all())
    own = list(points_of(session, conversation))
    if not own:
        return []
    return list(
        session.exec(
            select(ContactPoint).where(
                col(ContactPoint.debtor_id).in_(people),
                ContactPoint.channel == conversation.channel,
                col(ContactPoint.address).in_([p.address for p in own]),
            )
        ).all()
    )


def _acted_at(
    session: Session, conversation: Conversation, people: Sequence[int], now: datetime
) -> datetime | None:
    """When the person last wrote here or paid."""
    paid = None
    if people:
        paid = session.exec(
            select(func.max(Payment.received_at))
            .join(Account, col(Account.id) == col(Payment.account_id))
            .where(col(Account.debtor_id).in_(people), col(Payment.received_at) <= now)
        ).one()
    moments = [m for m in (conversation.last_inbound_at, paid) if m is not None]
    return max(moments, default=None)


def _timezone(debtor: Debtor | None, country: str, now: datetime) -> str:
    """The debtor's own time zone; none where it is not known: then several clocks are kept."""
    if debtor is None:
        return _zone(COUNTRIES[country].timezone)
    pack = pack_for(country, now.date())
    return _zone(
        pack.zone_of_debtor(debtor.timezone, debtor.region, assumed=debtor.timezone_assumed)
    )


def _zone(name: str) -> str:
    """A time zone, or none where it is not one."""
    try:
        zone_of(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ""
    return name
