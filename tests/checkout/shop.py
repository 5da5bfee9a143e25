"""What debtors, the provider and the operator do in these tests, and what can be seen of it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import httpx
from sqlmodel import Session, col, select

from bot.app import Parts
from bot.arrangements.models import (
    Instalment,
    Offer,
    OfferKind,
    Plan,
    PlanState,
    Promise,
    PromiseState,
)
from bot.arrangements.offers import accept_plan, record_promise
from bot.cases.models import Case
from bot.checkout.sandbox import API_KEY, sign
from bot.conversations import service as conversations
from bot.conversations.models import Conversation, Message
from bot.debtors.models import Creditor, Debtor
from bot.debts import service as debts
from bot.debts.facts import Statement
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.kit.clock import FixedClock
from bot.kit.money import Money
from bot.payments.models import ExternalEvent, Payment, PaymentRequest, Purpose, Refund
from bot.payments.service import request_payment

COMPLETED = "checkout.session.completed"
SUCCEEDED = "checkout.session.async_payment_succeeded"
FAILED = "checkout.session.async_payment_failed"

_numbers = count(1)


@dataclass(frozen=True)
class Debt:
    """Somebody who owes, and the chat in which they were identified."""

    debtor_id: int
    account_id: int
    conversation_id: int


class Shop:
    """One creditor's app."""

    def __init__(self, parts: Parts, clock: FixedClock) -> None:
        self.parts = parts
        self.clock = clock
        self.checkout = parts.checkout
        self.database = parts.database
        self.web = httpx.Client(base_url=parts.settings.public_url, timeout=30, trust_env=False)
        with self.database.transaction() as session:
            creditor = Creditor(
                slug=f"girasol-{secrets.token_hex(4)}",
                brand="Tienda Girasol",
                legal_name="Girasol, S.A.",
                country="MX",
                public_key=secrets.token_hex(8),
            )
            session.add(creditor)
            session.flush()
            assert creditor.id is not None
            self.creditor_id = creditor.id

    # ---- who owes what

    def debt(
        self,
        major: str = "1000",
        currency: str = "MXN",
        *,
        language: str = "es",
        country: str = "MX",
        timezone: str = "America/Mexico_City",
        verified: bool = True,
    ) -> Debt:
        """A new debtor with one account, talking on the web chat."""
        number = next(_numbers)
        now = self.clock.now()
        with self.database.transaction() as session:
            debtor = Debtor(
                creditor_id=self.creditor_id,
                ref=f"D-{number}",
                name="María Fernanda López",
                country=country,
                language=language,
                timezone=timezone,
            )
            session.add(debtor)
            session.flush()
            assert debtor.id is not None
            account = Account(
                creditor_id=self.creditor_id,
                debtor_id=debtor.id,
                ref=f"A-{number}",
                product="Crédito para refrigerador",
                currency=currency,
                due_on=date(2026, 2, 1),
                opened_on=date(2025, 11, 1),
                imported_at=now,
            )
            conversation = Conversation(
                creditor_id=self.creditor_id,
                channel="web",
                address=f"chat-{number}",
                language=language,
                created_at=now,
                last_inbound_at=now,
            )
            if verified:
                conversations.verify(conversation, debtor.id, now)
            else:
                conversation.claimed_debtor_id = debtor.id
            session.add_all([account, conversation])
            session.flush()
            assert account.id is not None and conversation.id is not None
            made = Debt(debtor.id, account.id, conversation.id)
        self.book(made, Money.of(major, currency), kind=EntryKind.CHARGE)
        return made

    def book(self, debt: Debt, amount: Money, *, kind: EntryKind = EntryKind.CREDIT) -> None:
        """Something reaches the ledger by another way than a link: an import, an agent."""
        with self.database.transaction() as session:
            assert debts.book(
                session,
                session.get_one(Account, debt.account_id),
                kind=kind,
                amount=amount,
                on=date(2026, 3, 1),
                source="import",
                source_id=f"import-{next(_numbers)}",
                now=self.clock.now(),
            )

    def link(
        self,
        debt: Debt,
        major: str,
        *,
        purpose: Purpose = Purpose.BALANCE,
        instalment_id: int | None = None,
        conversation_id: int | None = None,
    ) -> str:
        """The chat hands out a link; answers its token."""
        with self.database.transaction() as session:
            account = session.get_one(Account, debt.account_id)
            return request_payment(
                session,
                account_id=debt.account_id,
                conversation_id=conversation_id or debt.conversation_id,
                amount=Money.of(major, account.currency),
                purpose=purpose,
                instalment_id=instalment_id,
                now=self.clock.now(),
            ).token

    def plan(self, debt: Debt, *majors: str) -> list[int]:
        """The debtor accepts a plan; answers the numbers of its instalments."""
        with self.database.transaction() as session:
            offer = self._offer(session, debt, OfferKind.PLAN, majors)
            plan = accept_plan(session, offer, now=self.clock.now())
            rows = session.exec(
                select(Instalment.id)
                .where(Instalment.plan_id == plan.id)
                .order_by(col(Instalment.number))
            ).all()
            return [row for row in rows if row is not None]

    def promise(self, debt: Debt, major: str) -> None:
        """The debtor gives their word."""
        with self.database.transaction() as session:
            offer = self._offer(session, debt, OfferKind.PROMISE, [major])
            record_promise(session, offer, now=self.clock.now())

    def _offer(self, session: Session, debt: Debt, kind: OfferKind, majors: Sequence[str]) -> Offer:
        currency = session.get_one(Account, debt.account_id).currency
        offer = Offer(
            account_id=debt.account_id,
            conversation_id=debt.conversation_id,
            kind=kind,
            currency=currency,
            instalments=[
                {"due": f"2026-{3 + n:02d}-15", "minor": Money.of(major, currency).minor}
                for n, major in enumerate(majors)
            ],
            created_at=self.clock.now(),
            expires_at=self.clock.now() + timedelta(days=7),
        )
        session.add(offer)
        session.flush()
        return offer

    # ---- paying

    def open(self, token: str, **query: object) -> httpx.Response:
        """Somebody opens the link; a redirect is answered, not followed."""
        return self.web.get(f"/pay/{token}", params={k: str(v) for k, v in query.items()})

    def page(self, token: str, **query: object) -> str:
        """The provider's page that a link leads to."""
        answer = self.open(token, **query)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def press(self, page: str, outcome: str = "paid") -> httpx.Response:
        """Somebody presses a button on the sandbox's page."""
        return self.web.post(page, data={"outcome": outcome})

    def takes_money(self, page: str) -> bool:
        """Whether the sandbox's page has its buttons."""
        answer = self.web.get(page)
        assert answer.status_code == 200
        return "<form" in answer.text

    def pages_of(self, token: str) -> int:
        """How many pages the sandbox ever made for a link."""
        assert self.parts.sandbox
        with self.parts.sandbox._books() as books:
            rows = books.execute("SELECT body FROM link").fetchall()
        return sum(json.loads(row[0])["metadata"].get("request") == token for row in rows)

    def api(self, path: str, body: str, *, key: str = API_KEY, **headers: str) -> httpx.Response:
        """A call to the sandbox's API as the `stripe` library makes it."""
        return self.web.post(
            f"/sandbox/stripe{path}",
            content=body,
            headers={"Authorization": f"Bearer {key}", **headers},
        )

    # ---- what the provider says

    def event(
        self,
        token: str,
        major: str | None = "1000",
        currency: str | None = "MXN",
        *,
        kind: str = COMPLETED,
        status: str = "paid",
        payment: str = "",
        number: str = "",
    ) -> dict[str, Any]:
        """A webhook as Stripe writes it."""
        amount = None
        if major is not None:
            amount = Money.of(major, currency or "MXN").minor
        return {
            "id": number or f"evt_{secrets.token_hex(8)}",
            "object": "event",
            "type": kind,
            "data": {
                "object": {
                    "id": f"cs_{secrets.token_hex(8)}",
                    "object": "checkout.session",
                    "amount_total": amount,
                    "currency": currency.lower() if currency else None,
                    "metadata": {"request": token},
                    "payment_intent": payment or f"pi_{secrets.token_hex(8)}",
                    "payment_status": status,
                }
            },
        }

    def deliver(
        self, event: dict[str, Any] | bytes, signature: str | None = None
    ) -> httpx.Response:
        """The provider calls."""
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        headers = {"Content-Type": "application/json"}
        if signature != "":
            headers["Stripe-Signature"] = signature or sign(body.decode())
        return self.web.post("/webhooks/stripe", content=body, headers=headers)

    def told(self, kind: str, about: dict[str, Any], **event: Any) -> dict[str, Any]:
        """Any other webhook as Stripe writes it."""
        return {
            "id": f"evt_{secrets.token_hex(8)}",
            "object": "event",
            "type": kind,
            "created": int(self.clock.now().timestamp()),
            "livemode": False,
            "data": {"object": about},
        } | event

    def paid(self, debt: Debt, major: str, *, asked: str = "") -> str:
        """A payment through a link of the sandbox's; answers the provider's number of it."""
        token = self.link(debt, asked or major)
        event = self.event(token, major)
        assert self.deliver(event).status_code == 200
        number: str = event["data"]["object"]["payment_intent"]
        return number

    # ---- what can be seen

    def refunds(self, debt: Debt) -> list[Refund]:
        """The refunds of an account."""
        with self.database.reading() as session:
            query = select(Refund).where(Refund.account_id == debt.account_id)
            return list(session.exec(query.order_by(col(Refund.id))))

    def cases(self, debt: Debt) -> list[Case]:
        """What holds collection, or did."""
        with self.database.reading() as session:
            query = select(Case).where(Case.debtor_id == debt.debtor_id)
            return list(session.exec(query.order_by(col(Case.id))))

    def statement(self, debt: Debt) -> Statement:
        """What is owed."""
        with self.database.reading() as session:
            account = session.get_one(Account, debt.account_id)
            return debts.read_statement(session, account, today=date(2026, 3, 2))

    def balance(self, debt: Debt) -> str:
        """What is owed, in major units."""
        return str(self.statement(debt).balance.major)

    def payments(self, debt: Debt) -> list[int]:
        """What was booked, in minor units."""
        with self.database.reading() as session:
            return [
                p.minor
                for p in session.exec(
                    select(Payment)
                    .where(Payment.account_id == debt.account_id)
                    .order_by(col(Payment.id))
                )
            ]

    def entries(self, debt: Debt) -> list[tuple[str, int]]:
        """The ledger."""
        with self.database.reading() as session:
            return [
                (e.kind.value, e.minor)
                for e in session.exec(
                    select(LedgerEntry)
                    .where(LedgerEntry.account_id == debt.account_id)
                    .order_by(col(LedgerEntry.id))
                )
            ]

    def said(self, debt: Debt) -> list[Message]:
        """What the conversation shows."""
        with self.database.reading() as session:
            return list(
                session.exec(
                    select(Message)
                    .where(Message.conversation_id == debt.conversation_id)
                    .order_by(col(Message.seq))
                )
            )

    def names(self, debt: Debt) -> list[str]:
        """Which texts the conversation shows."""
        return [message.name for message in self.said(debt)]

    def request(self, token: str) -> PaymentRequest:
        """The row behind a link."""
        with self.database.reading() as session:
            return session.exec(select(PaymentRequest).where(PaymentRequest.token == token)).one()

    def kept(self, number: str) -> ExternalEvent | None:
        """A webhook as it was kept."""
        with self.database.reading() as session:
            return session.exec(
                select(ExternalEvent).where(ExternalEvent.event_id == number)
            ).first()

    def is_done_with(self, *events: dict[str, Any]) -> bool:
        """Whether these webhooks were kept and need nothing more."""
        kept = [self.kept(event["id"]) for event in events]
        return all(event and event.handled_at for event in kept)

    def problems(self) -> list[str]:
        """What could not be booked, and why."""
        with self.database.reading() as session:
            return [p for p in session.exec(select(ExternalEvent.problem)).all() if p]

    def events_kept(self) -> int:
        """How many webhooks were kept."""
        with self.database.reading() as session:
            return len(session.exec(select(ExternalEvent.id)).all())

    def plan_state(self, debt: Debt) -> PlanState:
        """What became of the plan."""
        with self.database.reading() as session:
            return session.exec(select(Plan).where(Plan.account_id == debt.account_id)).one().status

    def promise_state(self, debt: Debt) -> PromiseState:
        """What became of the promise."""
        with self.database.reading() as session:
            found = select(Promise).where(Promise.account_id == debt.account_id)
            return session.exec(found).one().status

    def change(self, debt: Debt, **values: object) -> None:
        """Something happens to the conversation."""
        with self.database.transaction() as session:
            conversation = session.get_one(Conversation, debt.conversation_id)
            for name, value in values.items():
                setattr(conversation, name, value)

    def wait(self, by: timedelta) -> datetime:
        """Time passes."""
        self.clock.advance(by)
        return self.clock.now()
