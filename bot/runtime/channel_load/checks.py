"""What must be true once all webhooks are in: nothing lost, nothing twice, everything in order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select

from bot.channels.port import Channel, Inbound, Unreadable
from bot.conversations.models import (
    ChannelAddress,
    Conversation,
    Delivery,
    DeliveryPart,
    DeliveryState,
    Direction,
    InboundEvent,
    InboundState,
    Message,
    MessageState,
)
from bot.kit.db import Database
from bot.runtime.channel_load.crowd import Line

AT_HAND = timedelta(seconds=1)
"""How long a webhook may have been waiting when a later message of the same person was taken up,
for both to count as "waiting together": what came in the very moment of the taking could not."""

_DONE = (DeliveryState.SENT, DeliveryState.DELIVERED, DeliveryState.READ)


@dataclass(frozen=True, slots=True)
class Sent:
    """One message as a platform got it; a list of these is in the order in which it did."""

    channel: str
    external_id: str


@dataclass
class Outcome:
    """Counts; those from `lost` on must be 0."""

    messages: int = 0
    """What people wrote."""
    answered: int = 0
    wrote: int = 0
    """People whose every message was looked at."""
    answers: int = 0
    """Messages of ours."""
    sends: int = 0
    """Requests with a message that the platforms took."""
    overtaken: int = 0
    """Messages answered before an earlier one whose webhook had not come yet: nobody can do better."""
    lost: int = 0
    """Written, and not kept, or not answered."""
    twice: int = 0
    """Kept more than once."""
    undelivered: int = 0
    """Answers that no platform got."""
    doubled: int = 0
    """Answers that a platform got twice."""
    out_of_order: int = 0
    """Answered before an earlier message of the same person that was already waiting."""
    sent_out_of_order: int = 0
    """Answers that went out after one to a later message."""
    apologies: int = 0
    """Answers that say something went wrong."""
    unreadable: int = 0
    answer_p50_ms: float = 0.0
    """From the first webhook of a message until the first of its answers was taken."""
    answer_p95_ms: float = 0.0
    examples: list[str] = field(default_factory=list)
    """Of what should not be, for whoever looks for the reason: numbers only."""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled or out of order."""
        return not any(
            (
                self.lost,
                self.twice,
                self.undelivered,
                self.doubled,
                self.out_of_order,
                self.sent_out_of_order,
                self.apologies,
                self.unreadable,
            )
        )

    def add(self, count: str, example: str) -> None:
        """Count one thing that should not be."""
        setattr(self, count, getattr(self, count) + 1)
        if len(self.examples) < 20:
            self.examples.append(f"{count}: {example}")


def is_settled(database: Database) -> bool:
    """Whether nothing waits any more: no webhook, no message, no answer."""
    with database.reading() as session:
        waiting = (
            select(func.count())
            .select_from(InboundEvent)
            .where(InboundEvent.state == InboundState.RECEIVED),
            select(func.count())
            .select_from(Message)
            .where(Message.direction == Direction.IN, Message.state == MessageState.RECEIVED),
            select(func.count())
            .select_from(Delivery)
            .where(col(Delivery.state).in_([DeliveryState.QUEUED, DeliveryState.SENDING])),
        )
        return not any(session.exec(query).one() for query in waiting)


def outcome(
    database: Database,
    lines: Iterable[Line],
    sent: Sequence[Sent],
    channels: Mapping[str, Channel],
    *,
    at_hand: timedelta = AT_HAND,
) -> Outcome:
    """Compare what was written with what is in the database and with what the platforms got."""
    found = Outcome()
    with database.reading() as session:
        inbound, outbound = _messages(session)
        homes = _homes(session)
        came = _first_seen(session, channels, found)
        parts, deliveries = _deliveries(session)
    answers = defaultdict(list)
    for message in outbound:
        if message.in_reply_to:
            answers[message.in_reply_to].append(message)
    by_person: dict[int, list[tuple[Line, Message]]] = defaultdict(list)
    for line in lines:
        found.messages += 1
        home = homes.get((line.channel, tail(line.person.name)))
        kept = inbound.pop((home, line.number), None) if home else None
        if kept is None:
            found.add("lost", f"{line.channel} {line.person.number}/{line.place} was not kept")
            continue
        if kept.state is not MessageState.HANDLED or not answers[kept.id or 0]:
            found.add("lost", f"message {kept.id} of conversation {home} was not answered")
            continue
        found.answered += 1
        by_person[kept.conversation_id].append((line, kept))
    for kept in inbound.values():
        found.add("twice", f"message {kept.id} of conversation {kept.conversation_id}")
    found.wrote = len(by_person)
    for written in by_person.values():
        _order(written, came, found, at_hand)
    waits = _waits(by_person, answers, deliveries, came)
    found.answer_p50_ms, found.answer_p95_ms = _share(waits, 0.5), _share(waits, 0.95)
    _outbox(outbound, deliveries, parts, sent, found)
    return found


def tail(name: str) -> str:
    """The end of a name, by which a telephone is known however its country code is written."""
    return name[-10:]


def _messages(
    session: Session,
) -> tuple[dict[tuple[int, str], Message], list[Message]]:
    pushed = (
        select(Message)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
        .where(Conversation.channel != "web")
        .order_by(col(Message.conversation_id), col(Message.seq))
    )
    inbound, outbound = {}, []
    for message in session.exec(pushed):
        if message.direction is Direction.OUT:
            outbound.append(message)
        else:
            number = message.provider_id.rpartition(":")[2]
            inbound[message.conversation_id, number] = message
    return inbound, outbound


def _homes(session: Session) -> dict[tuple[str, str], int]:
    return {
        (address.channel, tail(address.value)): address.conversation_id
        for address in session.exec(select(ChannelAddress))
    }


def _first_seen(
    session: Session, channels: Mapping[str, Channel], found: Outcome
) -> dict[tuple[str, str, str], datetime]:
    """When the first webhook with a message came in, by channel, person's name and number."""
    first: dict[tuple[str, str, str], datetime] = {}
    for event in session.exec(select(InboundEvent).order_by(col(InboundEvent.received_at))):
        if event.state is InboundState.UNREADABLE:
            found.add("unreadable", f"event {event.id}: {event.problem}")
            continue
        try:
            told = channels[event.channel].read(event.body, event.account)
        except Unreadable:
            found.add("unreadable", f"event {event.id}")
            continue
        for one in told:
            if isinstance(one, Inbound):
                for _, value in one.who.names:
                    key = (event.channel, tail(value), one.event_id.rpartition(":")[2])
                    first.setdefault(key, event.received_at)
    return first


def _deliveries(
    session: Session,
) -> tuple[dict[tuple[str, str], int], dict[int, Delivery]]:
    """The delivery of each part by its external number; each message's delivery."""
    deliveries = {one.message_id: one for one in session.exec(select(Delivery))}
    of_part = {
        (part.channel, part.external_id): part.delivery_id
        for part in session.exec(select(DeliveryPart))
    }
    return of_part, deliveries


def _waits(
    by_person: Mapping[int, Sequence[tuple[Line, Message]]],
    answers: Mapping[int, Sequence[Message]],
    deliveries: Mapping[int, Delivery],
    came: Mapping[tuple[str, str, str], datetime],
) -> list[float]:
    """Milliseconds that each message waited for its answer, the shortest first."""
    found = []
    for line, message in (one for written in by_person.values() for one in written):
        first = came.get((line.channel, tail(line.person.name), line.number))
        gone = [
            delivery.sent_at
            for answer in answers[message.id or 0]
            if (delivery := deliveries.get(answer.id or 0)) and delivery.sent_at
        ]
        if first and gone:
            found.append((min(gone) - first).total_seconds() * 1000)
    return sorted(found)


def _share(ordered: Sequence[float], share: float) -> float:
    return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 1) if ordered else 0.0


def _order(
    written: list[tuple[Line, Message]],
    came: Mapping[tuple[str, str, str], datetime],
    found: Outcome,
    at_hand: timedelta,
) -> None:
    """One person's messages are answered in the platform's order, as far as they had come."""
    taken = sorted(written, key=lambda one: one[1].seq)
    for place, (line, message) in enumerate(taken):
        waited = [
            message.created_at - came[earlier.channel, tail(earlier.person.name), earlier.number]
            for earlier, _ in taken[place + 1 :]
            if earlier.place < line.place
        ]
        if any(wait > at_hand for wait in waited):
            longest = max(waited).total_seconds()
            found.add("out_of_order", f"message {message.id}, by {longest:.1f} s")
        elif waited:
            found.overtaken += 1


def _outbox(
    outbound: Sequence[Message],
    deliveries: Mapping[int, Delivery],
    parts: Mapping[tuple[str, str], int],
    sent: Sequence[Sent],
    found: Outcome,
) -> None:
    messages = {}
    for message in outbound:
        found.answers += 1
        found.apologies += message.name == "utter_error"
        delivery = deliveries.get(message.id or 0)
        if delivery is None or delivery.state not in _DONE:
            state = delivery.state.value if delivery else "no delivery"
            found.add("undelivered", f"message {message.id}: {state}")
        if delivery and delivery.id:
            messages[delivery.id] = message
    newest: dict[int, int] = {}
    found.sends = len(sent)
    for one in sent:
        delivery_id = parts.get((one.channel, one.external_id))
        if delivery_id is None:
            found.add("doubled", f"{one.channel} {one.external_id}")
            continue
        message = messages[delivery_id]
        if message.seq < newest.get(message.conversation_id, 0):
            found.add("sent_out_of_order", f"message {message.id}")
        newest[message.conversation_id] = max(message.seq, newest.get(message.conversation_id, 0))
    got = {one.external_id for one in sent}
    for (_, external_id), delivery_id in parts.items():
        if external_id not in got and delivery_id in messages:
            found.add("undelivered", f"part {external_id} of delivery {delivery_id}")
