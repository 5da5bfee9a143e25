"""Proposals put to the creditor: who may grant what, what the debtor hears, one answer only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest
from sqlmodel import Session, select

from bot.arrangements import mediation, offers, repository
from bot.arrangements.facts import Proposal, Reason, Share, Wish
from bot.arrangements.models import (
    Budget,
    Mediation,
    MediationState,
    Offer,
    OfferKind,
    OfferState,
    Plan,
)
from bot.arrangements.upkeep import tidy_negotiation
from bot.conversations.models import Conversation, Message, Owner
from bot.conversations.service import verify
from bot.debtors.repository import creditor_by_slug, debtor_by_ref
from bot.debts import service as debts
from bot.debts.models import Account, EntryKind
from bot.handoff import mediation as desk
from bot.handoff import service as handoff
from bot.handoff.models import Agent, Role
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.money import Money
from bot.policies.loader import negotiation_limits

WISH = Wish(instalments=8)
"""Beyond the bot's six months, inside an agent's nine."""


def mxn(major: int) -> Money:
    return Money.of(major, "MXN")


class Case:
    """TG-1003 of the sample, who asked for eight instalments, and the people of the shop."""

    def __init__(self, database: Database, clock: FixedClock) -> None:
        self.database, self.clock = database, clock
        with database.transaction() as session:
            creditor = creditor_by_slug(session, "girasol")
            assert creditor and creditor.id
            debtor = debtor_by_ref(session, creditor.id, "TG-1003")
            assert debtor and debtor.id
            self.debtor_id, self.creditor_id = debtor.id, creditor.id
            now = clock.now()
            conversation = Conversation(
                creditor_id=creditor.id, channel="web", address="a", created_at=now,
                last_inbound_at=now,
            )  # fmt: skip
            session.add(conversation)
            session.flush()
            assert conversation.id
            self.number = conversation.id
            verify(conversation, debtor.id, now)
            account = session.exec(select(Account).where(Account.debtor_id == debtor.id)).one()
            assert account.id
            self.account_id = account.id
            self.agents = {}
            for name, role, owner in (
                ("ana", Role.AGENT, creditor.id), ("sol", Role.SUPERVISOR, None),
                ("otro", Role.ADMIN, creditor_by_slug(session, "puente").id),  # type: ignore[union-attr]
            ):  # fmt: skip
                agent = Agent(email=f"{name}@x", name=name, role=role, creditor_id=owner,
                              password_hash="x")  # fmt: skip
                session.add(agent)
                session.flush()
                self.agents[name] = agent
            handoff.hand_over(session, conversation, reason="outside_limits", summary={}, now=now)
        self.asked_id = self.ask(WISH)

    def ask(self, wish: Wish) -> int:
        with self.database.transaction() as session:
            account = session.get_one(Account, self.account_id)
            today = self.clock.now().date()
            asked = mediation.ask_creditor(
                session,
                creditor_id=self.creditor_id,
                debtor_id=self.debtor_id,
                conversation_id=self.number,
                statement=debts.read_statement(session, account, today=today),
                wish=wish,
                offered=[Proposal((Share(today, mxn(3333)),), (Reason("reason_lowest"),))],
                limits=negotiation_limits("girasol", today),
                timezone="America/Mexico_City",
                now=self.clock.now(),
            )
            assert asked.id
            return asked.id

    def decide(self, how: str, who: str = "ana", **more: Any) -> Offer | None:
        with self.database.transaction() as session:
            asked = session.get_one(Mediation, self.asked_id)
            agent = session.get_one(Agent, self.agents[who].id)
            return getattr(desk, f"{how}_mediation")(
                session, asked, agent, self.clock.now(), **more
            )

    def see(self) -> SimpleNamespace:
        with self.database.reading() as session:
            messages = session.exec(
                select(Message).where(Message.conversation_id == self.number)
            ).all()
            return SimpleNamespace(
                asked=session.get_one(Mediation, self.asked_id),
                conversation=session.get_one(Conversation, self.number),
                open=repository.open_offers(session, self.number),
                messages=messages,
            )


@pytest.fixture
def asked(database, clock) -> Case:
    return Case(database, clock)


def test_it_is_due_on_a_working_day_and_listed_for_its_creditor(asked):
    seen = asked.see()
    assert seen.asked.answer_by.date().isoformat() == "2026-11-25"  # 18:00 in Mexico City, in UTC
    with asked.database.reading() as session:
        assert [m.id for m in desk.open_mediations(session, asked.creditor_id)] == [asked.asked_id]
        assert desk.open_mediations(session, asked.creditor_id + 1) == []
    assert asked.ask(Wish(instalments=9)) == asked.asked_id


def test_an_agent_grants_what_is_inside_their_authority_and_the_debtor_hears_of_it(asked):
    offer = asked.decide("accept")
    seen = asked.see()
    assert offer and len(offer.instalments) == 8
    assert [o.id for o in seen.open] == [offer.id]
    assert seen.asked.status is MediationState.ACCEPTED
    assert seen.asked.decided_by == asked.agents["ana"].id
    assert seen.conversation.owner is Owner.BOT
    (said,) = seen.messages
    assert "aceptaron" in said.text and "$" not in said.text
    assert said.buttons[0]["payload"] == f'/request_plan{{"reference":"offer-{offer.id}"}}'


def test_beyond_an_agents_authority_a_manager_has_to_decide(asked):
    asked.ask(Wish(instalments=11))
    with pytest.raises(desk.BeyondAuthority) as refused:
        asked.decide("accept")
    assert refused.value.nearest and len(refused.value.nearest.shares) == 9
    assert asked.see().asked.status is MediationState.OPEN
    assert asked.see().open == []
    offer = asked.decide("accept", "sol")
    assert offer and len(offer.instalments) == 11


def test_nobody_waives_beyond_what_their_policy_lets_them(asked):
    for who in ("ana", "sol"):
        with pytest.raises(desk.BeyondAuthority):
            asked.decide("counter", who, terms=Wish(settle_for=mxn(100)))


def test_a_counter_offer_is_put_in_the_debtors_hands(asked):
    offer = asked.decide("counter", terms=Wish(instalments=7))
    assert offer and len(offer.instalments) == 7
    assert asked.see().asked.status is MediationState.COUNTERED
    assert any(r["key"] == "agent_mediation" for r in offer.agent_reasons)


def test_a_refusal_leaves_the_other_options(asked):
    asked.decide("refuse")
    seen = asked.see()
    assert seen.asked.status is MediationState.REFUSED
    assert "no fue posible" in seen.messages[0].text
    assert seen.messages[0].buttons[0]["payload"].startswith("/request_plan")


def test_whoever_is_not_verified_any_more_hears_nothing_of_it(asked):
    asked.clock.advance(timedelta(hours=3))
    asked.decide("accept")
    (said,) = asked.see().messages
    assert said.name == "utter_mediation_news"


def test_another_creditors_people_decide_nothing(asked):
    with pytest.raises(desk.NotYours):
        asked.decide("refuse", "otro")


@pytest.mark.parametrize("second", ["accept", "refuse"])
def test_of_two_answers_one_after_the_other_the_first_one_counts(asked, second):
    asked.decide("accept")
    with pytest.raises(desk.AlreadyDecided):
        asked.decide(second, "sol")
    assert len(asked.see().open) == 1


def test_of_two_answers_at_the_same_moment_exactly_one_counts(asked):
    gate = Barrier(2)

    def decide(who: str, months: int) -> str:
        gate.wait(10)
        try:
            asked.decide("counter", who, terms=Wish(instalments=months))
        except desk.AlreadyDecided:
            return "late"
        return who

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(decide, "ana", 7)
        other = pool.submit(decide, "sol", 8)
        results = {one.result(30), other.result(30)}
    assert "late" in results and len(results) == 2
    seen = asked.see()
    (offer,) = seen.open
    assert seen.asked.offer_id == offer.id
    assert len(seen.messages) == 1


def test_two_yeses_to_two_offers_at_once_make_one_plan(asked):
    with asked.database.transaction() as session:
        made = put(asked, session, 2)
        ids = [o.id for o in made]
    gate = Barrier(2)

    def accept(offer_id: int) -> bool:
        gate.wait(10)
        try:
            with asked.database.transaction() as session:
                offer = session.get_one(Offer, offer_id)
                offers.accept_plan(session, offer, now=asked.clock.now())
        except offers.OfferLapsed:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = [f.result(30) for f in [pool.submit(accept, i) for i in ids]]
    assert sorted(done) == [False, True]
    with asked.database.reading() as session:
        assert len(session.exec(select(Plan)).all()) == 1
        assert session.get_one(Mediation, asked.asked_id).status is MediationState.LAPSED


def put(asked: Case, session: Session, count: int) -> list[Offer]:
    """`count` offers of the whole balance."""
    today = asked.clock.now().date()
    return offers.put_on_table(
        session,
        [
            Proposal((Share(today + timedelta(days=n), mxn(3333 - 33 * n)),), waived=mxn(33 * n))
            for n in range(count)
        ],
        account_id=asked.account_id,
        conversation_id=asked.number,
        kind=OfferKind.PLAN,
        round_=1,
        now=asked.clock.now(),
        valid=timedelta(days=7),
    )


def book(asked: Case, kind: EntryKind, major: int) -> None:
    asked.clock.advance(timedelta(seconds=1))
    with asked.database.transaction() as session:
        debts.book(
            session, session.get_one(Account, asked.account_id), kind=kind, amount=mxn(major),
            on=asked.clock.now().date(), source="test", source_id=f"{kind}{major}",
            now=asked.clock.now(),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "stands"),
    [(EntryKind.INTEREST, True), (EntryKind.FEE, True), (EntryKind.PAYMENT, False),
     (EntryKind.CHARGE, False)],
)  # fmt: skip
def test_the_price_is_frozen_whatever_accrues_but_not_when_the_debt_is_another(asked, kind, stands):
    with asked.database.transaction() as session:
        (_, offer) = put(asked, session, 2)
    book(asked, kind, 70)
    with asked.database.transaction() as session:
        kept = session.get_one(Offer, offer.id)
        account = session.get_one(Account, asked.account_id)
        now = asked.clock.now()
        balance = debts.read_statement(session, account, today=now.date()).balance
        accrued = offers.accrued_since(session, kept)
        if not stands:
            with pytest.raises(offers.OfferLapsed):
                offers.check_open(kept, balance=balance, now=now, accrued=accrued)
            return
        offers.check_open(kept, balance=balance, now=now, accrued=accrued)
        plan = offers.accept_plan(session, kept, now=now)
        assert plan.total_minor == 330000
        assert plan.total_minor + plan.waived_minor == balance.minor


def test_an_offer_keeps_everything_it_was_made_from(asked):
    with asked.database.transaction() as session:
        proposal = Proposal(
            (Share(asked.clock.now().date(), mxn(3300)),),
            (Reason("reason_early", {"saving": mxn(33), "date": asked.clock.now().date()}),),
            (Reason("agent_discount_cap", {"percent": "5"}),),
            "today",
            mxn(33),
            "biweekly",
        )
        (offer,) = offers.put_on_table(
            session, [proposal], account_id=asked.account_id, conversation_id=asked.number,
            kind=OfferKind.PLAN, round_=1, now=asked.clock.now(), valid=timedelta(days=7),
        )  # fmt: skip
    with asked.database.reading() as session:
        assert offers.proposal_of(session.get_one(Offer, offer.id)) == proposal


def test_wishes_survive_being_kept():
    day = date(2026, 12, 1)
    wish = Wish(3, mxn(300), "weekly", day, day, mxn(900))
    assert offers.wish_from_json(offers.wish_to_json(wish)) == wish


def test_a_request_past_its_day_and_a_budget_kept_long_enough_are_closed_once(asked):
    with asked.database.transaction() as session:
        now = asked.clock.now()
        session.add(Budget(debtor_id=asked.debtor_id, currency="MXN", most_minor=1, given_at=now,
                           delete_after=now + timedelta(days=90)))  # fmt: skip
    assert tidy_negotiation(asked.database, asked.clock) == (0, 0)
    asked.clock.advance(timedelta(days=91))
    assert tidy_negotiation(asked.database, asked.clock) == (1, 1)
    assert tidy_negotiation(asked.database, asked.clock) == (0, 0)
    assert asked.see().asked.status is MediationState.LAPSED
    with pytest.raises(desk.AlreadyDecided):
        asked.decide("accept")


def test_a_new_round_replaces_what_was_on_the_table(asked):
    with asked.database.transaction() as session:
        first = put(asked, session, 2)
        second = put(asked, session, 1)
        assert [o.status for o in first] == [OfferState.REPLACED] * 2
        assert second[0].status is OfferState.OPEN
