"""One conversation: reading, taking, replying, returning, and what must not happen."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bot.conversations.models import Author, Conversation, MessageState, Owner
from bot.handoff.models import Agent, Handoff

from .office import Browser, Office

SignedIn = Callable[[Agent], Browser]
ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><b>&amp;"


def test_opening_a_conversation_shows_it_and_is_written_down(
    office: Office, signed_in: SignedIn
) -> None:
    made = office.waiting(
        reason="dispute",
        summary={"level": 2, "intent": "objection_not_mine", "case": "C-7QF3K9XA"},
    )
    page = signed_in(office.leo).get(f"/console/c/{made}").text
    for word in ("Objeta la cuenta", "No reconoce la deuda", "C-7QF3K9XA", "Luz del Valle"):
        assert word in page
    assert "Quiero hablar con una persona" in page
    opened = office.events("conversation.opened")
    assert [(e.actor, e.conversation_id) for e in opened] == [(f"agent:{office.leo.id}", made)]


def test_reading_the_transcript_without_its_page_is_written_down_once(
    office: Office, signed_in: SignedIn
) -> None:
    made = office.waiting()
    browser = signed_in(office.leo)
    for _ in range(3):
        browser.get(f"/console/c/{made}/messages?after=0")
    assert len(office.events("conversation.opened")) == 1


@pytest.mark.parametrize("verified", [False, True])
def test_the_debtor_is_masked(office: Office, signed_in: SignedIn, verified: bool) -> None:
    made = office.waiting(verified=verified)
    page = signed_in(office.ana).get(f"/console/c/{made}").text
    assert ("María F." in page) is verified
    assert ("Persona sin verificar" in page) is not verified
    assert ("No confirmes que existe una cuenta" in page) is not verified
    assert not re.search("Fernanda|López|García|REF-778899|address-", page)
    assert verified or "María" not in page


def test_a_verification_that_lapsed_masks_again(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting(verified=True)
    office.fixed.advance(timedelta(minutes=20))
    office.says(made, "Hola de nuevo")
    page = signed_in(office.ana).get(f"/console/c/{made}").text
    assert "Persona sin verificar" in page and "María" not in page


def test_what_a_debtor_types_is_inert(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting()
    office.says(made, ATTACK)
    browser = signed_in(office.ana)
    for path in (f"/console/c/{made}", "/console", f"/console/list?rail=1&current={made}"):
        page = browser.get(path).text
        assert "<script>alert" not in page and "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in browser.get(f"/console/c/{made}").text
    feed = browser.get(f"/console/c/{made}/messages?after=0")
    assert feed.headers["content-type"] == "application/json"
    assert ATTACK in [message["text"] for message in feed.json()["messages"]]


def test_a_summary_cannot_inject_either(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting(reason=ATTACK, summary={ATTACK: ATTACK, "name": "María López"})
    page = signed_in(office.ana).get(f"/console/c/{made}").text
    assert "<script>alert" not in page and "<img src=x" not in page and "María" not in page


def test_payloads_and_payment_links_stay_on_the_server(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting()
    office.bot_says(made, "Elige", link="https://pay.example/pay/secret-token")
    browser = signed_in(office.ana)
    for text in (
        browser.get(f"/console/c/{made}").text,
        browser.get(f"/console/c/{made}/messages").text,
    ):
        assert "Ver opciones" in text and "Pagar" in text
        assert "secret_payload" not in text and "secret-token" not in text


def test_taking_silences_the_bot_and_tells_the_debtor(office: Office, signed_in: SignedIn) -> None:
    made = office.conversation()
    office.says(made, "¿Cuánto debo?")
    browser = signed_in(office.ana)
    answer = browser.act(made, "take")
    assert answer.headers["location"] == f"/console/c/{made}?done=taken"
    assert office.read(made).owner is Owner.PERSON
    assert office.texts(made, Author.SYSTEM) == ["Ana Ruiz ya está contigo."]
    assert office.texts(made, Author.BOT) == [], "the bot is silent from here"
    assert office.handoff(made).agent_id == office.ana.id
    names = [e.name for e in office.events() if e.conversation_id == made]
    assert names[-2:] == ["handoff.requested", "handoff.taken"]
    assert office.changed == [made]


def test_taking_twice_says_it_once(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting()
    browser = signed_in(office.leo)
    browser.act(made, "take")
    browser.act(made, "take")
    assert len(office.texts(made, Author.SYSTEM)) == 1
    assert len(office.events("handoff.taken")) == 1


def test_a_reply_reaches_the_debtor_with_the_agents_name(
    office: Office, signed_in: SignedIn
) -> None:
    made = office.waiting()
    browser = signed_in(office.leo)
    browser.act(made, "take")
    office.fixed.advance(timedelta(seconds=30))
    answer = browser.reply(made, "  Hola,\r\nsoy Leo.\x00\x1b[31m  ")
    assert answer.status_code == 303
    assert office.texts(made, Author.PERSON) == ["Hola,\nsoy Leo.[31m"]
    page = browser.get(f"/console/c/{made}").text
    assert "Leo Ruiz" in page and "En cola" in page
    assert office.handoff(made).first_reply_at == office.clock.now()
    assert [e.actor for e in office.events("handoff.replied")] == [f"agent:{office.leo.id}"]


def test_replying_to_a_conversation_nobody_has_takes_it(
    office: Office, signed_in: SignedIn
) -> None:
    made = office.waiting()
    signed_in(office.leo).reply(made, "Hola")
    assert office.handoff(made).agent_id == office.leo.id
    assert office.texts(made, Author.SYSTEM) == ["Leo Ruiz ya está contigo."]
    assert [e.name for e in office.events()][-2:] == ["handoff.taken", "handoff.replied"]


def test_the_same_form_sent_twice_writes_once(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting()
    browser = signed_in(office.leo)
    for _ in range(3):
        assert browser.reply(made, "Hola").status_code == 303
    assert office.texts(made, Author.PERSON) == ["Hola"]
    assert len(office.events("handoff.replied")) == 1
    other = browser.reply(made, "Otra cosa")
    assert other.status_code == 422, "a form with another text must not vanish"
    assert "Otra cosa" in other.text
    assert browser.reply(made, "Otra cosa", "another-nonce-0123").status_code == 303
    assert office.texts(made, Author.PERSON) == ["Hola", "Otra cosa"]


@pytest.mark.parametrize(
    ("text", "told"), [("x" * 4001, "pasa de 4000 caracteres"), (" \n ", "Escribe algo")]
)
def test_a_text_that_cannot_be_sent_is_refused_and_kept(
    office: Office, signed_in: SignedIn, text: str, told: str
) -> None:
    made = office.waiting()
    browser = signed_in(office.leo)
    browser.act(made, "take")
    answer = browser.reply(made, text)
    assert answer.status_code == 422 and told in answer.text
    assert text.strip() in answer.text, "what was typed is not lost"
    assert office.texts(made, Author.PERSON) == []
    data = {"csrf": browser.token(), "text": text, "nonce": "n" * 20}
    scripted = browser.post(f"/console/c/{made}/reply", data, Accept="application/json")
    assert scripted.status_code == 422 and told in scripted.json()["error"]


def test_four_thousand_characters_of_any_kind_fit(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting()
    assert signed_in(office.leo).reply(made, "🙂" * 4000).status_code == 303
    assert office.texts(made, Author.PERSON) == ["🙂" * 4000]


def test_a_script_gets_the_number_and_a_fresh_nonce(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting()
    browser = signed_in(office.leo)
    data = {"csrf": browser.token(), "text": "Hola", "nonce": "n" * 20}
    told = browser.post(f"/console/c/{made}/reply", data, Accept="application/json").json()
    assert told["seq"] == office.read(made).seq
    assert len(told["nonce"]) >= 16 and told["nonce"] != "n" * 20


def test_returning_gives_it_to_the_bot_which_says_so(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting()
    browser = signed_in(office.leo)
    browser.reply(made, "Hola")
    office.says(made, "Gracias")
    answer = browser.act(made, "return")
    assert answer.headers["location"] == "/console?done=returned"
    assert office.read(made).owner is Owner.BOT
    assert office.texts(made, Author.BOT) == ["Vuelve el asistente virtual."]
    assert office.events("handoff.returned")[0].actor == f"agent:{office.leo.id}"
    assert browser.get(f"/console/c/{made}").status_code == 404
    assert browser.act(made, "return").status_code == 404
    assert len(office.events("handoff.returned")) == 1
    assert "vuelve a estar con el bot" in browser.get("/console?done=returned").text


def test_nobody_writes_over_a_colleague(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting()
    signed_in(office.leo).act(made, "take")
    eva = signed_in(office.eva)
    assert eva.reply(made, "Hola").status_code == 409
    assert eva.act(made, "return").status_code == 409
    assert "Leo Ruiz atiende" in eva.get(f"/console/c/{made}").text
    eva.act(made, "take")
    assert eva.reply(made, "Hola, soy Eva").status_code == 303
    assert office.texts(made, Author.PERSON) == ["Hola, soy Eva"]


def test_a_supervisor_may_return_what_a_colleague_has(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting()
    signed_in(office.leo).act(made, "take")
    assert signed_in(office.ana).act(made, "return").status_code == 303
    assert office.read(made).owner is Owner.BOT


def test_a_supervisor_cannot_write_in_what_the_bot_has(office: Office, signed_in: SignedIn) -> None:
    made = office.conversation()
    ana = signed_in(office.ana)
    assert ana.get(f"/console/c/{made}").status_code == 200
    assert ana.reply(made, "Hola").status_code == 409
    assert ana.act(made, "return").status_code == 409
    assert office.texts(made, Author.PERSON) == []


@pytest.mark.parametrize("act", ["take", "reply", "return"])
@pytest.mark.parametrize("csrf", [None, "", "wrong"])
def test_no_act_without_the_sessions_token(
    office: Office, signed_in: SignedIn, act: str, csrf: str | None
) -> None:
    made = office.waiting()
    browser = signed_in(office.leo)
    before = office.read(made)
    form = {"text": "Hola", "nonce": "n" * 20} | ({} if csrf is None else {"csrf": csrf})
    answer = browser.post(f"/console/c/{made}/{act}", form)
    assert answer.status_code == 403
    assert "No se ha cambiado nada" in answer.text and "/console" in answer.text
    after = office.read(made)
    assert (after.owner, after.seq) == (before.owner, before.seq)


def test_another_sessions_token_does_not_do(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting()
    stolen = signed_in(office.eva).token()
    answer = signed_in(office.leo).post(f"/console/c/{made}/take", {"csrf": stolen})
    assert answer.status_code == 403


@pytest.mark.parametrize("act", ["take", "reply", "return"])
def test_what_is_not_theirs_does_not_exist(office: Office, signed_in: SignedIn, act: str) -> None:
    others, with_bot, nowhere = office.waiting(office.mar), office.conversation(), 4242
    leo = signed_in(office.leo)
    pages = set()
    for number in (others, with_bot, nowhere):
        assert leo.get(f"/console/c/{number}").status_code == 404
        assert leo.get(f"/console/c/{number}/messages").status_code == 404
        answer = leo.act(number, act, text="Hola", nonce="n" * 20)
        assert answer.status_code == 404
        pages.add(answer.text)
    assert len(pages) == 1, "nothing tells which of them exists"
    assert office.read(others).seq == 1
    assert office.events("conversation.opened") == []


def test_nothing_works_signed_out(office: Office, browser: Browser) -> None:
    made = office.waiting()
    for act in ("take", "reply", "return"):
        answer = browser.post(f"/console/c/{made}/{act}", {"csrf": "x"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/console/login")
    assert browser.post("/console/logout", {}).status_code == 303
    assert office.texts(made, Author.PERSON) == []


def test_a_crisis_shows_the_protocol_and_the_lines(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting(reason="crisis", red=True)
    page = signed_in(office.leo).get(f"/console/c/{made}").text
    assert "No hables de pagos" in page and "800 911 2000" in page
    assert re.search(r"<strong>911</strong>\s*<span>Emergencias", page)
    calm = office.waiting()
    assert "Protocolo de crisis" not in signed_in(office.leo).get(f"/console/c/{calm}").text


def test_a_crisis_goes_back_to_the_bot_only_when_a_person_says_it_is_safe(
    office: Office, signed_in: SignedIn
) -> None:
    made = office.waiting(reason="crisis", red=True)
    browser = signed_in(office.leo)
    browser.act(made, "take")
    refused = browser.act(made, "return")
    assert refused.status_code == 422 and "confirma antes" in refused.text
    assert office.read(made).owner is Owner.PERSON and office.read(made).red
    assert browser.act(made, "return", crisis_closed="yes").status_code == 303
    assert not office.read(made).red
    assert [e.actor for e in office.events("crisis.closed")] == [f"agent:{office.leo.id}"]


def test_the_feed_brings_what_is_new_and_what_changed(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting()
    leo = signed_in(office.leo)
    leo.reply(made, "Hola")
    seen = office.read(made).seq
    office.fixed.advance(timedelta(minutes=2))
    office.says(made, "¿Sigue ahí?")
    with office.database.transaction() as session:
        from bot.conversations import service

        service.acknowledge(session, made, delivered=seen, read=seen)
    feed = leo.get(f"/console/c/{made}/messages?after={seen}").json()
    assert [m["text"] for m in feed["messages"]] == ["¿Sigue ahí?"]
    assert feed["states"][str(seen)] == [MessageState.READ.value, "Leído"]
    assert feed["holder"] == "mine" and feed["wait"]["target"] == 300
    signed_in(office.eva).act(made, "take")
    feed = leo.get(f"/console/c/{made}/messages?after=999").json()
    assert feed["messages"] == []
    assert (feed["holder"], feed["holder_name"]) == ("other", "Eva Ruiz")


def test_the_clock_runs_from_the_handoff_and_then_from_the_unanswered_message(
    office: Office, signed_in: SignedIn
) -> None:
    made = office.waiting()
    started = office.clock.now()
    leo = signed_in(office.leo)
    office.fixed.advance(timedelta(minutes=7))
    wait = leo.get(f"/console/c/{made}/messages").json()["wait"]
    assert wait == {"since": started.isoformat(), "target": 300}
    assert "Fuera del objetivo" in leo.get(f"/console/c/{made}").text
    leo.reply(made, "Hola")
    assert leo.get(f"/console/c/{made}/messages").json()["wait"] is None
    office.fixed.advance(timedelta(minutes=1))
    office.says(made, "Una")
    asked = office.clock.now()
    office.fixed.advance(timedelta(minutes=1))
    office.says(made, "Dos")
    wait = leo.get(f"/console/c/{made}/messages").json()["wait"]
    assert wait["since"] == asked.isoformat()


def test_a_long_transcript_is_cut_and_can_be_read_whole(
    office: Office, signed_in: SignedIn
) -> None:
    made = office.waiting()
    for number in range(110):
        office.says(made, f"mensaje-{number:03d}.")
    browser = signed_in(office.leo)
    page = browser.get(f"/console/c/{made}").text
    assert "mensaje-109." in page and "mensaje-005." not in page and "?all=1" in page
    whole = browser.get(f"/console/c/{made}?all=1").text
    assert "mensaje-000." in whole and "?all=1" not in whole


def test_an_act_that_fails_half_way_leaves_nothing(
    office: Office, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = office.waiting()
    browser = signed_in(office.leo)
    browser.act(made, "take")
    before = office.read(made)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("bot.handoff.service.log_event", fail)
    assert browser.reply(made, "Hola").status_code == 500
    assert office.read(made).seq == before.seq
    assert office.texts(made, Author.PERSON) == []


def test_no_event_holds_a_name_an_address_or_a_text(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting(verified=True)
    browser = signed_in(office.leo)
    browser.get(f"/console/c/{made}")
    browser.reply(made, "Texto privado")
    browser.act(made, "return")
    stored = str([(e.actor, e.data) for e in office.events()])
    assert not re.search("María|Ruiz|acuerdo.example|address-|Texto|Quiero", stored)


def test_an_inconsistent_handoff_does_not_break_the_page(
    office: Office, signed_in: SignedIn
) -> None:
    made = office.conversation()
    with office.database.transaction() as session:
        session.get_one(Conversation, made).owner = Owner.PERSON
        assert session.get(Handoff, 1) is None
    browser = signed_in(office.leo)
    assert browser.get(f"/console/c/{made}").status_code == 200
    assert browser.act(made, "take").status_code == 303
    assert browser.reply(made, "Hola").status_code == 303


def test_the_same_form_sent_four_times_at_once_writes_once(
    office: Office, signed_in: SignedIn
) -> None:
    made = office.waiting()
    browsers = [signed_in(office.leo) for _ in range(4)]
    forms = [{"csrf": b.token(), "text": "Hola", "nonce": "n" * 20} for b in browsers]
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(
            lambda pair: pair[0].post(f"/console/c/{made}/reply", pair[1]).status_code,
            zip(browsers, forms, strict=True),
        )
        assert list(answers) == [303] * 4
    assert office.texts(made, Author.PERSON) == ["Hola"]
    assert office.texts(made, Author.SYSTEM) == ["Leo Ruiz ya está contigo."]
    assert len(office.events("handoff.replied")) == 1
