"""The channels' core on a platform that obeys the test: it fails, hangs and dies on demand."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlmodel import Session, col, select

from bot.channels.inbox import Inbox
from bot.channels.pace import Pace
from bot.channels.port import (
    Capabilities,
    Destination,
    FileRef,
    Inbound,
    Kind,
    Parcel,
    Part,
    Receipt,
    ReceiptState,
    Unreadable,
    Who,
)
from bot.channels.postman import Postman
from bot.conversations import addresses, service
from bot.conversations.models import (
    Author,
    Conversation,
    Delivery,
    DeliveryPart,
    Direction,
    InboundEvent,
    Message,
    Purpose,
)
from bot.conversations.service import Button, Link, Outgoing
from bot.debtors.models import ContactPoint, Creditor, Debtor
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.nudges import gate
from bot.settings import Settings


class Killed(BaseException):
    """The process is gone: nothing after this line runs."""


Act = Callable[[], Any]


@dataclass
class Platform:
    """A platform whose webhooks are JSON lists and whose messages are texts."""

    name: str = "telegram"
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(
            text_length=4096, buttons=8, links=True, documents=True, typing=True, may_initiate=True
        )
    )
    outcomes: list[Any] = field(default_factory=list)
    """What becomes of the next sends: an exception to raise, or a function to await."""
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """What the platform has: `(address, body)`."""
    heard_of: list[tuple[str, str]] = field(default_factory=list)
    busy_for: list[str] = field(default_factory=list)
    files: dict[str, Any] = field(default_factory=dict)
    closed_to: set[str] = field(default_factory=set)
    sends: int = 0
    under_way: int = 0
    most_under_way: int = 0

    def read(self, body: bytes, account: str) -> list[Inbound | Receipt]:
        try:
            found = json.loads(body)
        except ValueError:
            raise Unreadable("not JSON") from None
        return [self._one(item, account) for item in found["items"]]

    def _one(self, item: dict[str, Any], account: str) -> Inbound | Receipt:
        if "state" in item:
            return Receipt(
                account,
                item["id"],
                ReceiptState(item["state"]),
                datetime.fromisoformat(item["at"]),
                item.get("problem", ""),
                item.get("about", ""),
                item.get("again_after"),
            )
        facts = dict(item)
        who = Who(tuple((k, v) for k, v in facts.pop("names")), facts.pop("language", ""))
        if file := facts.pop("file", None):
            facts["file"] = FileRef(**file)
        return Inbound(
            kind=Kind(facts.pop("kind")),
            account=account,
            who=who,
            sent_at=datetime.fromisoformat(facts.pop("sent_at")),
            **facts,
        )

    def render(self, parcel: Parcel) -> list[Part]:
        texts = parcel.text.split("\n---\n")
        parts = [Part("say", {"text": t, "about": parcel.delivery_id}) for t in texts]
        parts[-1].body["buttons"] = [title for _, title in parcel.buttons]
        parts[-1].body["links"] = [list(link) for link in parcel.links]
        return parts + [Part("file", {"name": d.name}, d) for d in parcel.documents]

    async def send(self, part: Part, to: Destination) -> str:
        self.sends += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            outcome = self.outcomes.pop(0) if self.outcomes else None
            if isinstance(outcome, BaseException):
                raise outcome
            if outcome is not None:
                await outcome()
            self.taken.append((next(iter(to.names.values())), part.body))
            return f"{self.name}-{len(self.taken)}"
        finally:
            self.under_way -= 1

    async def fetch(self, file: FileRef, to: Destination) -> bytes:
        found = self.files[file.id]
        if isinstance(found, BaseException):
            raise found
        return bytes(found)

    async def busy(self, to: Destination, event_id: str) -> None:
        self.busy_for.append(event_id)

    async def heard(self, inbound: Inbound, to: Destination, notice: str = "") -> None:
        self.heard_of.append((inbound.event_id, notice))

    def is_open_to(self, creditor: str) -> bool:
        return creditor not in self.closed_to

    async def close(self) -> None:
        return None

    @property
    def texts(self) -> list[str]:
        """What people can read, in order."""
        return [body.get("text", "") for _, body in self.taken]


@dataclass
class Desk:
    """The core, its platforms and a way to look at what is written down."""

    database: Database
    clock: FixedClock
    settings: Settings
    platforms: dict[str, Platform]
    hub: Hub = field(init=False)
    postman: Postman = field(init=False)
    inbox: Inbox = field(init=False)
    turns: list[int] = field(default_factory=list)
    """Conversations in which the dialogue was called, in order."""
    naps: list[float] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """The process begins anew: whatever was only in memory is gone."""
        if hasattr(self, "inbox"):
            self.inbox._leader.release()
        self.hub = Hub()
        self.hub.on_inbound(self.turns.append)
        self.postman = Postman(
            database=self.database,
            clock=self.clock,
            hub=self.hub,
            channels=self.platforms,
            pace=Pace(self.clock.now().date(), monotonic=self._monotonic),
            rng=random.Random(7),
            sleep=self._nap,
        )
        self.postman.outbox.forget_leases()
        self.inbox = Inbox(
            database=self.database,
            clock=self.clock,
            settings=self.settings,
            hub=self.hub,
            channels=self.platforms,
            may_write_first=self.postman.may_write_first,
            sleep=self._nap,
        )

    def _monotonic(self) -> float:
        return self.clock.now().timestamp()

    async def _nap(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.clock.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    @property
    def platform(self) -> Platform:
        return self.platforms["telegram"]

    # ---- the person's side ----------------------------------------------------------------

    def event(self, kind: str = "text", chat: str = "5", **facts: Any) -> dict[str, Any]:
        """One thing that a person did."""
        number = next(self.numbers)
        return {
            "kind": kind,
            "names": [["chat", chat]],
            "event_id": f"tg:{number}",
            "sent_at": self.clock.now().isoformat(),
            **facts,
        }

    def body(self, *items: dict[str, Any]) -> bytes:
        return json.dumps({"items": items}).encode()

    async def comes(
        self, *items: dict[str, Any], account: str = "girasol", channel: str = "telegram"
    ) -> None:
        """A webhook arrives and is acted on."""
        self.hub.bind(asyncio.get_running_loop())
        await self.inbox.keep(channel, account, self.body(*items))
        await self.inbox.settle()
        await asyncio.sleep(0)

    # ---- our side -------------------------------------------------------------------------

    def conversation(
        self,
        chat: str = "5",
        *,
        creditor: str = "girasol",
        channel: str = "telegram",
        debtor: int | None = None,
        kind: str = "chat",
    ) -> int:
        """A conversation on a platform, begun long ago."""
        with self.database.transaction() as session:
            owner = session.exec(select(Creditor).where(Creditor.slug == creditor)).one()
            made = addresses.new_conversation(
                session, owner, channel, [(kind, chat)], language="es", now=self.clock.now()
            )
            made.claimed_debtor_id = debtor
            assert made.id is not None
            return made.id

    def post(
        self,
        conversation_id: int,
        text: str = "Hola",
        *,
        purpose: Purpose = Purpose.REPLY,
        links: tuple[Link, ...] = (),
        name: str = "utter_greeting",
    ) -> int:
        """Post a message; the number of its delivery."""
        with self.database.transaction() as session:
            message = service.post(
                session,
                session.get_one(Conversation, conversation_id),
                Outgoing(name, text, [Button("Sí", "/affirm")], list(links)),
                author=Author.BOT,
                purpose=purpose,
                provider_id=f"post:{next(self.numbers)}",
                now=self.clock.now(),
            )
            delivery = service.delivery_of(session, message)
            assert delivery is not None and delivery.id is not None
            return delivery.id

    async def deliver(self, *, after: timedelta | None = None) -> None:
        """Let the postman go round until nothing is due."""
        if after:
            self.clock.advance(after)
        self.hub.bind(asyncio.get_running_loop())
        await self.postman.sweep()
        await self.postman.settle()

    def receipt(self, external_id: str, state: str, **facts: Any) -> dict[str, Any]:
        return {"id": external_id, "state": state, "at": self.clock.now().isoformat(), **facts}

    # ---- looking --------------------------------------------------------------------------

    def delivery(self, delivery_id: int) -> Delivery:
        with self.database.reading() as session:
            return session.get_one(Delivery, delivery_id)

    def delivery_state(self, delivery_id: int) -> tuple[str, str]:
        found = self.delivery(delivery_id)
        return found.state.value, found.reason

    def message_of(self, delivery_id: int) -> Message:
        with self.database.reading() as session:
            return session.get_one(Message, session.get_one(Delivery, delivery_id).message_id)

    def parts(self, delivery_id: int) -> list[DeliveryPart]:
        with self.database.reading() as session:
            return list(
                session.exec(
                    select(DeliveryPart)
                    .where(DeliveryPart.delivery_id == delivery_id)
                    .order_by(col(DeliveryPart.place))
                ).all()
            )

    def events(self) -> list[InboundEvent]:
        with self.database.reading() as session:
            return list(session.exec(select(InboundEvent).order_by(col(InboundEvent.id))).all())

    def conversations(self, channel: str = "telegram") -> list[Conversation]:
        with self.database.reading() as session:
            return list(
                session.exec(
                    select(Conversation)
                    .where(Conversation.channel == channel)
                    .order_by(col(Conversation.id))
                ).all()
            )

    def messages(self, conversation_id: int, direction: Direction | None = None) -> list[Message]:
        with self.database.reading() as session:
            found = session.exec(
                select(Message)
                .where(Message.conversation_id == conversation_id)
                .order_by(col(Message.seq))
            ).all()
            return [m for m in found if direction in (None, m.direction)]

    def said(self, conversation_id: int) -> list[str]:
        """The names of what we said."""
        return [m.name for m in self.messages(conversation_id, Direction.OUT)]

    def wrote(self, conversation_id: int) -> list[str]:
        """What the person wrote."""
        return [m.text for m in self.messages(conversation_id, Direction.IN)]

    def change(self, work: Callable[[Session], Any]) -> Any:
        with self.database.transaction() as session:
            return work(session)

    def debtor_with(self, channel: str, creditor: str = "girasol") -> tuple[Debtor, ContactPoint]:
        """Somebody of the sample with a contact point on `channel`, which may be written to."""
        with self.database.transaction() as session:
            debtor, point = session.exec(
                select(Debtor, ContactPoint)
                .join(ContactPoint, col(ContactPoint.debtor_id) == col(Debtor.id))
                .join(Creditor, col(Creditor.id) == col(Debtor.creditor_id))
                .where(ContactPoint.channel == channel, Creditor.slug == creditor)
                .where(col(ContactPoint.suppressed_at).is_(None))
                .order_by(col(ContactPoint.id))
            ).first() or (None, None)
            assert debtor is not None and point is not None
            point.consented_at = point.consented_at or self.clock.now()
            return debtor, point


@pytest.fixture
def platform_kinds() -> dict[str, Platform]:
    """Three platforms; the first cannot be written to before the person comes."""
    return {
        "telegram": Platform("telegram"),
        "whatsapp": Platform("whatsapp"),
        "email": Platform("email"),
    }


@pytest.fixture
def desk(database, clock, settings, platform_kinds, gate_says):
    """The core on both databases, with a gate that lets everything pass."""
    made = Desk(
        database,
        clock,
        settings.model_copy(update={"whatsapp_numbers": {"girasol": "1055"}}),
        platform_kinds,
    )
    yield made
    made.inbox._leader.release()


@dataclass
class GateSays:
    """What the gate answers, and what it was asked."""

    ruling: gate.Ruling
    asked: list[int] = field(default_factory=list)

    def send(self) -> None:
        self.ruling = gate.Ruling(gate.Decision.SEND)

    def later(self, at: datetime) -> None:
        self.ruling = gate.Ruling(gate.Decision.LATER, at, (gate.Reason("hours", "a law"),))

    def blocked(self) -> None:
        self.ruling = gate.Ruling(gate.Decision.BLOCKED, None, (gate.Reason("dispute", "a law"),))


@pytest.fixture
def gate_says(monkeypatch, clock):
    """The gate's rules have tests of their own: here it answers what the test says."""
    says = GateSays(gate.Ruling(gate.Decision.SEND, clock.now()))

    def rule_on(session, message, conversation, *, now):
        says.asked.append(message.id)
        return says.ruling

    monkeypatch.setattr(gate, "rule_on", rule_on)
    return says


@pytest.fixture
def killed():
    """What a killed process raises."""
    return Killed
