"""People of every sample country who owe something, and a way to read what a PDF says."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count

import pytest
from pypdf import PdfReader
from sqlmodel import Session, col, select

from bot.arrangements.models import Instalment, Offer, OfferKind, OfferState, Plan, Promise
from bot.conversations.models import Conversation
from bot.debtors.facts import COUNTRIES
from bot.debtors.models import Creditor, Debtor
from bot.debts import service as debts
from bot.debts.models import Account, EntryKind
from bot.kit.db import Database
from bot.kit.money import Money
from bot.payments.models import Payment
from bot.payments.service import record_payment
from tests.conftest import NOW

_numbers = count(1)


def words(file: bytes) -> str:
    """The text of a PDF as somebody would select it, with single spaces."""
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(file)).pages]
    return re.sub(r"\s+", " ", " ".join(pages))


@dataclass
class Owed:
    """Somebody who owes, and what they do about it."""

    session: Session
    account: Account
    debtor: Debtor
    creditor: Creditor

    def money(self, major: str) -> Money:
        return Money.of(major, self.account.currency)

    def book(self, kind: EntryKind, major: str, on: date, description: str = "") -> None:
        assert debts.book(
            self.session,
            self.account,
            kind=kind,
            amount=self.money(major),
            on=on,
            source="import",
            source_id=f"entry-{next(_numbers)}",
            now=NOW,
            description=description,
        )

    def pay(self, major: str, now: datetime = NOW) -> Payment:
        made = record_payment(
            self.session,
            account=self.account,
            request=None,
            provider="stripe",
            provider_id=f"pi_{next(_numbers)}",
            amount=self.money(major),
            timezone=self.debtor.timezone,
            now=now,
        )
        self.session.flush()
        return made or self.session.exec(select(Payment).order_by(col(Payment.id).desc())).first()

    def plan(self, *majors: str, waived: str = "0", every: str = "monthly") -> Plan:
        offer = Offer(
            account_id=self.account.id,
            conversation_id=self._chat(),
            kind=OfferKind.PLAN,
            currency=self.account.currency,
            status=OfferState.ACCEPTED,
            created_at=NOW,
            expires_at=NOW + timedelta(days=3),
        )
        self.session.add(offer)
        self.session.flush()
        amounts = [self.money(major) for major in majors]
        plan = Plan(
            account_id=self.account.id,
            offer_id=offer.id,
            currency=self.account.currency,
            total_minor=sum(amount.minor for amount in amounts),
            waived_minor=self.money(waived).minor,
            every=every,
            accepted_at=NOW,
        )
        self.session.add(plan)
        self.session.flush()
        for number, amount in enumerate(amounts, start=1):
            self.session.add(
                Instalment(
                    plan_id=plan.id,
                    number=number,
                    due_on=date(2026, 12, 5) + timedelta(days=30 * (number - 1)),
                    minor=amount.minor,
                )
            )
        self.session.flush()
        return plan

    def promise(self, major: str, due: date) -> Promise:
        made = Promise(
            account_id=self.account.id,
            conversation_id=self._chat(),
            currency=self.account.currency,
            minor=self.money(major).minor,
            due_on=due,
            recorded_at=NOW,
        )
        self.session.add(made)
        self.session.flush()
        return made

    def _chat(self) -> int:
        chat = Conversation(
            creditor_id=self.creditor.id,
            channel="web",
            address=f"chat-{next(_numbers)}",
            language=self.debtor.language,
            created_at=NOW,
            last_inbound_at=NOW,
        )
        self.session.add(chat)
        self.session.flush()
        return chat.id


@pytest.fixture
def owing(database: Database) -> Callable[..., Owed]:
    """`owing(session, country=…)`: a debtor of a creditor of their own, who owes 1500.50."""

    def make(
        session: Session,
        *,
        country: str = "MX",
        language: str = "es",
        name: str = "María Fernanda Núñez Conceição",
        brand: str = "Tienda Girasol",
        product: str = "Lavadora Peñón",
        owed: str | None = None,
    ) -> Owed:
        number = next(_numbers)
        home = COUNTRIES[country]
        creditor = Creditor(
            slug=f"paper-{number}",
            brand=brand,
            legal_name="Comercializadora Ñandú & Hijos, S.A.",
            tax_id="RFC-010101-AAA",
            address="Calle Ficticia 12",
            phone="+52 55 0000 0001",
            country=country,
            language=language,
            colour="#b45309",
            public_key=f"paper-key-{number}",
        )
        session.add(creditor)
        session.flush()
        debtor = Debtor(
            creditor_id=creditor.id,
            ref=f"PD-{number}",
            name=name,
            country=country,
            language=language,
            timezone=home.timezone,
        )
        session.add(debtor)
        session.flush()
        account = Account(
            creditor_id=creditor.id,
            debtor_id=debtor.id,
            ref=f"PA-{number}",
            product=product,
            currency=home.currency,
            due_on=date(2026, 5, 1),
            opened_on=date(2026, 2, 1),
            imported_at=NOW,
        )
        session.add(account)
        session.flush()
        made = Owed(session, account, debtor, creditor)
        whole = home.currency in ("CLP", "PYG")
        made.book(EntryKind.CHARGE, owed or ("1500" if whole else "1500.50"), date(2026, 2, 1))
        return made

    return make
