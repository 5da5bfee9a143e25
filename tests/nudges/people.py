"""People with one debt each, for tests of what is written by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count

from sqlmodel import select

from bot.conversations.models import Conversation, Message
from bot.debtors.models import ContactPoint, Creditor, Debtor
from bot.debts.models import Account, EntryKind, LedgerEntry
from bot.kit.clock import FixedClock
from bot.nudges.plan_models import NudgeSlot
from bot.nudges.service import NudgeRunner

TUESDAY = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
"""10 in the morning in Mexico City; no holiday anywhere that matters here."""
SLUG = "test-shop"
_numbers = count(1)


def is_open(channel: str, slug: str) -> bool:
    return slug.startswith(SLUG) and channel in ("email", "web", "telegram")


def add_creditor(session, *, policy="standard", slug=SLUG, country="MX", formal=False) -> Creditor:
    known = session.exec(select(Creditor).where(Creditor.slug == slug)).first()
    creditor = known or Creditor(
        slug=slug,
        brand="Tienda Prueba",
        legal_name="Tienda Prueba",
        country=country,
        formal=formal,
        public_key=slug,
        policy=policy,
    )
    session.add(creditor)
    session.flush()
    return creditor


def add_person(
    session,
    *,
    days: int,
    now: datetime = TUESDAY,
    policy: str = "standard",
    slug: str = SLUG,
    country: str = "MX",
    timezone: str = "America/Mexico_City",
    currency: str = "MXN",
    minor: int = 150_000,
    email: str | None = "",
    consented: bool = True,
    arm: str = "a",
    ref: str = "",
) -> tuple[Debtor, Account]:
    """Somebody whose debt was due `days` ago, outside every hold-out: `arm` says in which arm."""
    from bot.nudges.experiments import arm_of
    from bot.policies.ladders import ladder_policy

    creditor = add_creditor(session, policy=policy, slug=slug)
    experiment = ladder_policy("standard", date(2026, 11, 24)).policy.experiments[0]
    ref = ref or next(f"N-{n}" for n in _numbers if arm_of(experiment, slug, f"N-{n}") == arm)
    debtor = Debtor(
        creditor_id=creditor.id, ref=ref, name="Ana Prueba", country=country, timezone=timezone
    )
    session.add(debtor)
    session.flush()
    if email is not None:
        session.add(
            ContactPoint(
                debtor_id=debtor.id,
                channel="email",
                address=email or f"{ref.lower()}@example.com",
                consented_at=now - timedelta(days=100) if consented else None,
            )
        )
    account = add_account(session, debtor, days=days, now=now, currency=currency, minor=minor)
    return debtor, account


def add_account(
    session, debtor: Debtor, *, days: int, now: datetime = TUESDAY, currency="MXN", minor=150_000
) -> Account:
    due = now.date() - timedelta(days=days)
    account = Account(
        creditor_id=debtor.creditor_id,
        debtor_id=debtor.id,
        ref=f"{debtor.ref}-{next(_numbers)}",
        product="Bicicleta Vereda",
        currency=currency,
        due_on=due,
        opened_on=due - timedelta(days=90),
        imported_at=now,
    )
    session.add(account)
    session.flush()
    session.add(
        LedgerEntry(
            account_id=account.id,
            kind=EntryKind.CHARGE,
            minor=minor,
            currency=currency,
            effective_on=due,
            source="import",
            source_id="1",
            recorded_at=now,
        )
    )
    session.flush()
    return account


def pay(session, account: Account, *, now: datetime, minor: int = 150_000) -> None:
    session.add(
        LedgerEntry(
            account_id=account.id,
            kind=EntryKind.PAYMENT,
            minor=-minor,
            currency=account.currency,
            effective_on=now.date(),
            source="agent",
            source_id=str(next(_numbers)),
            recorded_at=now,
        )
    )


def add_web_talk(session, debtor: Debtor, *, verified_at=None, now=TUESDAY) -> Conversation:
    talk = Conversation(
        creditor_id=debtor.creditor_id,
        debtor_id=debtor.id,
        channel="web",
        address=f"web-{debtor.ref}",
        created_at=now - timedelta(days=3),
        last_inbound_at=verified_at or now - timedelta(days=3),
        verified_at=verified_at,
    )
    session.add(talk)
    session.flush()
    return talk


def runner(database, now: datetime, **more) -> NudgeRunner:
    return NudgeRunner(database=database, clock=FixedClock(now), is_open=is_open, **more)


def slots(database, debtor: Debtor) -> list[NudgeSlot]:
    with database.reading() as session:
        return list(
            session.exec(
                select(NudgeSlot).where(NudgeSlot.debtor_id == debtor.id).order_by(NudgeSlot.id)
            ).all()
        )


def nudges_to(database, debtor: Debtor) -> list[Message]:
    with database.reading() as session:
        return list(
            session.exec(
                select(Message)
                .join(Conversation)
                .where(
                    (Conversation.debtor_id == debtor.id)
                    | (Conversation.claimed_debtor_id == debtor.id),
                    Message.purpose == "nudge",
                )
                .order_by(Message.id)
            ).all()
        )
