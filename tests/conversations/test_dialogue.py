"""The turns of a conversation that people really take, through the real model."""

from __future__ import annotations

import pytest

from tests.conversations.conftest import texts

pytestmark = pytest.mark.rasa


@pytest.fixture
def known(talk, people):
    """`known(ref)`: a conversation with somebody who has just been identified."""
    opened = []

    def begin(ref: str, language: str = ""):
        chat = talk(ref, language)
        chat.line("cuánto debo?")
        turn = chat.line(people[ref]["answer"])
        assert turn["state"]["identity_level"] == 2
        opened.append(chat)
        return chat

    yield begin
    for chat in opened:
        chat.close()


def test_a_question_interrupts_a_form_and_the_form_comes_back(known):
    chat = known("TG-1024")
    asked = chat.line("necesito más tiempo para pagar")
    assert "día" in texts(asked)
    turn = chat.line("¿esto es seguro?")
    assert len(turn["replies"]) == 2
    assert "tarjeta" in turn["replies"][0]["text"]
    assert turn["replies"][1]["text"] == asked["replies"][-1]["text"]
    assert "Anotado" in texts(_confirm(chat, chat.line("mañana")))


def _confirm(chat, turn):
    assert turn["state"]["offer"]["kind"] == "promise"
    return chat.line("sí")


def test_a_promise_needs_an_amount_a_date_and_a_yes(known):
    chat = known("TG-1027")
    turn = chat.line("te pago mañana")
    assert turn["state"]["promise"] is None
    assert turn["state"]["offer"]["total"] == "28600"
    turn = chat.line("sí")
    assert turn["state"]["promise"]["amount"] == "28600"
    assert turn["state"]["hold_reason"] == "promise"
    assert turn["state"]["payment_link"]


def test_an_amount_can_be_corrected_before_the_yes(known):
    chat = known("TG-1029")
    chat.line("te pago mañana")
    turn = chat.line("no, 200 mil nada más")
    assert turn["state"]["offer"]["total"] == "200000"
    assert chat.line("sí")["state"]["promise"]["amount"] == "200000"


def test_a_promise_too_far_ahead_is_brought_to_the_last_day_with_the_reason(known):
    chat = known("TG-1022")
    turn = chat.line("pago en tres meses")
    assert turn["state"]["promise"] is None
    assert len(turn["replies"]) == 2


def test_the_third_counter_offer_outside_the_limits_goes_to_a_person(known):
    chat = known("TG-1010")
    chat.line("quiero pagar en cuotas")
    states = [chat.line(f"solo puedo {n} al mes")["state"] for n in (20, 25, 30, 15)]
    assert states[0]["owner"] == "bot"
    assert states[-1]["owner"] == "person"
    assert states[-1]["handoff_reason"] == "outside_limits"


def test_part_of_the_balance_can_be_paid(known):
    chat = known("TG-1055")
    turn = chat.line("quero pagar uma parte, 100 reais")
    assert turn["state"]["payment_link"]
    assert turn["replies"][-1]["links"]
    paid = chat.line("/pay")
    assert paid["state"]["balance"] == "3797.65"


def test_not_mine_gets_evidence_a_hold_and_a_date(known):
    chat = known("PU-1021")
    turn = chat.line("no reconozco esa deuda, yo nunca pedí nada")
    assert turn["state"]["case"]["reason"] == "objection_not_mine"
    assert turn["state"]["nudges"] == "held"
    assert "C-" in texts(turn)


def test_wrong_person_is_told_nothing_and_left_alone(talk):
    chat = talk("TG-1003")
    turn = chat.line("número equivocado, no conozco a nadie ahí")
    assert "Guadalupe" not in texts(turn)
    assert turn["state"]["opted_out"] is True
    chat.close()


def test_a_person_is_one_word_away_and_the_bot_is_silent_afterwards(talk):
    chat = talk("TG-1003")
    turn = chat.line("asesor")
    assert turn["state"]["owner"] == "person"
    assert chat.line("cuánto debo?")["replies"] == []
    chat.close()


def test_two_misunderstandings_in_a_row_offer_a_person(talk):
    chat = talk("TG-1003")
    first, second = chat.line("..."), chat.line("???")
    assert texts(first) != texts(second)
    assert "persona" in texts(second)
    assert chat.line("sí")["state"]["owner"] == "person"
    chat.close()


def test_three_dots_accept_nothing_and_a_thumb_does(known):
    chat = known("TG-1050")
    chat.line("en 2 cuotas")
    assert chat.line("...")["state"]["plan"]["status"] == "proposed"
    assert chat.line("👍")["state"]["plan"]["status"] == "accepted"


def test_typing_the_title_of_a_button_presses_it(known):
    chat = known("TG-1045")
    turn = chat.line("pagar en cuotas")
    assert turn["state"]["plan"]["status"] == "proposed"


def test_language_follows_a_confident_message(talk):
    chat = talk("TG-1003")
    assert chat.line("hola")["state"]["language"] == "es"
    turn = chat.line("please can you answer me in English, I don't speak Spanish")
    assert turn["state"]["language"] == "en"
    chat.close()
