"""A mail server, and somebody with a mailbox."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlmodel import Session, select

sys.path.insert(0, str(Path(__file__).parent))

from mailroom import MailRoom

from bot.channels.email.channel import EmailChannel
from bot.channels.port import Destination, Parcel, Part
from bot.conversations import service
from bot.conversations.addresses import conversation_for
from bot.conversations.announce import announce
from bot.conversations.models import (
    Author,
    Conversation,
    Delivery,
    DeliveryPart,
    DeliveryState,
    Message,
    MessageState,
    Purpose,
)
from bot.debtors.models import ContactPoint, Creditor, Debtor
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.settings import Settings


@pytest.fixture
def mailroom() -> Iterator[MailRoom]:
    room = MailRoom()
    yield room
    room.stop()


@pytest.fixture
def settings(tmp_path: Path, mailroom: MailRoom) -> Settings:
    """The product with a mail server, and a sender for the sample's shop."""
    return Settings(
        demo=True,
        data_dir=tmp_path / "var",
        public_url="https://chat.example",
        smtp_url=SecretStr(mailroom.url()),
        email_senders={"girasol": "Tienda Girasol <avisos@girasol.example>"},
    )


@dataclass
class Post:
    """The shop's post office: one debtor with a mailbox, and what is written to it."""

    database: Database
    clock: FixedClock
    settings: Settings
    address: str = "ana@buzon.example"
    debtor_id: int = 0
    point_id: int = 0
    conversation_id: int = 0

    def open(self) -> None:
        with self.database.transaction() as session:
            shop = self.shop(session)
            debtor = Debtor(
                creditor_id=shop.id or 0,
                ref="E-1",
                name="Ana Ruiz Mora",
                country="MX",
                timezone="America/Mexico_City",
            )
            session.add(debtor)
            session.flush()
            point = ContactPoint(
                debtor_id=debtor.id or 0,
                channel="email",
                address=self.address,
                consented_at=self.clock.now(),
            )
            session.add(point)
            session.flush()
            conversation = conversation_for(session, point, now=self.clock.now())
            assert debtor.id and point.id and conversation.id
            self.debtor_id, self.point_id = debtor.id, point.id
            self.conversation_id = conversation.id

    def shop(self, session: Session) -> Creditor:
        return session.exec(select(Creditor).where(Creditor.slug == "girasol")).one()

    def write(self, key: str = "utter_message_waiting", number: str = "n1") -> Parcel:
        """Post a text of the catalogue, as the postman gives it to the channel."""
        with self.database.transaction() as session:
            conversation = session.get_one(Conversation, self.conversation_id)
            message = service.post(
                session,
                conversation,
                announce(session, conversation, key),
                author=Author.BOT,
                purpose=Purpose.SERVICE,
                provider_id=number,
                now=self.clock.now(),
            )
            return self.parcel(session, message)

    def parcel(self, session: Session, message: Message) -> Parcel:
        delivery = service.delivery_of(session, message)
        assert delivery is not None and delivery.id is not None
        conversation = session.get_one(Conversation, message.conversation_id)
        return Parcel(
            delivery_id=delivery.id,
            key=message.name,
            text=message.text,
            language=conversation.language,
            brand=self.shop(session).brand,
            purpose=message.purpose,
        )

    def channel(self) -> EmailChannel:
        return EmailChannel(self.settings, self.database, self.clock)

    def to(self, address: str = "") -> Destination:
        return Destination("girasol", {"mailbox": address or self.address})

    async def send(self, parcel: Parcel, address: str = "") -> str:
        channel = self.channel()
        (part,) = channel.render(parcel)
        assert isinstance(part, Part)
        return await channel.send(part, self.to(address))

    def was_sent(self, delivery_id: int, number: str) -> None:
        """Write down what the postman writes down once the mail server has it."""
        with self.database.transaction() as session:
            delivery = session.get_one(Delivery, delivery_id)
            delivery.state, delivery.sent_at = DeliveryState.SENT, self.clock.now()
            session.get_one(Message, delivery.message_id).state = MessageState.SENT
            session.add(
                DeliveryPart(
                    delivery_id=delivery_id,
                    place=0,
                    channel="email",
                    account="girasol",
                    external_id=number,
                )
            )


@pytest.fixture
def post(database: Database, clock: FixedClock, settings: Settings) -> Post:
    made = Post(database, clock, settings)
    made.open()
    return made
