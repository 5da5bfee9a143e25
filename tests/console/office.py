"""An office for the tests: two creditors, their debtors and agents, and browsers to sign in with."""

from __future__ import annotations

import re
import warnings
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from httpx import Response
from sqlmodel import Session, SQLModel, col, select

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.console.routes import console_router
from bot.conversations import service as conversations
from bot.conversations.announce import announce as catalogue
from bot.conversations.models import Author, Conversation, Message, Purpose
from bot.conversations.service import Button, Link, Outgoing
from bot.debtors.models import Creditor, Debtor, EventLog
from bot.handoff import accounts
from bot.handoff import service as handoffs
from bot.handoff.models import Agent, Handoff, Role
from bot.kit.clock import Clock, FixedClock
from bot.kit.db import Database
from bot.settings import Settings

with warnings.catch_warnings():
    # Starlette would rather have httpx2, which FastAPI does not ask for yet.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

NOON = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"
ANNOUNCEMENTS = {
    "utter_person_joined": "{agent} ya está contigo.",
    "utter_bot_returned": "Vuelve el asistente virtual.",
}


def announce(session: Session, conversation: Conversation, key: str, **values: Any) -> Outgoing:
    """Stands in for the catalogue of debtors' texts; what it does not know is read there."""
    if key in ANNOUNCEMENTS:
        return Outgoing(key, ANNOUNCEMENTS[key].format(**values))
    return catalogue(session, conversation, key, **values)


class Office:
    """Everything a test of the console needs, on a database of its own."""

    def __init__(
        self, url: str, *, clock: Clock | None = None, public_url: str = "http://testserver"
    ) -> None:
        self.database = Database(url)
        SQLModel.metadata.create_all(self.database.engine)
        self.fixed = FixedClock(NOON)
        self.clock: Clock = clock or self.fixed
        self.settings = Settings(
            _env_file=None,
            demo=True,
            public_url=public_url,
            database_url=url,
            data_dir=Path(url.removeprefix("sqlite:///")).parent,
        )
        self.changed: list[int] = []
        self.app = FastAPI()
        self.app.include_router(
            console_router(
                database=self.database,
                clock=self.clock,
                settings=self.settings,
                announce=announce,
                changed=self.changed.append,
            )
        )
        self._numbers = count(1)
        with self.database.transaction() as session:
            self.luz = self._creditor(session, "luz", "Luz del Valle", "MX")
            self.mar = self._creditor(session, "mar", "Tiendas Mar", "ES")
            self.maria = self._debtor(session, self.luz, "María Fernanda López García")
            self.ana = self._agent(session, "ana", Role.SUPERVISOR, None)
            self.leo = self._agent(session, "leo", Role.AGENT, self.luz.id)
            self.eva = self._agent(session, "eva", Role.AGENT, self.luz.id)
            self.sol = self._agent(session, "sol", Role.AGENT, self.mar.id)

    def _creditor(self, session: Session, slug: str, brand: str, country: str) -> Creditor:
        creditor = Creditor(
            slug=slug, brand=brand, legal_name=brand, country=country, public_key=f"key-{slug}"
        )
        session.add(creditor)
        session.flush()
        return creditor

    def _debtor(self, session: Session, creditor: Creditor, name: str) -> Debtor:
        assert creditor.id is not None
        debtor = Debtor(
            creditor_id=creditor.id,
            ref="REF-778899",
            name=name,
            country=creditor.country,
            timezone="America/Mexico_City",
        )
        session.add(debtor)
        session.flush()
        return debtor

    def _agent(self, session: Session, name: str, role: Role, creditor_id: int | None) -> Agent:
        return accounts.add_agent(
            session,
            email=f"{name}@acuerdo.example",
            name=name.capitalize() + " Ruiz",
            role=role,
            password=PASSWORD,
            creditor_id=creditor_id,
            now=NOON,
        )

    # --- what debtors and the bot do ------------------------------------------------------------

    def conversation(
        self, creditor: Creditor | None = None, *, verified: bool = False, language: str = "es"
    ) -> int:
        """A conversation on the web chat, the debtor verified or not."""
        creditor = creditor or self.luz
        number = next(self._numbers)
        assert creditor.id is not None and self.maria.id is not None
        with self.database.transaction() as session:
            made = Conversation(
                creditor_id=creditor.id,
                channel="web",
                address=f"address-{number}-5215512345678",
                language=language,
                claimed_debtor_id=self.maria.id,
                debtor_id=self.maria.id,
                created_at=self.clock.now(),
            )
            session.add(made)
            session.flush()
            if verified:
                conversations.verify(made, self.maria.id, self.clock.now())
            assert made.id is not None
            return made.id

    def says(self, conversation_id: int, text: str) -> None:
        """The debtor writes."""
        with self.database.transaction() as session:
            conversations.receive(
                session,
                conversation_id,
                provider_id=f"in-{next(self._numbers)}",
                text=text,
                now=self.clock.now(),
            )

    def bot_says(self, conversation_id: int, text: str, *, link: str = "") -> None:
        """The bot writes, with a button and perhaps a link."""
        with self.database.transaction() as session:
            conversations.post(
                session,
                session.get_one(Conversation, conversation_id),
                Outgoing(
                    "utter_help",
                    text,
                    [Button("Ver opciones", "/secret_payload")],
                    [Link("Pagar", link)] if link else [],
                ),
                author=Author.BOT,
                purpose=Purpose.REPLY,
                provider_id=f"bot-{next(self._numbers)}",
                now=self.clock.now(),
            )

    def hands_over(
        self,
        conversation_id: int,
        reason: str = "asked",
        *,
        red: bool = False,
        summary: dict[str, Any] | None = None,
    ) -> None:
        """The bot gives the conversation to people."""
        with self.database.transaction() as session:
            handoffs.hand_over(
                session,
                session.get_one(Conversation, conversation_id),
                reason=reason,
                summary={"level": 0, "intent": "ask_human"} if summary is None else summary,
                now=self.clock.now(),
                red=red,
            )

    def waiting(self, creditor: Creditor | None = None, **options: Any) -> int:
        """A conversation handed over because the debtor asked."""
        made = self.conversation(creditor, verified=options.pop("verified", False))
        self.says(made, "Quiero hablar con una persona")
        self.hands_over(made, **options)
        return made

    # --- what tests look at ---------------------------------------------------------------------

    def read(self, conversation_id: int) -> Conversation:
        """The conversation as it is stored."""
        with self.database.reading() as session:
            return session.get_one(Conversation, conversation_id)

    def texts(self, conversation_id: int, author: Author) -> list[str]:
        """What one author wrote."""
        with self.database.reading() as session:
            return [
                message.text
                for message in session.exec(
                    select(Message)
                    .where(Message.conversation_id == conversation_id, Message.author == author)
                    .order_by(col(Message.seq))
                ).all()
            ]

    def handoff(self, conversation_id: int) -> Handoff:
        """The newest hand-over of a conversation."""
        with self.database.reading() as session:
            return session.exec(
                select(Handoff)
                .where(Handoff.conversation_id == conversation_id)
                .order_by(col(Handoff.id).desc())
            ).one()

    def events(self, name: str = "") -> list[EventLog]:
        """The event log, or the entries called `name`."""
        with self.database.reading() as session:
            rows = session.exec(select(EventLog).order_by(col(EventLog.id))).all()
            return [row for row in rows if not name or row.name == name]


class Browser:
    """A browser that follows no redirect by itself and knows where forms keep their tokens."""

    def __init__(self, office: Office, language: str = "es-MX,es;q=0.9") -> None:
        self.office = office
        self.client = TestClient(
            office.app,
            base_url=office.settings.public_url,
            follow_redirects=False,
            headers={"Accept-Language": language},
        )

    def get(self, path: str, **headers: str) -> Response:
        """Open a page."""
        answer: Response = self.client.get(path, headers=headers)
        return answer

    def post(self, path: str, data: dict[str, str], **headers: str) -> Response:
        """Send a form as it is given."""
        answer: Response = self.client.post(path, data=data, headers=headers)
        return answer

    def token(self, path: str = "/console", name: str = "csrf") -> str:
        """The hidden field `name` of the first form on a page."""
        found = re.search(rf'name="{name}" value="([^"]+)"', self.get(path).text)
        assert found, f"no {name} on {path}"
        return found[1]

    def sign_in(self, agent: Agent, password: str = PASSWORD) -> Response:
        """Fill the sign-in form in."""
        csrf = self.token("/console/login")
        return self.post(
            "/console/login", {"email": agent.email, "password": password, "csrf": csrf}
        )

    def act(self, conversation_id: int, act: str, **fields: str) -> Response:
        """Take, reply to or return a conversation, as its page would."""
        data = {"csrf": self.token(), **fields}
        return self.post(f"/console/c/{conversation_id}/{act}", data)

    def reply(self, conversation_id: int, text: str, nonce: str = "a-nonce-0123456789") -> Response:
        """Send the reply form."""
        return self.act(conversation_id, "reply", text=text, nonce=nonce)
