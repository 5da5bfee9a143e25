"""Made-up people for the year through the real runner, and what happens to them, in real tables.

What is true of them is kept here beside the tables, as plain values, so that a judge need not ask
the product what the product should have known.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, update

from bot.arrangements.models import Promise, PromiseState
from bot.cases.models import Case, CaseKind, CaseState
from bot.conversations.addresses import conversation_for
from bot.conversations.models import Conversation, Owner
from bot.debtors.models import ContactPoint, Creditor, Debtor
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.payments.models import PaymentRequest, Purpose, RequestState

PLACES = (
    ("MX", "America/Mexico_City", "MXN", "MX-CMX"),
    ("MX", "America/Tijuana", "MXN", "MX-BCN"),
    ("CO", "America/Bogota", "COP", ""),
    ("CL", "America/Santiago", "CLP", "CL-RM"),
    ("PE", "America/Lima", "PEN", ""),
    ("AR", "America/Argentina/Buenos_Aires", "ARS", "AR-C"),
    ("AR", "America/Argentina/Buenos_Aires", "ARS", ""),
    ("ES", "Europe/Madrid", "EUR", "ES-CT"),
    ("ES", "Europe/Madrid", "EUR", ""),
    ("BR", "America/Sao_Paulo", "BRL", "BR-SP"),
    ("BR", "America/Bahia", "BRL", "BR-BA"),
    ("BR", "America/Sao_Paulo", "BRL", ""),
    ("US", "America/New_York", "USD", "US-NY"),
    ("US", "America/Los_Angeles", "USD", "US-CA"),
    ("US", "America/Chicago", "USD", ""),
    ("GB", "Europe/London", "GBP", "GB-SCT"),
    ("GB", "Europe/London", "GBP", ""),
)
"""Every country with a pack; both kinds of clock change, and none; regions known and not."""
CREDITORS = ("year-shop", "year-lender")
OWED = 1_500_000
_CHANNELS = (("email",), ("telegram",), ("web",), ("email", "telegram"), ("email", "web"))
_CASES = ("objection_not_mine", "objection_already_paid", "hardship_job_loss")


@dataclass(slots=True)
class Debt:
    """One account of somebody's."""

    id: int
    due_on: date
    net: int = OWED
    pending_until: datetime | None = None
    reached: date | None = None
    """The day of the last step that was taken."""


@dataclass(slots=True)
class Human:
    """Somebody as they are, under however many numbers a creditor knows them."""

    number: int
    country: str
    zone: str
    currency: str
    region: str
    creditor: str
    consented: bool
    debts: list[Debt] = field(default_factory=list)
    debtors: list[int] = field(default_factory=list)
    talks: list[int] = field(default_factory=list)
    opted_out: bool = False
    in_danger: bool = False
    with_person: bool = False
    promised_until: date | None = None
    case: tuple[str, datetime] | None = None
    sent: list[tuple[datetime, str]] = field(default_factory=list)

    def holds(self, debt: Debt, now: datetime) -> list[str]:
        """What must keep us from writing to them about `debt`, in the judge's words."""
        found = {
            "crisis": self.in_danger,
            "opted_out": self.opted_out,
            "human_conversation": self.with_person,
            "promise": self.promised_until is not None,
            "payment_pending": debt.pending_until is not None and debt.pending_until > now,
            "nothing_owed": debt.net <= 0,
        }
        case = [self.case[0]] if self.case and self.case[1] > now else []
        return [name for name, is_so in found.items() if is_so] + case


class World:
    """The people, and the days that pass for them."""

    def __init__(self, count: int, *, begins: datetime, days: int, rng: random.Random) -> None:
        self._count, self._begins, self._days, self._rng = count, begins, days, rng
        self.humans: list[Human] = []
        self.of_debtor: dict[int, Human] = {}
        self.of_account: dict[int, Debt] = {}
        self._made = 0

    # ---- the portfolio

    def populate(self, session: Session) -> None:
        """Write creditors, people, debts, addresses and conversations."""
        creditors = [self._creditor(session, slug) for slug in CREDITORS]
        for number in range(self._count):
            self._person(session, number, creditors[number % len(creditors)])

    def _creditor(self, session: Session, slug: str) -> Creditor:
        made = Creditor(slug=slug, brand=slug, legal_name=slug, country="MX", public_key=slug)
        session.add(made)
        session.flush()
        return made

    def _person(self, session: Session, number: int, creditor: Creditor) -> None:
        rng = self._rng
        country, zone, currency, region = PLACES[number // len(CREDITORS) % len(PLACES)]
        human = Human(number, country, zone, currency, region, creditor.slug, rng.random() < 0.92)
        channels = rng.choice(_CHANNELS)
        is_twice = rng.random() < 0.03 and "email" in channels
        for name in ("", "bis") if is_twice else ("",):
            debtor = Debtor(
                creditor_id=creditor.id or 0,
                ref=f"Y-{number}{name}",
                name="x",
                country=country,
                timezone=zone,
                region=region,
            )
            session.add(debtor)
            session.flush()
            assert debtor.id is not None
            human.debtors.append(debtor.id)
            self.of_debtor[debtor.id] = human
            self._reach(session, human, debtor, channels)
            for _ in range(1 + (rng.random() < 0.1)):
                self._account(session, human, debtor)
        self.humans.append(human)

    def _reach(
        self, session: Session, human: Human, debtor: Debtor, channels: tuple[str, ...]
    ) -> None:
        long_ago = self._begins - timedelta(days=100)
        for channel in channels:
            if channel == "web":
                talk = Conversation(
                    creditor_id=debtor.creditor_id,
                    debtor_id=debtor.id,
                    channel=channel,
                    address=f"web-{debtor.id}",
                    created_at=long_ago,
                    last_inbound_at=long_ago,
                )
                session.add(talk)
                session.flush()
            else:
                address = f"y{human.number}@example.com"
                point = ContactPoint(
                    debtor_id=debtor.id or 0,
                    channel=channel,
                    address=address if channel == "email" else str(10_000_000 + (debtor.id or 0)),
                    consented_at=long_ago if human.consented or channel != "email" else None,
                )
                session.add(point)
                session.flush()
                talk = conversation_for(session, point, now=long_ago)
            assert talk.id is not None
            human.talks.append(talk.id)

    def _account(self, session: Session, human: Human, debtor: Debtor) -> None:
        due = self._begins.date() + timedelta(days=self._rng.randrange(-30, self._days + 5))
        account = Account(
            creditor_id=debtor.creditor_id,
            debtor_id=debtor.id or 0,
            ref=f"{debtor.ref}-{len(human.debts)}",
            product="x",
            currency=human.currency,
            due_on=due,
            opened_on=due - timedelta(days=90),
            imported_at=self._begins,
        )
        session.add(account)
        session.flush()
        assert account.id is not None
        debt = Debt(account.id, due)
        human.debts.append(debt)
        self.of_account[account.id] = debt
        self._book(session, human, debt, EntryKind.CHARGE, OWED, self._begins)

    # ---- a day

    def live(self, session: Session, now: datetime) -> None:
        """Money, opt-outs, disputes, promises, payments under way, people who take over and go."""
        today = now.date()
        for human in self.humans:
            self._end_what_is_over(session, human, now)
            if any(-9 <= (today - debt.due_on).days <= 95 for debt in human.debts):
                self._something_happens(session, human, now)

    def _something_happens(self, session: Session, human: Human, now: datetime) -> None:
        rng, luck = self._rng, self._rng.random()
        debt = rng.choice(human.debts)
        if luck < 0.003:
            self._book(session, human, debt, EntryKind.PAYMENT, -debt.net, now)
        elif luck < 0.007:
            self._book(session, human, debt, EntryKind.PAYMENT, -min(debt.net, 400_000), now)
        elif luck < 0.0085:
            human.opted_out = True
            session.get_one(Debtor, rng.choice(human.debtors)).opted_out_at = now
        elif luck < 0.0115:
            self._open_case(session, human, now)
        elif luck < 0.0165 and human.promised_until is None:
            self._promise(session, human, debt, now)
        elif luck < 0.0185 and debt.net > 0:
            self._begin_to_pay(session, human, debt, now)
        elif luck < 0.0195:
            human.with_person = True
            session.get_one(Conversation, rng.choice(human.talks)).owner = Owner.PERSON
        elif luck < 0.0197:
            human.in_danger = True
            session.get_one(Conversation, rng.choice(human.talks)).red = True

    def _book(
        self,
        session: Session,
        human: Human,
        debt: Debt,
        kind: EntryKind,
        minor: int,
        now: datetime,
    ) -> None:
        self._made += 1
        if kind is EntryKind.PAYMENT:
            debt.net += minor
        session.add(
            LedgerEntry(
                account_id=debt.id,
                kind=kind,
                minor=minor,
                currency=human.currency,
                effective_on=now.date(),
                source="year",
                source_id=str(self._made),
                recorded_at=now,
            )
        )

    def _open_case(self, session: Session, human: Human, now: datetime) -> None:
        self._made += 1
        until = now + timedelta(days=self._rng.randrange(3, 30))
        human.case = (self._rng.choice(_CASES), until)
        session.add(
            Case(
                number=f"Y-{self._made}",
                creditor_id=session.get_one(Debtor, human.debtors[0]).creditor_id,
                debtor_id=self._rng.choice(human.debtors),
                kind=CaseKind.OBJECTION,
                reason=human.case[0],
                status=CaseState.OPEN,
                opened_at=now,
                hold_until=until,
                answer_by=until,
            )
        )

    def _promise(self, session: Session, human: Human, debt: Debt, now: datetime) -> None:
        human.promised_until = now.date() + timedelta(days=self._rng.randrange(2, 14))
        session.add(
            Promise(
                account_id=debt.id,
                conversation_id=human.talks[0],
                currency=human.currency,
                minor=100_000,
                due_on=human.promised_until,
                recorded_at=now,
            )
        )

    def _begin_to_pay(self, session: Session, human: Human, debt: Debt, now: datetime) -> None:
        self._made += 1
        debt.pending_until = now + timedelta(days=self._rng.randrange(1, 6))
        session.add(
            PaymentRequest(
                token=f"year-{self._made}",
                account_id=debt.id,
                purpose=Purpose.BALANCE,
                minor=debt.net,
                currency=human.currency,
                status=RequestState.PENDING,
                created_at=now,
                expires_at=debt.pending_until,
                pending_until=debt.pending_until,
            )
        )

    def _end_what_is_over(self, session: Session, human: Human, now: datetime) -> None:
        if human.promised_until and human.promised_until <= now.date():
            human.promised_until = None
            ended = update(Promise).where(col(Promise.account_id).in_([d.id for d in human.debts]))
            session.execute(ended.values(status=PromiseState.BROKEN))
        if human.with_person and self._rng.random() < 0.1:
            human.with_person = False
            theirs = update(Conversation).where(col(Conversation.id).in_(human.talks))
            session.execute(theirs.values(owner=Owner.BOT))
