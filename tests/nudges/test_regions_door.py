"""Where somebody lives, from the database to the gate's answer; and wishes that are refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlmodel import select

from bot.debtors.models import Debtor, EventLog
from bot.nudges.gate import Decision
from bot.nudges.models import ContactPreference
from bot.nudges.preferences import Wish, WishRefused, set_preference
from tests.nudges.test_gate_door import MONDAY, Office

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def office(database, clock) -> Office:
    """Tuesday at ten in Mexico City; they last wrote on the web two days ago."""
    made = Office(database, clock)
    made.at(MONDAY - timedelta(days=1))
    made.verified()
    made.at(MONDAY + timedelta(days=1))
    return made


def lives(office: Office, **where: object) -> None:
    office.session_change(Debtor, office.debtor_id, **where)


def test_the_gate_keeps_the_holidays_of_the_stored_region_only(office):
    message = office.write(office.point("telegram", "555000111"))
    office.at(date(2027, 3, 31), "10:00")  # César Chávez Day: California
    zone = {"country": "US", "timezone": "America/New_York"}
    answers = {}
    for region in ("", "US-NY", "US-CA"):
        lives(office, **zone, region=region)
        answers[region] = office.ask(message).decision
    assert answers == {"": Decision.LATER, "US-NY": Decision.SEND, "US-CA": Decision.LATER}


def test_an_assumed_zone_is_kept_by_every_clock_of_the_region_and_a_given_one_alone(office):
    telegram = office.point("telegram", "555000111")
    message = office.write(telegram)
    office.at(MONDAY + timedelta(days=1), "08:30")
    # Chihuahua has the capital's clock; Ciudad Juárez is an hour behind it.
    lives(office, region="MX-CHH", timezone="America/Chihuahua", timezone_assumed=True)
    ruling = office.ask(message)
    assert ruling.decision is Decision.LATER
    assert ruling.at == datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
    lives(office, timezone_assumed=False)
    assert office.ask(message).decision is Decision.SEND
    lives(office, region="", timezone="America/Mexico_City", timezone_assumed=True)
    assert office.ask(message).decision is Decision.SEND


KEPT = {"channel": "email", "hours": (time(9), time(12)), "weekdays": (2, 3), "a_week": 1}


@pytest.mark.parametrize(
    "wish",
    [
        {"channel": "whatsapp", "hours": (time(10), time(11))},
        {"channel": "telegram", "hours": (time(18), time(9))},
        {"channel": "telegram", "hours": (time(22), time(23))},
        {"hours": (time(10), time(11)), "weekdays": (7,)},
        {"a_week": 2, "weekdays": (8,)},
        {"a_week": -1, "hours": (time(10), time(11))},
        {"weekdays": (4,), "language": "fr"},
    ],
)
def test_a_refused_wish_leaves_what_was_asked_before_as_it_was(office, wish):
    """In the same transaction and without a savepoint: the row is not touched before it may be."""
    office.point("email", "ana@example.test")
    office.point("telegram", "555000111", agreed=False)
    with office.database.transaction() as session:
        set_preference(
            session,
            session.get_one(Debtor, office.debtor_id),
            Wish(**KEPT),
            now=office.clock.now(),
        )
    before = stored(office)
    with office.database.transaction() as session:
        debtor = session.get_one(Debtor, office.debtor_id)
        with pytest.raises(WishRefused):
            set_preference(session, debtor, Wish(**wish), now=office.clock.now())
    assert stored(office) == before


def stored(office: Office) -> tuple[dict, int]:
    with office.database.reading() as session:
        row = session.exec(select(ContactPreference)).one()
        events = select(EventLog).where(EventLog.name == "contact.preference_set")
        return row.model_dump(), len(session.exec(events).all())
