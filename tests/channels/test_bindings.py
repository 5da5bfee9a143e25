"""Who somebody on a platform is to us, and what that does not prove."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from bot.channels import bindings
from bot.channels.port import Who
from bot.conversations import addresses, service
from bot.conversations.models import ChannelAddress, Conversation, IdentityLevel
from bot.conversations.start_links import LONGEST_REF, RefTooLong, open_start_token, start_token
from bot.debtors.models import ContactPoint, Creditor, Debtor
from bot.settings import Settings
from tests.conftest import NOW

DAY = timedelta(days=1)
DEMO = Settings(demo=True)


def level(desk, conversation_id):
    with desk.database.reading() as session:
        return service.identity_level(session.get_one(Conversation, conversation_id))


def claimed(desk, conversation_id):
    with desk.database.reading() as session:
        return session.get_one(Conversation, conversation_id).claimed_debtor_id


# ---- links -----------------------------------------------------------------------------------


@given(ref=st.text(min_size=1, max_size=LONGEST_REF).filter(lambda t: max(t) <= "\ud7ff"))
def test_a_link_fits_into_telegram_and_says_whom_it_is_for(ref):
    if len(ref.encode()) > LONGEST_REF:
        with pytest.raises(RefTooLong):
            start_token(DEMO, "girasol", ref, NOW)
        return
    token = start_token(DEMO, "girasol", ref, NOW)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", token)
    opened = open_start_token(DEMO, "girasol", token, NOW)
    assert opened is not None and opened.debtor_ref == ref


@given(position=st.integers(0, 39), letter=st.sampled_from("ABCXYZabcxyz019-_"))
def test_a_link_that_was_changed_anywhere_opens_nothing(position, letter):
    token = start_token(DEMO, "girasol", "TG-000001", NOW)
    place = position % len(token)
    changed = token[:place] + letter + token[place + 1 :]
    if changed != token:
        assert open_start_token(DEMO, "girasol", changed, NOW) is None


@given(st.text(max_size=80))
def test_whatever_stands_after_start_opens_nothing(token):
    assert open_start_token(DEMO, "girasol", token, NOW) is None


def test_a_link_is_one_creditors_and_good_for_thirty_days():
    token = start_token(DEMO, "girasol", "TG-1", NOW)
    assert open_start_token(DEMO, "puente", token, NOW) is None
    assert open_start_token(DEMO, "girasol", token, NOW + 30 * DAY)
    assert open_start_token(DEMO, "girasol", token, NOW + 31 * DAY) is None
    assert "TG-1" not in token


async def test_following_a_link_claims_and_proves_nothing(desk):
    debtor, _ = desk.debtor_with("whatsapp")
    token = start_token(desk.settings, "girasol", debtor.ref, desk.clock.now())
    await desk.comes(desk.event("start", token=token))
    (conversation,) = desk.conversations()
    assert conversation.claimed_debtor_id == debtor.id
    assert level(desk, conversation.id) is IdentityLevel.CHANNEL
    assert desk.said(conversation.id) == ["utter_greeting"]
    assert debtor.name.split()[0] not in desk.messages(conversation.id)[0].text


async def test_a_link_works_once_whoever_has_it(desk):
    debtor, _ = desk.debtor_with("whatsapp")
    token = start_token(desk.settings, "girasol", debtor.ref, desk.clock.now())
    await desk.comes(desk.event("start", token=token))
    await desk.comes(desk.event("start", token=token, chat="6"))
    first, second = desk.conversations()
    assert (first.claimed_debtor_id, second.claimed_debtor_id) == (debtor.id, None)


async def test_a_bad_link_opens_an_ordinary_chat(desk):
    await desk.comes(desk.event("start", token="x" * 64))
    (conversation,) = desk.conversations()
    assert conversation.claimed_debtor_id is None
    assert desk.said(conversation.id) == ["utter_greeting"]


async def test_a_link_of_another_debtor_forgets_who_was_verified(desk):
    debtor, _ = desk.debtor_with("whatsapp")
    await desk.comes(desk.event("start"))
    (conversation,) = desk.conversations()
    other = desk.change(
        lambda s: s.exec(
            select(Debtor).where(Debtor.creditor_id == debtor.creditor_id, Debtor.id != debtor.id)
        ).first()
    )
    desk.change(
        lambda s: service.verify(
            s.get_one(Conversation, conversation.id), other.id, desk.clock.now()
        )
    )
    token = start_token(desk.settings, "girasol", debtor.ref, desk.clock.now())
    await desk.comes(desk.event("start", token=token))
    assert level(desk, conversation.id) is IdentityLevel.CHANNEL
    assert claimed(desk, conversation.id) == debtor.id


async def test_opening_the_chat_by_a_link_makes_it_a_contact_point(desk):
    debtor, _ = desk.debtor_with("whatsapp")
    token = start_token(desk.settings, "girasol", debtor.ref, desk.clock.now())
    await desk.comes(desk.event("start", token=token))
    with desk.database.reading() as session:
        point = session.exec(select(ContactPoint).where(ContactPoint.channel == "telegram")).one()
    assert (point.debtor_id, point.address) == (debtor.id, "5")
    assert point.consented_at == desk.clock.now()
    assert "link" in point.consent_source


# ---- telephones ------------------------------------------------------------------------------


async def test_a_number_on_file_for_one_person_claims_that_person(desk):
    debtor, point = desk.debtor_with("whatsapp")
    await desk.comes(desk.event("contact", phone=f"+{point.address}"))
    (conversation,) = desk.conversations()
    assert conversation.claimed_debtor_id == debtor.id
    assert level(desk, conversation.id) is IdentityLevel.CHANNEL


async def test_a_number_of_two_people_or_of_nobody_claims_none_and_sounds_the_same(desk):
    _, point = desk.debtor_with("whatsapp")
    await desk.comes(desk.event("contact", phone=point.address, chat="1"))
    await desk.comes(desk.event("contact", phone="999999999", chat="2"))

    def share(session):
        other = session.exec(
            select(Debtor).where(Debtor.creditor_id == 1, Debtor.id != point.debtor_id)
        ).first()
        session.add(ContactPoint(debtor_id=other.id, channel="whatsapp", address=point.address))

    desk.change(share)
    await desk.comes(desk.event("contact", phone=point.address, chat="3"))
    found = desk.conversations()
    assert [c.claimed_debtor_id for c in found] == [point.debtor_id, None, None]
    answers = [[m.text for m in desk.messages(c.id)] for c in found]
    assert answers[0] == answers[1] == answers[2]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("525512345678", "5215512345678"),
        ("541112345678", "5491112345678"),
        ("551187654321", "5511987654321"),
        ("+57 300 000 0001", "573000000001"),
    ],
)
def test_one_telephone_written_in_two_ways_is_one(one, other):
    assert set(addresses.spellings(("phone", one))) == set(addresses.spellings(("phone", other)))


def test_two_telephones_are_two():
    assert not set(addresses.spellings(("phone", "525512345678"))) & set(
        addresses.spellings(("phone", "525512345679"))
    )


# ---- names -----------------------------------------------------------------------------------


async def say(desk, *names, text="Hola"):
    await desk.comes(
        desk.event(text=text, names=[list(n) for n in names]), account="1055", channel="whatsapp"
    )


async def test_somebody_is_known_again_by_any_of_their_names(desk):
    await say(desk, ("phone", "525512345678"))
    await say(desk, ("user", "U1"), ("phone", "5215512345678"))
    await say(desk, ("user", "U1"))
    (conversation,) = desk.conversations("whatsapp")
    assert len(desk.wrote(conversation.id)) == 3


async def test_two_conversations_of_one_person_become_the_newer_one(desk):
    await say(desk, ("user", "U1"))
    desk.clock.advance(DAY)
    await say(desk, ("phone", "5255"))
    first, second = desk.conversations("whatsapp")
    desk.change(lambda s: service.verify(s.get_one(Conversation, first.id), 1, desk.clock.now()))
    desk.clock.advance(DAY)
    await say(desk, ("user", "U1"), ("phone", "5255"), text="otra vez")
    assert desk.wrote(second.id) == ["Hola", "otra vez"]
    assert level(desk, second.id) is IdentityLevel.UNKNOWN
    with desk.database.reading() as session:
        assert {a.conversation_id for a in session.exec(select(ChannelAddress)).all()} == {
            second.id
        }


async def test_a_telephone_that_somebody_else_has_now_does_not_open_the_old_conversation(desk):
    await say(desk, ("user", "U1"), ("phone", "5255"))
    (first,) = desk.conversations("whatsapp")
    desk.change(lambda s: service.verify(s.get_one(Conversation, first.id), 1, desk.clock.now()))
    await say(desk, ("user", "U2"), ("phone", "5255"), text="soy otra persona")
    _, second = desk.conversations("whatsapp")
    assert desk.wrote(first.id) == ["Hola"]
    assert desk.wrote(second.id) == ["soy otra persona"]
    assert level(desk, second.id) is IdentityLevel.UNKNOWN
    with desk.database.reading() as session:
        assert addresses.names_of(session, second.id) == {"user": "U2", "phone": "5255"}


async def test_one_account_is_one_creditor(desk):
    await desk.comes(desk.event(text="Hola"))
    await desk.comes(desk.event(text="Hola"), account="puente")
    assert len({c.creditor_id for c in desk.conversations()}) == 2


async def test_the_same_person_on_two_channels_shares_nothing_until_verified_on_both(desk):
    debtor, point = desk.debtor_with("whatsapp")
    await say(desk, ("phone", point.address))
    token = start_token(desk.settings, "girasol", debtor.ref, desk.clock.now())
    await desk.comes(desk.event("start", token=token))
    (one,), (two,) = desk.conversations("whatsapp"), desk.conversations("telegram")
    desk.change(
        lambda s: service.verify(s.get_one(Conversation, one.id), debtor.id, desk.clock.now())
    )
    assert level(desk, one.id) is IdentityLevel.VERIFIED
    assert level(desk, two.id) is IdentityLevel.CHANNEL
    assert desk.wrote(two.id) == []


# ---- writing first ---------------------------------------------------------------------------


def test_the_conversation_of_a_contact_point_is_found_or_begun(desk):
    debtor, point = desk.debtor_with("whatsapp")

    def work(session):
        return bindings.conversation_for(session, point, now=desk.clock.now()).id

    assert desk.change(work) == desk.change(work)
    (conversation,) = desk.conversations("whatsapp")
    assert conversation.claimed_debtor_id == debtor.id
    assert conversation.language == debtor.language
    assert level(desk, conversation.id) is IdentityLevel.CHANNEL


async def test_somebody_we_wrote_to_first_answers_in_the_same_conversation(desk):
    _, point = desk.debtor_with("whatsapp")
    desk.change(lambda s: bindings.conversation_for(s, point, now=desk.clock.now()).id)
    await say(desk, ("user", "U9"), ("phone", point.address))
    (conversation,) = desk.conversations("whatsapp")
    assert conversation.claimed_debtor_id == point.debtor_id


def test_writing_to_an_address_that_was_another_persons_asks_again_who_it_is(desk):
    debtor, point = desk.debtor_with("whatsapp")

    def work(session):
        conversation = bindings.conversation_for(session, point, now=desk.clock.now())
        service.verify(conversation, debtor.id, desk.clock.now())
        other = session.exec(
            select(Debtor).where(Debtor.creditor_id == debtor.creditor_id, Debtor.id != debtor.id)
        ).first()
        moved = ContactPoint(debtor_id=other.id, channel="whatsapp", address=point.address)
        session.add(moved)
        session.flush()
        return bindings.conversation_for(session, moved, now=desk.clock.now()).id, other.id

    conversation_id, other_id = desk.change(work)
    assert level(desk, conversation_id) is IdentityLevel.CHANNEL
    assert claimed(desk, conversation_id) == other_id


def test_a_name_without_any_kind_opens_nothing(desk):
    def work(session):
        creditor = session.exec(select(Creditor)).first()
        return bindings.find(session, creditor, "whatsapp", Who(()))

    assert desk.change(work) is None
