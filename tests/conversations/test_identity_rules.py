"""Who somebody is: facts matched and never read, three attempts, no hint, a lock."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlmodel import select

from bot.conversations import identity, service
from bot.conversations.identity import Verdict, identify
from bot.conversations.models import Conversation, IdentityFailure, IdentityLevel
from bot.debtors.identity import identity_keys, same_name
from bot.debtors.models import Creditor, EventLog, IdentityKey
from bot.portfolio.words import read_last_four
from bot.understanding.identity import read_identity

KEY = "demo-only-identity"
RIGHT = "Guadalupe Sánchez Núñez, documento terminado en 4948, nacimiento 23/06/1994"


@pytest.fixture
def begin(database, clock):
    """A fresh conversation with the sample's shop; `begin(origin)` gives its number."""

    def make(origin: str = "one", address: str = "a") -> int:
        with database.transaction() as session:
            shop = session.exec(select(Creditor).where(Creditor.slug == "girasol")).one()
            conversation = Conversation(
                creditor_id=shop.id,
                channel="web",
                address=f"{origin}-{address}",
                origin=origin,
                created_at=clock.now(),
            )
            session.add(conversation)
            session.flush()
            return conversation.id

    return make


def say(database, clock, number: int, text: str) -> Verdict:
    with database.transaction() as session:
        conversation = session.get_one(Conversation, number)
        return identify(session, conversation, text, key=KEY, country="MX", now=clock.now())


def level(database, number: int) -> IdentityLevel:
    with database.reading() as session:
        return service.identity_level(session.get_one(Conversation, number))


def test_one_free_text_answer_is_enough(database, clock, begin):
    number = begin()
    assert say(database, clock, number, RIGHT) is Verdict.VERIFIED
    assert level(database, number) is IdentityLevel.VERIFIED


@pytest.mark.parametrize(
    "answer",
    [
        "soy guadalupe sanchez, 4948, 23 de junio de 1994",
        "SANCHEZ NUÑEZ GUADALUPE 23-06-1994 doc 123454948",
        "me llamo Guadalupe Núñez, nací el 23/06/94 y mi documento acaba en 4948",
    ],
)
def test_people_write_it_their_own_way(database, clock, begin, answer):
    assert say(database, clock, begin(), answer) is Verdict.VERIFIED


def test_facts_may_come_one_at_a_time(database, clock, begin):
    number = begin()
    assert say(database, clock, number, "Guadalupe Sánchez Núñez") is Verdict.INCOMPLETE
    assert say(database, clock, number, "23/06/1994") is Verdict.INCOMPLETE
    assert say(database, clock, number, "4948") is Verdict.VERIFIED


def test_facts_given_long_ago_do_not_count(database, clock, begin):
    number = begin()
    say(database, clock, number, "Guadalupe Sánchez Núñez 23/06/1994")
    clock.advance(timedelta(minutes=16))
    assert say(database, clock, number, "4948") is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    "answer",
    [
        "Guadalupe Sánchez Núñez, documento terminado en 4949, nacimiento 23/06/1994",
        "Guadalupe Sánchez Núñez, documento terminado en 4948, nacimiento 24/06/1994",
        "Pedro Pérez Gómez, documento terminado en 4948, nacimiento 23/06/1994",
        "María Fernanda López Hernández, documento 4948, nacimiento 23/06/1994",
    ],
)
def test_one_wrong_fact_is_wrong_and_says_no_more(database, clock, begin, answer):
    number = begin()
    assert say(database, clock, number, answer) is Verdict.WRONG
    assert level(database, number) is IdentityLevel.UNKNOWN
    with database.reading() as session:
        conversation = session.get_one(Conversation, number)
        assert conversation.debtor_id is None
        assert conversation.identity_evidence == {}
        event = session.exec(select(EventLog).where(EventLog.name == "identity.failed")).one()
        assert event.debtor_id is None
        assert event.data == {}


def test_the_third_wrong_answer_locks_for_a_day_even_against_the_right_one(database, clock, begin):
    number = begin()
    wrong = RIGHT.replace("4948", "1111")
    verdicts = [say(database, clock, number, wrong) for _ in range(3)]
    assert verdicts == [Verdict.WRONG, Verdict.WRONG, Verdict.LOCKED]
    assert say(database, clock, number, RIGHT) is Verdict.LOCKED
    clock.advance(timedelta(hours=24, minutes=1))
    assert say(database, clock, number, RIGHT) is Verdict.VERIFIED


def test_a_guesser_cannot_begin_again_in_new_conversations(database, clock, begin):
    wrong = RIGHT.replace("4948", "1111")
    for turn in range(identity.MOST_FAILURES_PER_ORIGIN):
        say(database, clock, begin("thief", str(turn)), wrong)
    assert say(database, clock, begin("thief", "last"), RIGHT) is Verdict.LOCKED
    assert say(database, clock, begin("somebody else"), RIGHT) is Verdict.VERIFIED


def test_a_bound_channel_needs_no_name_and_recognises_nobody_else(database, clock, begin):
    with database.transaction() as session:
        known = session.exec(select(IdentityKey)).all()
        assert known
    number = begin()
    with database.transaction() as session:
        from bot.debtors.repository import debtor_by_ref

        shop = session.exec(select(Creditor).where(Creditor.slug == "girasol")).one()
        other = debtor_by_ref(session, shop.id, "TG-1008")
        session.get_one(Conversation, number).claimed_debtor_id = other.id
    assert say(database, clock, number, "4948 23/06/1994") is Verdict.WRONG
    assert say(database, clock, number, "8876 16/07/1981") is Verdict.VERIFIED


def test_no_identity_fact_is_kept_readable(database, clock, begin):
    number = begin()
    say(database, clock, number, "Guadalupe Sánchez Núñez 23/06/1994")
    with database.reading() as session:
        kept = str(session.get_one(Conversation, number).identity_evidence)
    for fact in ("Guadalupe", "guadalupe", "1994", "06-23"):
        assert fact not in kept
    with database.reading() as session:
        failure = session.exec(select(IdentityFailure)).all()
        assert failure == []


def test_hashes_depend_on_the_key_and_the_creditor():
    facts = {"birth": date(1994, 6, 23), "last4": "4948", "postcode": None}
    one = identity_keys(key="a", creditor_id=1, **facts)
    assert set(one) == {"birth+last4"}
    assert one != identity_keys(key="b", creditor_id=1, **facts)
    assert one != identity_keys(key="a", creditor_id=2, **facts)


@pytest.mark.parametrize(
    ("given", "known", "same"),
    [
        (["ana", "ruiz"], ["ana", "maria", "ruiz"], True),
        (["ana"], ["ana", "maria", "ruiz"], False),
        (["ana", "ana"], ["ana", "ruiz"], False),
        (["cher"], ["cher"], True),
        ([], ["ana"], False),
        (["x"], [], False),
    ],
)
def test_two_words_of_the_name_make_a_match(given, known, same):
    assert same_name(given, known) is same


@pytest.mark.parametrize(
    ("document", "typed"),
    [
        ("12345678-Z", "12345678Z"),
        ("12345678-Z", "5678"),
        ("12.345.678-K", "12.345.678-K"),
        ("LOPF850312MDFPRR04", "LOPF850312MDFPRR04"),
        ("LOPF850312MDFPRR04", "rr04"),
        ("X1234567L", "x1234567l"),
        ("123.456.789-09", "123.456.789-09"),
    ],
)
def test_what_is_imported_and_what_is_typed_are_the_same_document(document, typed):
    kept = read_last_four(document, document)
    assert kept in read_identity(f"soy Ana Ruiz, {typed}", country="MX").last4s
