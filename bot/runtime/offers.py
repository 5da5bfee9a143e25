"""What `acuerdo offers` prints: the offers a debtor would hear, and why, without a conversation."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.engine import make_url
from sqlmodel import Session, col, select

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.arrangements import budgets, offers, rules, wishes
from bot.arrangements.facts import PayDay, Proposal, Reason, Situation, Terms, Wish
from bot.arrangements.ladder import ladder
from bot.arrangements.offers import NotNegotiable
from bot.cases import repository as cases
from bot.debtors.models import Creditor, Debtor
from bot.debts.facts import Statement
from bot.debts.service import statements_of
from bot.kit.clock import SystemClock, local_date
from bot.kit.db import Database
from bot.kit.money import Money
from bot.migrations import upgrade
from bot.portfolio.sample import load_sample
from bot.settings import Settings
from bot.texts.catalogue import Reader, render
from bot.understanding.values import read_values


class NoSuchDebtor(LookupError):
    """The database has no such debtor, or more than one creditor has."""


class Unreadable(ValueError):
    """An option holds nothing that can be read as a proposal."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What `acuerdo offers` is asked for."""

    propose: str = ""
    hardship: bool = False
    pay_day: int | None = None
    most_a_month: str = ""
    round: int = 1


@dataclass(frozen=True, slots=True)
class Answer:
    """The offers on one account, in the order of the ladder; `taken` where a proposal was answered."""

    statement: Statement
    terms: Terms
    facts: Situation
    proposals: list[Proposal]
    taken: bool | None = None


@dataclass(frozen=True, slots=True)
class Hearing:
    """One debtor, for whom the texts are written, and what is offered on each account."""

    creditor: Creditor
    debtor: Debtor
    reader: Reader
    answers: list[Answer]


def hear(
    session: Session, ref: str, ask: Ask, *, now: datetime, creditor: str | None = None
) -> Hearing:
    """The offers for the debtor called `ref`, on each account that owes something.

    Raises:
        NoSuchDebtor: nobody, or the debtors of several creditors, are called so.
        Unreadable: the proposal names no amount, date, number or rhythm.
    """
    owner, debtor = _find(session, ref, creditor)
    assert debtor.id is not None
    today = local_date(now, debtor.timezone)
    known = cases.open_cases(session, debtor.id)
    gentle = ask.hardship or any(c.kind.value == "hardship" for c in known)
    answers = []
    for statement in statements_of(session, debtor.id, today=today):
        if not statement.balance:
            continue
        budget = budgets.confirmed(session, debtor.id, statement.currency, now=now)
        most = budgets.most_of(budget)
        if ask.most_a_month:
            most = _amount(ask.most_a_month, debtor, statement, today)
        answers.append(_answer(owner, debtor, statement, ask, gentle, most, today))
    reader = Reader(debtor.language, debtor.country, owner.formal, debtor.timezone)
    return Hearing(owner, debtor, reader, answers)


def _find(session: Session, ref: str, slug: str | None) -> tuple[Creditor, Debtor]:
    query = select(Creditor, Debtor).where(Debtor.creditor_id == Creditor.id, Debtor.ref == ref)
    if slug:
        query = query.where(Creditor.slug == slug)
    found = session.exec(query.order_by(col(Creditor.id)).limit(2)).all()
    if len(found) == 1:
        return found[0]
    if found:
        raise NoSuchDebtor(f"several creditors have a debtor {ref!r}; name one with --creditor")
    raise NoSuchDebtor(f"no debtor {ref!r}; `acuerdo sample` lists those of the sample")


def _amount(text: str, debtor: Debtor, statement: Statement, today: date) -> Money:
    read = read_values(text, country=debtor.country, currency=statement.currency, today=today)
    if read.amount is None:
        raise Unreadable(f"{text!r} is no amount")
    return read.amount


def _answer(
    owner: Creditor,
    debtor: Debtor,
    statement: Statement,
    ask: Ask,
    gentle: bool,
    most: Money | None,
    today: date,
) -> Answer:
    terms = offers.terms_of(owner, statement, country=debtor.country, today=today, gentle=gentle)
    pay_day = PayDay((ask.pay_day,)) if ask.pay_day else None
    facts = Situation(statement.balance, today, gentle, most, pay_day=pay_day, round=ask.round)
    if not ask.propose:
        return Answer(statement, terms, facts, ladder(facts, terms))
    wish = _wish(ask.propose, debtor, statement, today)
    proposal, taken = rules.answer(facts, wish, terms)
    return Answer(statement, terms, facts, [proposal] if proposal else [], taken)


def _wish(text: str, debtor: Debtor, statement: Statement, today: date) -> Wish:
    read = read_values(text, country=debtor.country, currency=statement.currency, today=today)
    wish = wishes.wish_of(read, statement.balance)
    if not wish:
        raise Unreadable(f"{text!r} names no amount, date, number of payments or rhythm")
    return wish


# ---- as JSON


def as_json(hearing: Hearing, *, now: datetime) -> dict[str, Any]:
    """Everything, with exact decimals as text and no name."""
    return {
        "debtor": hearing.debtor.ref,
        "creditor": hearing.creditor.slug,
        "policy": hearing.creditor.policy,
        "language": hearing.debtor.language,
        "at": now.isoformat(),
        "accounts": [_account_json(hearing, answer) for answer in hearing.answers],
    }


def _account_json(hearing: Hearing, answer: Answer) -> dict[str, Any]:
    statement = answer.statement
    return {
        "account": statement.ref,
        "currency": statement.currency,
        "balance": str(statement.balance.major),
        "days_overdue": statement.days_overdue,
        "hardship": answer.facts.gentle,
        "taken": answer.taken,
        "offers": [_offer_json(hearing.reader, p) for p in answer.proposals],
    }


def _offer_json(reader: Reader, proposal: Proposal) -> dict[str, Any]:
    return {
        "step": proposal.step,
        "every": proposal.every,
        "total": str(proposal.total.major),
        "saving": str(proposal.saving.major),
        "instalments": [
            {"due": s.due.isoformat(), "amount": str(s.amount.major)} for s in proposal.shares
        ],
        "reasons": [r.key for r in proposal.reasons],
        "reasons_text": [_words(r, reader) for r in proposal.reasons],
        "agent_reasons": [r.key for r in proposal.agent_reasons],
        "agent_reasons_text": [_words(r, reader) for r in proposal.agent_reasons],
    }


def _words(reason: Reason, reader: Reader) -> str:
    return render(reason.key, reader, **reason.values)


# ---- for a person


_TITLES = {
    "es": ("Paso", "Qué", "Cuándo", "Total", "Ahorro", "Al deudor", "Al agente"),
    "pt": ("Passo", "O quê", "Quando", "Total", "Economia", "Ao devedor", "Ao agente"),
    "en": ("Step", "What", "When", "Total", "Saving", "To the debtor", "To the agent"),
}
_STEPS = {
    "es": {"today": "hoy", "near_date": "fecha cercana", "instalments": "pocas cuotas",
           "longest": "plan largo", "settlement": "quita", "yours": "su propuesta"},
    "pt": {"today": "hoje", "near_date": "data próxima", "instalments": "poucas parcelas",
           "longest": "plano longo", "settlement": "desconto", "yours": "sua proposta"},
    "en": {"today": "today", "near_date": "near date", "instalments": "a few",
           "longest": "longest", "settlement": "settlement", "yours": "their proposal"},
}  # fmt: skip


def as_rows(reader: Reader, answer: Answer) -> list[tuple[str, ...]]:
    """One row an offer: step, what, when, total, saving, reasons to the debtor and to the agent."""
    return [_row(reader, proposal) for proposal in answer.proposals]


def _row(reader: Reader, proposal: Proposal) -> tuple[str, ...]:
    shares, locale = proposal.shares, reader.locale
    runs: list[tuple[int, Money]] = []
    for share in shares:
        if runs and runs[-1][1] == share.amount:
            runs[-1] = (runs[-1][0] + 1, share.amount)
        else:
            runs.append((1, share.amount))
    when = render("line_when", reader, count=len(shares), first=shares[0].due, last=shares[-1].due)
    return (
        _STEPS[reader.language][proposal.step],
        " + ".join(f"{n} × {m.format(locale)}" if n > 1 else m.format(locale) for n, m in runs),
        when,
        proposal.total.format(locale),
        proposal.saving.format(locale) if proposal.saving else "",
        "; ".join(_words(r, reader) for r in proposal.reasons),
        " ".join(_words(r, reader) for r in proposal.agent_reasons),
    )


def heading(hearing: Hearing, answer: Answer) -> str:
    """What the table is about; no name."""
    statement = answer.statement
    balance = statement.balance.format(hearing.reader.locale)
    parts = [hearing.debtor.ref, statement.ref, balance, f"{statement.days_overdue:+d} d"]
    if answer.facts.gentle:
        parts.append("hardship")
    if answer.taken is not None:
        parts.append("taken" if answer.taken else "not taken: nearest")
    return " · ".join(parts)


def show(console: Console, hearing: Hearing) -> None:
    """The same for a person to read, in the debtor's language."""
    for answer in hearing.answers:
        table = Table(title=heading(hearing, answer), show_lines=True)
        for name in _TITLES[hearing.reader.language]:
            table.add_column(name)
        for row in as_rows(hearing.reader, answer):
            table.add_row(*row)
        console.print(table)
    if not hearing.answers:
        console.print(f"{hearing.debtor.ref}: nothing owed")


# ---- the command


def offers_command(
    debtor: Annotated[str, typer.Option(help="The debtor's reference.")],
    propose: Annotated[str, typer.Option(help='What they propose, as typed: "300 al mes".')] = "",
    hardship: Annotated[
        bool, typer.Option("--hardship", help="As if they were in hardship.")
    ] = False,
    pay_day: Annotated[
        int | None,
        typer.Option(min=1, max=31, help="Day of the month they are paid; 31 is the last."),
    ] = None,
    most: Annotated[str, typer.Option(help="The most they can spare a month.")] = "",
    round_: Annotated[int, typer.Option("--round", min=1, help="Round of the negotiation.")] = 1,
    at: Annotated[str | None, typer.Option(help="Moment, ISO 8601; now otherwise.")] = None,
    creditor: Annotated[str | None, typer.Option(help="Slug, where several have the ref.")] = None,
    as_json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Show the offers a debtor would hear, with the reasons to them and to the agent."""
    import json

    ask = Ask(propose, hardship, pay_day, most, round_)
    try:
        now = datetime.fromisoformat(at) if at else SystemClock().now()
        now = now if now.tzinfo else now.replace(tzinfo=UTC)
        with real_or_sample(now) as database, database.reading() as session:
            hearing = hear(session, debtor, ask, now=now, creditor=creditor)
            if as_json_:
                typer.echo(json.dumps(as_json(hearing, now=now), ensure_ascii=False))
            else:
                show(Console(), hearing)
    except (NoSuchDebtor, NotNegotiable, Unreadable, ValueError) as problem:
        Console(stderr=True).print(f"[red]✗[/red] {problem}", markup=True, highlight=False)
        raise typer.Exit(2) from None


@contextmanager
def real_or_sample(now: datetime) -> Iterator[Database]:
    """The real database where there is one; else the sample, which follows from its seed."""
    settings = Settings(demo=True)  # only where the database is; no secret is used here
    address = make_url(settings.database_url)
    if address.get_backend_name() != "sqlite" or Path(address.database or "").exists():
        real = Database(settings.database_url)
        try:
            yield real
        finally:
            real.dispose()
        return
    with tempfile.TemporaryDirectory(prefix="acuerdo-") as folder:
        database = Database(f"sqlite:///{folder}/sample.db")
        try:
            upgrade(database)
            load_sample(
                database,
                today=local_date(now, "America/Mexico_City"),
                now=now,
                identity_key=settings.identity_key.get_secret_value(),
                origins=[],
            )
            yield database
        finally:
            database.dispose()
