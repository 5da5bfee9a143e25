"""What creditors' records lack to tell debtors what the law wants told at a first contact."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session, col, select

from bot.debtors.models import Creditor, Debtor
from bot.nudges.disclosures import missing_of
from bot.runtime.checks.database import needed
from bot.runtime.checks.finding import Check, Finding, Scene, State

GROUP = "disclosures"
_WHERE = {
    "legal_name": "legal name",
    "tax_id": "tax number",
    "address": "address",
    "phone": "telephone",
    "complaints": "place for complaints",
}
_TODO = (
    "complete the creditor's record; where to complain goes into bot/policies/data/creditors.yml "
    "(docs/lawful-contact.md)"
)


def _records(scene: Scene) -> list[Finding]:
    database = needed(scene)
    try:
        with database.reading() as session:
            return _look(scene, session)
    except SQLAlchemyError:
        return []  # the tables are not those of this release, which another check says
    finally:
        database.dispose()


def _look(scene: Scene, session: Session) -> list[Finding]:
    check = CHECKS[0]
    found = []
    for creditor in session.exec(select(Creditor).order_by(col(Creditor.slug))).all():
        countries = session.exec(
            select(Debtor.country).where(Debtor.creditor_id == creditor.id).distinct()
        ).all()
        lacking: dict[str, list[str]] = {}
        for country in sorted(countries):
            for need in missing_of(creditor, country, now=scene.now()):
                lacking.setdefault(_WHERE[need], []).append(country)
        if lacking:
            told = "; ".join(f"{what} ({', '.join(where)})" for what, where in lacking.items())
            found.append(
                check.says(State.WARNING, f"{creditor.slug} has no {told}", _TODO, name="records")
            )
    return found or [check.says(State.OK, "every creditor's record has what must be told")]


CHECKS = [Check(GROUP, "records", _records)]
