"""What the law wants told at a first contact: once, in full, to verified people, and kept on record."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from sqlmodel import Session, select

from bot.conversations import service as conversations
from bot.conversations.models import (
    Author,
    Conversation,
    Delivery,
    DeliveryState,
    Message,
    MessageState,
    Purpose,
)
from bot.conversations.service import Outgoing
from bot.debtors.models import Creditor, CreditorRole, Debtor, EventLog
from bot.dialogue.turns import Turns
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.hub import Hub
from bot.kit.money import Money
from bot.nudges import disclosures, wording
from bot.policies.forbidden import find
from bot.policies.ladders import GENERAL, ladder_policy
from bot.policies.terms import disclosure_for
from bot.runtime.checks.disclosures import CHECKS
from bot.runtime.checks.finding import Scene, State
from bot.settings import Settings
from bot.texts.catalogue import LANGUAGES
from tests.nudges.people import SLUG, TUESDAY, add_person

SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
NOW = TUESDAY
HEADING = "Lo que debes saber antes de seguir:"


def talk(session: Session, debtor: Debtor, *, verified: bool = True, **more: Any) -> Conversation:
    made = Conversation(
        creditor_id=debtor.creditor_id,
        channel=more.pop("channel", "web"),
        address=f"talk-{debtor.id}-{more.pop('number', 1)}",
        claimed_debtor_id=debtor.id,
        created_at=NOW,
        **more,
    )
    session.add(made)
    session.flush()
    if verified:
        assert debtor.id is not None
        conversations.verify(made, debtor.id, NOW)
    made.last_inbound_at = NOW
    return made


def say(session: Session, talking: Conversation, name: str, number: str) -> Message:
    outgoing = disclosures.carried_by(session, talking, Outgoing(name, "Texto."), now=NOW)
    return conversations.post(
        session,
        talking,
        outgoing,
        author=Author.BOT,
        purpose=Purpose.REPLY,
        provider_id=number,
        now=NOW,
    )


def records(session: Session, debtor: Debtor) -> list[EventLog]:
    return list(
        session.exec(
            select(EventLog).where(
                EventLog.name == disclosures.MADE, EventLog.debtor_id == debtor.id
            )
        ).all()
    )


def test_the_first_message_of_substance_carries_it_and_no_other(database: Database):
    with database.transaction() as session:
        debtor, account = add_person(session, days=5)
        creditor = session.get_one(Creditor, debtor.creditor_id)
        creditor.address, creditor.phone = "Calle Falsa 1", "+52 55 0000 0000"
        number, ref = debtor.id, account.ref
        first = talk(session, debtor)
        assert say(session, first, "utter_greet", "1").text == "Texto."
        carrying = say(session, first, "utter_balance_overdue", "2").text
        assert carrying.startswith(f"Texto.\n\n{HEADING}\n• Soy el asistente virtual")
        for part in (
            "Calle Falsa 1",
            "0000 0000",
            ref,
            Money(150_000, "MXN").format("es_MX"),
            "24 de nov",
            "queja",
            "Paga solo",
        ):
            assert part in carrying
        assert say(session, first, "utter_balance_overdue", "3").text == "Texto."
    with database.transaction() as session:  # after a restart, on another channel
        debtor = session.get_one(Debtor, number)
        other = talk(session, debtor, number=2)
        assert say(session, other, "utter_plan_offers", "1").text == "Texto."
        (event,) = records(session, debtor)
        assert event.data["lines"] == list(disclosure_for("MX", NOW.date(), "first_party"))
        assert event.data["missing"] == ["complaints"]
        made = disclosures.made(session, debtor.id, debtor.creditor_id)
        assert made and made.at == NOW and made.missing == ("complaints",)


@SQLITE
def test_nobody_unverified_is_told_anything(database: Database):
    with database.transaction() as session:
        debtor, account = add_person(session, days=5)
        unknown = talk(session, debtor, verified=False)
        lapsed = talk(session, debtor, number=2)
        lapsed.last_inbound_at = NOW - timedelta(hours=1)
        crisis = talk(session, debtor, number=3, red=True)
        for conversation in (unknown, lapsed, crisis):
            said = say(session, conversation, "utter_balance_overdue", "1").text
            assert said == "Texto."
        assert records(session, debtor) == []
        session.flush()
        nobody = talk(session, debtor, number=4)
        nobody.debtor_id = None
        assert disclosures.due(session, nobody, now=NOW) is None
        assert account.ref  # there was something to disclose


@SQLITE
def test_who_owes_nothing_is_told_nothing(database: Database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=5, minor=0)
        assert disclosures.due(session, talk(session, debtor), now=NOW) is None


@SQLITE
@pytest.mark.parametrize("how", ["failed", "blocked", "dead"])
def test_what_never_left_is_told_again(database: Database, how: str):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=5)
        first = talk(session, debtor, channel="telegram")
        message = say(session, first, "utter_balance_overdue", "1")
        assert disclosures.made(session, debtor.id, debtor.creditor_id) is not None
        delivery = session.exec(select(Delivery).where(Delivery.message_id == message.id)).one()
        if how == "failed":
            message.state = MessageState.FAILED
        else:
            delivery.state = DeliveryState(how)
        session.flush()
        assert disclosures.made(session, debtor.id, debtor.creditor_id) is None
        assert HEADING in say(session, first, "utter_balance_overdue", "2").text


@SQLITE
def test_what_the_record_lacks_is_left_out_and_listed(database: Database, settings: Settings):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=5)
        found = disclosures.due(session, talk(session, debtor), now=NOW)
        assert found and found.missing == ("address", "complaints", "phone")
        assert set(found.lines) == {"who", "account", "amount", "settle", "pay_only", "complaints"}
        assert "Dirección" not in found.text and "escríbela aquí" in found.text
    url = {"database_url": database.engine.url.render_as_string(hide_password=False)}
    scene = Scene(settings.model_copy(update=url), FixedClock(NOW))
    findings = {f.found.split(" ")[0]: f for f in CHECKS[0].look(scene)}
    assert findings[SLUG].state is State.WARNING
    for word in ("address (MX)", "telephone (MX)", "place for complaints (MX)"):
        assert word in findings[SLUG].found
    assert "girasol" not in findings


@SQLITE
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_country_is_told_what_it_asks_in_every_language(database: Database, language: str):
    with database.transaction() as session:
        for role in CreditorRole:
            for country in ("MX", "AR", "BR", "CL", "CO", "ES", "GB", "PE", "US", "UY"):
                slug = f"{SLUG}-{role.value}-{country.lower()}"
                debtor, account = add_person(session, days=5, slug=slug, country=country)
                creditor = session.get_one(Creditor, debtor.creditor_id)
                creditor.role, creditor.address, creditor.phone = role, "Calle 1", "+52"
                creditor.tax_id, account.original_creditor = "T-1", "Casa Matriz"
                here = talk(session, debtor, language=language)
                wanted = disclosure_for(country, NOW.date(), role.value)
                found = disclosures.due(session, here, now=NOW)
                assert (found.lines if found else ()) == wanted, (country, role)
                if found is None:
                    continue
                accounts = {"account", "amount", "due"} & set(wanted)
                lines = len(wanted) - max(len(accounts) - 1, 0)
                assert found.text.count("\n• ") == lines
                assert find(found.text, country=country, day=NOW.date()) == []
                assert len(found.text) < 800  # room below a balance on WhatsApp (1,024)
                if role is CreditorRole.THIRD_PARTY and "who" in wanted:
                    assert "Casa Matriz" in found.text


@SQLITE
def test_a_collector_in_the_united_states_says_so_each_time(database: Database):
    with database.transaction() as session:
        debtor, _ = add_person(session, days=5, slug=f"{SLUG}-us", country="US")
        creditor = session.get_one(Creditor, debtor.creditor_id)
        creditor.role = CreditorRole.THIRD_PARTY
        here = talk(session, debtor, language="en")
        first = say(session, here, "utter_nudge_soft_a", "1").text
        later = say(session, here, "utter_nudge_soft_a", "2").text
        answer = say(session, here, "utter_balance_overdue", "3").text
    assert "attempt to collect a debt" in first
    assert later == "Texto.\n\nThis message is from a debt collector."
    assert answer == "Texto."


class Rung:
    template, variant, send_at = "utter_nudge_soft", "a", cast("datetime | None", NOW)


@SQLITE
@pytest.mark.parametrize("is_verified", [True, False])
def test_a_nudge_carries_it_to_a_verified_reader_only(database: Database, is_verified: bool):
    with database.transaction() as session:
        debtor, account = add_person(session, days=5)
        here = talk(session, debtor, verified=is_verified)
        policy = ladder_policy("standard", NOW.date()).policy
        step = next(s for s in policy.ladders[GENERAL] if s.tone == "soft")
        outgoing = wording.compose(
            session,
            here,
            Rung(),
            step=step,
            account=account,
            balance=Money(150_000, "MXN"),
            is_verified=is_verified,
            how_often=(4, 30),
        )
        assert (HEADING in outgoing.text) is is_verified
        assert (account.ref in outgoing.text) is is_verified
        assert outgoing.text.rstrip().endswith("días.")
        assert len(records(session, debtor)) == is_verified


@SQLITE
def test_the_bots_answers_carry_it_once(database: Database, settings: Settings):
    turns = Turns(
        database=database,
        dialogue=cast(Any, None),
        clock=FixedClock(NOW),
        settings=settings,
        hub=Hub(),
        run_locally=lambda *_: [],
    )
    with database.transaction() as session:
        debtor, _ = add_person(session, days=5)
        here = talk(session, debtor)
        session.flush()
        assert here.id is not None
        asked, _ = conversations.receive(session, here.id, provider_id="q", text="saldo", now=NOW)
        reply = {"text": "Texto.", "buttons": [], "links": []}
        names = ("utter_identity_thanks", "utter_balance_overdue", "utter_plan_offers")
        with session.no_autoflush:  # as a turn is finished
            turns._post_all(session, here, asked, [{"name": name, **reply} for name in names])
        said = session.exec(
            select(Message).where(Message.in_reply_to == asked.id).order_by(Message.seq)  # type: ignore[arg-type]
        ).all()
        assert [HEADING in message.text for message in said] == [False, True, False]
        assert len(records(session, debtor)) == 1
