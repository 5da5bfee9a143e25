"""The lists: order, roles, words, masking."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from bot.handoff.models import Agent, Role

from .office import Browser, Office

SignedIn = Callable[[Agent], Browser]


def order(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'id="row-(\d+)"', page)]


def test_crises_come_first_and_then_whoever_has_waited_longest(
    office: Office, signed_in: SignedIn
) -> None:
    old = office.waiting()
    office.fixed.advance(timedelta(minutes=3))
    new = office.waiting()
    office.fixed.advance(timedelta(minutes=1))
    crisis = office.waiting(reason="crisis", red=True)
    page = signed_in(office.ana).get("/console").text
    assert order(page) == [crisis, old, new]
    assert "3 personas esperan respuesta" in page
    assert "4 min" in page and "Crisis: posible peligro" in page


def test_who_was_answered_goes_behind_who_waits(office: Office, signed_in: SignedIn) -> None:
    answered = office.waiting()
    browser = signed_in(office.leo)
    office.fixed.advance(timedelta(minutes=1))
    browser.reply(answered, "Hola")
    waiting = office.waiting()
    page = browser.get("/console").text
    assert order(page) == [waiting, answered]
    assert "Al día" in page and "1 persona espera respuesta" in page
    office.fixed.advance(timedelta(minutes=1))
    office.says(answered, "¿Y entonces?")
    office.fixed.advance(timedelta(minutes=2))
    page = browser.get("/console").text
    assert order(page) == [waiting, answered]
    assert "1 sin responder" in page


def test_a_row_says_why_who_what_and_how_long(office: Office, signed_in: SignedIn) -> None:
    office.conversation()
    made = office.waiting(reason="outside_limits")
    signed_in(office.leo).act(made, "take")
    office.fixed.advance(timedelta(seconds=1))
    office.says(made, "Solo puedo dar 900 al mes " + "y nada más " * 30)
    page = signed_in(office.ana).get("/console").text
    for word in ("Propone algo fuera de los límites", "Luz del Valle", "Chat web", "Español"):
        assert word in page
    assert "La tiene Leo Ruiz" in page
    assert "Solo puedo dar 900 al mes" in page and page.count("y nada más") < 12
    assert "2 sin responder" in page, "the request itself was written at the same moment"


def test_an_empty_list_says_what_will_appear_there(office: Office, signed_in: SignedIn) -> None:
    browser = signed_in(office.ana)
    assert "Nadie espera a una persona" in browser.get("/console").text
    assert "No tienes conversaciones" in browser.get("/console?tab=mine").text
    assert "El bot no tiene conversaciones" in browser.get("/console?tab=bot").text


def test_mine_holds_only_what_i_took(office: Office, signed_in: SignedIn) -> None:
    mine, other = office.waiting(), office.waiting()
    browser = signed_in(office.leo)
    browser.act(mine, "take")
    signed_in(office.eva).act(other, "take")
    assert order(browser.get("/console?tab=mine").text) == [mine]


def test_an_agent_sees_only_their_creditor(office: Office, signed_in: SignedIn) -> None:
    luz, mar = office.waiting(office.luz), office.waiting(office.mar)
    assert order(signed_in(office.leo).get("/console").text) == [luz]
    assert order(signed_in(office.sol).get("/console").text) == [mar]
    assert order(signed_in(office.ana).get("/console").text) == [luz, mar]
    assert "Tiendas Mar" not in signed_in(office.leo).get("/console").text


def test_only_supervisors_see_what_the_bot_is_answering(
    office: Office, signed_in: SignedIn
) -> None:
    talking = office.conversation()
    office.says(talking, "¿Cuánto debo?")
    supervisor = signed_in(office.ana).get("/console?tab=bot").text
    assert order(supervisor) == [talking] and "Con el bot" in supervisor
    agent = signed_in(office.leo).get("/console?tab=bot").text
    assert order(agent) == [] and "Con el bot" not in agent


def test_a_supervisor_of_one_creditor_stays_with_it(office: Office, signed_in: SignedIn) -> None:
    with office.database.transaction() as session:
        agent = session.get_one(Agent, office.sol.id)
        agent.role = Role.SUPERVISOR
    talking = office.conversation(office.luz)
    browser = signed_in(office.sol)
    assert order(browser.get("/console?tab=bot").text) == []
    assert browser.get(f"/console/c/{talking}").status_code == 404
    assert browser.act(talking, "take").status_code == 404


def test_lists_mask_who_it_is(office: Office, signed_in: SignedIn) -> None:
    office.waiting()
    page = signed_in(office.ana).get("/console").text
    assert "Persona sin verificar" in page
    assert not re.search("María|López|REF-778899|address-", page)
    office.waiting(verified=True)
    page = signed_in(office.ana).get("/console").text
    assert "María F." in page
    assert not re.search("Fernanda|López|García|REF-778899|address-", page)


def test_the_open_page_refreshes_the_same_list(office: Office, signed_in: SignedIn) -> None:
    made = office.waiting()
    browser = signed_in(office.leo)
    fragment = browser.get("/console/list?tab=queue").text
    assert order(fragment) == [made] and "<html" not in fragment
    rail = browser.get(f"/console/list?rail=1&current={made}").text
    assert f'id="rail-{made}"' in rail and 'aria-current="page"' in rail


def test_agents_read_their_own_language(office: Office) -> None:
    office.waiting()
    for language, words in (
        ("en-GB,en;q=0.9", "Asked for a person"),
        ("pt-BR", "Pediu uma pessoa"),
        ("de,fr;q=0.5", "Pidió una persona"),
    ):
        browser = Browser(office, language)
        browser.sign_in(office.ana)
        page = browser.get("/console").text
        assert words in page
        assert f'<html lang="{page.split("lang=")[1][1:3]}">' in page


def test_lists_take_the_same_number_of_queries_however_long(
    office: Office, signed_in: SignedIn
) -> None:
    from sqlalchemy import event

    browser = signed_in(office.ana)
    counts = []
    statements: list[str] = []
    event.listen(
        office.database.engine,
        "before_cursor_execute",
        lambda *call: statements.append(str(call[2])),
    )
    for batch in (1, 12):
        for _ in range(batch):
            office.waiting()
        statements.clear()
        assert browser.get("/console").status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1]
