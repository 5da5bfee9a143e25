"""What a debtor says about how to be written to, in the app as it is with a small Rasa."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from bot.cases.models import Case
from bot.conversations.models import Conversation, Direction
from bot.debtors.models import ContactPoint, Debtor
from bot.dialogue.kept import keep_wish, restore_wish
from bot.nudges.models import ContactPreference
from bot.nudges.preferences import Wish, set_preference
from bot.portfolio.sample import sample_json
from bot.understanding.contact_wishes import HERE, ContactWish
from tests.arrangements.test_conversation import Chat, chat  # noqa: F401 (a fixture)
from tests.faults import small_rasa

REF = "TG-1003"
SAID = (
    "solo después de las 6",
    "solo por correo",
    "solo por telegram",
    "escríbanme después de las 11 de la noche",
    "no me llamen al trabajo",
    "no me llamen al trabajo, mejor por correo después de las 5",
    "no me escriban hasta el 5 de diciembre",
    "no me escriban hasta el 15 de diciembre",
    "no me escriban hasta el 00 de diciembre",
    "solo después de las 0",
    "solo por telegram, los martes y una vez por semana",
    "solo por aquí",
    "solo después de las 5",
    "prefiero que me traten de usted",
)


@pytest.fixture
def talk(chat, monkeypatch) -> Chat:  # noqa: F811
    for phrase in SAID:
        monkeypatch.setitem(small_rasa.INTENTS, phrase, "contact_preference")
    return chat


def reach(talk: Chat, channel: str) -> None:
    """Give the debtor an address on a channel."""
    with talk.database.transaction() as session:
        point = ContactPoint(debtor_id=talk.debtor_id, channel=channel, address=f"{channel} 1")
        session.add(point)


def wish_of(talk: Chat) -> ContactPreference | None:
    with talk.database.reading() as session:
        return session.exec(select(ContactPreference)).first()


async def test_hours_are_kept_and_said_back_with_the_way_to_change_them(talk):
    talk.with_(REF)
    said = await talk.say("solo después de las 5")
    assert "entre las 17:00 y las 20:00" in said and "no me escriban más" in said
    kept = wish_of(talk)
    assert kept and (kept.opens, kept.closes) == (time(17), time(23, 59))
    assert not talk.rows(Case)
    assert {"/opt_out", "/ask_human"} <= set(talk.buttons.values())


async def test_a_day_until_which_nothing_is_sent_begins_at_their_midnight(talk):
    talk.with_(REF)
    said = await talk.say("no me escriban hasta el 5 de diciembre")
    assert "5 de diciembre" in said and not talk.rows(Case)
    kept = wish_of(talk)
    assert kept and kept.silent_until == datetime(2026, 12, 5, 6, 0, tzinfo=UTC)


async def test_the_chat_they_write_in_is_a_channel(talk):
    talk.with_(REF)
    assert "chat de nuestra página" in await talk.say("solo por aquí")
    kept = wish_of(talk)
    assert kept and kept.channel == "web"


async def test_what_only_a_person_can_see_to_opens_a_case_as_before(talk):
    talk.with_(REF)
    for text in ("no me llamen al trabajo", "prefiero que me traten de usted"):
        assert "Una persona lo aplicará" in await talk.say(text)
    assert wish_of(talk) is None
    (case,) = talk.rows(Case)
    assert case.reason == "contact_preference" and len(case.details["messages"]) == 2


async def test_a_part_is_kept_and_the_rest_goes_to_a_person(talk):
    talk.with_(REF)
    reach(talk, "email")
    said = await talk.say("no me llamen al trabajo, mejor por correo después de las 5")
    assert "Anotado, y vale desde ya" in said and "Una persona lo aplicará" in said
    kept = wish_of(talk)
    assert kept and (kept.channel, kept.opens) == ("email", time(17))
    assert len(talk.rows(Case)) == 1


async def test_hours_in_which_nothing_may_be_sent_are_refused_and_nothing_changes(talk):
    talk.with_(REF)
    with talk.database.transaction() as session:
        debtor = session.get_one(Debtor, talk.debtor_id)
        before = Wish(hours=(time(9), time(12)))
        set_preference(session, debtor, before, now=talk.clock.now())
    said = await talk.say("escríbanme después de las 11 de la noche")
    assert "no lo cambié" in said and "Anotado" not in said
    assert "/ask_human" in talk.buttons.values()
    kept = wish_of(talk)
    assert kept and (kept.opens, kept.closes) == (time(9), time(12))
    assert not talk.rows(Case)


async def test_a_channel_without_an_address_is_refused_and_the_rest_is_kept(talk):
    talk.with_(REF)
    said = await talk.say("solo por telegram, los martes y una vez por semana")
    assert "no tenemos cómo escribirte" in said or "no tenemos cómo escribirle" in said
    assert "**1 vez** en siete días" in said and "Solo martes" in said
    kept = wish_of(talk)
    assert kept and (kept.channel, kept.weekdays, kept.a_week) == ("", [2], 1)


async def test_the_same_wish_twice_has_the_effect_of_once(talk):
    talk.with_(REF)
    first = await talk.say("solo después de las 5")
    assert await talk.say("solo después de las 5") == first
    assert len(talk.rows(ContactPreference)) == 1


async def test_a_wish_of_a_stranger_is_kept_once_they_prove_who_they_are(talk):
    talk.number = talk.begin("girasol")
    people = sample_json(talk.database, today=talk.clock.now().date())["debtors"]
    answer = next(p["answer"] for p in people if p["ref"] == REF)
    asked = await talk.say("no me escriban hasta el 15 de diciembre")
    assert "diciembre" not in asked and wish_of(talk) is None
    stored = [m.text for m in talk.messages(talk.number) if m.direction is Direction.IN]
    assert stored == ["no me escriban hasta el •• de diciembre"]
    talk.clock.advance(timedelta(minutes=2))
    said = await talk.say(answer)
    assert "15 de diciembre" in said
    kept = wish_of(talk)
    assert kept and kept.silent_until == datetime(2026, 12, 15, 6, 0, tzinfo=UTC)
    with talk.database.reading() as session:
        assert session.get_one(Conversation, talk.number).pending == {}


async def test_whom_only_the_channel_names_gets_a_case_and_no_rule_of_their_own(talk):
    talk.with_(REF)
    with talk.database.transaction() as session:
        conversation = session.get_one(Conversation, talk.number)
        conversation.claimed_debtor_id, conversation.debtor_id = conversation.debtor_id, None
        conversation.verified_at = None
    assert "Una persona lo aplicará" in await talk.say("solo después de las 5")
    assert wish_of(talk) is None and len(talk.rows(Case)) == 1


wishes = st.builds(
    ContactWish,
    channel=st.sampled_from([None, "email", HERE]),
    hours=st.none() | st.tuples(st.times(), st.times()).map(
        lambda pair: tuple(at.replace(second=0, microsecond=0) for at in pair)
    ),
    weekdays=st.none() | st.lists(st.integers(1, 7), unique=True).map(tuple),
    a_week=st.none() | st.integers(1, 7),
    silent_until=st.none() | st.dates(),
    more=st.booleans(),
)  # fmt: skip


@given(wishes)
def test_a_wish_comes_back_as_it_was_read(wish):
    assert restore_wish(json.loads(json.dumps(keep_wish(wish)))) == wish
