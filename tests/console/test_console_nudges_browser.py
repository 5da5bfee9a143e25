"""The page «Nudges» in a real Chromium: approving in bulk, the kill switch, a telephone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from playwright.sync_api import BrowserContext, expect
from sqlmodel import col, func, select

from bot.console.nudge_jobs import Jobs
from bot.nudges import batches
from bot.nudges.batches import Act, Wanted
from bot.nudges.plan_models import NudgeSlot, SlotState
from tests.nudges.people import add_person

from .office import Office
from .test_console_browser import PHONE, chromium, office, program, sign_in

__all__ = ["chromium", "office", "program"]


def waiting(office: Office, number: int) -> None:
    """A batch of `number` slots that wait for somebody."""
    now = datetime.now(UTC)
    with office.database.transaction() as session:
        debtor, account = add_person(session, days=7, now=now, policy="puente", slug="agency")
        for n in range(number):
            session.add(
                NudgeSlot(
                    account_id=account.id,
                    debtor_id=debtor.id,
                    creditor_id=debtor.creditor_id,
                    rule="T+7",
                    due_on=now.date() + timedelta(days=n),
                    ladder="puente/standard",
                    channel="email",
                    template="utter_nudge_help",
                    variant="a",
                    planned_at=now,
                    decided_at=now,
                )
            )


def count(office: Office, state: SlotState) -> int:
    with office.database.reading() as session:
        return session.exec(
            select(func.count(col(NudgeSlot.id))).where(NudgeSlot.state == state)
        ).one()


def test_bulk_work_is_followed_and_everything_is_stopped_on_a_phone(
    office: Office, chromium: Callable[..., BrowserContext]
) -> None:
    waiting(office, 3)
    jobs = Jobs(office.database, office.clock)
    with office.database.transaction() as session:
        number = jobs.begin(session, Act.APPROVE, Wanted(), most=None, actor="agent:1")
        batches.move_part(
            session, Act.APPROVE, Wanted(), by="agent:1", now=office.clock.now(), most=1
        )
    page = sign_in(chromium(viewport=PHONE), office.ana)
    page.get_by_role("link", name="Avisos").click()
    expect(page.get_by_text("1 de 3")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert number is not None
    jobs.go_on(number)  # as another process would
    expect(page.get_by_text("Aprobando")).to_have_count(0, timeout=8000)
    expect(page.get_by_role("heading", name="Aprobados que aún no salen")).to_be_visible()
    assert count(office, SlotState.APPROVED) == 3

    stop = page.get_by_role("button", name="Parar ahora y cancelar")
    expect(stop).to_be_hidden()
    page.get_by_text("Parar todo…").click()
    form = page.locator(".kill__form")
    form.get_by_label("Por qué").fill("Un fallo en los textos")
    stop.click()
    assert count(office, SlotState.APPROVED) == 3, "the box has to be ticked first"
    form.get_by_role("checkbox").check()
    stop.click()
    expect(page.get_by_role("status")).to_have_text(
        "Los avisos están parados, y lo pendiente, cancelado."
    )
    expect(page.locator(".switch__state")).to_have_text("Parado")
    assert count(office, SlotState.CANCELLED) == 3
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
