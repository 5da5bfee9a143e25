"""What the actions say about dates: promises, moves, status, and the file for one's own calendar."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from icalendar import Calendar
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.base import Act
from actions.plan import ActionAskOfferConfirmed
from actions.plan_status import ActionShowPlan
from actions.promise import ActionRecordPromise, ActionTakePromise
from bot.arrangements import calendar
from bot.arrangements.models import PromiseState, Subject
from bot.calendar.endpoints import calendar_router
from bot.conversations import service as conversations
from bot.conversations.models import Conversation
from bot.debtors.models import Creditor
from bot.dialogue.turn import Turn, active
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.ids import token
from bot.settings import Settings
from tests.scheduler.desk import Desk

MONDAY = date(2026, 11, 23)


@pytest.fixture
def desk(database: Database, clock: FixedClock) -> Desk:
    """A Monday morning."""
    made = Desk(database, clock)
    made.at(MONDAY)
    made.verified()
    return made


class Talk:
    """Runs actions as Rasa would, one after the other, in one conversation."""

    def __init__(self, desk: Desk, settings: Settings) -> None:
        self.desk, self.settings = desk, settings
        self.slots: dict[str, Any] = {}

    def run(
        self, action: Act, text: str, intent: str, reference: str | None = None
    ) -> list[dict[str, Any]]:
        """What `action` answers to `text`; slots and follow-ups are kept."""
        entities = [{"entity": "reference", "value": reference}] if reference else []
        with self.desk.database.transaction() as session:
            message, _ = conversations.receive(
                session,
                self.desk.conversation_id,
                provider_id=token(8),
                text=text,
                now=self.desk.clock.now(),
            )
            conversation = session.get_one(Conversation, self.desk.conversation_id)
            turn = Turn(
                session=session,
                settings=self.settings,
                conversation=conversation,
                creditor=session.get_one(Creditor, conversation.creditor_id),
                message=message,
                now=self.desk.clock.now(),
                intent=intent,
            )
            tracker = Tracker(
                sender_id="1",
                slots=self.slots,
                latest_message={"intent": {"name": intent}, "entities": entities},
                events=[],
                paused=False,
                followup_action=None,
                active_loop={},
                latest_action_name=None,
            )
            with active(turn):
                events = asyncio.run(action.run(CollectingDispatcher(), tracker, {}))
        self.slots |= {e["name"]: e["value"] for e in events if e["event"] == "slot"}
        self.followups = [e["name"] for e in events if e["event"] == "followup"]
        return turn.replies


@pytest.fixture
def talk(desk: Desk, settings: Settings) -> Talk:
    return Talk(desk, settings)


def agree(talk: Talk, text: str, intent: str = "promise_to_pay") -> list[dict[str, Any]]:
    """Name a day and say yes."""
    talk.run(ActionTakePromise(), text, intent)
    assert talk.followups == ["promise_form"]
    assert talk.slots["offer_id"]
    talk.slots["offer_confirmed"] = True
    return talk.run(ActionRecordPromise(), "sí", "affirm")


def names(replies: list[dict[str, Any]]) -> list[str]:
    return [r["name"] for r in replies]


def test_a_promise_is_repeated_with_the_day_of_the_reminder(talk: Talk, desk: Desk):
    (said,) = agree(talk, "pago 300 el viernes")
    assert said["name"] == "utter_promise_recorded"
    assert "$300" in said["text"]
    assert "viernes 27 de noviembre" in said["text"]
    assert "Te aviso el jueves 26 de noviembre" in said["text"]
    assert [link["title"] for link in said["links"]] == [
        "Pagar $300",
        "Acuerdo en PDF",
        "Añadir al calendario",
    ]


def test_no_reminder_is_announced_that_does_not_come(talk: Talk, desk: Desk):
    (said,) = agree(talk, "pago 300 mañana")
    assert "Te aviso" not in said["text"]
    desk.at(MONDAY + timedelta(days=1), "09:00")
    desk.change(opted_out_at=desk.clock.now())
    desk.verified()
    (said,) = agree(talk, "pago 300 el lunes")
    assert "Te aviso" not in said["text"]


def test_a_date_moves_once_and_then_there_are_other_ways(talk: Talk, desk: Desk):
    agree(talk, "pago 300 el miércoles")
    desk.at(MONDAY + timedelta(days=1))
    desk.verified()
    desk.pay("100")
    (said,) = agree(talk, "mejor el viernes", "request_extension")
    assert "$200" in said["text"]  # what is left of it
    desk.at(MONDAY + timedelta(days=2))
    desk.verified()
    replies = talk.run(ActionTakePromise(), "cámbialo al lunes", "request_extension")
    assert names(replies) == ["utter_promise_no_more_moves"]
    assert talk.followups == ["action_listen"]
    titles = [b["title"] for b in replies[0]["buttons"]]
    assert "Hablar con una persona" in titles and "Pagar en cuotas" in titles


def test_paying_earlier_than_promised_changes_nothing(talk: Talk, desk: Desk):
    agree(talk, "pago 300 el viernes")
    desk.at(MONDAY + timedelta(days=1))
    desk.verified()
    replies = talk.run(ActionTakePromise(), "pago mañana", "promise_to_pay")
    assert names(replies) == ["utter_promise_status"]
    assert replies[0]["links"]


def test_after_two_broken_ones_no_third_is_asked_for(talk: Talk, desk: Desk):
    for day in (1, 9):
        desk.at(MONDAY + timedelta(days=day))
        desk.promise("300", desk.today())
        desk.live(desk.today() + timedelta(days=8))
    desk.change(owner="bot")
    desk.at(desk.today() + timedelta(days=1))
    desk.verified()
    replies = talk.run(ActionTakePromise(), "pago el viernes", "promise_to_pay")
    assert names(replies) == ["utter_promise_enough"]
    assert talk.followups == ["action_listen"]


def test_with_a_plan_another_date_is_for_the_next_instalment_once(talk: Talk, desk: Desk):
    plan = desk.plan((date(2026, 11, 30), "450"), (date(2026, 12, 30), "450"))
    talk.run(ActionTakePromise(), "¿puedo pagar más tarde?", "request_extension")
    assert talk.followups == ["promise_form"] and not talk.slots["offer_id"]
    (said,) = agree(talk, "el 4 de diciembre", "request_extension")
    assert said["name"] == "utter_move_recorded"
    assert "viernes 4 de diciembre" in said["text"]
    assert desk.dues(plan) == ["2026-12-04", "2026-12-30"]
    replies = talk.run(ActionTakePromise(), "mejor el 8 de diciembre", "request_extension")
    assert names(replies) == ["utter_move_no"]
    assert replies[0]["links"]


def test_a_move_is_kept_inside_the_limits(talk: Talk, desk: Desk):
    plan = desk.plan((date(2026, 11, 30), "450"), (date(2026, 12, 30), "450"))
    replies = talk.run(ActionTakePromise(), "el 20 de diciembre", "request_extension")
    assert names(replies) == ["utter_move_too_far"]
    assert "10 de diciembre" in replies[0]["text"]
    talk.slots["offer_confirmed"] = True
    talk.run(ActionRecordPromise(), "sí", "affirm")
    assert desk.dues(plan) == ["2026-12-10", "2026-12-30"]


def test_a_move_of_an_instalment_paid_meanwhile_lapses(talk: Talk, desk: Desk):
    plan = desk.plan((date(2026, 11, 30), "450"), (date(2026, 12, 30), "450"))
    talk.run(ActionTakePromise(), "el 4 de diciembre", "request_extension")
    desk.pay("450")
    talk.slots["offer_confirmed"] = True
    assert names(talk.run(ActionRecordPromise(), "sí", "affirm")) == ["utter_offer_lapsed"]
    assert desk.dues(plan) == ["2026-11-30", "2026-12-30"]


def test_a_day_inside_the_time_needs_no_move(talk: Talk, desk: Desk):
    desk.plan((date(2026, 11, 30), "450"), (date(2026, 12, 30), "450"))
    replies = talk.run(ActionTakePromise(), "pago el viernes", "promise_to_pay")
    assert names(replies) == ["utter_move_not_needed"]


def test_status_tells_next_date_paid_left_and_what_moved(talk: Talk, desk: Desk):
    plan = desk.plan((date(2026, 11, 24), "450"), (date(2026, 12, 30), "450"))
    desk.pay("100")
    (said,) = talk.run(ActionShowPlan(), "¿cómo va mi plan?", "ask_plan_status")
    assert said["name"] == "utter_plan_status"
    assert "$100" in said["text"] and "$350" in said["text"]
    desk.live(date(2026, 12, 1))
    desk.verified()
    assert desk.dues(plan) == ["2027-01-24", "2026-12-30"]
    replies = talk.run(ActionShowPlan(), "¿cómo va?", "ask_plan_status")
    assert names(replies) == ["utter_plan_status", "utter_plan_moved"]
    assert "24 de nov" in replies[1]["text"] and "24 de ene" in replies[1]["text"]


def test_status_of_a_promise_and_of_one_that_is_late(talk: Talk, desk: Desk):
    desk.promise("300", MONDAY + timedelta(days=1))
    (said,) = talk.run(ActionShowPlan(), "¿en qué quedamos?", "ask_plan_status")
    assert said["name"] == "utter_promise_status" and "$300" in said["text"]
    desk.at(MONDAY + timedelta(days=2))
    desk.verified()
    (said,) = talk.run(ActionShowPlan(), "leer el mensaje", "ask_plan_status")
    assert said["name"] == "utter_remind_promise_after"
    assert [b["payload"] for b in said["buttons"]] == [
        "/objection_already_paid",
        "/request_extension",
        "/hardship_cannot_pay",
    ]


# ---- the calendar


class Web:
    """A browser that fetches calendar files."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, path: str) -> httpx.Response:
        return asyncio.run(self._get(path))

    async def _get(self, path: str) -> httpx.Response:
        transport = httpx.ASGITransport(app=self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path)


@pytest.fixture
def web(database: Database, settings: Settings) -> Web:
    app = FastAPI()
    app.include_router(calendar_router(database, settings))
    return Web(app)


def link(talk: Talk, subject: Subject, number: int) -> str:
    secret = talk.settings.secret_key.get_secret_value()
    return f"/calendar/{calendar.token_for(subject, number, secret=secret)}.ics"


def test_the_calendar_file_has_the_open_dates_and_says_nothing_else(
    talk: Talk, desk: Desk, web: Web
):
    plan = desk.plan((date(2026, 11, 30), "450"), (date(2026, 12, 30), "450"))
    url = link(talk, Subject.INSTALMENT, plan)
    first = web.get(url)
    assert first.status_code == 200
    assert first.headers["content-type"].startswith("text/calendar")
    assert first.content == web.get(url).content
    events = list(Calendar.from_ical(first.content).walk("VEVENT"))
    assert [e.decoded("dtstart") for e in events] == [date(2026, 11, 30), date(2026, 12, 30)]
    assert {str(e["summary"]) for e in events} == {"Recordatorio de Tienda Girasol"}
    assert not any(word in first.text for word in ("450", "MXN", "deuda", "pago", "María", "cuota"))
    desk.pay("450")
    (left,) = Calendar.from_ical(web.get(url).content).walk("VEVENT")
    assert left.decoded("dtstart") == date(2026, 12, 30)
    assert str(left["uid"]) == str(events[1]["uid"])


def test_a_calendar_link_that_is_over_or_not_ours_has_nothing(talk: Talk, desk: Desk, web: Web):
    promise = desk.promise("300", MONDAY + timedelta(days=3))
    url = link(talk, Subject.PROMISE, promise)
    assert web.get(url).status_code == 200
    desk.pay("300")
    assert desk.promise_row(promise).status is PromiseState.KEPT
    assert web.get(url).status_code == 410
    forged = calendar.token_for(Subject.PROMISE, promise, secret="another secret")
    for bad in (forged, "x", "%00", url[10:-4] + "x", "a" * 500):
        assert web.get(f"/calendar/{bad}.ics").status_code == 404
    assert web.get(link(talk, Subject.PROMISE, 10**9)).status_code == 404


def test_a_stranger_who_keeps_asking_is_slowed_down(talk: Talk, web: Web):
    codes = [web.get("/calendar/x.ics").status_code for _ in range(70)]
    assert codes.count(429) >= 5


def test_the_calendar_file_keeps_leap_days():
    body = calendar.calendar_file(
        [("i1", date(2028, 2, 29))],
        title="Recordatorio",
        host="example.test",
        stamp=datetime.fromisoformat("2028-01-01T00:00:00+00:00"),
    )
    (event,) = Calendar.from_ical(body).walk("VEVENT")
    assert event.decoded("dtstart") == date(2028, 2, 29)
    assert event.decoded("dtend") == date(2028, 3, 1)


def test_the_move_is_repeated_before_its_yes(talk: Talk, desk: Desk):
    desk.plan((date(2026, 11, 30), "450"), (date(2026, 12, 30), "450"))
    talk.run(ActionTakePromise(), "el 4 de diciembre", "request_extension")
    (said,) = talk.run(ActionAskOfferConfirmed(), "", "request_extension")
    assert said["name"] == "utter_move_confirm"
    assert "$450" in said["text"]
    assert "lunes 30 de noviembre" in said["text"] and "viernes 4 de diciembre" in said["text"]
