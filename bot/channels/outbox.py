"""The outbox's transactions: taking a message in hand, and writing down what became of it."""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, update

from bot.channels import endings, rules
from bot.channels import outbox_rows as rows
from bot.channels.fallback import PRIVATE, MayWriteFirst, private
from bot.channels.port import Refused, TryLater
from bot.conversations import service
from bot.conversations.deliveries import WAITING
from bot.conversations.models import (
    Conversation,
    Delivery,
    DeliveryState,
    Purpose,
)
from bot.debtors.models import Creditor
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.policies.loader import channels_policy

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
"""How long one worker may be with a part of a message before another takes it up."""


@dataclass(frozen=True, slots=True)
class Job:
    """A message in this worker's hands."""

    delivery_id: int
    conversation_id: int
    channel: str
    creditor: str
    brand: str
    purpose: Purpose
    key: str
    text: str
    language: str
    buttons: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str, str], ...]
    last_inbound_at: datetime | None
    names: dict[str, str]
    done: frozenset[int]
    """The places of the parts that the platform has already."""
    is_uncertain: bool
    """Whether somebody had it in hand before and did not say what became of it."""
    attempt: int
    lease_until: datetime


class Outbox:
    """Takes deliveries in hand and ends them, one transaction each. Blocking: call in a thread."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        rng: random.Random,
        may_write_first: MayWriteFirst,
    ) -> None:
        self._db, self._clock, self._rng = database, clock, rng
        self._may_write_first = may_write_first

    def due(self, channel: str, limit: int = 200) -> Sequence[int]:
        """Conversations on `channel` in which the first message that waits may go now."""
        with self._db.reading() as session:
            return rows.due(session, channel, self._clock.now(), limit)

    def where(self, conversation_id: int) -> tuple[str, str] | None:
        """The channel of a conversation and its creditor's slug."""
        with self._db.reading() as session:
            conversation = session.get(Conversation, conversation_id)
            if conversation is None:
                return None
            creditor = session.get_one(Creditor, conversation.creditor_id)
            return conversation.channel, creditor.slug

    def is_due(self, conversation_id: int) -> bool:
        """Whether anything may go now: to look takes no lock and no turn to write."""
        with self._db.reading() as session:
            return rows.is_due(session, conversation_id, self._clock.now())

    def take(self, conversation_id: int) -> Job | None:
        """The conversation's next message, in hand under a lease; nothing where none may go now."""
        now = self._clock.now()
        with self._db.transaction() as session:
            after = 0
            while found := rows.next_waiting(session, conversation_id, now, after):
                if not rows.is_free(found.delivery, now):
                    return None
                job = self._take(session, found, now)
                if job is not None:
                    return job
                after = found.delivery.id or 0
        return None

    def _take(self, session: Session, found: rows.Next, now: datetime) -> Job | None:
        delivery, message, conversation = found.delivery, found.message, found.conversation
        assert delivery.id is not None and conversation.id is not None
        done = rows.places(session, delivery.id) if found.parts else frozenset()
        policy = channels_policy(now.date()).retries
        if now >= delivery.give_up_at or delivery.attempts >= policy.most_attempts:
            self._die(session, delivery, rules.GAVE_UP, now=now)
            return None
        was_in_hand = delivery.state is DeliveryState.SENDING
        is_asked = message.purpose is Purpose.REPLY
        if not (is_asked or done or was_in_hand) and not endings.passes(
            session, delivery, message, conversation, now
        ):
            return None
        attempt, lease_until = delivery.attempts + 1, now + LEASE
        rows.begin(session, delivery.id, attempt, lease_until)
        is_for_them = message.level <= service.level_now(conversation, now)
        shown = private(session, conversation) if not is_for_them else None
        return Job(
            delivery_id=delivery.id,
            conversation_id=conversation.id,
            channel=delivery.channel,
            creditor=found.slug,
            brand=found.brand,
            purpose=message.purpose,
            key=PRIVATE if shown else message.name,
            text=shown.text if shown else message.text,
            language=conversation.language,
            buttons=() if shown else tuple((b["id"], b["title"]) for b in message.buttons),
            links=()
            if shown
            else tuple((k["title"], k["url"], k.get("kind", "page")) for k in message.links),
            last_inbound_at=conversation.last_inbound_at,
            names=rows.names(session, conversation.id),
            done=done,
            is_uncertain=was_in_hand,
            attempt=attempt,
            lease_until=lease_until,
        )

    def hold(self, job: Job) -> datetime | None:
        """Keep the lease, and until when; nothing where somebody else has the message by now."""
        until = self._clock.now() + LEASE
        with self._db.transaction() as session:
            is_mine = rows.renew(session, job.delivery_id, job.attempt, until)
        return until if is_mine else None

    def record(self, job: Job, place: int, external_id: str) -> datetime | None:
        """The platform has part number `place`, and others follow: committed before they are sent.

        Keeps the lease and answers as `hold` does.
        """
        now = self._clock.now()
        with self._db.transaction(urgent=True) as session:
            self._note(
                session, job, rows.in_hand(session, job.delivery_id, now), place, external_id
            )
            is_mine = rows.renew(session, job.delivery_id, job.attempt, now + LEASE)
        return now + LEASE if is_mine else None

    def sent(self, job: Job, last: tuple[int, str] | None = None) -> bool:
        """All parts are with the platform; whether another of the conversation may go now.

        `last` is the place and the platform's number of the part that ended it; nothing where all
        had been written down before. Receipts that were quicker count.

        Urgent, as `record` is: until it is committed, whoever kills the process makes the message
        come twice on a platform without a key to know a repeated request by (Telegram).
        """
        now = self._clock.now()
        with self._db.transaction(urgent=True) as session:
            found = rows.in_hand(session, job.delivery_id, now)
            states = self._note(session, job, found, *last) if last else None
            if found.state is not DeliveryState.SENDING:
                return found.is_more
            if states is None:
                states = list(rows.parts(session, job.delivery_id).values())
            state = rules.of_parts(states)
            said = rules.message_state(state)
            rows.end(session, job.delivery_id, found.message_id, state, said, now)
            return found.is_more

    def _note(
        self, session: Session, job: Job, found: rows.InHand, place: int, external_id: str
    ) -> list[DeliveryState]:
        """Write a part down, unless a receipt told of it before; how all of them stand."""
        known = rows.parts(session, job.delivery_id) if found.parts else {}
        if place not in known:
            known[place] = DeliveryState.SENT
            rows.add_part(
                session,
                job.delivery_id,
                place,
                channel=job.channel,
                account=job.creditor,
                external_id=external_id,
            )
        return list(known.values())

    def try_later(self, job: Job, why: TryLater) -> None:
        """Nothing was sent: again after a while; an outage of the platform is waited out."""
        now = self._clock.now()
        policy = channels_policy(now.date()).retries
        wait = rules.back_off(
            job.attempt,
            self._rng,
            first=policy.first_seconds,
            longest=policy.longest_seconds,
            asked=why.seconds,
        )
        with self._db.transaction() as session:
            delivery = _mine(session, job)
            if delivery is None:
                return
            delivery.state, delivery.reason = DeliveryState.QUEUED, "try_later"
            delivery.lease_until, delivery.due_at = None, now + timedelta(seconds=wait)
            if why.whole_account:
                delivery.attempts -= 1

    def uncertain(self, job: Job) -> None:
        """It broke off on the way: a receipt may still tell; without one the lease runs out."""
        now = self._clock.now()
        wait = channels_policy(now.date()).retries.uncertain_on(job.channel)
        with self._db.transaction() as session:
            delivery = _mine(session, job)
            if delivery:
                delivery.reason = rules.UNCERTAIN
                delivery.lease_until = now + timedelta(seconds=wait)

    def wait(self, job: Job, reason: str, seconds: float) -> None:
        """Nothing was tried: it waits for something of ours, such as a channel switched off."""
        now = self._clock.now()
        with self._db.transaction() as session:
            delivery = _mine(session, job)
            if delivery:
                delivery.state, delivery.reason = DeliveryState.QUEUED, reason
                delivery.attempts -= 1
                delivery.lease_until, delivery.due_at = None, now + timedelta(seconds=seconds)

    def refused(self, job: Job, why: Refused) -> int | None:
        """The platform will never take it; answers where it was announced instead, if anywhere."""
        return self.end(job, why.reason, why.detail)

    def end(self, job: Job, reason: str, detail: str = "") -> int | None:
        """It cannot be delivered; answers where it was announced instead, if anywhere."""
        now = self._clock.now()
        with self._db.transaction() as session:
            delivery = _mine(session, job)
            if delivery is None:
                return None
            return self._die(session, delivery, reason, now=now, detail=detail)

    def _die(
        self,
        session: Session,
        delivery: Delivery,
        reason: str,
        *,
        now: datetime,
        detail: str = "",
    ) -> int | None:
        return endings.die(
            session,
            delivery,
            reason,
            now=now,
            detail=detail,
            may_write_first=self._may_write_first,
        )

    def give_up_unserved(self, served: Sequence[str]) -> None:
        """End what is too old on channels that are switched off: nobody takes it in hand."""
        now = self._clock.now()
        with self._db.reading() as session:
            late = rows.late_elsewhere(session, served, now)
        for delivery_id in late:
            with self._db.transaction() as session:
                delivery = rows.locked(session, delivery_id)
                if delivery.state in WAITING:
                    self._die(session, delivery, rules.CHANNEL_OFF, now=now)

    def forget_leases(self) -> None:
        """At the start of the only worker: nobody else has anything in hand."""
        with self._db.transaction() as session:
            session.exec(
                update(Delivery)
                .where(col(Delivery.state) == DeliveryState.SENDING)
                .values(lease_until=self._clock.now())
            )


def _mine(session: Session, job: Job) -> Delivery | None:
    """The delivery, if it is still in this worker's hands and nobody else took it up."""
    delivery = rows.locked(session, job.delivery_id)
    is_mine = delivery.state is DeliveryState.SENDING and delivery.attempts == job.attempt
    return delivery if is_mine else None
