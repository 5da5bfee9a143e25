"""What a person reads adds up, in their eyes, in each language; an old balance is called old."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from actions.balance import (
    ActionShowBalance,
    ActionShowBreakdown,
    ActionShowDueDate,
    _parts,
    _total,
)
from bot.conversations.models import Conversation
from bot.conversations.service import receive, verify
from bot.debtors.models import Creditor, Debtor
from bot.debts.facts import Accrued, Movement
from bot.debts.feed import Feeds, Reading
from bot.debts.models import Account, EntryKind
from bot.debts.repository import accounts_of
from bot.debts.service import book
from bot.dialogue.turn import Turn
from bot.kit.money import Money
from bot.rasa_actions import ActionHost
from bot.settings import Settings
from bot.texts.catalogue import LANGUAGES, Reader, render
from tests.debts.cases import ledgers, statement_of

NOW = datetime(2026, 11, 21, 16, tzinfo=UTC)
AMOUNT = re.compile(r"(-?)(?:MX|R|US)?\$ ?([\d.,]+)")


def reading(language: str, country: str = "MX") -> Any:
    """As much of a turn as the lines of a breakdown need."""
    reader = Reader(language, country, formal=False, timezone="America/Mexico_City")
    return SimpleNamespace(
        reader=reader, now=NOW, text=lambda key, **values: render(key, reader, **values)
    )


def first_amount(line: str, decimal: str = ".") -> int:
    """The first amount of a line in minor units, as a person reads it."""
    found = AMOUNT.search(line)
    assert found, line
    sign, digits = found.groups()
    whole, _, cents = digits.rstrip(".,").rpartition(decimal)
    if not whole or len(cents) != 2:
        whole, cents = digits.rstrip(".,"), "00"
    minor = int(re.sub(r"\D", "", whole)) * 100 + int(cents)
    return -minor if sign else minor


@given(st.integers(0, 2**32))
@settings(max_examples=800, deadline=None)  # a dozen ledgers a seed: 10,000 cases
def test_the_parts_a_person_reads_add_up_to_the_balance_they_read(seed):
    for currency, moves in ledgers(seed):
        if currency != "MXN":
            continue
        statement = statement_of(moves)
        lines = _parts(reading("es"), statement)
        heads = [first_amount(line) for line in lines if line.startswith("•")]
        total = _total(reading("es"), statement)
        surplus = first_amount(total[-1]) if statement.surplus else 0
        assert sum(heads) == first_amount(total[0]) - surplus
        head, below = 0, 0
        for line in [*lines, "•$0"]:
            if line.startswith("•"):
                assert abs(below) in (abs(head), 0), (head, below)
                head, below = first_amount(line), 0
            else:
                below += first_amount(line)


def test_daily_interest_is_read_as_one_line_with_its_rate_and_days():
    days = [date(2026, 11, day) for day in range(1, 21)]
    capital = Movement("charge", Money.of(3650, "MXN"), date(2026, 8, 1), "Colchón")
    daily = [
        Movement(
            "interest", Money.of("2.40", "MXN"), day, "", "policy", str(day),
            Accrued(day, day, 2400, capital.amount),
        )
        for day in days
    ]  # fmt: skip
    statement = statement_of([capital, *daily])
    (line,) = [x for x in _parts(reading("es"), statement) if "anual" in x]
    assert line == "– Del 1 de nov 2026 al 20 de nov 2026: $48, al 24 % anual sobre $3,650"
    (line,) = [x for x in _parts(reading("pt"), statement) if "ao ano" in x]
    assert "a 24% ao ano sobre" in line
    (line,) = [x for x in _parts(reading("en"), statement) if "a year" in x]
    assert "at 24% a year on" in line


# ---- through the actions


class Chat:
    """A verified conversation of one debtor, and their answers without a dialogue."""

    def __init__(self, database, clock, ref: str, language: str = "es") -> None:
        self.database, self.clock = database, clock
        with database.transaction() as session:
            debtor = session.exec(select(Debtor).where(Debtor.ref == ref)).one()
            assert debtor.id is not None
            conversation = Conversation(
                creditor_id=debtor.creditor_id,
                channel="web",
                address=f"address {ref} {language}",
                language=language,
                created_at=clock.now(),
                last_inbound_at=clock.now(),
            )
            session.add(conversation)
            session.flush()
            verify(conversation, debtor.id, clock.now())
            self.id, self.debtor_id, self.timezone = conversation.id, debtor.id, debtor.timezone
            self.accounts = [a.id for a in accounts_of(session, debtor.id)]

    def says(self, action: type, reference: str = "") -> dict[str, Any]:
        tracker = SimpleNamespace(
            get_latest_entity_values=lambda _: iter([reference] if reference else [])
        )
        with self.database.transaction() as session:
            conversation = session.get_one(Conversation, self.id)
            turn = Turn(
                session=session,
                settings=Settings(demo=True),
                conversation=conversation,
                creditor=session.get_one(Creditor, conversation.creditor_id),
                message=SimpleNamespace(id=1),  # type: ignore[arg-type]
                now=self.clock.now(),
            )
            action().act(turn, tracker)
            (reply,) = turn.replies
            return reply

    def feed(self, hours: int) -> None:
        """The creditor's own system keeps the balance, read so many hours ago."""
        with self.database.transaction() as session:
            debtor = session.get_one(Debtor, self.debtor_id)
            session.get_one(Creditor, debtor.creditor_id).balance_feed = "https://erp/{ref}"
            for number in self.accounts:
                account = session.get_one(Account, number)
                account.balance_read_at = self.clock.now() - timedelta(hours=hours)


@pytest.fixture
def made(database, clock) -> Callable[..., Chat]:
    return lambda ref, language="es": Chat(database, clock, ref, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_breakdown_in_each_language(made, language):
    reply = made("PC-1005", language).says(ActionShowBreakdown)
    assert reply["name"] == "utter_breakdown"
    lines = reply["text"].splitlines()
    decimal = "," if language == "pt" else "."
    heads = [first_amount(line, decimal) for line in lines if line.startswith("•")]
    balance = next(line for line in lines if "**" in line)
    assert sum(heads) == first_amount(balance, decimal) == 471800
    left = lines[lines.index(balance) + 1]
    assert left.startswith(("Ya descontado", "Já descontado", "After what"))


def test_the_balance_says_how_much_of_it_is_interest(made):
    text = made("PC-1005").says(ActionShowBalance)["text"]
    assert "es de **$4,718**. Incluye $94.50 de intereses. La fecha" in text


def test_a_second_account_is_a_button_away(made):
    chat = made("TG-1006")
    first = chat.says(ActionShowBreakdown)
    (other,) = [b for b in first["buttons"] if "reference" in b["payload"]]
    assert len(other["title"]) <= 22
    reference = re.findall(r'"reference":"(\d+)"', other["payload"])[0]
    second = chat.says(ActionShowBreakdown, reference)
    assert other["title"] in second["text"]
    assert other["title"] not in first["text"]


def test_nobody_sees_the_account_of_another(made):
    chat, other = made("TG-1003"), made("PC-1005")
    own = chat.says(ActionShowBreakdown)
    assert chat.says(ActionShowBreakdown, str(other.accounts[0]))["text"] == own["text"]
    assert chat.says(ActionShowBreakdown, "1 OR 1=1")["text"] == own["text"]


@pytest.mark.parametrize("action", [ActionShowBalance, ActionShowBreakdown, ActionShowDueDate])
@pytest.mark.parametrize("ref", ["PC-1005", "TG-1006"])
def test_on_an_old_balance_nothing_is_asked_for(made, action, ref):
    for language in LANGUAGES:
        chat = made(ref, language)
        chat.feed(hours=5)
        reply = chat.says(action)
        payloads = {b["payload"] for b in reply["buttons"]}
        assert not {"/pay_now", "/request_plan"} & payloads
        assert "/ask_human" in payloads
        assert reply["links"] == []
        # When it was true, in the debtor's own time zone.
        moment = (NOW - timedelta(hours=5)).astimezone(ZoneInfo(chat.timezone))
        assert re.search(rf"\b0?{moment.hour}:00", reply["text"])


def test_a_fresh_balance_of_another_system_is_asked_for_as_any_other(made):
    chat = made("PC-1005")
    chat.feed(hours=3)
    assert "/pay_now" in {b["payload"] for b in chat.says(ActionShowBalance)["buttons"]}


def test_a_surplus_is_said_and_the_figures_still_add_up(made, clock):
    chat = made("TG-1003")
    with chat.database.transaction() as session:
        account = session.get_one(Account, chat.accounts[0])
        book(
            session, account, kind=EntryKind.PAYMENT, amount=Money.of(5000, "MXN"),
            on=clock.now().date(), source="stripe", source_id="pi", now=clock.now(),
        )  # fmt: skip
    lines = chat.says(ActionShowBreakdown)["text"].splitlines()
    heads = [first_amount(line) for line in lines if line.startswith("•")]
    assert sum(heads) == -166700
    assert "A favor: **$1,667**" in lines


# ---- the door to the actions


class Spy:
    """A system that answers the same for every account, and counts."""

    def __init__(self, clock) -> None:
        self.clock, self.asked = clock, 0

    def read(self, *, slug: str, template: str, ref: str, currency: str) -> Reading:
        self.asked += 1
        return Reading(Money.of(42, currency), self.clock.now(), None)


@pytest.mark.parametrize("verified", [True, False])
def test_before_an_action_an_old_balance_is_read_again_for_whoever_is_known(
    made, database, clock, verified
):
    chat = made("TG-1003")
    chat.feed(hours=5)
    spy = Spy(clock)
    host = ActionHost(
        database=database,
        clock=clock,
        settings=Settings(demo=True),
        balances=Feeds(database=database, clock=clock, feed=spy),
    )
    with database.transaction() as session:
        if not verified:
            conversation = session.get_one(Conversation, chat.id)
            conversation.verified_at = conversation.debtor_id = None
        message, _ = receive(session, chat.id, provider_id="m", text="hola", now=clock.now())
        number = message.id
    for _ in range(2):
        host._freshen(number)
    assert spy.asked == (1 if verified else 0)
    if verified:
        assert "**$42**" in chat.says(ActionShowBalance)["text"]
