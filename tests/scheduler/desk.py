"""One debtor over months: what they agree to, pay and are told, with a clock that can be set."""

from __future__ import annotations

import secrets
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from bot.arrangements import follow_up_rows, offers, repository, service
from bot.arrangements.facts import Proposal, Share
from bot.arrangements.models import (
    FollowUp,
    Instalment,
    OfferKind,
    Plan,
    Promise,
)
from bot.arrangements.service import Settled
from bot.conversations import service as conversations
from bot.conversations.models import Conversation, Message
from bot.debtors.models import Creditor, Debtor, EventLog
from bot.debts import service as debts
from bot.debts.models import Account, EntryKind
from bot.kit.clock import FixedClock, local_date
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.kit.money import Money
from bot.scheduler.follow_up import FollowUps

ZONE = "America/Mexico_City"
_numbers = count(1)


class Desk:
    """A creditor, a debtor with one account, and the job that follows up."""

    def __init__(
        self,
        database: Database,
        clock: FixedClock,
        owed: str = "900",
        *,
        policy: str = "standard",
        country: str = "MX",
        zone: str = ZONE,
    ) -> None:
        self.database, self.clock, self.zone = database, clock, zone
        self.job = FollowUps(
            database=database, clock=clock, hub=Hub(), public_url="http://127.0.0.1:8000"
        )
        with database.transaction() as session:
            creditor = Creditor(
                slug=f"desk-{secrets.token_hex(4)}",
                brand="Tienda Girasol",
                legal_name="Girasol, S.A.",
                country=country,
                public_key=secrets.token_hex(8),
                policy=policy,
            )
            session.add(creditor)
            session.flush()
            assert creditor.id is not None
            self.creditor_id = creditor.id
            debtor = Debtor(
                creditor_id=creditor.id,
                ref="D-1",
                name="María Fernanda López",
                country=country,
                language="es",
                timezone=zone,
            )
            session.add(debtor)
            session.flush()
            assert debtor.id is not None
            self.debtor_id = debtor.id
            self.conversation_id = self._conversation(session)
        self.account_id = self.account(owed)

    def _conversation(self, session: Session) -> int:
        now = self.clock.now()
        conversation = Conversation(
            creditor_id=self.creditor_id,
            channel="web",
            address=secrets.token_hex(8),
            created_at=now,
            last_inbound_at=now,
        )
        session.add(conversation)
        session.flush()
        conversations.verify(conversation, self.debtor_id, now)
        assert conversation.id is not None
        return conversation.id

    def account(self, owed: str) -> int:
        """One more debt of the same person."""
        now = self.clock.now()
        with self.database.transaction() as session:
            account = Account(
                creditor_id=self.creditor_id,
                debtor_id=self.debtor_id,
                ref=f"A-{next(_numbers)}",
                product="Crédito para refrigerador",
                currency="MXN",
                due_on=self.today() - timedelta(days=60),
                opened_on=self.today() - timedelta(days=200),
                imported_at=now,
            )
            session.add(account)
            session.flush()
            debts.book(
                session,
                account,
                kind=EntryKind.CHARGE,
                amount=Money.of(owed, "MXN"),
                on=account.opened_on,
                source="import",
                source_id=f"{account.ref}:principal",
                now=now - timedelta(days=1),
            )
            assert account.id is not None
            return account.id

    # ---- time

    def today(self) -> date:
        """The debtor's day."""
        return local_date(self.clock.now(), self.zone)

    def at(self, day: date, hour: str = "10:00") -> None:
        """Set the clock to a local time."""
        local = datetime.combine(day, time.fromisoformat(hour), ZoneInfo(self.zone))
        self.clock.moment = local.astimezone(UTC)

    def tick(self) -> int:
        """The job runs once."""
        return self.job.run()

    def live(self, until: date) -> None:
        """The job runs in the morning, in the afternoon and at night, until a day begins."""
        day = self.today() + timedelta(days=1)
        while day < until:
            for hour in ("09:30", "14:00", "20:00"):
                self.at(day, hour)
                self.tick()
            day += timedelta(days=1)
        self.at(until, "00:30")
        self.tick()

    # ---- what is agreed

    def plan(self, *shares: tuple[date, str], waived: str = "0", every: str = "monthly") -> int:
        """A plan, offered and accepted."""
        proposal = Proposal(
            tuple(Share(on, Money.of(amount, "MXN")) for on, amount in shares),
            waived=Money.of(waived, "MXN"),
            every=every,  # type: ignore[arg-type]
        )
        with self.database.transaction() as session:
            offer = self._offer(session, proposal, OfferKind.PLAN, self.account_id)
            plan = offers.accept_plan(session, offer, now=self.clock.now())
            assert plan.id is not None
            return plan.id

    def promise(self, amount: str, on: date, account_id: int | None = None) -> int:
        """A promise, with its yes."""
        proposal = Proposal((Share(on, Money.of(amount, "MXN")),))
        with self.database.transaction() as session:
            offer = self._offer(session, proposal, OfferKind.PROMISE, account_id or self.account_id)
            promise = offers.record_promise(session, offer, now=self.clock.now())
            assert promise.id is not None
            return promise.id

    def _offer(self, session, proposal, kind, account_id):
        (offer,) = offers.put_on_table(
            session,
            [proposal],
            account_id=account_id,
            conversation_id=self.conversation_id,
            kind=kind,
            round_=1,
            now=self.clock.now(),
            valid=timedelta(days=7),
        )
        return offer

    # ---- money

    def pay(self, amount: str, kind: EntryKind = EntryKind.PAYMENT) -> Settled:
        """Money comes in, or with REFUND goes back."""
        now = self.clock.now()
        with self.database.transaction() as session:
            account = follow_up_rows.hold_account(session, self.account_id)
            debts.book(
                session,
                account,
                kind=kind,
                amount=Money.of(amount, "MXN"),
                on=self.today(),
                source="stripe",
                source_id=secrets.token_hex(8),
                now=now,
            )
            return service.settle(session, account, today=self.today(), now=now)

    def settle(self) -> Settled:
        """Nothing has moved; look again."""
        with self.database.transaction() as session:
            account = session.get_one(Account, self.account_id)
            return service.settle(session, account, today=self.today(), now=self.clock.now())

    # ---- what can be seen

    def verified(self) -> None:
        """The debtor has just written, and proved who they are."""
        with self.database.transaction() as session:
            conversation = session.get_one(Conversation, self.conversation_id)
            conversation.last_inbound_at = conversation.verified_at = self.clock.now()

    def conversation(self) -> Conversation:
        """The debtor's conversation as it is."""
        with self.database.reading() as session:
            return session.get_one(Conversation, self.conversation_id)

    def change(self, **values: object) -> None:
        """Change the conversation."""
        with self.database.transaction() as session:
            conversation = session.get_one(Conversation, self.conversation_id)
            for name, value in values.items():
                setattr(conversation, name, value)

    def messages(self) -> list[Message]:
        """Everything posted, in order."""
        with self.database.reading() as session:
            return list(
                session.exec(
                    select(Message)
                    .where(Message.conversation_id == self.conversation_id)
                    .order_by(col(Message.seq))
                ).all()
            )

    def said(self) -> list[tuple[str, str]]:
        """The texts that were sent and on which days, also where the chat ended with one already."""
        with self.database.reading() as session:
            sent = session.exec(
                select(EventLog)
                .where(EventLog.name == "follow_up.sent", EventLog.debtor_id == self.debtor_id)
                .order_by(col(EventLog.id))
            ).all()
            return [(e.data["text"], local_date(e.at, self.zone).isoformat()) for e in sent]

    def rows(self) -> list[tuple[str, str, str]]:
        """Each reminder: step, state, reason."""
        with self.database.reading() as session:
            found = session.exec(
                select(FollowUp)
                .where(FollowUp.debtor_id == self.debtor_id)
                .order_by(col(FollowUp.id))
            ).all()
            return [(r.step, r.status.value, r.reason) for r in found]

    def promise_row(self, promise_id: int) -> Promise:
        """A promise as it is."""
        with self.database.reading() as session:
            return session.get_one(Promise, promise_id)

    def plan_row(self, plan_id: int) -> Plan:
        """A plan as it is."""
        with self.database.reading() as session:
            return session.get_one(Plan, plan_id)

    def instalments(self, plan_id: int) -> list[Instalment]:
        """A plan's instalments by number."""
        with self.database.reading() as session:
            return list(repository.instalments_of(session, plan_id))

    def dues(self, plan_id: int) -> list[str]:
        """When each is due."""
        return [i.due_on.isoformat() for i in self.instalments(plan_id)]

    def balance(self) -> str:
        """What is owed."""
        with self.database.reading() as session:
            account = session.get_one(Account, self.account_id)
            statement = debts.read_statement(session, account, today=self.today())
            return str((statement.balance - statement.surplus).major)
