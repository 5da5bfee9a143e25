"""Whatever dies, is slow or comes twice: every message is answered once, in order, and honestly."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.arrangements.models import Plan
from bot.cases.models import Case
from bot.conversations.models import Author, IdentityFailure, Owner, TurnAction
from bot.debtors.models import EventLog
from bot.dialogue.client import DialogueDown, Said
from bot.dialogue.turn import Turn
from bot.handoff import service as handoff
from bot.handoff.accounts import add_agent
from bot.handoff.models import Agent, Role

from .conftest import Small, until
from .small_rasa import INTENTS, AppKilled

_TIME = re.compile(r"\d{1,2}:\d{2}")
"""The hour until which an offer holds: dying takes time."""

SCRIPT = (
    "hola",
    "cuanto debo",
    "{answer}",
    "y por que tanto",
    "quiero pagar en cuotas",
    "la primera",
    "hola",
    "sí, acepto",
    "gracias",
)


# ---- dying at every point ---------------------------------------------------------------------


class Deaths:
    """Dies once at every point of every turn: each attempt gets one point further."""

    def __init__(self, small: Small, die: Callable[[str], None]) -> None:
        self._small, self._die = small, die
        self.died: list[str] = []
        self._seen: set[tuple[int, str]] = set()
        small.rasa.at = self

    def __call__(self, point: str) -> None:
        key = (self._small.rasa.sent[-1][0] if self._small.rasa.sent else 0, point)
        if key not in self._seen:
            self._seen.add(key)
            self.died.append(point)
            self._die(point)


def app_dies(small: Small) -> Callable[[str], None]:
    """SIGKILL to the app, and Rasa drops the turn with the connection."""

    def die(point: str) -> None:
        raise AppKilled(point)

    return die


def app_dies_and_rasa_goes_on(small: Small) -> Callable[[str], None]:
    """SIGKILL to the app, and Rasa ends the turn without it and saves what is left of it."""

    def die(point: str) -> None:
        if "fork" in point:
            raise AppKilled(point)
        small.rasa.app_is_gone = True

    return die


def rasa_dies(small: Small) -> Callable[[str], None]:
    """SIGKILL to Rasa: what it has not saved is gone."""

    def die(point: str) -> None:
        raise DialogueDown(point)

    return die


TOLD_ONCE = "\n\nLo que debes saber antes de seguir:"


@pytest.mark.parametrize("kind", [app_dies, app_dies_and_rasa_goes_on, rasa_dies])
async def test_the_conversation_is_the_same_whatever_dies_wherever(small, answer, kind):
    undisturbed = await _play(small, answer)
    failures, plans, events = _counts(small)
    deaths = Deaths(small, kind(small))
    disturbed = await _play(small, answer)
    assert len(deaths.died) > 40
    # The first conversation carries the disclosure, and the log says so.
    assert disturbed == [(name, text.partition(TOLD_ONCE)[0]) for name, text in undisturbed]
    assert _counts(small) == (2 * failures, 2 * plans, 2 * events - 1)


async def test_what_is_told_once_is_told_once_whatever_dies(small, answer):
    deaths = Deaths(small, app_dies(small))
    told = [text for _ in range(2) for _, text in await _play(small, answer)]
    assert len(deaths.died) > 40
    assert sum(TOLD_ONCE in text for text in told) == 1


async def _play(small: Small, answer: str) -> list[tuple[str, str]]:
    conversation = small.begin()
    for line in SCRIPT:
        await small.say(conversation, line.format(answer=answer))
    told = small.messages(conversation)
    assert [m.seq for m in told] == [*range(1, len(told) + 1)]
    return [(m.name, _TIME.sub("", m.text)) for m in told if m.name != "utter_slow"]


def _counts(small: Small) -> tuple[int, int, int]:
    return small.count(IdentityFailure), small.count(Plan), small.count(EventLog)


async def test_the_script_above_agrees_a_plan(small, answer):
    names = [name for name, _ in await _play(small, answer) if name.startswith("utter")]
    assert names == [
        "utter_greet",
        "utter_ask_identity",
        "utter_identity_thanks",
        "utter_balance_overdue",
        "utter_breakdown",
        "utter_plan_offers",
        "utter_plan_confirm",
        "utter_greet",
        "utter_plan_confirm",
        "utter_plan_accepted",
        "utter_thanks",
    ]


# ---- one fault at a time ----------------------------------------------------------------------


async def test_rasa_is_down_first_then_back(small):
    conversation = small.begin()
    number = small.write(conversation, "hola")
    small.rasa.is_down = True
    for _ in range(5):
        await small.turns.answer_next(conversation)
        small.clock.advance(timedelta(seconds=5))
    assert small.replies(number) == ["utter_slow"]
    assert [m.id for m in small.waiting(conversation)] == [number]
    small.rasa.is_down = False
    await small.answer(conversation)
    assert small.replies(number) == ["utter_slow", "utter_greet"]


async def test_a_short_outage_is_not_spoken_of(small):
    conversation = small.begin()
    number = small.write(conversation, "hola")
    small.rasa.is_down = True
    await small.turns.answer_next(conversation)
    small.rasa.is_down = False
    small.clock.advance(timedelta(seconds=2))
    await small.turns.answer_next(conversation)
    assert small.replies(number) == ["utter_greet"]


async def test_it_is_not_tried_again_before_its_time(small):
    conversation = small.begin()
    small.write(conversation, "hola")
    small.rasa.is_down = True
    await small.turns.answer_next(conversation)
    small.rasa.is_down = False
    assert await small.turns.answer_next(conversation) is False
    assert small.rasa.sent == []


async def test_two_waiting_messages_are_excused_once(small):
    conversation = small.begin()
    first = small.write(conversation, "hola")
    second = small.write(conversation, "gracias")
    small.rasa.is_down = True
    for _ in range(4):
        small.clock.advance(timedelta(seconds=31))
        await small.turns.answer_next(conversation)
    small.rasa.is_down = False
    await small.answer(conversation)
    assert small.replies(first) == ["utter_slow", "utter_greet"]
    assert small.replies(second) == ["utter_thanks"]


async def test_slow_beyond_patience(small):
    small.settings.patience = 0.05
    conversation = small.begin()
    number = small.write(conversation, "hola")
    small.rasa.holds["hola"] = asyncio.Event()
    turn = asyncio.create_task(small.turns.answer_next(conversation))
    await until(lambda: small.replies(number) == ["utter_slow"])
    small.rasa.holds["hola"].set()
    await turn
    assert small.replies(number) == ["utter_slow", "utter_greet"]
    assert len(small.rasa.sent) == 1


async def test_the_excuse_does_not_forget_what_yes_means(small):
    conversation = small.begin()
    await small.say(conversation, "asdf")
    assert await small.say(conversation, "asdf") == ["utter_misunderstood_again"]
    number = small.write(conversation, "sí")
    small.rasa.is_down = True
    await small.turns.answer_next(conversation)
    small.clock.advance(timedelta(seconds=31))
    await small.turns.answer_next(conversation)
    small.rasa.is_down = False
    await small.answer(conversation)
    assert small.replies(number) == ["utter_slow", "utter_handoff"]


async def test_time_out_after_rasa_had_answered(small, answer):
    conversation = await _up_to_the_confirmation(small, answer)
    _once(small, "saved", DialogueDown("ReadTimeout"))
    assert await small.say(conversation, "sí, acepto") == ["utter_plan_accepted"]
    assert small.count(Plan) == 1


async def test_the_app_dies_between_rasa_s_answer_and_ours(small, answer):
    conversation = await _up_to_the_confirmation(small, answer)
    _once(small, "saved", AppKilled())
    assert await small.say(conversation, "sí, acepto") == ["utter_plan_accepted"]
    assert small.count(Plan) == 1
    assert await small.say(conversation, "gracias") == ["utter_thanks"]


async def test_what_an_action_said_is_said_even_if_rasa_forgot_its_tracker(small, answer):
    conversation = await _up_to_the_confirmation(small, answer)

    def forget(point: str) -> None:
        small.rasa.at = lambda point: None
        small.rasa.trackers.clear()
        raise DialogueDown(point)

    _once(small, "after action_accept_plan", forget)
    assert (await small.say(conversation, "sí, acepto"))[0] == "utter_plan_accepted"
    assert small.count(Plan) == 1


async def test_a_wrong_identity_counts_once(small):
    conversation = small.begin()
    await small.say(conversation, "cuanto debo")
    Deaths(small, app_dies(small))
    wrong = "Guadalupe Sánchez Núñez, documento terminado en 0000, nacimiento 01/01/1990"
    assert await small.say(conversation, wrong) == ["utter_identity_again"]
    assert small.conversation(conversation).identity_attempts == 1
    assert small.count(IdentityFailure) == 1


async def test_an_identity_stays_out_of_rasa_when_the_turn_is_run_again(small, answer):
    conversation = small.begin()
    await small.say(conversation, "cuanto debo")
    Deaths(small, app_dies(small))
    await small.say(conversation, answer)
    assert small.conversation(conversation).verified_at
    assert {payload for _, payload in small.rasa.sent[1:]} == {"/give_identity"}
    assert small.rasa.read == ["cuanto debo"]


async def test_the_language_asked_for_stays_when_the_turn_is_run_again(small):
    conversation = small.begin()
    _once(small, "after action_change_language", AppKilled())
    await small.say(conversation, "háblame en inglés por favor amigo")
    assert small.conversation(conversation).language == "en"


async def test_an_action_that_ran_before_is_answered_from_memory(small, answer):
    conversation = small.begin()
    await small.say(conversation, "cuanto debo")
    calls = []
    run = small.host.run

    def twice(call):
        calls.append((run(call), run(call)))
        return calls[-1][1]

    small.host.run = twice
    replies = await small.say(conversation, answer)
    assert replies == ["utter_identity_thanks", "utter_balance_overdue"]
    assert len(calls) > 2
    assert all(first == second for first, second in calls)
    shown = small.count(EventLog, EventLog.name == "balance.shown")
    assert shown == 1


async def test_a_turn_in_which_nothing_was_said_ends_in_an_honest_error(small, monkeypatch):
    conversation = small.begin()

    async def nothing(*_: object, **__: object) -> list[Said]:
        return []

    monkeypatch.setattr(small.rasa, "send", nothing)
    assert await small.say(conversation, "hola") == ["utter_error"]


async def test_an_action_that_fails_ends_in_an_honest_error(small, monkeypatch):
    conversation = small.begin()

    def fail(*_: object) -> None:
        raise LookupError("a bug in the action")

    monkeypatch.setattr(small.host, "_execute", fail)
    number = small.write(conversation, "cuanto debo")
    await small.answer(conversation)
    assert [n for n in small.replies(number) if n != "utter_slow"] == ["utter_error"]


async def test_actions_that_fail_once_each_are_run_again(small, answer, monkeypatch):
    execute, failed = small.host._execute, set()

    def fail_once(call: dict[str, Any], turn: Turn) -> dict[str, Any]:
        key = (turn.message.id, call["next_action"])
        if key not in failed and len([k for k in failed if k[0] == turn.message.id]) < 2:
            failed.add(key)
            raise LookupError("a lock that was not given up in time")
        return execute(call, turn)

    conversation = small.begin()
    monkeypatch.setattr(small.host, "_execute", fail_once)
    said = []
    for line in ("cuanto debo", answer, "quiero pagar en cuotas", "la primera", "sí, acepto"):
        said += await small.say(conversation, line)
    assert [name for name in said if name != "utter_slow"] == [
        "utter_ask_identity",
        "utter_identity_thanks",
        "utter_balance_overdue",
        "utter_plan_offers",
        "utter_plan_confirm",
        "utter_plan_accepted",
    ]
    assert small.count(Plan) == 1


async def test_rasa_going_on_after_a_failed_action_is_not_listened_to(small, monkeypatch):
    conversation = small.begin()
    execute, ran = small.host._execute, []

    def fail(call: dict[str, Any], turn: Turn) -> dict[str, Any]:
        ran.append(call["next_action"])
        if call["next_action"] == "action_show_balance" and len(ran) == 1:
            raise LookupError("once")
        return execute(call, turn)

    monkeypatch.setattr(small.host, "_execute", fail)
    monkeypatch.setattr(small.rasa, "after_failure", "action_misunderstood")
    assert await small.say(conversation, "cuanto debo") == ["utter_ask_identity"]
    assert "action_misunderstood" not in ran
    assert small.conversation(conversation).misunderstandings == 0


# ---- what must not wait -----------------------------------------------------------------------

URGENT = [
    ("me quiero morir", "utter_crisis"),
    ("no me escriban mas", "utter_opted_out"),
    ("quiero un asesor", "utter_handoff"),
]


@pytest.mark.parametrize(("text", "reply"), URGENT)
async def test_what_must_not_wait_works_while_rasa_is_down(small, text, reply):
    conversation = small.begin()
    number = small.write(conversation, text)
    small.rasa.is_down = True
    await small.turns.answer_next(conversation)
    small.clock.advance(timedelta(seconds=2))
    await small.turns.answer_next(conversation)
    assert small.replies(number) == [reply]


@pytest.mark.parametrize(("text", "reply"), URGENT)
async def test_what_must_not_wait_overtakes_what_waits_for_rasa(small, text, reply):
    conversation = small.begin()
    first = small.write(conversation, "hola")
    small.rasa.is_down = True
    await small.turns.answer_next(conversation)
    number = small.write(conversation, text)
    await small.turns.answer_next(conversation)
    assert small.replies(number) == [reply]
    small.rasa.is_down = False
    await small.answer(conversation)
    expected = ["utter_greet"] if reply == "utter_opted_out" else []
    assert small.replies(first) == expected
    assert small.replies(number) == [reply]


async def test_the_way_to_a_person_in_the_excuse_works(small):
    conversation = small.begin()
    first = small.write(conversation, "hola")
    small.rasa.is_down = True
    small.clock.advance(timedelta(seconds=31))
    await small.turns.answer_next(conversation)
    assert small.replies(first) == ["utter_slow"]
    number = small.press(conversation, "/ask_human")
    await small.turns.answer_next(conversation)
    assert small.replies(number) == ["utter_handoff"]
    assert small.conversation(conversation).owner is Owner.PERSON


async def test_a_crisis_does_not_wait_for_a_message_in_hand_nor_for_a_free_slot(small):
    held = [small.begin() for _ in range(16)]
    small.rasa.holds["hola"] = asyncio.Event()
    for conversation in held:
        small.write(conversation, "hola")
        small.turns.wake(conversation)
    await until(lambda: len(small.rasa.read) == 16)
    same, other = held[0], small.begin()
    numbers = [small.write(c, "me quiero morir") for c in (same, other)]
    for conversation in (same, other):
        small.turns.wake(conversation)
    await until(lambda: all(small.replies(n) == ["utter_crisis"] for n in numbers))
    small.rasa.holds["hola"].set()
    await until(lambda: not any(small.waiting(c) for c in held))
    assert "utter_greet" not in [m.name for m in small.messages(same)]
    assert "utter_greet" in [m.name for m in small.messages(held[1])]


async def test_a_sweep_looks_at_each_waiting_message_once_and_not_each_second(small, monkeypatch):
    """With hundreds waiting, looking at all of them each second was most of what the app did."""
    looked = []
    look = small.turns._look
    monkeypatch.setattr(small.turns, "_look", lambda number: looked.append(number) or look(number))
    small.rasa.holds["hola"] = asyncio.Event()
    people = [small.begin() for _ in range(24)]
    for person in people:
        small.write(person, "hola")
    for _ in range(4):
        await small.turns.sweep()
        await asyncio.sleep(0.3)
    assert len(looked) == len(set(looked)) <= 24

    # What comes meanwhile is looked at, also where nobody was woken for it.
    crisis = small.write(people[-1], "me quiero morir")
    await small.turns.sweep()
    await until(lambda: small.replies(crisis) == ["utter_crisis"])
    assert looked.count(people[-1]) == 2

    small.rasa.holds["hola"].set()
    await until(lambda: not any(small.waiting(person) for person in people), seconds=30)
    await small.turns.drain()


async def test_what_the_classifier_alone_hears_is_answered_though_rasa_dies_of_it(small):
    conversation = small.begin()
    _once(small, "after action_crisis", DialogueDown("killed"))
    number = small.write(conversation, "ya no le veo salida a nada")
    await small.turns.answer_next(conversation)
    small.rasa.is_down = True
    small.clock.advance(timedelta(seconds=2))
    await small.turns.answer_next(conversation)
    assert small.replies(number) == ["utter_crisis"]
    assert small.count(Case) == 1


# ---- more than one at a time ------------------------------------------------------------------


async def test_two_workers_at_once_answer_once(small, answer):
    conversation = await _up_to_the_confirmation(small, answer)
    number = small.write(conversation, "sí, acepto")
    workers = [small.worker() for _ in range(4)]
    before = len(small.rasa.sent)
    await asyncio.gather(*(worker.answer_next(conversation) for worker in workers))
    assert small.replies(number) == ["utter_plan_accepted"]
    assert len(small.rasa.sent) == before + 1


async def test_a_worker_that_died_with_a_message_in_hand_is_replaced_after_its_lease(small):
    conversation = small.begin()
    number = small.write(conversation, "hola")
    _once(small, "before saving", AppKilled())
    with pytest.raises(AppKilled):
        await small.turns.answer_next(conversation)
    other = small.worker()
    assert await other.answer_next(conversation) is False
    small.clock.advance(timedelta(seconds=31))
    await other.answer_next(conversation)
    assert small.replies(number) == ["utter_greet"]


async def test_a_worker_that_comes_back_from_the_dead_changes_nothing(small, answer):
    conversation = await _up_to_the_confirmation(small, answer)
    number = small.write(conversation, "sí, acepto")
    small.rasa.holds["/affirm"] = asyncio.Event()
    stuck = asyncio.create_task(small.turns.answer_next(conversation))
    await until(lambda: small.rasa.sent[-1] == (number, "/affirm"))
    small.clock.advance(timedelta(seconds=31))
    other = asyncio.create_task(small.worker().answer_next(conversation))
    await until(lambda: small.rasa.sent[-2:] == [(number, "/affirm")] * 2)
    small.rasa.holds["/affirm"].set()
    await asyncio.gather(stuck, other)
    assert small.replies(number) == ["utter_plan_accepted"]
    assert small.count(Plan) == 1
    assert await small.say(conversation, "gracias") == ["utter_thanks"]


async def test_order_is_kept_within_a_conversation_and_others_do_not_wait(small):
    slow, quick = small.begin(), small.begin()
    small.rasa.holds["hola"] = asyncio.Event()
    first, second = small.write(slow, "hola"), small.write(slow, "gracias")
    other = small.write(quick, "gracias")
    for conversation in (slow, slow, quick):
        small.turns.wake(conversation)
    await until(lambda: small.replies(other) == ["utter_thanks"])
    assert small.replies(second) == []
    small.rasa.holds["hola"].set()
    await until(lambda: not small.waiting(slow))
    said = [m.in_reply_to for m in small.messages(slow) if m.author is Author.BOT]
    assert said == [first, second]


async def test_a_message_that_nobody_was_woken_for_is_found_by_the_sweep(small):
    conversation = small.begin()
    number = small.write(conversation, "hola")
    await small.turns.sweep()
    await until(lambda: small.replies(number) == ["utter_greet"])


async def test_the_same_message_twice_is_one_message(small):
    from bot.conversations import service

    conversation = small.begin()
    for _ in range(2):
        with small.database.transaction() as session:
            service.receive(
                session,
                conversation,
                provider_id="the same number",
                text="hola",
                now=small.clock.now(),
            )
    await small.answer(conversation)
    assert [m.name for m in small.messages(conversation)] == ["", "utter_greet"]


# ---- two things in one message ----------------------------------------------------------------


BOTH = "te pedí cuotas y quiero saber cuanto debo"


@pytest.fixture
def both(monkeypatch):
    monkeypatch.setitem(INTENTS, BOTH, "request_plan,ask_balance")


async def test_both_acts_are_answered_and_the_question_of_a_form_comes_last(small, answer, both):
    conversation = small.begin()
    await small.say(conversation, answer)
    assert await small.say(conversation, BOTH) == ["utter_balance_overdue", "utter_plan_offers"]


async def test_both_acts_wait_for_identity_and_are_answered_after_it(small, answer, both):
    conversation = small.begin()
    assert await small.say(conversation, BOTH) == ["utter_ask_identity"]
    said = await small.say(conversation, answer)
    assert said[0] == "utter_identity_thanks"
    assert "utter_plan_offers" in said
    assert small.conversation(conversation).identity_attempts == 0


@pytest.mark.parametrize("point", ["before action_show_balance", "after action_show_balance"])
async def test_a_turn_of_two_acts_that_breaks_off_has_the_effect_of_once(
    small, answer, both, point
):
    conversation = small.begin()
    await small.say(conversation, answer)
    number = small.write(conversation, BOTH)
    _once(small, point, AppKilled())
    with pytest.raises(AppKilled):
        await small.turns.answer_next(conversation)
    small.clock.advance(timedelta(seconds=31))
    await small.answer(conversation)
    assert small.replies(number) == ["utter_balance_overdue", "utter_plan_offers"]


# ---- a person has it --------------------------------------------------------------------------


async def test_nothing_reaches_rasa_while_a_person_has_it(small):
    conversation = small.begin()
    _take(small, conversation)
    assert await small.say(conversation, "cuanto debo") == []
    assert small.rasa.sent == []
    assert small.count(TurnAction) == 0


async def test_a_crisis_is_marked_while_a_person_has_it(small):
    conversation = small.begin()
    _take(small, conversation)
    assert await small.say(conversation, "me quiero morir") == []
    assert small.conversation(conversation).red is True


async def test_a_person_who_takes_over_in_the_middle_of_a_turn_is_not_talked_over(small):
    small.settings.patience = 0.05
    conversation = small.begin()
    number = small.write(conversation, "hola")
    small.rasa.holds["hola"] = asyncio.Event()
    turn = asyncio.create_task(small.turns.answer_next(conversation))
    await until(lambda: len(small.rasa.read) == 1)
    _take(small, conversation)
    await asyncio.sleep(0.1)
    small.rasa.holds["hola"].set()
    await turn
    await small.answer(conversation)
    assert "utter_greet" not in small.replies(number)
    assert small.waiting(conversation) == []


async def test_a_person_who_takes_over_during_an_outage_is_not_talked_over(small):
    conversation = small.begin()
    number = small.write(conversation, "hola")
    small.rasa.is_down = True
    await small.turns.answer_next(conversation)
    _take(small, conversation)
    small.rasa.is_down = False
    small.clock.advance(timedelta(seconds=31))
    await small.answer(conversation)
    assert small.replies(number) == []


@pytest.mark.parametrize("point", ["after action_hand_over", "saved"])
@pytest.mark.parametrize("death", [AppKilled(), DialogueDown("killed")])
async def test_a_hand_over_is_announced_whatever_dies_of_it(small, point, death):
    conversation = small.begin()
    _once(small, point, death)
    assert await small.say(conversation, "quiero un asesor") == ["utter_handoff"]
    assert small.conversation(conversation).owner is Owner.PERSON
    assert await small.say(conversation, "hola") == []


# ---- helpers ----------------------------------------------------------------------------------


async def _up_to_the_confirmation(small: Small, answer: str) -> int:
    conversation = small.begin()
    for line in ("cuanto debo", answer, "quiero pagar en cuotas", "la primera"):
        await small.say(conversation, line)
    assert small.messages(conversation)[-1].name == "utter_plan_confirm"
    return conversation


def _once(small: Small, where: str, fault: BaseException | Callable[[str], None]) -> None:
    def at(point: str) -> None:
        if point != where:
            return
        small.rasa.at = lambda point: None
        if isinstance(fault, BaseException):
            raise fault
        fault(point)

    small.rasa.at = at


def _take(small: Small, conversation_id: int) -> None:
    small.clock.advance(timedelta(seconds=1))
    with small.database.transaction() as session:
        agent = add_agent(
            session,
            email=f"{next(small.numbers)}@acuerdo.test",
            name="Ana",
            role=Role.AGENT,
            password="una clave larga y secreta",
            creditor_id=None,
            now=small.clock.now(),
        )
        assert isinstance(agent, Agent)
        session.flush()
        from bot.conversations import repository

        conversation = repository.locked(session, conversation_id)
        handoff.take(session, conversation, agent, now=small.clock.now())
