"""The page «Nudges»: the plan, what is held back, batches, the switch, bulk work, experiments."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from sqlmodel import Session, SQLModel, col, func, select

from bot import models as _tables  # noqa: F401  (every table has to be known)
from bot.cases.models import Case, CaseKind
from bot.console import nudge_forecast
from bot.console.nudge_jobs import BEGUN, ENDED, Jobs
from bot.console.routes import console_router
from bot.conversations.models import Delivery, DeliveryState, Message, MessageState
from bot.debtors.models import Creditor, Debtor, EventLog
from bot.handoff import accounts
from bot.handoff.models import Agent, Role
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.nudges import batches
from bot.nudges.batches import Act, Wanted
from bot.nudges.plan_models import (
    ControlState,
    NudgeAllocation,
    NudgeControl,
    NudgeSlot,
    SlotState,
)
from bot.settings import Settings
from tests.nudges.people import (
    SLUG,
    TUESDAY,
    add_account,
    add_creditor,
    add_person,
    add_web_talk,
    is_open,
    nudges_to,
    pay,
    runner,
    slots,
)

from .office import PASSWORD, Browser, announce

BY_HAND = f"{SLUG}-agency"
"""A creditor whose ladder (puente) wants every batch approved."""


class Company:
    """Two creditors with a few people, agents of both and of one, and the console in front."""

    def __init__(self, path: Path) -> None:
        self.database = Database(f"sqlite:///{path}")
        SQLModel.metadata.create_all(self.database.engine)
        self.clock = FixedClock(TUESDAY)
        self.settings = Settings(
            _env_file=None,
            demo=True,
            public_url="http://testserver",
            database_url=self.database.url,
            data_dir=path.parent,
        )
        self.app = self._app()
        with self.database.transaction() as session:
            shop = add_creditor(session)
            agency = add_creditor(session, policy="puente", slug=BY_HAND)
            self.ana = self._agent(session, "ana", Role.SUPERVISOR, None)
            self.eva = self._agent(session, "eva", Role.SUPERVISOR, shop.id)
            self.leo = self._agent(session, "leo", Role.AGENT, None)
            self.shop, self.agency = shop, agency

    def _app(self) -> FastAPI:
        app = FastAPI()
        app.include_router(
            console_router(
                database=self.database,
                clock=self.clock,
                settings=self.settings,
                announce=announce,
                is_open=is_open,
            )
        )
        return app

    @staticmethod
    def _agent(session: Session, name: str, role: Role, creditor_id: int | None) -> Agent:
        return accounts.add_agent(
            session,
            email=f"{name}@acuerdo.example",
            name=f"{name.capitalize()} Ruiz",
            role=role,
            password=PASSWORD,
            creditor_id=creditor_id,
            now=TUESDAY,
        )

    def enter(self, agent: Agent, language: str = "es") -> Browser:
        browser = Browser(self, language)  # type: ignore[arg-type]
        assert browser.sign_in(agent).status_code == 303
        return browser

    def owing(self, number: int, *, slug: str = BY_HAND, days: int = 7, **more) -> list[Debtor]:
        policy = "puente" if slug == BY_HAND else "standard"
        with self.database.transaction() as session:
            return [
                add_person(session, days=days, policy=policy, slug=slug, **more)[0]
                for _ in range(number)
            ]

    def tick(self) -> None:
        runner(self.database, self.clock.now()).tick()

    def states(self) -> dict[str, int]:
        with self.database.reading() as session:
            ours = [self.shop.id, self.agency.id]
            rows = session.exec(
                select(NudgeSlot.state, func.count(col(NudgeSlot.id)))
                .where(col(NudgeSlot.creditor_id).in_(ours))
                .group_by(col(NudgeSlot.state))
            ).all()
        return {state.value: number for state, number in rows}

    def events(self, name: str) -> list[EventLog]:
        with self.database.reading() as session:
            return list(session.exec(select(EventLog).where(EventLog.name == name)).all())

    def control(self, scope: str) -> NudgeControl | None:
        with self.database.reading() as session:
            return session.exec(select(NudgeControl).where(NudgeControl.scope == scope)).first()


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    monkeypatch.setattr(nudge_forecast, "PATIENCE", 60)
    made = Company(tmp_path / "acuerdo.db")
    yield made
    made.database.dispose()


def batch(step: str = "T+7", day: datetime = TUESDAY, **more: str) -> dict[str, str]:
    """The fields of a batch's form."""
    return {
        "creditor": BY_HAND,
        "ladder": "puente/standard",
        "step": step,
        "day": day.date().isoformat(),
        **more,
    }


def decide(browser: Browser, act: str, **fields: str):
    return browser.post("/console/nudges/batches", {"csrf": browser.token(), "act": act, **fields})


def press(browser: Browser, state: str, **fields: str):
    data = {"csrf": browser.token(), "state": state, **fields}
    return browser.post("/console/nudges/switch", data)


# ---- who sees and does what


def test_only_supervisors_see_it_and_only_their_creditor(company: Company) -> None:
    company.owing(2)
    company.tick()
    assert Browser(company).get("/console/nudges").status_code == 303  # type: ignore[arg-type]
    leo = company.enter(company.leo)
    assert leo.get("/console/nudges").status_code == 404
    assert 'href="/console/nudges"' not in leo.get("/console").text
    eva = company.enter(company.eva)
    page = eva.get("/console/nudges").text
    assert "Tienda Prueba" in page and BY_HAND not in page
    assert eva.get(f"/console/nudges?creditor={BY_HAND}").status_code == 404
    assert decide(eva, "approve", **batch()).status_code == 404
    assert press(eva, "paused", scope=BY_HAND, note="x").status_code == 404
    assert company.states()["planned"] == 2
    assert company.control(BY_HAND) is None


def test_every_form_needs_the_sessions_token(company: Company) -> None:
    company.owing(1)
    company.tick()
    ana = company.enter(company.ana)
    for path, data in (
        ("batches", batch(act="approve")),
        ("switch", {"state": "paused", "note": "x"}),
        ("jobs/1", {"act": "halt"}),
    ):
        assert ana.post(f"/console/nudges/{path}", {**data, "csrf": "guess"}).status_code == 403
    assert company.states() == {"planned": 1}
    assert company.control("") is None


def test_strange_forms_are_refused_in_words(company: Company) -> None:
    ana = company.enter(company.ana)
    assert decide(ana, "burn", **batch()).status_code == 400
    assert decide(ana, "approve", **batch() | {"day": "soon"}).status_code == 400
    assert press(ana, "burning").status_code == 400
    wrong = decide(ana, "approve", **batch(people="many"))
    assert wrong.status_code == 422 and "número de personas" in wrong.text
    for at in ("soon", "1999-01-01T10:00", "2031-01-01T10:00"):
        answer = ana.get(f"/console/nudges?at={at}")
        assert answer.status_code == 422 and "60 días" in answer.text


# ---- what goes out, and what is held back


def test_the_plan_of_the_days_ahead_by_hour_channel_and_step(company: Company) -> None:
    company.owing(2, slug=SLUG, days=3)
    with company.database.transaction() as session:
        add_person(session, days=-1)  # T0 comes tomorrow, at nine on her own clock
    page = company.enter(company.ana).get(f"/console/nudges?creditor={SLUG}").text
    # Two: T+3 now, T+7 on Monday, since Mexico is closed at the weekend. She: T-3 now, T0, and no
    # third one within seven days of the first: T+1 is over by then, T+3 waits for the 1st.
    assert "<strong>7 avisos</strong>" in page
    assert "mar 1<span" in page and "sáb" not in page
    assert re.search(r'>10:00</th><td class="heat--4" title="Correo 3">3<', page)
    assert re.search(r'>09:00</th><td class="heat--0"></td><td class="heat--2"', page)
    assert '<th scope="row">Correo</th><td>7</td>' in page
    assert '<th scope="row">T+3</th><td>standard/standard</td><td>3</td>' in page
    assert "Desconocido" in page and "Correo, México: 7" in page


def test_another_moment_and_other_languages(company: Company) -> None:
    company.owing(1, slug=SLUG, days=3)
    for language, words in (("pt", "Os próximos dias"), ("en", "The next days")):
        assert words in company.enter(company.ana, language).get("/console/nudges").text
    page = company.enter(company.ana, "en").get(
        f"/console/nudges?creditor={SLUG}&at=2026-12-01T09:30"
    )
    assert "America/Mexico_City" in page.text
    assert "T+10" not in page.text and '<th scope="row">T+7' in page.text, "six days late, alive"


def test_what_is_held_back_says_why_by_which_law_and_where_to_look(company: Company) -> None:
    with company.database.transaction() as session:
        free, _ = add_person(session, days=3, consented=False)
        kept, account = add_person(session, days=3)
        talk = add_web_talk(session, kept)
        session.flush()
        session.add(
            Case(
                number="C-7QF3K9XA",
                creditor_id=kept.creditor_id,
                debtor_id=kept.id,
                account_id=account.id,
                kind=CaseKind.OBJECTION,
                reason="objection_not_mine",
                opened_at=TUESDAY,
                answer_by=TUESDAY,
            )
        )
    page = company.enter(company.ana).get(f"/console/nudges?creditor={SLUG}").text
    assert "No reconoce la deuda" in page and "objection_not_mine" in page
    assert 'href="/console/cases/C-7QF3K9XA"' in page
    assert f'href="/console/c/{talk.id}"' in page
    assert "consent:mx_default_consent" in page and "Recommendation of this product" in page
    assert "a las que no se escribe: 2." in page
    assert account.ref in page
    assert "Ana Prueba" not in page
    assert f">{free.ref}<" not in page, "a person's own number is never shown"


def test_it_is_quick_and_made_once_a_minute(company: Company) -> None:
    ana = company.enter(company.ana)
    assert "Calculado" in ana.get("/console/nudges").text  # and everything is loaded
    company.owing(1, slug=SLUG, days=3)
    before = time.process_time()
    old = ana.get(f"/console/nudges?creditor={SLUG}").text
    assert time.process_time() - before < 1
    assert "En los próximos días no sale nada" in old
    company.clock.advance(nudge_forecast.FRESH)
    assert (
        "En los próximos días no sale nada" not in ana.get(f"/console/nudges?creditor={SLUG}").text
    )


def test_a_large_plan_is_made_aside_and_the_page_says_how_far_it_is(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, real = threading.Event(), nudge_forecast._look_ahead

    def slowly(*given) -> None:
        assert go.wait(30)
        real(*given)

    monkeypatch.setattr(nudge_forecast, "_look_ahead", slowly)
    monkeypatch.setattr(nudge_forecast, "PATIENCE", 0.05)
    company.owing(1, slug=SLUG, days=3)
    ana = company.enter(company.ana)
    page = ana.get(f"/console/nudges?creditor={SLUG}").text
    assert "Calculando el plan" in page and "todavía se está calculando" in page
    assert 'data-busy="1"' in page and '<noscript><meta http-equiv="refresh"' in page
    go.set()
    part = ""
    for _ in range(100):
        part = ana.get(f"/console/nudges/progress?creditor={SLUG}").text
        if "data-busy" not in part:
            break
        time.sleep(0.05)
    assert "data-busy" not in part and "<html" not in part
    assert "<strong>2 avisos</strong>" in ana.get(f"/console/nudges?creditor={SLUG}").text


def test_of_a_very_large_portfolio_a_part_is_looked_at_and_counted_up(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nudge_forecast, "RANGE", 5)
    monkeypatch.setattr(nudge_forecast, "MOST", 20)
    company.owing(40, slug=SLUG, days=3)
    page = company.enter(company.ana).get(f"/console/nudges?creditor={SLUG}").text
    assert "Estimado a partir de 20 de 40 personas." in page
    assert "<strong>80 avisos</strong>" in page, "T+3 and T+7 of everybody"


# ---- batches


def test_a_batch_shows_its_words_privately_and_to_somebody_verified(company: Company) -> None:
    company.owing(2)
    company.tick()
    page = company.enter(company.ana).get("/console/nudges").text
    assert "T+7 · Tienda Prueba" in page and "2 personas" in page
    private, verified = page.index("Si no sabemos quién lee"), page.index("Si ya comprobó quién es")
    assert "mensaje de Tienda Prueba" in page[private:verified]
    assert "1,250" not in page[private:verified] and "Bicicleta" not in page[private:verified]
    assert "<strong>$1,250</strong>" in page[verified:] and "Bicicleta Vereda" in page[verified:]
    with company.database.reading() as session:
        assert session.exec(select(Message).where(Message.purpose == "nudge")).first() is None


def test_approving_sends_and_is_undone_until_then(company: Company) -> None:
    people = company.owing(3)
    company.tick()
    ana = company.enter(company.ana)
    answer = decide(ana, "approve", back=BY_HAND, **batch())
    assert answer.headers["location"] == f"/console/nudges?creditor={BY_HAND}&done=approve"
    assert "Los aprobó Ana Ruiz" in ana.get(answer.headers["location"]).text
    assert company.states() == {"approved": 3}
    decide(ana, "undo", **batch())
    assert company.states() == {"planned": 3}
    company.tick()
    assert nudges_to(company.database, people[0]) == []
    decide(ana, "approve", **batch())
    company.tick()
    assert company.states() == {"sent": 3}
    late = decide(ana, "undo", **batch())
    assert late.headers["location"].endswith("done=nothing")
    assert company.states() == {"sent": 3}
    assert [(e.data["act"], e.data["slots"]) for e in company.events(ENDED)] == [
        ("approve", 3),
        ("undo", 3),
        ("approve", 3),
    ]
    assert {e.actor for e in company.events(BEGUN)} == {f"agent:{company.ana.id}"}


def test_some_are_approved_and_the_rest_is_sent_back_and_brought_back(company: Company) -> None:
    company.owing(5)
    company.owing(1, days=1)
    company.tick()
    ana = company.enter(company.ana)
    decide(ana, "approve", people="2", **batch())
    assert company.states() == {"approved": 2, "planned": 4}
    decide(ana, "send_back", **batch())
    assert company.states() == {"approved": 2, "cancelled": 3, "planned": 1}
    assert "Los devolvió Ana Ruiz" in ana.get("/console/nudges").text
    company.tick()
    assert company.states() == {"sent": 2, "cancelled": 3, "planned": 1}
    decide(ana, "bring_back", **batch())
    assert company.states() == {"sent": 2, "planned": 4}
    decide(ana, "approve")
    assert company.states() == {"sent": 2, "approved": 4}, "everything that waits"


def test_a_batch_whose_day_is_over_says_so(company: Company) -> None:
    company.owing(1, days=1)
    company.tick()
    company.clock.advance(timedelta(days=4))
    page = company.enter(company.ana).get("/console/nudges").text
    assert "Su día ya pasó" in page


# ---- in bulk


def many(company: Company, number: int) -> None:
    """A batch of `number` slots of one account, each on a day of its own."""
    with company.database.transaction() as session:
        debtor, account = add_person(session, days=7, policy="puente", slug=BY_HAND)
        first = TUESDAY.date()
        session.connection().execute(
            NudgeSlot.__table__.insert(),
            [
                {
                    "account_id": account.id,
                    "debtor_id": debtor.id,
                    "creditor_id": debtor.creditor_id,
                    "rule": "T+7",
                    "due_on": first + timedelta(days=n),
                    "ladder": "puente/standard",
                    "channel": "email",
                    "template": "utter_nudge_help",
                    "variant": "a",
                    "state": SlotState.PLANNED,
                    "reasons": [],
                    "planned_at": TUESDAY,
                    "decided_at": TUESDAY,
                    "approved_by": "",
                }
                for n in range(number)
            ],
        )


def test_twenty_thousand_are_approved_aside_and_nothing_is_done_twice(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    many(company, 20_000)
    go, real = threading.Event(), batches.move_part

    def slowly(*given, **more) -> int:
        assert go.wait(60)
        return real(*given, **more)

    monkeypatch.setattr(batches, "move_part", slowly)
    ana = company.enter(company.ana)
    form = {"csrf": ana.token(), "act": "approve", "creditor": BY_HAND, "back": BY_HAND}
    assert ana.post("/console/nudges/batches", form).status_code == 303, "nobody waits for them"
    part = ana.get(f"/console/nudges/progress?creditor={BY_HAND}").text
    assert re.search(r"\b0 de 20[.,]000", part) and 'data-busy="1"' in part
    go.set()
    ana.post("/console/nudges/batches", form)  # pressed twice
    for _ in range(600):
        part = ana.get(f"/console/nudges/progress?creditor={BY_HAND}").text
        if "Aprobando" not in part:
            break
        assert re.search(r"[\d.,]+ de 20[.,]000", part)
        time.sleep(0.05)
    assert company.states() == {"approved": 20_000}
    assert [e.data["slots"] for e in company.events(ENDED)] == [20_000]


def test_a_job_whose_process_died_goes_on_where_it_was(company: Company) -> None:
    many(company, 3 * batches.PART)
    dead = Jobs(company.database, company.clock)
    with company.database.transaction() as session:
        wanted = Wanted(company.agency.id)
        number = dead.begin(session, Act.APPROVE, wanted, most=None, actor="agent:1")
        batches.move_part(session, Act.APPROVE, wanted, by="agent:1", now=TUESDAY)
    ana = company.enter(company.ana)
    part = ana.get("/console/nudges/progress").text
    assert "500 de 1,500" in part or "500 de 1.500" in part
    assert "Continuar" in part
    ana.post(f"/console/nudges/jobs/{number}", {"csrf": ana.token(), "act": "go_on"})
    assert company.states() == {"approved": 1_500}
    assert "Aprobando" not in ana.get("/console/nudges/progress").text


def test_an_undo_ends_the_approval_under_way_and_a_job_can_be_left(company: Company) -> None:
    many(company, 3 * batches.PART)
    jobs = Jobs(company.database, company.clock)
    with company.database.transaction() as session:
        wanted = Wanted(company.agency.id)
        first = jobs.begin(session, Act.APPROVE, wanted, most=None, actor="agent:1")
        batches.move_part(session, Act.APPROVE, wanted, by="agent:1", now=TUESDAY)
    ana = company.enter(company.ana)
    decide(ana, "undo", creditor=BY_HAND)
    assert company.states() == {"planned": 1_500}
    jobs.go_on(first)
    assert company.states() == {"planned": 1_500}, "what was ended stays ended"
    with company.database.transaction() as session:
        second = jobs.begin(session, Act.APPROVE, wanted, most=None, actor="agent:1")
    assert (
        company.enter(company.eva)
        .post(f"/console/nudges/jobs/{second}", {"csrf": "no", "act": "halt"})
        .status_code
        == 403
    )
    ana.post(f"/console/nudges/jobs/{second}", {"csrf": ana.token(), "act": "halt"})
    jobs.go_on(second)
    assert company.states() == {"planned": 1_500}
    assert jobs.open(session, None) == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_parts_move_once_on_postgresql_too(database: Database) -> None:
    with database.transaction() as session:
        for _ in range(5):
            add_person(session, days=7, policy="puente", slug=BY_HAND)
    runner(database, TUESDAY).tick()
    with database.reading() as session:
        agency = session.exec(select(Creditor).where(Creditor.slug == BY_HAND)).one()
        wanted = Wanted(agency.id)
        assert [b.people for b in batches.waiting(session, agency.id)] == [5]
    jobs = Jobs(database, FixedClock(TUESDAY))
    for act, most in ((Act.SEND_BACK, 2), (Act.BRING_BACK, None), (Act.APPROVE, None)):
        with database.transaction() as session:
            number = jobs.begin(session, act, wanted, most=most, actor="agent:1")
        assert number is not None
        jobs.go_on(number)
        jobs.go_on(number)
    with database.reading() as session:
        assert [(b.people, b.by) for b in batches.approved(session, agency.id)] == [(5, "agent:1")]
        assert batches.waiting(session, agency.id) == jobs.open(session, None) == []


# ---- the switch


def test_pausing_needs_a_reason_and_shows_who_and_why(company: Company) -> None:
    ana = company.enter(company.ana)
    refused = press(ana, "paused", note="  ")
    assert refused.status_code == 422 and "Escribe por qué" in refused.text
    assert press(ana, "paused", note="auditoría <b>hoy</b>").status_code == 303
    page = ana.get("/console/nudges").text
    assert "En pausa" in page and "auditoría &lt;b&gt;hoy" in page and "Ana Ruiz" in page
    assert "cola de salida" in page
    eva = company.enter(company.eva)
    assert "No están en marcha" in eva.get("/console/nudges").text, "everybody's counts for her too"
    assert press(eva, "running").status_code == 303
    assert company.control("").state is ControlState.PAUSED
    assert company.control(SLUG).state is ControlState.RUNNING, "her own, not everybody's"
    press(ana, "running")
    assert company.control("").state is ControlState.RUNNING
    [paused] = company.events("nudges.paused")
    assert paused.actor == f"agent:{company.ana.id}" and "auditoría" not in str(paused.data)
    assert "Pausó los avisos" in ana.get("/console/nudges").text


def test_the_kill_switch_needs_a_tick_and_cancels_what_is_on_its_way(company: Company) -> None:
    company.owing(2, slug=SLUG, days=3)
    company.owing(3)
    company.tick()
    assert company.states() == {"planned": 3, "sent": 2}
    ana = company.enter(company.ana)
    page = ana.get("/console/nudges").text
    assert "Cancela 3 avisos sin enviar y 2 mensajes en la cola" in page
    assert press(ana, "stopped", note="fallo").status_code == 422
    assert company.control("") is None
    assert press(ana, "stopped", note="fallo", sure="yes").status_code == 303
    assert company.states() == {"cancelled": 3, "sent": 2}
    with company.database.reading() as session:
        deliveries = session.exec(select(Delivery)).all()
        assert {d.state for d in deliveries} == {DeliveryState.BLOCKED}
        assert {d.reason for d in deliveries} == {"control:stopped"}
        states = session.exec(select(Message.state).where(Message.purpose == "nudge")).all()
        assert set(states) == {MessageState.FAILED}
    [stopped] = company.events("nudges.stopped")
    assert stopped.data["cancelled"] == 5
    after = ana.get("/console/nudges").text
    assert "Parado" in after and "Paró los avisos y canceló 5" in after


def test_one_creditors_stop_leaves_the_others_alone(company: Company) -> None:
    company.owing(2, slug=SLUG, days=3)
    company.owing(1)
    company.tick()
    ana = company.enter(company.ana)
    press(ana, "stopped", scope=SLUG, note="fallo", sure="yes")
    assert company.states() == {"planned": 1, "sent": 2}
    with company.database.reading() as session:
        assert {d.state for d in session.exec(select(Delivery)).all()} == {DeliveryState.BLOCKED}


def test_stopping_forty_thousand_needs_no_list_of_numbers(company: Company) -> None:
    many(company, 40_000)
    assert press(company.enter(company.ana), "stopped", note="fallo", sure="yes").status_code == 303
    assert company.states() == {"cancelled": 40_000}


# ---- experiments


def test_an_experiment_in_plain_words_with_its_picture(company: Company) -> None:
    with company.database.transaction() as session:
        for place in range(60):
            debtor, account = add_person(session, days=20, email=None)
            arm = ("a", "b", "hold_out")[place % 3]
            session.add(
                NudgeAllocation(
                    experiment="opening-2026",
                    debtor_id=debtor.id,
                    arm=arm,
                    allocated_at=TUESDAY - timedelta(days=10),
                )
            )
            if arm == "a":
                pay(session, account, now=TUESDAY - timedelta(days=9))
            if arm == "b" and place < 30:
                debtor.opted_out_at = TUESDAY - timedelta(days=9)
        late = add_account(session, debtor, days=1)
        assert late.id
    page = company.enter(company.ana).get(f"/console/nudges?creditor={SLUG}").text
    assert "Texto A: pagaron 20 de 20; bajas 0, quejas 0." in page
    assert "Sin aviso: pagaron 0 de 20." in page
    assert "+100.0 puntos frente a no escribir" in page or "+100,0 puntos" in page
    assert "Hace daño" in page and "arm--harms" in page
    assert "60 personas dentro; se cuentan a los 7 días." in page
    lines = re.findall(r'class="arm__range" x1="([\d.]+)" x2="([\d.]+)"', page)
    assert len(lines) == 2
    assert all(0 <= float(x) <= 100 for line in lines for x in line)
    other = company.enter(company.ana).get(f"/console/nudges?creditor={BY_HAND}").text
    assert "Ninguna escalera tiene un experimento" in other


def test_slots_of_the_page_are_the_runners_own(company: Company) -> None:
    [person] = company.owing(1)
    company.tick()
    ana = company.enter(company.ana)
    decide(ana, "approve", **batch())
    company.clock.advance(timedelta(minutes=1))
    company.tick()
    [slot] = slots(company.database, person)
    assert slot.approved_by == f"agent:{company.ana.id}"
    assert len(nudges_to(company.database, person)) == 1
