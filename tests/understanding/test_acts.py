"""Which acts of a message are answered, and in which order."""

from __future__ import annotations

import random

import pytest

from bot.understanding.acts import MOST, NOT_UNDERSTOOD, Act, acts_of
from bot.understanding.stance import precedence_of, stance_of
from nlu.components.normalise import mistype, normalise
from nlu.components.taxonomy import PRECEDENCE, STANCE_OF


def parsed(ranking: dict[str, float], acts: dict[str, float] | None = None) -> dict:
    named = [{"name": name, "confidence": value} for name, value in ranking.items()]
    said = [{"name": name, "confidence": value} for name, value in (acts or {}).items()]
    return {"intent": named[0], "intent_ranking": named, "acts": said}


def intents(found: list[Act]) -> list[str]:
    return [act.intent for act in found]


def test_the_most_urgent_act_comes_first():
    found = acts_of(
        parsed(
            {"hardship_job_loss": 0.5, "objection_already_paid": 0.3},
            {"hardship_job_loss": 0.5, "pay_now": 0.9, "objection_already_paid": 0.9},
        )
    )
    assert intents(found) == ["objection_already_paid", "hardship_job_loss", "pay_now"]


def test_a_named_reason_stands_for_cannot_pay_too():
    both = {"hardship_job_loss": 0.6, "hardship_cannot_pay": 0.9}
    assert intents(acts_of(parsed({"hardship_cannot_pay": 0.5}, both))) == ["hardship_job_loss"]
    assert intents(acts_of(parsed({"hardship_cannot_pay": 0.5}))) == ["hardship_cannot_pay"]


def test_only_so_many_acts_are_answered():
    acts = ["objection_service", "hardship_care", "request_plan", "pay_now", "ask_balance"]
    found = acts_of(parsed({"ask_balance": 0.9}, dict.fromkeys(acts, 0.9)))
    assert intents(found) == acts[:MOST]


def test_a_trace_of_a_crisis_is_a_crisis_and_nothing_else_is_said():
    found = acts_of(parsed({"chitchat": 0.6, "crisis": 0.3}, {"chitchat": 0.8, "pay_now": 0.9}))
    assert intents(found) == ["crisis"]


def test_a_clause_alone_never_makes_somebody_the_wrong_person():
    """ "No soy rico, puedo 100 al mes" must not end the conversation."""
    acts = {"wrong_person": 0.997, "counter_offer": 0.998}
    aside = parsed({"counter_offer": 0.998, "wrong_person": 0.0}, acts)
    meant = parsed({"counter_offer": 0.6, "wrong_person": 0.35}, acts)
    assert intents(acts_of(aside)) == ["counter_offer"]
    assert intents(acts_of(meant)) == ["wrong_person", "counter_offer"]


@pytest.mark.parametrize(
    ("intent", "confidence", "expected"),
    [
        ("greet", 0.34, NOT_UNDERSTOOD),
        ("greet", 0.36, "greet"),
        ("objection_service", 0.39, NOT_UNDERSTOOD),
        ("objection_service", 0.41, "objection_service"),
        ("crisis", 0.31, "crisis"),
    ],
)
def test_what_is_not_sure_enough_is_asked_again(intent, confidence, expected):
    assert intents(acts_of(parsed({intent: confidence}))) == [expected]


def test_an_answer_to_a_form_comes_first_and_only_what_cannot_wait_beside_it():
    message = parsed(
        {"affirm": 0.7}, {"hardship_job_loss": 0.9, "ask_balance": 0.9, "request_plan": 0.8}
    )
    assert intents(acts_of(message, in_form=True)) == ["affirm", "hardship_job_loss"]


def test_both_processes_know_the_same_stances():
    assert len(STANCE_OF) == 66
    for intent, stance in STANCE_OF.items():
        assert stance_of(intent) == stance
        assert precedence_of(stance) == PRECEDENCE[stance]
    assert stance_of("give_identity") == "other"


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("YA PAGUÉ!!", "ya pague!!"),
        ("siiiii graaacias", "si gracias"),
        ("debo 1.500,50", "debo 0.000,00"),
        ("ya\u200b pa\u202egué", "ya pague"),
        ("<b>hola</b> mira https://x.y/z?a=1", "hola mira link"),
        ("escríbeme a ana@correo.mx", "escribeme a mail"),
        ("ｈｏｌａ\n\n  ¿qué?", "hola ¿que?"),
        ("", ""),
    ],
)
def test_one_spelling_for_what_is_typed_in_many(text, plain):
    assert normalise(text) == plain
    assert normalise(plain) == plain


def test_a_slip_of_the_thumb_changes_little_and_is_repeatable():
    typed = [mistype("ya pague la cuota", random.Random(n)) for n in range(50)]
    assert typed == [mistype("ya pague la cuota", random.Random(n)) for n in range(50)]
    assert len(set(typed)) > 30
    assert all(abs(len(t) - len("ya pague la cuota")) <= 2 for t in typed)
    assert mistype("no", random.Random(1)) == "no"


def test_a_message_torn_between_two_acts_is_as_sure_as_its_clauses():
    torn = parsed(
        {"hardship_job_loss": 0.35, "objection_already_paid": 0.32},
        {"hardship_job_loss": 1.0, "objection_already_paid": 0.95},
    )
    assert intents(acts_of(torn)) == ["objection_already_paid", "hardship_job_loss"]


def test_an_answer_that_is_mere_manners_still_answers_a_form():
    message = parsed({"affirm": 0.7, "hardship_job_loss": 0.2}, {"hardship_job_loss": 0.3})
    assert intents(acts_of(message, in_form=True)) == ["affirm"]
