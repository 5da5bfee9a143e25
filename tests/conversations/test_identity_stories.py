"""Somebody who tells a story before saying who they are has not answered wrongly."""

from __future__ import annotations

import pytest
from sqlmodel import select

from bot.conversations.identity import Verdict, identify, missing_facts
from bot.conversations.models import Conversation, IdentityFailure
from bot.debtors.models import Creditor

KEY = "demo-only-identity"
STORY = (
    "buenas tardes, me quede sin trabajo en 2024 y debo 1500 de renta, a ustedes ya les pague 2300 en"
    " mayo y me siguen cobrando 4948 pesos, puedo dar 1200 el viernes"
)
RIGHT = "Guadalupe Sánchez Núñez, documento terminado en 4948, nacimiento 23/06/1994"


@pytest.fixture
def number(database, clock) -> int:
    with database.transaction() as session:
        shop = session.exec(select(Creditor).where(Creditor.slug == "girasol")).one()
        conversation = Conversation(
            creditor_id=shop.id, channel="web", address="a", origin="one", created_at=clock.now()
        )
        session.add(conversation)
        session.flush()
        return conversation.id


def say(database, clock, number: int, text: str) -> Verdict:
    with database.transaction() as session:
        conversation = session.get_one(Conversation, number)
        return identify(session, conversation, text, key=KEY, country="MX", now=clock.now())


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_stories_are_no_attempts_and_the_answer_still_counts(database, clock, number):
    for _ in range(4):
        assert say(database, clock, number, STORY) is Verdict.INCOMPLETE
    with database.reading() as session:
        conversation = session.get_one(Conversation, number)
        assert conversation.identity_attempts == 0
        assert missing_facts(conversation) == ["name", "facts"]
        assert session.exec(select(IdentityFailure)).all() == []
    assert say(database, clock, number, RIGHT) is Verdict.VERIFIED


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_wrong_answer_inside_a_story_still_counts(database, clock, number):
    wrong = (
        f"{STORY}. Me llamo Guadalupe Sánchez, documento terminado en 1111, nacimiento 01/01/1990"
    )
    assert say(database, clock, number, wrong) is Verdict.WRONG
