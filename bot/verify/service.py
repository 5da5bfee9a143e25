"""What a stranger learns about a paper: whether we issued it, and no more than what it shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import Session, col, select

from bot.debtors.facts import COUNTRIES
from bot.debtors.models import Creditor
from bot.kit.clock import local_date
from bot.kit.money import Money
from bot.papers import repository, rules
from bot.papers.models import Paper
from bot.papers.service import looked_at_again


@dataclass(frozen=True, slots=True)
class Finding:
    """What can be said of a code. Never a name, an account or an amount (invariant 1)."""

    outcome: str
    """`valid`, `revoked`, `unknown` or `malformed`."""
    code: str = ""
    title: str = ""
    """What the paper calls itself, such as "Paz y salvo"."""
    brand: str = ""
    legal_name: str = ""
    issued_on: date | None = None
    revoked_on: date | None = None
    amount: str = ""
    """`yes`, `no`, `none` where the paper has no amount, `unread`; empty where none was typed."""

    @property
    def is_good(self) -> bool:
        """Whether the paper in somebody's hands can be trusted, as far as they told us of it."""
        return self.outcome == "valid" and self.amount != "no"


def check(session: Session, typed_code: str, typed_amount: str = "", *, now: datetime) -> Finding:
    """Look a code up, and say whether an amount is the one on the paper."""
    code = rules.read_code(typed_code)
    if code is None:
        return Finding("malformed")
    paper = repository.by_code(session, code)
    if paper is None:
        return Finding("unknown", code=rules.grouped(code))
    looked_at_again(session, paper, now)
    creditor = session.get_one(Creditor, paper.creditor_id)
    revoked_on = None
    if paper.revoked_at:
        revoked_on = local_date(paper.revoked_at, COUNTRIES[creditor.country].timezone)
    return Finding(
        "revoked" if revoked_on else "valid",
        code=rules.grouped(code),
        title=str(paper.content["title"]),
        brand=str(paper.content["brand"]),
        legal_name=creditor.legal_name,
        issued_on=date.fromisoformat(paper.content["issued_on"]),
        revoked_on=revoked_on,
        amount=_matches(paper, typed_amount.strip()),
    )


def _matches(paper: Paper, typed: str) -> str:
    if not typed:
        return ""
    if paper.minor is None:
        return "none"
    amount = rules.read_amount(typed, paper.currency)
    if amount is None:
        return "unread"
    return "yes" if amount == Money(paper.minor, paper.currency) else "no"


def companies(session: Session) -> list[Creditor]:
    """Every creditor served here, by brand."""
    return list(session.exec(select(Creditor).order_by(col(Creditor.brand), col(Creditor.id))))
